"""`hatch-torch lock` where other packages of the install bound torch, or require its family."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.demo.wheels import Stub, build_wheel
from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import read_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_torch.demo.server import EmbeddedIndex

    Run = Callable[..., tuple[int, str]]
    Explained = Callable[..., Any]

ONE = ("--backend", "cpu", "--backend", "cu126", "--python", "3.12", "--platform", "linux_x86_64")
LINUX = ("--python", "3.12", "--platform", "linux_x86_64")


@pytest.fixture(autouse=True)
def _indexes(
    run: Run,  # noqa: ARG001 (sets variables that this fixture changes)
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    index: EmbeddedIndex,
) -> None:
    """Take the other packages from the embedded default index, and from a folder."""
    monkeypatch.setenv("PIP_INDEX_URL", index.default_index)
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    (tmp_path / "links").mkdir()


def put_wheel(folder: Path, stem: str, *requires: str) -> None:
    """Put a wheel into the folder."""
    stub = Stub(f"{stem}-py3-none-any.whl", requires=requires)
    (folder / "links" / stub.filename).write_bytes(build_wheel(stub))


def require(folder: Path, requirements: str, more: str = "") -> None:
    """Replace the project's requirements."""
    path = folder / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"torch>=2.4,<2.7", "torchvision"', requirements) + more)


def releases(folder: Path) -> dict[str, str]:
    """Return the torch release of each locked backend."""
    lock = read_lock(folder)
    assert lock
    return {str(backend): str(part.torch) for backend, part in lock.backends.items()}


def names(folder: Path) -> set[str]:
    """Return the packages that are locked."""
    lock = read_lock(folder)
    assert lock
    return {wheel.name for wheels in lock.wheels.values() for wheel in wheels}


def test_a_package_bounds_torch(run: Run, tmp_path: Path) -> None:
    """The newest release of a package decides which torch is locked; the notes name it."""
    put_wheel(tmp_path, "my_speech-3.1.0")
    put_wheel(tmp_path, "my_speech-3.8.6", "torch~=2.8.0")
    require(tmp_path, '"torch>=2.4", "my-speech"')
    code, output = run("lock", *ONE)
    assert code == 0, output
    assert releases(tmp_path) == {"cpu": "2.8.0", "cu126": "2.8.0"}
    assert "torch ~=2.8.0: my-speech 3.8.6, required by my-app" in output
    assert run("lock", "--check") == (0, f"{LOCK} is up to date\n")


def test_what_only_a_dependency_requires(run: Run, explained: Explained, tmp_path: Path) -> None:
    """Torchvision is locked for timm, and an install takes it from the lock."""
    require(tmp_path, '"timm"')
    assert run("lock", *ONE)[0] == 0
    assert names(tmp_path) == {"torch", "torchvision"}
    found = explained("--backend", "cpu", *LINUX)
    assert [wheel["name"] for wheel in found["wheels"]] == ["torch", "torchvision"]
    assert f"{LOCK} decided the versions; no index was asked" in found["warnings"]


def test_what_an_extra_requires(run: Run, explained: Explained, tmp_path: Path) -> None:
    """What a dependency of an extra requires is locked, and taken where the extra is requested."""
    require(
        tmp_path,
        '"torch>=2.4", "numpy"',
        '[project.optional-dependencies]\nvision = ["timm"]\ndev = ["pytest"]\n',
    )
    assert run("lock", *ONE)[0] == 0
    assert names(tmp_path) == {"torch", "torchvision"}
    plain = explained("--backend", "cpu", *LINUX)
    vision = explained(".[vision]", "--backend", "cpu", *LINUX)
    assert [wheel["name"] for wheel in plain["wheels"]] == ["torch"]
    assert [wheel["name"] for wheel in vision["wheels"]] == ["torch", "torchvision"]


def test_markers_of_each_target(run: Run, tmp_path: Path) -> None:
    """A requirement that another platform has bounds nothing here."""
    put_wheel(tmp_path, "winpkg-1.0", "torch<2.6")
    require(tmp_path, '''"torch>=2.4,<2.9", "winpkg; sys_platform == 'win32'"''')
    run("lock", "--backend", "cpu", *LINUX)
    assert releases(tmp_path) == {"cpu": "2.8.0"}
    run("lock", "--backend", "cpu", "--python", "3.12", "--platform", "win_amd64", "--upgrade")
    assert releases(tmp_path) == {"cpu": "2.5.1"}


