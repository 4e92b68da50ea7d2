"""The command line of a process, parsed as an invocation of an installer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.invocation import find_installer_invocation
from hatch_torch.frontend.process_tree import Process

if TYPE_CHECKING:
    from tests.frontend.conftest import ReadInvocation

UVX = Process(3, ("uv", "tool", "uvx", "--from", ".", "tool"), "/home/me")
BACKEND = Process(1, ("/x/python", "-c", "import sys"), "/home/me")
IN_PROCESS = Process(1, ("/x/python", "/x/_in_process.py"), "/home/me")
OTHER_PROGRAM = Process(2, ("/x/python", "/x/bin/unknown"), "/home/me")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install wheel", "pip install"),
        ("pip --log wheel install .", "pip install"),
        ("pip -q --proxy=x wheel install", "pip wheel"),
        ("pip --log install lock .", "pip lock"),
        ("pip", "pip"),
        ("pip frobnicate install", "pip"),
        ("uv --offline --directory pip pip --quiet install .", "uv pip install"),
        ("uv pip compile install", "uv pip compile"),
        ("uv sync install", "uv sync"),
        ("uv tool uvx x", "uv tool run"),
        ("uvx install", "uv tool run"),
        ("uv tool", "uv"),
        ("uv run pip install .", "uv run"),
        ("python -m build install", "build"),
        ("hatch -e install build", "hatch build"),
    ],
)
def test_command(line: str, expected: str, invoke: ReadInvocation) -> None:
    """The parsed sub-command counts, not a word somewhere else on the command line."""
    assert expected == invoke(*line.split()).name


@pytest.mark.parametrize(
    ("environ", "line", "expected"),
    [
        ({}, "pip install .", False),
        ({}, "pip install -U .", True),
        ({"PIP_UPGRADE": "yes"}, "pip install .", True),
        ({"PIP_UPGRADE": "0"}, "pip install .", False),
        ({"UV_UPGRADE": "1", "PIP_UPGRADE": "1"}, "uv pip install .", False),
    ],
)
def test_has(*, environ: dict[str, str], line: str, expected: bool, invoke: ReadInvocation) -> None:
    """A flag is on by its option or by its variable."""
    assert expected == invoke(*line.split(), **environ).has("--upgrade")


def test_has_value(invoke: ReadInvocation) -> None:
    """An option that takes a value is given if its variable holds one."""
    assert invoke("pip", "install", ".", PIP_TARGET="no").has("--target")
    assert not invoke("pip", "install", ".", PIP_TARGET="").has("--target")
    assert not invoke("pip", "wheel", ".", PIP_UPGRADE="no").has("--upgrade")


def test_values(invoke: ReadInvocation) -> None:
    """Values of the variable come first, split as the installer splits them."""
    pip = invoke("pip", "install", "-fa", "--find-links=b", PIP_FIND_LINKS="x,y\n z")
    uv = invoke("uv", "pip", "install", "-p3.12", UV_FIND_LINKS="x,y z", UV_PYTHON="3.11")

    assert pip.values("--find-links") == ("x,y", "z", "a", "b")
    assert uv.values("--find-links") == ("x", "y", "z")
    assert uv.value("--python") == "3.12"


def test_program_of_uvx(invoke: ReadInvocation) -> None:
    """What follows a program's name is passed to the program."""
    assert not invoke("uvx", "ruff", "-U").has("--upgrade")
    assert invoke("uvx", "-U", "ruff").has("--upgrade")


def test_nearest() -> None:
    """The nearest installer counts, whatever runs it."""
    pip = Process(2, ("python", "-m", "pip", "install", "."), "/home/me")
    uv_run = Process(3, ("uv", "run", "pip", "wheel"), "/home/me")

    invocation = find_installer_invocation((IN_PROCESS, pip, uv_run), {})

    assert invocation is not None
    assert invocation.name == "pip install"


def test_program_that_uvx_runs() -> None:
    """`uv tool run` installs what uv itself builds, not what the program that it runs builds."""
    assert find_installer_invocation((BACKEND, UVX), {}) is not None
    assert find_installer_invocation((IN_PROCESS, OTHER_PROGRAM, UVX), {}) is None


def test_no_environment() -> None:
    """If an installer's environment can't be read, the hook's own is used without VIRTUAL_ENV."""
    environ = {"PWD": "/home/me", "VIRTUAL_ENV": "/build", "UV_OFFLINE": "1"}

    invocation = find_installer_invocation((Process(1, ("uv", "pip", "install", ".")),), environ)

    assert invocation is not None
    assert {**environ, "VIRTUAL_ENV": ""} == invocation.environ
    assert str(invocation.cwd) == "/home/me"


def test_secrets_stay_out(invoke: ReadInvocation) -> None:
    """No representation holds a command line or an environment."""
    invocation = invoke("pip", "install", "-i", "https://me:s3cret@x.org", TOKEN="s3cret")  # noqa: S106 (invented)

    assert "s3cret" not in f"{invocation!r} {invocation.options!r}"
