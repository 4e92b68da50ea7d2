"""The parsers that the vendors share."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.hardware import parsers
from hatch_torch.hardware.process import CompletedProcess

QUICK = settings(max_examples=60, deadline=None)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("NVIDIA H200\n", "NVIDIA H200"),
        ("\x1b[31mGPU\x1b[0m \x1b]0;title\x07one\r\n\x07", "GPU one"),
        ("A\u202eB\u200bC", "A B C"),
        ("[N/A]", "unknown"),
        ("ERR!", "unknown"),
        ("[Unknown Error]", "unknown"),
        ("", "unknown"),
        ("x" * 500, "x" * 100),
    ],
)
def test_name(text: str, expected: str) -> None:
    """A name is one line without control characters, or unknown."""
    assert expected == parsers.parse_name(text)


@given(st.text())
@QUICK
def test_clean(text: str) -> None:
    """No control character remains of any text."""
    cleaned = parsers.sanitize(text)
    assert len(cleaned) <= 100
    assert "Cc" not in {unicodedata.category(character) for character in cleaned}
    assert cleaned == parsers.sanitize(cleaned)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("580.65.06\n", "580.65.06"),
        ("566.36", "566.36"),
        ("[N/A]", None),
        ("58.1", None),
        ("5800.65.06", None),
        ("580", None),
        (None, None),
    ],
)
def test_driver(text: str | None, expected: str | None) -> None:
    """Only a plausible driver version is returned."""
    assert expected == parsers.parse_driver(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [("12.4", "12.4"), (" 13.0", "13.0"), ("ERR!", None), ("99.1", None), ("1.0", None)],
)
def test_cuda(text: str, expected: str | None) -> None:
    """Only a plausible CUDA release is returned."""
    assert expected == parsers.parse_cuda(text)
    assert parsers.parse_cuda(None) is None


def test_numbers() -> None:
    """Numbers are converted; implausible ones give None."""
    assert [parsers.format_cuda(number) for number in (12040, 13000, 0, -7)] == [
        "12.4",
        "13.0",
        None,
        None,
    ]
    assert [
        parsers.format_sm(*numbers) for numbers in ((9, 0), (12, 1), (0, 0), (4711, 0), (8, 10))
    ] == [
        "sm_90",
        "sm_121",
        None,
        None,
        None,
    ]
    assert [parsers.to_mebibytes(size) for size in (2**30, 0, -1, 2**64)] == [
        1024,
        None,
        None,
        None,
    ]


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (90000, "gfx900"),
        (90010, "gfx90a"),
        (90402, "gfx942"),
        (100306, "gfx1036"),
        (110501, "gfx1151"),
        (120001, "gfx1201"),
        (0, None),
        (90099, None),
        (-1, None),
        (10**9, None),
    ],
)
def test_format_gfx(number: int, expected: str | None) -> None:
    """KFD's number is an architecture (Linux, kfd_topology.c)."""
    assert expected == parsers.format_gfx(number)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gfx90a:sramecc+:xnack-", "gfx90a"),
        ("gfx000", None),
        ("gfx11-generic", None),
        ("GFX90A", None),
        ("", None),
    ],
)
def test_gfx(text: str, expected: str | None) -> None:
    """Features are not part of the architecture."""
    assert expected == parsers.parse_gfx(text)


def test_describe_exit() -> None:
    """The first line of the output follows the exit code."""
    assert parsers.describe_exit(CompletedProcess("", None)) == "timed out"
    assert parsers.describe_exit(CompletedProcess("\n \nERR!\nmore", 9)) == "exit code 9: ERR!"
