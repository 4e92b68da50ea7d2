"""Reading JSON that anybody may have written: each value is checked, a fault names its place.

The facts about a machine, and their JSON (``hatch-torch detect --json``).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


MOST_TEXT = 2**20
"""Characters of the largest profile."""
_MOST_VALUES, _LONGEST = 1024, 1000
_CONTROL = r"[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"


class Fields(NamedTuple):
    """The values of a JSON object, and the place where it stands; null is what is left out."""

    values: Mapping[str, Any]
    place: str = ""

    def text(self, name: str, pattern: str = ".+", example: str = "text") -> str | None:
        """Return a text that fits a pattern. Raises ValueError for anything else."""
        value = self.values.get(name)
        return None if value is None else _text(value, self.place + name, pattern, example)

    def number(self, name: str, most: int) -> int | None:
        """Return a number from 0 on. Raises ValueError for anything else."""
        value = self.values.get(name)
        if value is None or (type(value) is int and 0 <= value <= most):
            return value
        raise _fault(self.place + name, value, f"a whole number up to {most}")

    def within(self, name: str, allowed: Collection[str]) -> Fields | None:
        """Return an object with no other than these names. Raises ValueError for anything else."""
        value = self.values.get(name)
        return None if value is None else _fields(value, self.place + name, allowed)

    def each(self, name: str, allowed: Collection[str]) -> list[Fields]:
        """Return the objects of a list. Raises ValueError for anything else."""
        listed = enumerate(self._list(name))
        return [_fields(one, f"{self.place}{name}[{number}]", allowed) for number, one in listed]

    def texts(self, name: str) -> list[str]:
        """Return the texts of a list. Raises ValueError for anything else."""
        listed = enumerate(self._list(name))
        return [_text(one, f"{self.place}{name}[{number}]", ".+", "text") for number, one in listed]

    def _list(self, name: str) -> list[Any]:
        value = self.values.get(name)
        if value is None:
            return []
        if isinstance(value, list) and len(value) <= _MOST_VALUES:
            return value
        raise _fault(self.place + name, value, f"a list of at most {_MOST_VALUES}")


def load(text: str, allowed: Collection[str]) -> Fields:
    """Read one JSON object with no other than these names. Raises ValueError where it is none."""
    if len(text) > MOST_TEXT:
        raise ValueError(f"found {len(text)} characters, allowed are {MOST_TEXT}")
    try:
        value = json.loads(text)
    except RecursionError:
        raise ValueError("found JSON that is nested too deep") from None
    except ValueError as error:
        raise ValueError(f"found no JSON: {error}") from None
    return _fields(value, "", allowed)


def _fields(value: Any, place: str, allowed: Collection[str]) -> Fields:  # noqa: ANN401 - JSON
    if not isinstance(value, dict):
        raise _fault(place or "profile", value, "an object")
    dot = f"{place}." if place else ""
    for name in value:
        if name not in allowed:
            raise _fault(dot + _shown(name), "a name", _one_of(name, allowed))
    return Fields(value, dot)


def _one_of(name: str, allowed: Collection[str]) -> str:
    from difflib import get_close_matches  # noqa: PLC0415 (only a mistake is told)

    close = get_close_matches(name, allowed, n=1)
    meant = f" (did you mean {close[0]}?)" if close else ""
    return f"one of {', '.join(allowed)}{meant}"


def _text(value: Any, place: str, pattern: str, example: str) -> str:  # noqa: ANN401 - JSON
    plain = isinstance(value, str) and len(value) <= _LONGEST and not re.search(_CONTROL, value)
    if plain and re.fullmatch(pattern, value):
        return str(value)
    raise _fault(place, value, example)


def _fault(place: str, found: object, allowed: str) -> ValueError:
    return ValueError(f"{place}: found {_shown(repr(found))}, allowed is {allowed}")


def _shown(text: str) -> str:
    """Return the beginning of a text, without what would disturb a terminal."""
    plain = re.sub(_CONTROL, "?", text)
    return plain if len(plain) <= 60 else f"{plain[:60]}…"  # noqa: PLR2004 - a line has room for it


SCHEMA = 1
_MOST_MIB = 2**24
_MOST_MILLISECONDS = 10**6
# The spelling of an architecture, by vendor, and an example.
_ARCHITECTURES = {
    "nvidia": (r"sm_\d{2,3}[af]?", "sm_90"),
    "amd": (r"gfx[0-9a-f]{3,5}(:\w+[+-])*", "gfx942"),
    "intel": (r"gen\d{1,2}|xe[0-9a-z-]{0,8}", "xe-hpg"),
    "apple": (r"apple-m", "apple-m"),
}


class Accelerator(NamedTuple):
    """A device that torch may compute on."""

    vendor: str
    """``nvidia``, ``amd``, ``intel`` or ``apple``."""
    name: str = "unknown"
    architecture: str | None = None
    """``sm_90``, ``gfx942``, ``xe-hpg``, ``apple-m``; None where it is not known."""
    memory_mib: int | None = None


class Nvidia(NamedTuple):
    """NVIDIA's driver, and the newest CUDA release whose interface it speaks."""

    driver: str | None = None
    cuda: str | None = None


