"""The command `credmock`, and how both commands find their packages and their streams.

`mockserver` and `contract_tests` are names that others use as well: a folder of a team's own, or
the package `mockserver-client`. So the packages are loaded from beside this file, wherever Python
would look for their names, and what is not ours is one line instead of a traceback.
"""

import importlib.util
import os
import sys
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent


def load_package(name: str) -> None:
    """Load one of our packages as `name`; exit with code 2 and one line where it is not whole."""
    folder = HERE / name
    known = getattr(sys.modules.get(name), "__file__", None)
    if known and Path(known).resolve().parent == folder:
        return
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(name)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (ImportError, OSError, SyntaxError, AttributeError):
        _refuse(name)
    if getattr(module, "DISTRIBUTION", "") != "credmock":
        _refuse(name)


def _refuse(name: str) -> None:
    others = ", ".join(sorted(set(_find_others(name)))) or "another package"
    sys.exit(_complain(f"the package {name} of credmock was overwritten or removed by {others}"))


def _complain(what: str) -> int:
    remedy = "run pip install --force-reinstall credmock in an environment without it"
    print(f"credmock: {what}: {remedy}", file=sys.stderr)
    return 2


def _find_others(name: str) -> Iterator[str]:
    """Yield the names of other installed packages that have a file in a package of ours."""
    from importlib.metadata import distributions  # it takes long to load, and is seldom needed

    for distribution in distributions():
        found = distribution.metadata["Name"]
        files = distribution.files or ()
        if found != "credmock" and any(file.parts[:1] == (name,) for file in files):
            yield found


def open_closed_streams() -> None:
    """Let the null device be what the caller has closed, as in `credmock serve >&- 2>&-`.

    The next file or socket that is opened would take its place, and Python has no stream for it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free, so the same
            os.set_inheritable(descriptor, True)
            stream = open(descriptor, mode, encoding="utf-8")  # noqa: SIM115  (until the end)
            setattr(sys, name, stream)
            setattr(sys, f"__{name}__", stream)


def main() -> None:
    """Run the command; Ctrl-C while it is loaded is exit code 130."""
    open_closed_streams()
    try:
        load_package("mockserver")
        from mockserver.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
