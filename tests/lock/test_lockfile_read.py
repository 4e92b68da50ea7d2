"""Reading a lock: valid, damaged, hostile, or no lock at all."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import dumps, parse_lock, read_lock, write_lock
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


def error_of(text: str | bytes) -> str:
    """Return the error for a text that is not a valid lock."""
    with pytest.raises(ConfigurationError) as caught:
        parse_lock(text.encode() if isinstance(text, str) else text, "here")
    return str(caught.value)


def test_reads_what_was_written(lock: Lock, tmp_path: Path) -> None:
    """A lock that is written and read again is equal."""
    write_lock(tmp_path, dumps(lock))
    assert read_lock(tmp_path) == lock
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]


def test_no_lock(tmp_path: Path) -> None:
    """A folder without a lock has none; one that cannot be read is an error."""
    assert read_lock(tmp_path) is None
    (tmp_path / LOCK).mkdir()
    with pytest.raises(ConfigurationError, match=LOCK):
        read_lock(tmp_path)


def test_huge_file(tmp_path: Path) -> None:
    """Of a file that is larger than any lock no more is read than proves that."""
    (tmp_path / LOCK).write_text("#" * (4 * 1024 * 1024 + 1))
    with pytest.raises(ConfigurationError, match="larger than any lock"):
        read_lock(tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "not a lock of hatch-torch\nhint: move the file away"),
        ("schema = true", "not a lock of hatch-torch"),
        ("schema = 2", "expected schema 1, got 2\nhint: update hatch-torch"),
        ("schema = 1\n<<<<<<< HEAD\n", "merge conflict in line 2\nhint: take either side"),
        ("schema = 1\n=======\n", "merge conflict in line 2"),
        ("schema = ", "not valid TOML"),
        ("schema = " + "9" * 5000, "not valid TOML"),
        ("schema = 0x" + "f" * 5000, "not a lock of hatch-torch"),
        ("schema = " + "[" * 100_000, "not valid TOML"),
        (b"\xff", "not valid TOML"),
    ],
)
def test_not_a_lock(text: str | bytes, expected: str) -> None:
    """A file that is not a lock is rejected, with what to do about it."""
    message = error_of(text)
    assert message.startswith("here: ")
    assert expected in message
    assert "run `hatch-torch lock`" in message


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("schema = 1", "schema = 1\nmore = 2", "more: unknown key"),
        ("[made-for]", "[narrowed]\ncolours = []\n[made-for]", "narrowed.colours: unknown key"),
        ('["torch"]', '"torch"', "made-for.requirements"),
        ("backends.cpu", "backends.banana", "'banana' is not a backend"),
        ('torch = "2.9.1"', "", "cpu.torch: missing"),
        ('torch = "2.9.1"', 'torch = "banana"', "expected a version"),
        ('torch = "2.9.1"', f'torch = "{"9" * 5000}"', "expected a version"),
        ('torch = "2.9.1"', f"torch = 0x{'f' * 5000}", "got an integer too large to display"),
        ("wheels = [", 'wheels = "none"\nmore = [', "expected an array of tables"),
        ('name = "torch", ', "", "wheels[0].name: missing"),
        ('name = "torch"', 'name = "torchvision"', "is not a wheel of torchvision 2.9.1+cpu"),
        ("2.9.1%2Bcpu-cp312", "2.9.1%2Bcu126-cp312", "is not a wheel of torch 2.9.1+cpu"),
        ("-cp312-cp312-win_amd64", "", "is not a wheel of torch"),
        ("cp312-win", "cp312%0A-win", "is not a wheel of torch"),
        ("cpu/torch", "cpu/?token=1/torch", "expected the percent-encoded path of a wheel"),
        ("cpu/torch", "cpu/x ; y/torch", "expected the percent-encoded path of a wheel"),
        (HASH, HASH[:-1], "expected 64 hexadecimal digits"),
        ("sha256 =", 'host = "me@evil", sha256 =', "expected a host name"),
        ("sha256 =", 'requires = ["=="], sha256 =', "is not a valid requirement"),
        ("sha256 =", f'requires = ["a;{"(" * 9000}"], sha256 =', "is not a valid requirement"),
        ("sha256 =", "colour = 1, sha256 =", "wheels[0].colour: unknown key"),
    ],
)
def test_hostile_values(old: str, new: str, expected: str) -> None:
    """Every value that ends up in an install is validated."""
    assert old in TEXT
    assert expected in error_of(TEXT.replace(old, new))


def test_many_faults() -> None:
    """Of many faults the first are shown, and how to get rid of all."""
    message = error_of(TEXT + "\n".join(f"fault-{number} = 1" for number in range(9)))
    assert message.count("unknown key") == 5
    assert "here: 4 more faults" in message
    assert message.endswith("or restore it from version control")


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
def test_raises_only_configuration_errors(text: str) -> None:
    """Whatever the file contains, the result is a lock or a ConfigurationError."""
    with suppress(ConfigurationError):
        parse_lock(text.encode(errors="replace"))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(max_size=3), st.integers(0, 6))
def test_damaged_lock(position: int, inserted: bytes, deleted: int) -> None:
    """A lock with a few bytes changed is rejected, or still is a valid lock."""
    content = TEXT.encode()
    with suppress(ConfigurationError):
        assert isinstance(
            parse_lock(content[:position] + inserted + content[position + deleted :]), Lock
        )


def test_cannot_be_written(lock: Lock, tmp_path: Path) -> None:
    """A file that cannot be written is an error, and leaves no temporary file behind."""
    (tmp_path / LOCK).mkdir()
    with pytest.raises(ConfigurationError, match="cannot be written"):
        write_lock(tmp_path, dumps(lock))
    assert [path.name for path in tmp_path.iterdir()] == [LOCK]
