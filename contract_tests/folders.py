"""The current folder of a run, and the one in which Hypothesis keeps its tables."""

import os

from contract_tests.errors import UsageError


def check_current_folder() -> None:
    """Raise UsageError where the current folder was removed: no other path could be found."""
    try:
        os.getcwd()
    except OSError as error:
        raise UsageError(f"the current folder: {error.strerror}: change to another one") from None


def leave_forbidden_folder() -> None:
    """Go to a folder that this user may enter; that of a container may be another user's.

    Nothing could be found or written in it, and pytest would go back to where it started.
    """
    if not os.access(".", os.X_OK):
        os.chdir(os.sep)


def set_hypothesis_folder() -> None:
    """Let Hypothesis store its character tables, which take a second to build, for the user.

    By default it stores them in the current folder.
    """
    cache = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    if os.path.isabs(cache):  # otherwise the user has no home folder
        folder = os.path.join(cache, "credcheck", "hypothesis")
        os.environ.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", folder)
