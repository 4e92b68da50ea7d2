"""The errors, and what a user reads of them."""

from __future__ import annotations

import pytest

from hatch_torch.errors import (
    ConfigurationError,
    HatchTorchError,
    IndexFaultError,
    NoAnswerError,
    did_you_mean,
)


def test_exit_codes() -> None:
    """The exit codes are those of the command line."""
    kinds = (HatchTorchError, ConfigurationError, NoAnswerError, IndexFaultError)
    assert [kind.exit_code for kind in kinds] == [1, 2, 3, 3]


def test_every_fault_is_a_line() -> None:
    """A wrong configuration lists each of its faults."""
    error = ConfigurationError(fault for fault in ("a: expected 1", "b: expected 2"))
    assert error.faults == ("a: expected 1", "b: expected 2")
    assert str(error) == "a: expected 1\nb: expected 2"
    assert error.format() == "error: a: expected 1\nerror: b: expected 2"


def test_hint() -> None:
    """A hint is a line of its own, and no part of the message."""
    error = NoAnswerError("no torch fits", hint="set TORCH_VARIANT")
    assert error.format() == "error: no torch fits\nhint: set TORCH_VARIANT"
    assert str(error) == "no torch fits\nhint: set TORCH_VARIANT"
    assert error.message == "no torch fits"


def test_hints_of_faults() -> None:
    """A fault may bring its own hint; that of the error comes last."""
    error = ConfigurationError(["a: wrong\nhint: did you mean 'b'?", "c: wrong"], hint="see docs")
    assert error.format() == (
        "error: a: wrong\nhint: did you mean 'b'?\nerror: c: wrong\nhint: see docs"
    )
    assert error.message == "a: wrong\nc: wrong"


def test_hint_of_an_index_fault() -> None:
    """A fault of an index takes a hint, too."""
    error = IndexFaultError("https://x.org/", "404 Not Found", hint="check the URL")
    assert error.format() == "error: https://x.org/: 404 Not Found\nhint: check the URL"


@pytest.mark.parametrize(
    ("value", "expected"),
    [("stabel", "\nhint: did you mean 'stable'?"), ("STABLE", "\nhint: did you mean 'stable'?")],
)
def test_did_you_mean(value: str, expected: str) -> None:
    """The nearest allowed value is suggested, whatever the case."""
    assert did_you_mean(value, ("stable", "nightly")) == expected


@pytest.mark.parametrize("value", ["", "zzz", 7])
def test_nothing_is_close(value: object) -> None:
    """Nothing is suggested if nothing is close."""
    assert did_you_mean(value, ("stable", "nightly")) == ""


def test_terminals() -> None:
    """Control characters from a server or a file reach no terminal and forge no line."""
    error = IndexFaultError("https://x.org/", "\x1b]0;evil\x07 \x9b31m \r\u202egro.\ud800")
    assert str(error) == "https://x.org/: ]0;evil 31m gro."
    assert error.format() == "error: https://x.org/: ]0;evil 31m gro."


def test_secrets() -> None:
    """A value that a user wrote is shown without the secrets in it."""
    error = ConfigurationError(["hosts: expected a list, got 'https://me:pa/55@x.org/a?key=1'"])
    assert str(error) == "hosts: expected a list, got 'https://***@x.org/a?***'"
    assert error.format() == f"error: {error}"


def test_page() -> None:
    """A fault of an index names the page and what came instead."""
    error = IndexFaultError("https://wheels.example.org/torch/", "403 Forbidden")
    assert str(error) == "https://wheels.example.org/torch/: 403 Forbidden"
    assert (error.url, error.found) == ("https://wheels.example.org/torch/", "403 Forbidden")
