"""`hatch-torch cache`, with a real folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.cache import in_words

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]


def test_dir_size_and_clear(run: Run, tmp_path: Path) -> None:
    """What an explanation kept is counted and removed, and what is somebody else's stays."""
    folder = tmp_path / "cache"
    assert run("cache", "dir") == (0, f"{folder}\n")
    assert run("cache", "size") == (0, "0 bytes\n")
    run("explain", "--backend", "cpu", "--python", "3.12", "--platform", "linux_x86_64")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    kept = len([*folder.iterdir()]) - 1

    _, size = run("cache", "size")
    code, told = run("cache", "clear")

    assert (code, told) == (0, f"{kept} entries removed, {size}")
    assert kept > 1
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_folder_that_is_none(run: Run, tmp_path: Path) -> None:
    """A cache that cannot be trusted is empty, and why is said."""
    (tmp_path / "cache").write_text("a file", encoding="utf-8")
    assert run("cache", "clear") == (0, "0 entries removed, 0 bytes\n")


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 KiB"),
        (1_600_000, "1.5 MiB"),
        (5 * 1024**4, "5120.0 GiB"),
    ],
)
def test_sizes_in_words(size: int, expected: str) -> None:
    """A size is in the unit that people would take."""
    assert in_words(size) == expected
