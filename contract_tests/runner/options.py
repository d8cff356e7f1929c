"""The options of the plugin, which are derived from the settings."""

import os
import random

import pytest

from contract_tests.report.repeat import shorten_path
from contract_tests.settings.command_line import COMMAND_LINE, FILTERS, format_flag
from contract_tests.settings.option import FLAG
from contract_tests.settings.settings import Settings
from contract_tests.settings.sources import current_environment, load_settings

TARGET, REPORT = format_flag("target"), format_flag("report")
SUMMARY = format_flag("summary")
ANNOTATIONS, CODE_QUALITY = format_flag("annotations"), format_flag("code-quality")
FILES = ("report", "summary", "annotations", "code_quality")
"""The options that name what is written."""
STEP_SUMMARY = "GITHUB_STEP_SUMMARY"
"""The variable with the file that GitHub Actions shows on the page of a job."""


def add_options(parser: pytest.Parser) -> None:
    """Add the options to pytest's; all begin with `--credcheck-`."""
    group = parser.getgroup("credcheck", "contract tests of the credentials API")
    group.addoption(TARGET, help="URL, `mock`, wsgi:MODULE:ATTRIBUTE, or a name in the file")
    group.addoption(REPORT, metavar="DIR", help="folder for the reports")
    group.addoption(SUMMARY, metavar="FILE", help="file for a summary in Markdown")
    group.addoption(ANNOTATIONS, metavar="FILE", help="file for annotations of GitHub Actions")
    group.addoption(CODE_QUALITY, metavar="FILE", help="file for GitLab's code quality report")
    for name, option in {**COMMAND_LINE, **FILTERS}.items():
        flag = format_flag(name)
        if option.kind is FLAG:
            group.addoption(flag, action="store_true", default=None, help=option.help)
        elif option.repeatable:
            group.addoption(flag, action="append", default=[], help=option.help)
        else:
            group.addoption(flag, help=option.help)


def list_others(config: pytest.Config) -> dict[str, str]:
    """Return the options of a run that are no settings, by their names in `credcheck run`."""
    workers = config.getoption("numprocesses", default=None)
    files = {name: config.getoption(format_flag(name)) for name in FILES}
    given = {name: shorten_path(str(path)) for name, path in files.items() if path}
    return {**({"workers": str(workers)} if workers else {}), **given}


def read_settings(config: pytest.Config) -> Settings:
    """Return the settings of a run; raises UsageError.

    A seed that is not set is drawn, and passed on to the workers by the environment.
    """
    options = {name: config.getoption(format_flag(name)) for name in COMMAND_LINE}
    if options["seed"] is None:
        inherited = os.environ.get("CREDCHECK_SEED", "")
        seed = inherited if inherited.isdecimal() else str(random.randrange(1, 10**6))
        options["seed"] = os.environ["CREDCHECK_SEED"] = seed
    return load_settings(config.getoption(TARGET), options, current_environment())
