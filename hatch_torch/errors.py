"""What can go wrong for a user; each error owns its sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch._redact import plain

if TYPE_CHECKING:
    from collections.abc import Iterable


class HatchTorchError(Exception):
    """Everything that this package raises on purpose; ``str`` is what the user reads."""

    exit_code = 1

    def __str__(self) -> str:
        """Return the sentence, without secrets of URLs; what others wrote moves no terminal."""
        from hatch_torch._redact import without_secrets  # noqa: PLC0415 - only where one is read

        return without_secrets(plain(super().__str__()))


class ConfigurationError(HatchTorchError):
    """A table, a variable or a command line that is wrong; lists every fault at once."""

    exit_code = 2

    def __init__(self, faults: Iterable[str]) -> None:
        """Take the faults, each a sentence that names its place, what was found and what may be."""
        self.faults = tuple(faults)
        super().__init__("\n".join(self.faults))


class NoAnswerError(HatchTorchError):
    """There is no decision: no wheel fits, or there is nobody to ask."""

    exit_code = 3


class IndexFaultError(NoAnswerError):
    """An index did not answer, or answered with something that is no index page."""

    def __init__(self, url: str, found: str) -> None:
        """Take the page (without credentials) and what came instead of it."""
        self.url = url
        self.found = found
        super().__init__(f"{url}: {found}")
