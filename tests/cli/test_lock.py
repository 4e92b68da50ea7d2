"""`hatch-torch lock`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import read_lock
from tests.cli.conftest import PASCAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Run = Callable[..., tuple[int, str]]
    Explained = Callable[..., Any]

VOLTA = {
    **PASCAL,
    "accelerators": [{"vendor": "nvidia", "name": "Tesla V100", "architecture": "sm_70"}],
}
ONE = ("--backend", "cpu", "--backend", "cu126", "--python", "3.12", "--platform", "linux_x86_64")
LINUX = ("--python", "3.12", "--platform", "linux_x86_64")


def releases(folder: Path) -> dict[str, str]:
    """Return the torch release of each locked backend."""
    lock = read_lock(folder)
    assert lock
    return {str(backend): str(part.torch) for backend, part in lock.backends.items()}


def edit(folder: Path, old: str, new: str) -> None:
    """Replace a text in the project's pyproject.toml."""
    path = folder / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_writes_and_checks(run: Run, tmp_path: Path) -> None:
    """A lock is written once, is up to date then, and remembers its options."""
    code, output = run("lock", "--check")
    assert (code, output) == (1, f"{LOCK} does not exist\nhint: run `hatch-torch lock`\n")

    code, output = run("lock", *ONE)
    assert code == 0
    assert f"{LOCK}: written" in output
    assert releases(tmp_path) == {"cu126": "2.6.0", "cpu": "2.6.0"}

    assert run("lock", "--check") == (0, f"{LOCK} is up to date\n")
    code, output = run("lock")
    assert code == 0
    assert ": unchanged" in output


def test_stale(run: Run, tmp_path: Path) -> None:
    """Edited requirements are detected; `lock` keeps the releases that may stay."""
    run("lock", *ONE)
    edit(tmp_path, "<2.7", "<2.8")
    code, output = run("lock", "--check")
    assert code == 1
    assert f"{LOCK} is out of date: made for torch<2.7,>=2.4" in output
    assert run("explain", "--backend", "cpu")[0] == 2

    run("lock")
    assert releases(tmp_path) == {"cu126": "2.6.0", "cpu": "2.6.0"}
    run("lock", "--upgrade")
    assert releases(tmp_path) == {"cu126": "2.7.1", "cpu": "2.7.1"}


def test_would_change(run: Run, tmp_path: Path) -> None:
    """`--check` detects an edited lock, and writes nothing."""
    run("lock", *ONE)
    path = tmp_path / LOCK
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text(
        "\n".join(line for line in lines if "torchvision-" not in line), encoding="utf-8"
    )
    before = path.read_bytes()

    code, output = run("lock", "--check")

    assert (code, output) == (
        1,
        f"{LOCK} is out of date: cu126, cpu would change\nhint: run `hatch-torch lock`\n",
    )
    assert path.read_bytes() == before


def test_missing_hashes(run: Run, tmp_path: Path) -> None:
    """Wheels without a hash are noted."""
    edit(tmp_path, 'torch>=2.4,<2.7", "torchvision', "torch==2.4.0")
    code, output = run("lock", "--backend", "cpu", "--python", "3.12", "--platform", "win_amd64")
    assert code == 0
    assert "Locked" in output
    lock = read_lock(tmp_path)
    assert lock
    wheels = [wheel for part in lock.backends.values() for wheel in part.wheels]
    assert ("gives no hash" in output) == any(wheel.sha256 is None for wheel in wheels)


def test_explain_uses_the_lock(run: Run, explained: Explained, tmp_path: Path) -> None:
    """`explain` shows what a build does: the locked wheels, or an error if none are locked."""
    run("lock", *ONE)
    edit(tmp_path, "[tool.hatch", "# [tool.hatch\n[tool.hatch")

    found = explained("--backend", "cpu", *LINUX)
    assert f"{LOCK} decided the versions; no index was asked" in found["warnings"]
    assert [wheel["version"] for wheel in found["wheels"]] == ["2.6.0+cpu", "0.21.0+cpu"]

    code, output = run("explain", "--backend", "cu124", *LINUX)
    assert code == 3
    assert f"its wheels are in {LOCK}, which `hatch-torch lock` renews" in output

    other = explained("--backend", "cpu", "--require", "torch<2.6", *LINUX)
    assert other["wheels"][0]["version"] == "2.5.1+cpu"


def test_nothing_to_lock(run: Run, tmp_path: Path) -> None:
    """If no torch is in range, no lock is written."""
    edit(tmp_path, "torch>=2.4,<2.7", "torch<2")
    code, output = run("lock", *ONE)
    assert code == 3
    assert "no torch in range" in output
    assert not (tmp_path / LOCK).exists()


def test_keeps_other_files(run: Run, tmp_path: Path) -> None:
    """A file that is not a lock is not overwritten."""
    (tmp_path / LOCK).write_text("mine\n", encoding="utf-8")
    code, output = run("lock", *ONE)
    assert code == 2
    assert "not valid TOML" in output
    assert (tmp_path / LOCK).read_text(encoding="utf-8") == "mine\n"


def test_several_machines(run: Run, tmp_path: Path) -> None:
    """The one backend and release that run on every node are locked, with a note."""
    edit(tmp_path, "<2.7", "")
    (tmp_path / "volta.json").write_text(json.dumps(VOLTA), encoding="utf-8")

    code, output = run("lock", *LINUX, "--hardware", "pascal.json", "volta.json")
    assert code == 0
    assert "locked cu126 only: it runs on pascal.json, volta.json" in output
    (found,) = releases(tmp_path)
    assert found == "cu126"

    assert run("lock", "--check")[0] == 0
    assert run("explain", *LINUX, "--hardware", "volta.json")[0] == 0


def test_release_for_the_machine(run: Run, tmp_path: Path) -> None:
    """A newer release without machine code for a node is not locked."""
    edit(tmp_path, "<2.7", "")
    extras = "".join(f"[tool.torch-variant.extras.{name}]\n" for name in ("cu128", "cpu"))
    edit(tmp_path, "[tool.hatch", f"{extras}[tool.hatch.metadata.hooks.torch-variant]\n[tool.hatch")
    edit(tmp_path, 'version = "1.0"', 'version = "1.0"\ndynamic = ["optional-dependencies"]')
    (tmp_path / "volta.json").write_text(json.dumps(VOLTA), encoding="utf-8")

    assert run("lock", *LINUX, "--hardware", "volta.json")[0] == 0

    # CUDA 12.8 lost sm_70 with torch 2.11.
    assert releases(tmp_path) == {"cu128": "2.10.0"}


def test_portable_machines(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portable decision leaves nothing to lock."""
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, output = run("lock", "--hardware", "pascal.json")
    assert (code, "nothing to lock" in output) == (3, True)
