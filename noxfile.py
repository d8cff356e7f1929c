"""The tests on every Python that is supported: `make pythons`."""

import nox

PYTHONS = nox.project.python_versions(nox.project.load_toml("pyproject.toml"))
"""Those of the classifiers; one that is not installed is skipped."""


@nox.session(python=PYTHONS, venv_backend="venv")
def tests(session: nox.Session) -> None:
    """Run the tests but for the long ones (options: `nox -s tests -- -k search`)."""
    session.install("--constraint", "constraints.txt", "--editable", ".[dev]")
    options = session.posargs or ["-n", "3", "--dist", "worksteal"]
    session.run("python", "-m", "pytest", "-m", "not slow", *options)


@nox.session(python=PYTHONS, venv_backend="venv")
def serving(session: nox.Session) -> None:
    """Install what a user gets without extras, and let both commands do something."""
    session.install("--constraint", "constraints.txt", ".")
    session.run("credmock", "call", "GET", "/__mock__/health", "--strict", silent=True)
    session.run("credcheck", "rules", silent=True)