def test_a_named_backend_gets_older_packages(run: Run, tmp_path: Path) -> None:
    """A backend without the torch that the newest package needs gets an older package."""
    put_wheel(tmp_path, "my_llm-0.11.0", "torch==2.8.0")
    put_wheel(tmp_path, "my_llm-0.9.0", "torch==2.6.0")
    require(tmp_path, '"my-llm"')
    code, output = run("lock", *LINUX, "--backend", "cpu", "--backend", "cu124")
    assert code == 0, output
    assert releases(tmp_path) == {"cpu": "2.8.0", "cu124": "2.6.0"}


def test_nothing_fits(run: Run, tmp_path: Path) -> None:
    """Where a package excludes every torch nothing is locked."""
    put_wheel(tmp_path, "old_nlp-2.10.1", "torch<1.13")
    require(tmp_path, '"torch>=2.4", "old-nlp"')
    code, output = run("lock", *ONE)
    assert code == 3
    assert "no torch in range" in output
    assert "excludes every torch: torch <1.13: old-nlp 2.10.1" in output


def test_an_extra_that_cannot_be_met(run: Run, tmp_path: Path) -> None:
    """An extra whose packages exclude every torch is noted, and does not stop the others."""
    put_wheel(tmp_path, "old_nlp-2.10.1", "torch<1.13")
    extra = '[project.optional-dependencies]\nnlp = ["old-nlp"]\n'
    require(tmp_path, '"torch>=2.4,<2.9", "numpy"', extra)
    code, output = run("lock", *ONE)
    assert code == 0, output
    assert releases(tmp_path) == {"cpu": "2.8.0", "cu126": "2.8.0"}
    assert "an extra cannot be met: torch <1.13: old-nlp 2.10.1" in output


def test_other_packages_that_conflict(run: Run, tmp_path: Path) -> None:
    """A conflict that torch takes no part in is the installer's to report."""
    put_wheel(tmp_path, "left-1.0", "numpy<2")
    put_wheel(tmp_path, "right-1.0", "numpy>=2")
    require(tmp_path, '"torch>=2.4,<2.9", "left", "right"')
    assert run("lock", *ONE)[0] == 0
    assert releases(tmp_path) == {"cpu": "2.8.0", "cu126": "2.8.0"}


def test_scope_of_the_project(run: Run, tmp_path: Path) -> None:
    """With the scope of the project its own requirements decide alone."""
    put_wheel(tmp_path, "my_speech-3.8.6", "torch~=2.8.0")
    table = '[tool.torch-variant]\nscope = "project"\n'
    require(tmp_path, '"torch>=2.4,<2.10", "my-speech"', table)
    assert run("lock", *ONE)[0] == 0
    assert releases(tmp_path) == {"cpu": "2.9.1", "cu126": "2.9.1"}


def test_explains_another_target(explained: Explained, tmp_path: Path) -> None:
    """`explain` reads the whole install of the Python and platform that it is asked for."""
    put_wheel(tmp_path, "winpkg-1.0", "torch<2.6")
    put_wheel(tmp_path, "oldpy-1.0", "torch<2.7")
    windows, old = "sys_platform == 'win32'", "python_version < '3.12'"
    require(tmp_path, f'"torch>=2.4,<2.9", "oldpy; {old}", "winpkg; {windows}"')

    def torch(python: str, platform: str) -> str:
        options = ("--backend", "cpu", "--python", python, "--platform", platform)
        version: str = explained(*options)["wheels"][0]["version"]
        return version

    assert torch("3.12", "linux_x86_64") == "2.8.0+cpu"
    assert torch("3.11", "linux_x86_64") == "2.6.0+cpu"
    assert torch("3.12", "win_amd64") == "2.5.1+cpu"


def test_exports_what_a_file_says(run: Run, tmp_path: Path) -> None:
    """Constraints, indexes and folders of a requirements file count for every package."""
    put_wheel(tmp_path, "my_speech-3.1.0", "torch<2.6")
    put_wheel(tmp_path, "my_speech-3.8.6", "torch~=2.8.0")
    (tmp_path / "links").rename(tmp_path / "own")
    (tmp_path / "limits.txt").write_text("my-speech<3.8\n")
    (tmp_path / "requirements.txt").write_text("-c limits.txt\n-f own\nmy-speech\n")
    options = ("--format", "requirements", "--hashes", "-r", "requirements.txt")
    code, output = run("export", *options, "--backend", "cpu", *LINUX)
    assert code == 0, output
    assert "torch-2.5.1%2Bcpu-" in output
    assert "\nmy-speech==3.1.0 --hash=sha256:" in output
    assert "\nsympy==" in output
