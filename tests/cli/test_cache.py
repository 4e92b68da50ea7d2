"""`hatch-torch cache`, with a real folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.cache import format_size

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]


def test_dir_size_and_clear(run: Run, tmp_path: Path) -> None:
    """`size` counts and `clear` removes the entries, and other files stay."""
    folder = tmp_path / "cache"
    assert run("cache", "dir") == (0, f"{folder}\n")
    assert run("cache", "size") == (0, "0 bytes\n")
    run("explain", "--backend", "cpu", "--python", "3.12", "--platform", "linux_x86_64")
    (folder / "mine.txt").write_text("mine", encoding="utf-8")
    entries = len([*folder.iterdir()]) - 1

    _, size = run("cache", "size")
    code, output = run("cache", "clear")

    assert (code, output) == (0, f"{entries} entries removed, {size}")
    assert entries > 1
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_cache_folder_is_a_file(run: Run, tmp_path: Path) -> None:
    """An unusable cache counts as empty."""
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
def test_sizes_format_size(size: int, expected: str) -> None:
    """A size has the largest unit that fits."""
    assert format_size(size) == expected
