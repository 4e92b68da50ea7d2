"""The `TORCH_VARIANT_*` environment variables as one value.

TORCH_VARIANT itself is read in `config.backend_request`, with the other sources of a backend.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from hatch_torch._env import is_on
from hatch_torch.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

DEFAULT_TIMEOUT = 15.0
_MIN_TIMEOUT, _MAX_TIMEOUT = 0.001, 86400.0


class Settings(NamedTuple):
    """The settings of one run."""

    index_url: str | None = None
    """Root of an index, instead of the table's."""
    hardware: str | None = None
    """A hardware profile: a path to its JSON, or the JSON itself."""
    offline: bool = False
    upgrade: bool = False
    timeout: float = DEFAULT_TIMEOUT
    """Seconds for all network use of one decision."""
    debug: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> Settings:
        """Return the settings of an environment; raises ConfigurationError with every fault."""
        if faults := [*_find_faults(environ)]:
            raise ConfigurationError(faults)
        return cls(
            index_url=environ.get("TORCH_VARIANT_INDEX_URL") or None,
            hardware=environ.get("TORCH_VARIANT_HARDWARE") or None,
            offline=is_on(environ.get("TORCH_VARIANT_OFFLINE")),
            upgrade=is_on(environ.get("TORCH_VARIANT_UPGRADE")),
            timeout=float(environ.get("TORCH_VARIANT_TIMEOUT") or DEFAULT_TIMEOUT),
            debug=environ.get("TORCH_VARIANT_LOG") == "debug",
        )


def _find_faults(environ: Mapping[str, str]) -> Iterator[str]:
    timeout = environ.get("TORCH_VARIANT_TIMEOUT") or str(DEFAULT_TIMEOUT)
    if not _is_timeout(timeout):
        yield f"TORCH_VARIANT_TIMEOUT: expected seconds from 0.001 to 86400, got {timeout!r}"
    log = environ.get("TORCH_VARIANT_LOG", "")
    if log not in {"", "debug"}:
        yield f"TORCH_VARIANT_LOG: expected 'debug', got {log!r}"


def _is_timeout(text: str) -> bool:
    try:
        return _MIN_TIMEOUT <= float(text) <= _MAX_TIMEOUT
    except ValueError:
        return False
