"""Locks that were written, damaged, or never were locks."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import parse, read_lock, spell, write_lock
from hatch_torch.lock.model import Lock

if TYPE_CHECKING:
    from pathlib import Path

HASH = "0123456789abcdef" * 4
TEXT = f"""schema = 1
[made-for]
requirements = ["torch"]
channel = "stable"
[backends.cpu]
torch = "2.9.1"
wheels = [
  {{ name = "torch", version = "2.9.1+cpu", path = "cpu/torch-2.9.1%2Bcpu-cp312-cp312-win_amd64.whl", sha256 = "{HASH}" }},
]
"""  # noqa: E501 (one wheel is one line)


def refusal(text: str | bytes) -> str:
    """Return what is said of a text that is no lock."""
    with pytest.raises(ConfigurationError) as caught:
        parse(text.encode() if isinstance(text, str) else text, "here")
    return str(caught.value)


def test_what_was_written_is_read(lock: Lock, tmp_path: Path) -> None:
    """A lock is the same after it was written and read."""
    write_lock(tmp_path, spell(lock))
    assert read_lock(tmp_path) == lock
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_no_lock(tmp_path: Path) -> None:
    """A folder without a lock has none; one that cannot be read is told."""
    assert read_lock(tmp_path) is None
    (tmp_path / LOCK).mkdir()
    with pytest.raises(ConfigurationError, match=LOCK):
        read_lock(tmp_path)


def test_a_huge_lock(tmp_path: Path) -> None:
    """Of a file that is larger than any lock no more is read than shows that."""
    (tmp_path / LOCK).write_text("#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigurationError, match="larger than any lock"):
        read_lock(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no lock of hatch-torch; move it away"),
        ("schema = true", "no lock of hatch-torch"),
        ("schema = 2", "found schema 2; this hatch-torch reads 1: update it"),
        ("schema = 1\n<<<<<<< HEAD\n", "line 2 marks a merge conflict; take either side"),
        ("schema = 1\n=======\n", "line 2 marks a merge conflict"),
        ("schema = ", "it is damaged"),
        ("schema = " + "9" * 5000, "it is damaged"),
        ("schema = 0x" + "f" * 5000, "no lock of hatch-torch"),
        ("schema = " + "[" * 100_000, "it is damaged"),
        (b"\xff", "it is damaged"),
    ],
)
def test_no_lock_at_all(text: str | bytes, expected: str) -> None:
    """What is no lock is refused, with what to do about it."""
    told = refusal(text)
    assert told.startswith("here: ")
    assert expected in told
    assert "run `hatch-torch lock`" in told


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schema = 1", "schema = 1\nmore = 2", "more: unknown key"),
        ("[made-for]", "[narrowed]\ncolours = []\n[made-for]", "narrowed.colours: unknown key"),
        ('["torch"]', '"torch"', "made-for.requirements"),
        ("backends.cpu", "backends.banana", "'banana' is no backend"),
        ('torch = "2.9.1"', "", "cpu.torch: it is missing"),
        ('torch = "2.9.1"', 'torch = "banana"', "allowed is a version"),
        ('torch = "2.9.1"', f'torch = "{"9" * 5000}"', "allowed is a version"),
        ('torch = "2.9.1"', f"torch = 0x{'f' * 5000}", "found a number beyond measure (integer)"),
        ("wheels = [", 'wheels = "none"\nmore = [', "allowed is an array of tables"),
        ('name = "torch", ', "", "wheels[0].name: it is missing"),
        ('name = "torch"', 'name = "torchvision"', "is no wheel of torchvision 2.9.1+cpu"),
        ("2.9.1%2Bcpu-cp312", "2.9.1%2Bcu126-cp312", "is no wheel of torch 2.9.1+cpu"),
        ("-cp312-cp312-win_amd64", "", "is no wheel of torch"),
        ("cp312-win", "cp312%0A-win", "is no wheel of torch"),
        ("cpu/torch", "cpu/?token=1/torch", "allowed is the path of a wheel"),
        ("cpu/torch", "cpu/x ; y/torch", "allowed is the path of a wheel"),
        (HASH, HASH[:-1], "allowed is 64 hexadecimal digits"),
        ("sha256 =", 'host = "me@evil", sha256 =', "allowed is the name of a host"),
        ("sha256 =", 'requires = ["=="], sha256 =', "which is no requirement"),
        ("sha256 =", f'requires = ["a;{"(" * 9000}"], sha256 =', "which is no requirement"),
        ("sha256 =", "colour = 1, sha256 =", "wheels[0].colour: unknown key"),
    ],
)
def test_hostile(old: str, new: str, expected: str) -> None:
    """What ends up in an install is checked, to the last value."""
    assert old in TEXT
    assert expected in refusal(TEXT.replace(old, new))


def test_many_faults() -> None:
    """Of many faults the first are told, and how to get rid of all."""
    told = refusal(TEXT + "\n".join(f"fault-{number} = 1" for number in range(9)))
    assert told.count("unknown key") == 5
    assert "… and 4 faults more" in told
    assert told.endswith("or take it from version control again")


LINES = st.lists(
    st.one_of(
        st.sampled_from(TEXT.splitlines()),
        st.sampled_from(["[backends.cu126]", "wheels = []", "[narrowed]", 'pythons = ["3.1"]']),
        st.text(max_size=30),
    ),
    max_size=12,
)


@settings(max_examples=100, deadline=None)
@given(LINES.map("\n".join))
def test_nothing_else_is_raised(text: str) -> None:
    """Whatever the file holds, the reader answers with a lock or with a fault of the file."""
    with suppress(ConfigurationError):
        parse(text.encode(errors="replace"))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3), st.integers(0, 6))
def test_a_damaged_lock(place: int, put: bytes, gone: int) -> None:
    """A lock with a few bytes changed is refused, or still is a whole lock."""
    content = TEXT.encode()
    with suppress(ConfigurationError):
        assert isinstance(parse(content[:place] + put + content[place + gone :]), Lock)


def test_faults_of_writing(lock: Lock, tmp_path: Path) -> None:
    """A folder that forbids it is told, and nothing is left there."""
    (tmp_path / LOCK).mkdir()
    with pytest.raises(ConfigurationError, match="it cannot be written"):
        write_lock(tmp_path, spell(lock))
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]
