"""Which build hook run is this."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import read_request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontend.conftest import ReadRequest


def test_install(request_of: ReadRequest, project: Path) -> None:
    """An install has a purpose, a reason, extras and a target."""
    actual = request_of("pip", "install", "-e", ".[cu124]")

    expected = ("pip", "pip install", "install", "pip install installs this project.")
    assert expected == (actual.frontend, actual.command, actual.purpose, actual.why)
    assert actual.named
    assert actual.in_place
    assert {"cu124"} == actual.extras
    assert (project,) == actual.environment


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install .", True),
        ("pip install -U .", True),
        ("pip install --force-reinstall .", False),
        ("pip install -I .", False),
        ("pip install -t out .", False),
        ("pip install --prefix out .", False),
        ("pip install --root=out .", False),
        ("pip wheel .", False),
        ("uv pip install .", False),
    ],
)
def test_pinnable(*, line: str, expected: bool, request_of: ReadRequest) -> None:
    """Only pip, installing where it looks, keeps what an exact version names."""
    assert expected == request_of(*line.split()).pinnable


def test_pinnable_variable(request_of: ReadRequest) -> None:
    """A variable of pip's forbids the pin as its option does."""
    assert not request_of("pip", "install", ".", PIP_TARGET="out").pinnable


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install .", False),
        ("pip install -Ue .", True),
        ("uv pip install -U .", True),
        ("uv pip install -P Torch<3 .", True),
        ("uv pip install -P numpy .", False),
    ],
)
def test_upgrade(*, line: str, expected: bool, request_of: ReadRequest) -> None:
    """All packages are upgraded, or the family is."""
    assert expected == request_of(*line.split()).upgrade


@pytest.mark.parametrize(
    ("line", "environ", "expected"),
    [
        ("pip install .", {}, False),
        ("pip install --no-index .", {}, True),
        ("pip install .", {"PIP_NO_INDEX": "1"}, True),
        ("pip install .", {"UV_OFFLINE": "1"}, False),
        ("uv --offline pip install .", {}, True),
        ("uv pip install .", {"UV_OFFLINE": "1"}, True),
        ("uv pip install --no-index .", {}, True),
        ("make", {"UV_OFFLINE": "1"}, True),
        ("make", {"PIP_NO_INDEX": "1"}, True),
    ],
)
def test_offline(
    *,
    line: str,
    environ: dict[str, str],
    expected: bool,
    request_of: ReadRequest,
) -> None:
    """Each installer's own switch counts; where none is known, both do."""
    assert expected == request_of(*line.split(), **environ).offline


def test_no_installer(project: Path, tmp_path: Path) -> None:
    """Without an installer only the environment speaks, and the build is portable."""
    (tmp_path / "limits.txt").write_text("torch<2.6\n")
    environ = {"PIP_CONSTRAINT": str(tmp_path / "limits.txt")}

    actual = read_request(project, (Process(1, ("make",)),), environ, editable=True)

    assert (actual.frontend, actual.command, actual.purpose) == ("unknown", "", "portable")
    assert actual.constraints == ("torch<2.6",)
    assert actual.environment is None


@pytest.mark.parametrize(
    ("environ", "editable", "expected"),
    [
        ({"PIP_BUILD_TRACKER": "/tmp/x"}, True, ("pip", "install")),  # noqa: S108 - never opened
        ({"PIP_BUILD_TRACKER": "/tmp/x"}, False, ("pip", "portable")),  # noqa: S108 - never opened
        ({"UV": "/usr/bin/uv"}, True, ("uv", "portable")),
        ({}, True, ("unknown", "portable")),
    ],
)
def test_unreadable(
    *,
    environ: dict[str, str],
    editable: bool,
    expected: tuple[str, str],
    project: Path,
) -> None:
    """Where no process can be read, an editable build under pip is an install, nothing else."""
    actual = read_request(project, None, environ, editable=editable, own=lambda: (project,))

    assert expected == (actual.frontend, actual.purpose)
    assert "cannot be read" in actual.why
    assert not actual.pinnable
    assert not actual.named


def test_unreadable_copy(project: Path) -> None:
    """A copy is portable there too."""
    (project / "PKG-INFO").touch()

    environ = {"PIP_BUILD_TRACKER": "/tmp/x"}  # noqa: S108 - never opened
    actual = read_request(project, None, environ, editable=True)

    assert actual.purpose == "portable"
    assert actual.why == "The source is an unpacked archive or an installer's copy."


def test_uv_target(request_of: ReadRequest, project: Path) -> None:
    """Under uv the target is uv's, not the interpreter's."""
    actual = request_of("uv", "pip", "install", "-t", "out", ".")

    assert (project / "out",) == actual.environment


def test_secrets_stay_out(request_of: ReadRequest) -> None:
    """No representation holds a URL of a command line."""
    actual = request_of("pip", "install", "-f", "https://me:s3cret@x.org", ".")

    assert actual.find_links == ("https://me:s3cret@x.org",)
    assert "s3cret" not in repr(actual)
