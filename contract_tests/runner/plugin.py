"""The plugin of pytest: its options, a run where a target is given, and the fixture of the rules.

No run of pytest loads it unless it is named: `-p credcheck`. All of its options, markers and
fixtures begin with `credcheck`, so that a run may mix the rules with the tests of a team.
"""

import gc
from typing import Any

import pytest

from contract_tests.errors import UsageError, describe_error
from contract_tests.runner.options import TARGET, add_options

RUN = "credcheck-run"
NOT_JUDGED = 3
"""The exit code of a run without a verdict."""
GENERATED = "test_generated"
"""The module whose tests schemathesis makes."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of the harness."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, and the run if there is a target."""
    config.addinivalue_line(
        "markers", "credcheck_rule(id): the rule of the catalogue that a test is about"
    )
    config.addinivalue_line(
        "markers", "credcheck_needs(name, …): what a test needs in addition to its rule"
    )
    config.addinivalue_line(
        "markers", "credcheck_last: runs after all other tests, because it leaves traces"
    )
    if not config.getoption(TARGET):
        return
    try:
        from contract_tests.runner.run import start_run

        run = start_run(config)
    except (UsageError, ModuleNotFoundError) as error:
        raise pytest.UsageError(describe_error(error)) from None
    except Exception as error:  # noqa: BLE001  any other would be a traceback
        pytest.exit(f"credcheck: {describe_error(error)}", NOT_JUDGED)
    # A run creates many short-lived objects and keeps its exchanges: collecting garbage less often
    # saves a tenth of its time and costs a few megabytes.
    gc.set_threshold(20_000, 20, 50)
    config.pluginmanager.register(run, RUN)
    config.pluginmanager.register(run.selection)
    if run.selection.includes_module(GENERATED):
        load_schemathesis(config, run.state.settings)
    # After the plugin of schemathesis, which must not see a failure that no exception caused.
    config.pluginmanager.register(run.recorder)


def load_schemathesis(config: pytest.Config, settings: Any) -> None:
    """Load the plugin of schemathesis, and fit the contract that it makes tests of to the run."""
    from schemathesis.pytest import plugin

    from contract_tests.vocabulary.generated import configure_api, load_api

    if not config.pluginmanager.is_registered(plugin):  # pytest itself may have found it
        config.pluginmanager.register(plugin)
    configure_api(load_api(), settings)


@pytest.fixture
def credcheck_deployment(pytestconfig: pytest.Config) -> Any:
    """Return the deployment that this run tests."""
    run = pytestconfig.pluginmanager.get_plugin(RUN)
    if run is None:
        pytest.skip(f"no {TARGET} was given")
    return run.deployment
