"""What is done every day, by name: `nox -s fmt`, `nox -s lint types fast`. Without a name: lint, types, fast.

Everything runs in the environment that nox itself is installed in; `.ci/run` makes environments of its own.
"""

import sys

import nox

nox.options.default_venv_backend = "none"
nox.options.sessions = ["lint", "types", "fast"]

SLOW = (
    "tests/browser",
    "tests/definition/test_adding_an_instrument.py",
    "tests/test_docs.py",
    "tests/test_typing.py",
)
"""Tests that need a browser, type checkers or processes of their own."""


def _run(session: nox.Session, *command: str) -> None:
    session.run(sys.executable, "-m", *command, external=True)


@nox.session
def fmt(session: nox.Session) -> None:
    """Put the code in shape."""
    _run(session, "ruff", "check", "--fix")
    _run(session, "ruff", "format")


@nox.session
def lint(session: nox.Session) -> None:
    """Look for mistakes and for code out of shape."""
    _run(session, "ruff", "check")
    _run(session, "ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Check types, by two checkers."""
    _run(session, "mypy")
    _run(session, "pyright", "--pythonpath", sys.executable)


@nox.session
def test(session: nox.Session) -> None:
    """Run all tests, or those that are named: `nox -s test -- tests/frames/test_frames.py`."""
    _run(session, "pytest", "-n", "auto", *session.posargs)


@nox.session
def fast(session: nox.Session) -> None:
    """Run the tests but for the slow ones."""
    _run(session, "pytest", "-n", "auto", "tests", "src", *(f"--ignore={path}" for path in SLOW))


@nox.session
def print(session: nox.Session) -> None:
    """Print the classes, lists and pictures that come from the definitions and the code; `-- --check` compares."""
    _run(session, "ipm_outcomes._printer", *session.posargs)
    session.run(sys.executable, "tools/architecture.py", *session.posargs, external=True)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the site into `site/`, or where it is told: `nox -s docs -- --site-dir FOLDER`."""
    _run(session, "mkdocs", "build", "--strict", "--quiet", *session.posargs)
