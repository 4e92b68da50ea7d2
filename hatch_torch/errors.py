"""The errors that this package raises on purpose, and how all of them are shown to a user.

A build and the command line print `HatchTorchError.format()`: a line `error: …` for each fault,
and lines `hint: …` with what to do next. `str(error)` is the same text without `error: `.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch._redact import strip_control, strip_url_secrets

if TYPE_CHECKING:
    from collections.abc import Iterable

_HINT = "hint: "


class HatchTorchError(Exception):
    """Base class of the errors that are meant for a user."""

    exit_code = 1
    """The exit code of a command that ends with this error."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        """Take what is wrong, and what the user can do about it."""
        self.faults: tuple[str, ...] = (with_hint(message, hint),)
        super().__init__(message)

    @property
    def message(self) -> str:
        """What is wrong, without the hints: for a note in another sentence."""
        lines = str(self).split("\n")
        return "\n".join(line for line in lines if not line.startswith(_HINT))

    def __str__(self) -> str:
        """Return the faults with their hints, without URL credentials and control characters."""
        return _clean("\n".join(self.faults))

    def format(self) -> str:
        """Return what a build or a command prints: `error: …` and `hint: …` lines."""
        return _clean("\n".join(f"error: {fault}" for fault in self.faults))


class ConfigurationError(HatchTorchError):
    """A table, an environment variable or a command line is wrong; holds every fault."""

    exit_code = 2

    def __init__(self, faults: Iterable[str], *, hint: str | None = None) -> None:
        """Take the faults: each names its place, what is expected there, and what was given."""
        found = tuple(faults)
        super().__init__("\n".join(found))
        self.faults = (*found[:-1], *(with_hint(fault, hint) for fault in found[-1:]))


class NoAnswerError(HatchTorchError):
    """There is no decision: no wheel fits, or the index can't be reached."""

    exit_code = 3


class IndexFaultError(NoAnswerError):
    """An index did not answer, or its answer is not an index page."""

    def __init__(self, url: str, found: str, *, hint: str | None = None) -> None:
        """Take the page's URL, without credentials, and what came instead of the page."""
        self.url = url
        self.found = found
        super().__init__(f"{url}: {found}", hint=hint)


def with_hint(message: str, hint: str | None) -> str:
    """Return a message with a line `hint: …` behind it, if there is a hint."""
    return f"{message}\n{_HINT}{hint}" if hint else message


def did_you_mean(value: object, allowed: Iterable[str]) -> str:
    """Return a further line `hint: did you mean …?` for a misspelled value, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 (only for a mistake)

    matches = get_close_matches(str(value).lower(), list(allowed), n=1)
    return f"\n{_HINT}did you mean {matches[0]!r}?" if matches else ""


def _clean(text: str) -> str:
    return strip_url_secrets(strip_control(text))
