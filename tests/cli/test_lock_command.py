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
    """Return the release of each backend of the lock in a folder."""
    lock = read_lock(folder)
    assert lock
    return {str(backend): str(part.torch) for backend, part in lock.parts.items()}


def edit(folder: Path, old: str, new: str) -> None:
    """Replace a text of the project's pyproject.toml."""
    path = folder / "pyproject.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_writes_and_checks(run: Run, tmp_path: Path) -> None:
    """A lock is written once, is as it would be written then, and remembers its options."""
    code, told = run("lock", "--check")
    assert (code, told) == (1, f"there is no {LOCK}; run `hatch-torch lock`\n")

    code, told = run("lock", *ONE)
    assert code == 0
    assert f"{LOCK}: written" in told
    assert releases(tmp_path) == {"cu126": "2.6.0", "cpu": "2.6.0"}

    assert run("lock", "--check") == (0, f"{LOCK} is as it would be written now\n")
    code, told = run("lock")
    assert code == 0
    assert "nothing has changed" in told


def test_stale(run: Run, tmp_path: Path) -> None:
    """Edited requirements are found, and `lock` renews; what can stay stays."""
    run("lock", *ONE)
    edit(tmp_path, "<2.7", "<2.8")
    code, told = run("lock", "--check")
    assert code == 1
    assert f"{LOCK} is stale: it was made for torch<2.7,>=2.4" in told
    assert run("explain", "--backend", "cpu")[0] == 2

    run("lock")
    assert releases(tmp_path) == {"cu126": "2.6.0", "cpu": "2.6.0"}
    run("lock", "--upgrade")
    assert releases(tmp_path) == {"cu126": "2.7.1", "cpu": "2.7.1"}


def test_would_change(run: Run, tmp_path: Path) -> None:
    """A lock that somebody edited is found by `--check`, which writes nothing."""
    run("lock", *ONE)
    path = tmp_path / LOCK
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join(one for one in lines if "torchvision-" not in one), encoding="utf-8")
    before = path.read_bytes()

    code, told = run("lock", "--check")

    assert (code, told) == (1, f"{LOCK} would change: cu126, cpu; run `hatch-torch lock`\n")
    assert path.read_bytes() == before


def test_what_is_lacking_is_told(run: Run, tmp_path: Path) -> None:
    """Wheels without a hash, and Pythons without a wheel, are notes."""
    edit(tmp_path, 'torch>=2.4,<2.7", "torchvision', "torch==2.4.0")
    code, told = run("lock", "--backend", "cpu", "--python", "3.12", "--platform", "win_amd64")
    assert code == 0
    assert "Locked" in told
    lock = read_lock(tmp_path)
    assert lock
    wheels = [wheel for part in lock.parts.values() for wheel in part.wheels]
    assert ("gives no hash" in told) == any(wheel.sha256 is None for wheel in wheels)


def test_explain_goes_by_the_lock(run: Run, explained: Explained, tmp_path: Path) -> None:
    """`explain` shows what a build does: what is locked, and a refusal where nothing is."""
    run("lock", *ONE)
    edit(tmp_path, "[tool.hatch", "# [tool.hatch\n[tool.hatch")

    found = explained("--backend", "cpu", *LINUX)
    assert f"{LOCK} decided the versions; no index was asked" in found["warnings"]
    assert [one["version"] for one in found["wheels"]] == ["2.6.0+cpu", "0.21.0+cpu"]

    code, told = run("explain", "--backend", "cu124", *LINUX)
    assert code == 3
    assert f"its wheels are in {LOCK}, which `hatch-torch lock` renews" in told

    other = explained("--backend", "cpu", "--require", "torch<2.6", *LINUX)
    assert other["wheels"][0]["version"] == "2.5.1+cpu"


def test_nothing_to_lock(run: Run, tmp_path: Path) -> None:
    """Where nothing is in range no lock is written."""
    edit(tmp_path, "torch>=2.4,<2.7", "torch<2")
    code, told = run("lock", *ONE)
    assert code == 3
    assert "no torch in range" in told
    assert not (tmp_path / LOCK).exists()


def test_a_file_of_somebody_else_stays(run: Run, tmp_path: Path) -> None:
    """What is no lock is not overwritten."""
    (tmp_path / LOCK).write_text("mine\n", encoding="utf-8")
    code, told = run("lock", *ONE)
    assert code == 2
    assert "it is damaged" in told
    assert (tmp_path / LOCK).read_text(encoding="utf-8") == "mine\n"


def test_for_several_machines(run: Run, tmp_path: Path) -> None:
    """One backend is locked, which runs on every node, in a release that does, and that is said."""
    edit(tmp_path, "<2.7", "")
    (tmp_path / "volta.json").write_text(json.dumps(VOLTA), encoding="utf-8")

    code, told = run("lock", *LINUX, "--hardware", "pascal.json", "volta.json")
    assert code == 0
    assert "cu126 alone is locked: it runs on pascal.json, volta.json" in told
    (found,) = releases(tmp_path)
    assert found == "cu126"

    assert run("lock", "--check")[0] == 0
    assert run("explain", *LINUX, "--hardware", "volta.json")[0] == 0


def test_releases_that_run(run: Run, tmp_path: Path) -> None:
    """A release that lacks machine code for a node is not locked, newer as it may be."""
    edit(tmp_path, "<2.7", "")
    extras = "".join(f"[tool.torch-variant.extras.{one}]\n" for one in ("cu128", "cpu"))
    edit(tmp_path, "[tool.hatch", f"{extras}[tool.hatch.metadata.hooks.torch-variant]\n[tool.hatch")
    edit(tmp_path, 'version = "1.0"', 'version = "1.0"\ndynamic = ["optional-dependencies"]')
    (tmp_path / "volta.json").write_text(json.dumps(VOLTA), encoding="utf-8")

    assert run("lock", *LINUX, "--hardware", "volta.json")[0] == 0

    # CUDA 12.8 lost sm_70 with torch 2.11.
    assert releases(tmp_path) == {"cu128": "2.10.0"}


def test_machines_without_a_decision(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the decision is to add nothing, there is nothing to lock."""
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, told = run("lock", "--hardware", "pascal.json")
    assert (code, "nothing to lock" in told) == (3, True)
