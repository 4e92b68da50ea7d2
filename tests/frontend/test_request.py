"""What a run of the build hook is for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import is_local_checkout, read_build_request

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontend.conftest import ReadRequest


def test_install(request_of: ReadRequest, project: Path) -> None:
    """The request of an install has a purpose, a reason, extras and a target."""
    actual = request_of("pip", "install", "-e", ".[cu124]")

    expected = ("pip", "pip install", "install", "pip install installs this project.")
    assert expected == (actual.installer, actual.command, actual.purpose, actual.reason)
    assert actual.names_project
    assert actual.is_local_checkout
    assert {"cu124"} == actual.extras
    assert (project,) == actual.site_packages


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
def test_version_pins(*, line: str, expected: bool, request_of: ReadRequest) -> None:
    """Only pip, if it installs where it looks, keeps a package that `==` pins."""
    assert expected == request_of(*line.split()).allows_version_pins


def test_version_pins_and_variables(request_of: ReadRequest) -> None:
    """A variable of pip forbids the pin as its option does."""
    assert not request_of("pip", "install", ".", PIP_TARGET="out").allows_version_pins


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install .", False),
        ("pip install -Ue .", True),
        ("uv pip install -U .", True),
        ("uv pip install -P Torch<3 .", True),
        ("uv pip install -P torchtext .", True),
        ("uv pip install -P numpy .", False),
    ],
)
def test_upgrade(*, line: str, expected: bool, request_of: ReadRequest) -> None:
    """An upgrade is one of all packages, or of one in the torch family."""
    assert expected == request_of(*line.split()).upgrade


def test_upgrade_of_the_projects_family(project: Path) -> None:
    """What a project adds to the family counts for an upgrade too."""
    process = Process(1, ("uv", "pip", "install", "-P", "Torch_Geometric", "."), str(project))
    family = {"torch", "torch-geometric"}

    request = read_build_request(project, (process,), {}, editable=True, family=family)

    assert request.upgrade


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
    """Each installer's own option counts; those of both do if the installer is unknown."""
    assert expected == request_of(*line.split(), **environ).offline


def test_no_installer(project: Path, tmp_path: Path) -> None:
    """Without an installer only variables count, and the build is portable."""
    (tmp_path / "limits.txt").write_text("torch<2.6\n")
    environ = {"PIP_CONSTRAINT": str(tmp_path / "limits.txt")}

    actual = read_build_request(project, (Process(1, ("make",)),), environ, editable=True)

    assert (actual.installer, actual.command, actual.purpose) == ("unknown", "", "portable")
    assert actual.constraints == ("torch<2.6",)
    assert actual.site_packages is None


@pytest.mark.parametrize(
    ("environ", "editable", "expected"),
    [
        ({"PIP_BUILD_TRACKER": "/tmp/x"}, True, ("pip", "install")),  # noqa: S108 (never opened)
        ({"PIP_BUILD_TRACKER": "/tmp/x"}, False, ("pip", "portable")),  # noqa: S108 (never opened)
        ({"UV": "/usr/bin/uv"}, True, ("uv", "portable")),
        ({}, True, ("unknown", "portable")),
    ],
)
def test_unreadable_processes(
    *,
    environ: dict[str, str],
    editable: bool,
    expected: tuple[str, str],
    project: Path,
) -> None:
    """If no process can be read, only an editable build under pip is an install."""
    actual = read_build_request(
        project, None, environ, editable=editable, get_own=lambda: (project,)
    )

    assert expected == (actual.installer, actual.purpose)
    assert "cannot be read" in actual.reason
    assert not actual.allows_version_pins
    assert not actual.names_project


def test_unreadable_copy(project: Path) -> None:
    """If no process can be read, the build of a copy is portable too."""
    (project / "PKG-INFO").touch()

    environ = {"PIP_BUILD_TRACKER": "/tmp/x"}  # noqa: S108 (never opened)
    actual = read_build_request(project, None, environ, editable=True)

    assert actual.purpose == "portable"
    assert actual.reason == "The source is an unpacked archive or an installer's copy."


def test_uv_target(request_of: ReadRequest, project: Path) -> None:
    """Under uv the target is the one that uv's command line names."""
    actual = request_of("uv", "pip", "install", "-t", "out", ".")

    assert (project / "out",) == actual.site_packages


def test_secrets_stay_out(request_of: ReadRequest) -> None:
    """No representation holds a URL of a command line."""
    actual = request_of("pip", "install", "-f", "https://me:s3cret@x.org", ".")

    assert actual.find_links == ("https://me:s3cret@x.org",)
    assert "s3cret" not in repr(actual)


@pytest.mark.parametrize(
    "place", ["app", "pip-install-notes/app", "git-v2/app", "wheel", "pip-req-build-from-scratch"]
)
def test_local_checkout(place: str, tmp_path: Path) -> None:
    """A folder of the user is a local checkout, whatever it is called."""
    assert is_local_checkout(tmp_path / place)


@pytest.mark.parametrize(
    "place", ["pip-req-build-ab_12xyz", "pip-install-0a1b2c3d/app_0", "cache/git-v0/checkouts/a"]
)
def test_installers_copy(place: str, tmp_path: Path) -> None:
    """An installer's copy is recognized by the folder that it lies in."""
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "CACHEDIR.TAG").touch()

    assert not is_local_checkout(tmp_path / place)


def test_unpacked_sdist(project: Path) -> None:
    """An unpacked sdist is recognized by its PKG-INFO."""
    (project / "PKG-INFO").touch()

    assert not is_local_checkout(project)
