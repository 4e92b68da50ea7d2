"""What can go wrong, and what the user reads."""

from __future__ import annotations

from hatch_torch.errors import ConfigurationError, HatchTorchError, IndexFaultError, NoAnswerError


def test_exit_codes() -> None:
    """The exit codes are those of the command line."""
    kinds = (HatchTorchError, ConfigurationError, NoAnswerError, IndexFaultError)
    assert [one.exit_code for one in kinds] == [1, 2, 3, 3]


def test_every_fault_is_a_line() -> None:
    """A wrong configuration lists each of its faults."""
    error = ConfigurationError(fault for fault in ("a: found 1", "b: found 2"))
    assert (error.faults, str(error)) == (("a: found 1", "b: found 2"), "a: found 1\nb: found 2")


def test_terminals() -> None:
    """What a server or a file sneaks into a sentence moves no terminal, and forges no line."""
    error = IndexFaultError("https://x.org/", "\x1b]0;evil\x07 \x9b31m \r\u202egro.\ud800")
    assert str(error) == "https://x.org/: ]0;evil 31m gro."


def test_secrets() -> None:
    """What a user wrote by mistake is shown, but for the secrets in it."""
    error = ConfigurationError(["hosts: found 'https://me:pa/55@x.org/a?key=1'; allowed is a list"])
    assert str(error) == "hosts: found 'https://***@x.org/a?***'; allowed is a list"


def test_page() -> None:
    """A fault of an index names the page and what came."""
    error = IndexFaultError("https://wheels.example.org/torch/", "403 Forbidden")
    assert str(error) == "https://wheels.example.org/torch/: 403 Forbidden"
    assert (error.url, error.found) == ("https://wheels.example.org/torch/", "403 Forbidden")
