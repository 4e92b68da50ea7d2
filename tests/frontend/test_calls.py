"""A process, read as the call of an installer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.invocation import nearest_call
from hatch_torch.frontend.process_tree import Process

if TYPE_CHECKING:
    from tests.frontend.conftest import ReadCall

UVX = Process(3, ("uv", "tool", "uvx", "--from", ".", "tool"), "/home/me")
BACKEND = Process(1, ("/x/python", "-c", "import sys"), "/home/me")
IN_PROCESS = Process(1, ("/x/python", "/x/_in_process.py"), "/home/me")
UNKNOWN_BUILDER = Process(2, ("/x/python", "/x/bin/unknown"), "/home/me")


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
def test_command(line: str, expected: str, call: ReadCall) -> None:
    """The parsed sub-command counts, never a word elsewhere."""
    assert expected == call(*line.split()).name


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
def test_has(*, environ: dict[str, str], line: str, expected: bool, call: ReadCall) -> None:
    """A switch is on by its option or by its variable."""
    assert expected == call(*line.split(), **environ).has("--upgrade")


def test_has_value(call: ReadCall) -> None:
    """An option that takes a value is there as soon as its variable holds one."""
    assert call("pip", "install", ".", PIP_TARGET="no").has("--target")
    assert not call("pip", "install", ".", PIP_TARGET="").has("--target")
    assert not call("pip", "wheel", ".", PIP_UPGRADE="no").has("--upgrade")


def test_values(call: ReadCall) -> None:
    """Values of the variable come first, parted as the installer parts them."""
    pip = call("pip", "install", "-fa", "--find-links=b", PIP_FIND_LINKS="x,y\n z")
    uv = call("uv", "pip", "install", "-p3.12", UV_FIND_LINKS="x,y z", UV_PYTHON="3.11")

    assert pip.values("--find-links") == ("x,y", "z", "a", "b")
    assert uv.values("--find-links") == ("x", "y", "z")
    assert uv.value("--python") == "3.12"


def test_program_of_uvx(call: ReadCall) -> None:
    """What follows a program's name is the program's."""
    assert not call("uvx", "ruff", "-U").has("--upgrade")
    assert call("uvx", "-U", "ruff").has("--upgrade")


def test_nearest() -> None:
    """The nearest installer decides, whatever runs it."""
    pip = Process(2, ("python", "-m", "pip", "install", "."), "/home/me")
    uv_run = Process(3, ("uv", "run", "pip", "wheel"), "/home/me")

    found = nearest_call((IN_PROCESS, pip, uv_run), {})

    assert found is not None
    assert found.name == "pip install"


def test_beneath_uvx() -> None:
    """`uv tool run` builds by itself; a builder that it runs is no install."""
    assert nearest_call((BACKEND, UVX), {}) is not None
    assert nearest_call((IN_PROCESS, UNKNOWN_BUILDER, UVX), {}) is None


def test_no_environment() -> None:
    """Where an installer's environment is unread, the hook's own stands in, less what uv sets."""
    environ = {"PWD": "/home/me", "VIRTUAL_ENV": "/build", "UV_OFFLINE": "1"}

    found = nearest_call((Process(1, ("uv", "pip", "install", ".")),), environ)

    assert found is not None
    assert {**environ, "VIRTUAL_ENV": ""} == found.environ
    assert str(found.cwd) == "/home/me"


def test_secrets_stay_out(call: ReadCall) -> None:
    """No representation holds a command line or an environment."""
    found = call("pip", "install", "-i", "https://me:s3cret@x.org", TOKEN="s3cret")  # noqa: S106 - invented

    assert "s3cret" not in f"{found!r} {found.options!r}"
