"""Apple's GPUs: the output of sysctl, and Rosetta."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.host import ask_rosetta, parse_sysctl
from hatch_torch.hardware.model import Accelerator
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from pathlib import Path

RECORDING = """
system = "Darwin"
machine = "x86_64"
python = "3.11.9"
[files]
"/Library/Apple/usr/share/rosetta/rosetta" = ""
"""
TRANSLATED = '[commands."/usr/sbin/sysctl -in sysctl.proc_translated"]\nout = "{}"'


@pytest.mark.parametrize("answer", ["", TRANSLATED.format("0"), TRANSLATED.format("")])
def test_no_rosetta(tmp_path: Path, answer: str) -> None:
    """Without translation there is no result."""
    (tmp_path / "machine.toml").write_text(RECORDING + answer)
    assert ask_rosetta(RecordedMachine(tmp_path)) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Apple M2 Pro\n34359738368\n", Accelerator("apple", "Apple M2 Pro", "apple-m", 32768)),
        ("Apple M1 (Virtual)\n", Accelerator("apple", "Apple M1 (Virtual)", "apple-m")),
        ("Apple M1\nunknown oid\n", Accelerator("apple", "Apple M1", "apple-m")),
        ("", Accelerator("apple", "unknown", "apple-m")),
    ],
)
def test_sysctl(text: str, expected: Accelerator) -> None:
    """The name of the chip and its memory are parsed; without them the GPU is unnamed."""
    assert expected == parse_sysctl(text)
