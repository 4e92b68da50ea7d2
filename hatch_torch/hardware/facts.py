"""The facts about a machine, and their JSON (contract: ``hatch-torch detect --json``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.hardware.fields import load

if TYPE_CHECKING:
    from hatch_torch.hardware.fields import Fields

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
        """Return the JSON object of contract.md, section 4."""
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
