"""The file to a lock; what is none, or is damaged, is refused with what to do about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from hatch_torch.backend import Backend
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.contents import Lock, MadeFor, Narrowed, Part
from hatch_torch.lock.schema import KEYS, SCHEMA, wheel_of
from hatch_torch.project.kinds import faults_of, table_at
from hatch_torch.toml import loads

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_RENEW = "delete the file and run `hatch-torch lock`, or take it from version control again"
_FOREIGN = "this is no lock of hatch-torch; move it away, then run `hatch-torch lock`"
_NEWER = (
    f"this hatch-torch reads {SCHEMA}: update it, or delete the file and run `hatch-torch lock`"
)
_CONFLICT = "marks a merge conflict; take either side of the file, then run `hatch-torch lock`"
_MERGE = r"(?m)^(?:<{7}|={7}|>{7}|\|{7})(?: |$)"
_MOST_FAULTS = 5
_SCHEMAS = range(1000)
_LARGEST = 4 * 1024 * 1024  # ten times that of every backend, Python and platform


def read_lock(root: Path) -> Lock | None:
    """Return the lock of the project in a folder, or None where it has none.

    Raises ConfigurationError where the file cannot be read, or is no lock.
    """
    path = root / LOCK
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise ConfigurationError([f"{path}: {error}"]) from None
    if len(content) > _LARGEST:
        raise ConfigurationError(
            [f"{path}: it is larger than any lock ({_LARGEST} bytes); {_RENEW}"]
        )
    return parse(content, str(path))


def parse(content: bytes, place: str = LOCK) -> Lock:
    """Read a lock; raises ConfigurationError, which says what to do, and nothing else."""
    value = _toml(content, place)
    schema = value.get("schema")
    if isinstance(schema, bool) or not isinstance(schema, int) or schema not in _SCHEMAS:
        raise ConfigurationError([f"{place}: {_FOREIGN}"])
    if schema != SCHEMA:
        raise ConfigurationError([f"{place}: found schema {schema}; {_NEWER}"])
    if faults := [*faults_of(value, KEYS, LOCK)]:
        more = len(faults) - _MOST_FAULTS
        rest = [f"… and {more} faults more"] if more > 0 else []
        raise ConfigurationError([*faults[:_MOST_FAULTS], *rest, f"{place}: {_RENEW}"])
    return _lock(value)


def _toml(content: bytes, place: str) -> dict[str, Any]:
    try:
        text = content.decode()
        if found := re.search(_MERGE, text):
            line = text.count("\n", 0, found.start()) + 1
            raise ConfigurationError([f"{place}: line {line} {_CONFLICT}"])
        return loads(text)
    except (ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise ConfigurationError([f"{place}: it is damaged ({reason}); {_RENEW}"]) from None


def _lock(value: Mapping[str, Any]) -> Lock:
    return Lock(
        MadeFor(**{key: _frozen(one) for key, one in table_at(value, "made-for").items()}),
        Narrowed(**{key: tuple(one) for key, one in table_at(value, "narrowed").items()}),
        {
            Backend.parse(key): Part(Version(one["torch"]), tuple(map(wheel_of, one["wheels"])))
            for key, one in table_at(value, "backends").items()
        },
    )


def _frozen(value: str | list[str]) -> Any:  # noqa: ANN401 (a field of MadeFor)
    return value if isinstance(value, str) else tuple(value)
