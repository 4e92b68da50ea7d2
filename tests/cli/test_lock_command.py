"""`hatch-torch lock`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from hatch_torch.cli.lock import _progress
from hatch_torch.lock.contents import LOCK
from hatch_torch.lock.read import read_lock

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Run = Callable[..., tuple[int, str]]
    Explained = Callable[..., Any]

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


def test_a_bar_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal progress is drawn, with rich; without it nothing is."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with _progress() as tell:
        tell("pages", 0, 2)
        tell("pages", 2, 2)
    monkeypatch.setitem(sys.modules, "rich.progress", None)
    with _progress() as tell:
        tell("pages", 2, 2)