class Rocm(NamedTuple):
    """The ROCm release that is installed."""

    version: str | None = None


class Source(NamedTuple):
    """One probe: what it was, how it ended (``found``, ``absent``, ``broken``), and its words."""

    probe: str
    result: str
    detail: str = ""
    milliseconds: int | None = None


class Hardware(NamedTuple):
    """What a machine has; a field that nobody knows is None or empty."""

    system: str | None = None
    """``Linux``, ``Windows`` or ``Darwin``, as ``platform.system()`` says it."""
    machine: str | None = None
    """``x86_64``, ``aarch64``, ``arm64`` or ``AMD64``, as ``platform.machine()`` says it."""
    libc: str | None = None
    """``glibc 2.36``, ``musl 1.2``; on macOS the system's own release, ``macos 14.5``."""
    python: str | None = None
    accelerators: tuple[Accelerator, ...] = ()
    nvidia: Nvidia | None = None
    rocm: Rocm | None = None
    sources: tuple[Source, ...] = ()
    signs: tuple[str, ...] = ()
    """What else tells what this machine is for: ``ci``, ``container``, ``slurm-login`` …"""

    def of_vendor(self, vendor: str) -> tuple[Accelerator, ...]:
        """Return the accelerators of one vendor."""
        return tuple(one for one in self.accelerators if one.vendor == vendor)

    def presumed(self) -> Hardware:
        """Return the machine with a GPU of an unknown architecture where only its software is told.

        A profile written by hand may say no more than the driver's or ROCm's version. Where
        probes were made (`sources`), a GPU that they did not find is not there.
        """
        if self.sources:
            return self
        vendors = {one.vendor for one in self.accelerators}
        if self.nvidia and not vendors:
            return self._replace(accelerators=(Accelerator("nvidia"),))
        if self.rocm and not vendors & {"amd", "nvidia"}:
            return self._replace(accelerators=(*self.accelerators, Accelerator("amd")))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `hatch-torch detect --json` prints."""
        told = self._asdict()
        for name in ("accelerators", "sources"):
            told[name] = tuple(one._asdict() for one in told[name])
        for name in ("nvidia", "rocm"):
            told[name] = told[name] and told[name]._asdict()
        return {"schema": SCHEMA, **told}

    @classmethod
    def from_json(cls, text: str) -> Hardware:
        """Read a hardware profile, which may leave out what it does not know.

        Raises ValueError, whose message says what is wrong and where.
        """
        told = load(text, ("schema", *cls._fields))
        if (schema := told.number("schema", 2**31)) not in {None, SCHEMA}:
            raise ValueError(f"schema: found {schema}, allowed is {SCHEMA}")
        return cls(
            system=told.text("system", r"[\w. +-]+", "Linux, Windows or Darwin"),
            machine=told.text("machine", r"[\w. +-]+", "x86_64, say"),
            libc=told.text("libc", r"(glibc|musl|macos) \d+(\.\d+){0,2}", "glibc 2.36, say"),
            python=told.text("python", r"\d\.\d+(\.\d+)?[\w+.-]*", "3.11.7, say"),
            accelerators=tuple(map(_accelerator, told.each("accelerators", Accelerator._fields))),
            nvidia=_nvidia(told.within("nvidia", Nvidia._fields)),
            rocm=_rocm(told.within("rocm", Rocm._fields)),
            sources=tuple(map(_source, told.each("sources", Source._fields))),
            signs=tuple(told.texts("signs")),
        )


def _accelerator(told: Fields) -> Accelerator:
    vendor = told.text("vendor", "|".join(_ARCHITECTURES), f"one of {', '.join(_ARCHITECTURES)}")
    if vendor is None:
        raise ValueError(f"{told.place}vendor: missing, allowed is {', '.join(_ARCHITECTURES)}")
    pattern, example = _ARCHITECTURES[vendor]
    return Accelerator(
        vendor=vendor,
        name=told.text("name") or "unknown",
        architecture=told.text("architecture", pattern, f"{example}, say"),
        memory_mib=told.number("memory_mib", _MOST_MIB),
    )


def _nvidia(told: Fields | None) -> Nvidia | None:
    if told is None:
        return None
    return Nvidia(
        driver=told.text("driver", r"\d{1,4}(\.\d{1,4}){0,3}", "580.65.06, say"),
        cuda=told.text("cuda", r"\d{1,2}(\.\d{1,2}){0,2}", "13.0, say"),
    )


def _rocm(told: Fields | None) -> Rocm | None:
    version = r"\d{1,2}(\.\d{1,4}){0,3}"
    return None if told is None else Rocm(told.text("version", version, "6.4.1, say"))


def _source(told: Fields) -> Source:
    return Source(
        probe=told.text("probe") or "unknown",
        result=told.text("result", "found|absent|broken", "found, absent or broken") or "absent",
        detail=told.text("detail", ".*") or "",
        milliseconds=told.number("milliseconds", _MOST_MILLISECONDS),
    )
