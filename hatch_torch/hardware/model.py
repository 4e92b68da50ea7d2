"""The facts about a machine, and their JSON form, the hardware profile.

A profile can be written by hand: every value is checked, and an error names its path.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch._redact import strip_control
from hatch_torch.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping


SCHEMA = 1
MAX_PROFILE_CHARACTERS = 2**20
_MAX_ITEMS, _MAX_TEXT, _MAX_SHOWN = 1024, 1000, 60
_MAX_MIB = 2**24
_MAX_MILLISECONDS = 10**6
# For each vendor the syntax of an architecture, and an example.
_ARCHITECTURES = {
    "nvidia": (r"sm_\d{2,3}[af]?", "sm_90"),
    "amd": (r"gfx[0-9a-f]{3,5}(:\w+[+-])*", "gfx942"),
    "intel": (r"gen\d{1,2}|xe[0-9a-z-]{0,8}", "xe-hpg"),
    "apple": (r"apple-m", "apple-m"),
}
_KEYS = (
    *("schema", "system", "machine", "libc", "python", "accelerators", "nvidia", "rocm"),
    *("sources", "signs"),
)


class Accelerator(NamedTuple):
    """A device that torch may compute on."""

    vendor: str
    """``nvidia``, ``amd``, ``intel`` or ``apple``."""
    name: str = "unknown"
    architecture: str | None = None
    """``sm_90``, ``gfx942``, ``xe-hpg``, ``apple-m``; None if unknown."""
    memory_mib: int | None = None


class Nvidia(NamedTuple):
    """The version of NVIDIA's driver, and the newest CUDA release that it supports."""

    driver: str | None = None
    cuda: str | None = None


class Rocm(NamedTuple):
    """The ROCm release that is installed."""

    version: str | None = None


class ProbeReport(NamedTuple):
    """What one probe reports: its name, its result (``found``, ``absent``, ``broken``), details."""

    probe: str
    result: str
    detail: str = ""
    milliseconds: int | None = None


class Hardware(NamedTuple):
    """The facts about a machine; a fact that is not known is None or empty."""

    system: str | None = None
    """``Linux``, ``Windows`` or ``Darwin``, as returned by ``platform.system()``."""
    machine: str | None = None
    """``x86_64``, ``aarch64``, ``arm64`` or ``AMD64``, as returned by ``platform.machine()``."""
    libc: str | None = None
    """``glibc 2.36``, ``musl 1.2``; on macOS the release of the system, ``macos 14.5``."""
    python: str | None = None
    accelerators: tuple[Accelerator, ...] = ()
    nvidia: Nvidia | None = None
    rocm: Rocm | None = None
    probe_reports: tuple[ProbeReport, ...] = ()
    environment_hints: tuple[str, ...] = ()
    """What the machine is used for: ``ci``, ``container``, ``slurm-login`` …"""

    def of_vendor(self, vendor: str) -> tuple[Accelerator, ...]:
        """Return the accelerators of one vendor."""
        return tuple(gpu for gpu in self.accelerators if gpu.vendor == vendor)

    def infer_gpus(self) -> Hardware:
        """Return the machine with a GPU of unknown architecture for a driver or ROCm without GPU.

        A profile written by hand may name no more than the version of the driver or of ROCm.
        Where probes ran, a GPU that they did not find does not exist.
        """
        if self.probe_reports:
            return self
        vendors = {gpu.vendor for gpu in self.accelerators}
        if self.nvidia and not vendors:
            return self._replace(accelerators=(Accelerator("nvidia"),))
        if self.rocm and not vendors & {"amd", "nvidia"}:
            return self._replace(accelerators=(*self.accelerators, Accelerator("amd")))
        return self

    def to_json(self) -> dict[str, Any]:
        """Return the JSON object that `hatch-torch detect --json` prints."""
        return {
            "schema": SCHEMA,
            "system": self.system,
            "machine": self.machine,
            "libc": self.libc,
            "python": self.python,
            "accelerators": tuple(gpu._asdict() for gpu in self.accelerators),
            "nvidia": self.nvidia and self.nvidia._asdict(),
            "rocm": self.rocm and self.rocm._asdict(),
            "sources": tuple(report._asdict() for report in self.probe_reports),
            "signs": self.environment_hints,
        }

    @classmethod
    def from_json(cls, text: str) -> Hardware:
        """Read a hardware profile, in which every key is optional.

        Raises ValueError, whose message names the path, what is expected and what is there.
        """
        profile = _JsonObject.load(text, _KEYS)
        if (schema := profile.number("schema", 2**31)) not in {None, SCHEMA}:
            raise ValueError(f"schema: expected {SCHEMA}, got {schema}")
        return cls(
            system=profile.text("system", r"[\w. +-]+", "Linux, Windows or Darwin"),
            machine=profile.text("machine", r"[\w. +-]+", "a processor such as x86_64"),
            libc=profile.text(
                "libc", r"(glibc|musl|macos) \d+(\.\d+){0,2}", "a C library such as glibc 2.36"
            ),
            python=profile.text("python", r"\d\.\d+(\.\d+)?[\w+.-]*", "a version such as 3.11.7"),
            accelerators=tuple(map(_accelerator, profile.objects("accelerators", Accelerator))),
            nvidia=_nvidia(profile.object("nvidia", Nvidia)),
            rocm=_rocm(profile.object("rocm", Rocm)),
            probe_reports=tuple(map(_probe_report, profile.objects("sources", ProbeReport))),
            environment_hints=tuple(profile.texts("signs")),
        )


class _JsonObject(NamedTuple):
    """A JSON object and its path; a key whose value is null counts as missing.

    The methods return the value of a key, and raise ValueError if it is not as expected.
    """

    values: Mapping[str, Any]
    prefix: str = ""
    """The path of the object, with a dot behind it: ``accelerators[0].``."""

    @classmethod
    def load(cls, text: str, keys: Collection[str]) -> _JsonObject:
        """Read a JSON object that has no other keys than these."""
        if len(text) > MAX_PROFILE_CHARACTERS:
            limit = f"at most {MAX_PROFILE_CHARACTERS} characters"
            raise ValueError(f"profile: expected {limit}, got {len(text)}")
        try:
            value = json.loads(text)
        except RecursionError:
            raise ValueError("profile: the JSON is nested too deeply") from None
        except ValueError as error:
            raise ValueError(f"profile: expected JSON ({error})") from None
        return cls._check(value, "", keys)

    def text(self, key: str, pattern: str = ".+", expected: str = "text") -> str | None:
        """Return a text that matches a pattern."""
        value = self.values.get(key)
        return None if value is None else _check_text(value, self.prefix + key, pattern, expected)

    def texts(self, key: str) -> list[str]:
        """Return the texts of a list."""
        return [_check_text(item, path, ".+", "text") for path, item in self._items(key)]

    def number(self, key: str, most: int) -> int | None:
        """Return a number from 0 to `most`."""
        value = self.values.get(key)
        if value is None or (type(value) is int and 0 <= value <= most):
            return value
        raise _mismatch(self.prefix + key, value, f"a whole number up to {most}")

    def object(self, key: str, kind: type[NamedTuple]) -> _JsonObject | None:
        """Return an object with no other keys than the fields of a named tuple."""
        value = self.values.get(key)
        return None if value is None else self._check(value, self.prefix + key, kind._fields)

    def objects(self, key: str, kind: type[NamedTuple]) -> list[_JsonObject]:
        """Return the objects of a list."""
        return [self._check(item, path, kind._fields) for path, item in self._items(key)]

    def _items(self, key: str) -> list[tuple[str, Any]]:
        """Return the items of a list with their paths."""
        value = self.values.get(key)
        if value is None:
            return []
        if isinstance(value, list) and len(value) <= _MAX_ITEMS:
            return [(f"{self.prefix}{key}[{index}]", item) for index, item in enumerate(value)]
        raise _mismatch(self.prefix + key, value, f"a list of at most {_MAX_ITEMS}")

    @classmethod
    def _check(cls, value: Any, path: str, keys: Collection[str]) -> _JsonObject:  # noqa: ANN401 - JSON
        if not isinstance(value, dict):
            raise _mismatch(path or "profile", value, "an object")
        prefix = f"{path}." if path else ""
        for key in value:
            if key not in keys:
                hint = did_you_mean(key, keys)
                expected = f"expected one of {', '.join(keys)}"
                raise ValueError(f"{prefix}{_shorten(key)}: unknown key; {expected}{hint}")
        return cls(value, prefix)


def _check_text(value: Any, path: str, pattern: str, expected: str) -> str:  # noqa: ANN401 - JSON
    is_short = isinstance(value, str) and len(value) <= _MAX_TEXT
    # No pattern matches a line end, so of what `strip_control` keeps only tabs are left to exclude.
    is_plain = is_short and "\t" not in value and strip_control(value) == value
    if is_plain and re.fullmatch(pattern, value):
        return str(value)
    raise _mismatch(path, value, expected)


def _mismatch(path: str, value: object, expected: str) -> ValueError:
    return ValueError(f"{path}: expected {expected}, got {_shorten(repr(value))}")


def _shorten(text: str) -> str:
    """Return the beginning of a text, without control characters."""
    plain = strip_control(text)
    return plain if len(plain) <= _MAX_SHOWN else f"{plain[:_MAX_SHOWN]}…"


def _accelerator(profile: _JsonObject) -> Accelerator:
    vendors = f"one of {', '.join(_ARCHITECTURES)}"
    vendor = profile.text("vendor", "|".join(_ARCHITECTURES), vendors)
    if vendor is None:
        raise ValueError(f"{profile.prefix}vendor: missing; expected {vendors}")
    pattern, example = _ARCHITECTURES[vendor]
    return Accelerator(
        vendor=vendor,
        name=profile.text("name") or "unknown",
        architecture=profile.text("architecture", pattern, f"an architecture such as {example}"),
        memory_mib=profile.number("memory_mib", _MAX_MIB),
    )


def _nvidia(profile: _JsonObject | None) -> Nvidia | None:
    if profile is None:
        return None
    return Nvidia(
        driver=profile.text("driver", r"\d{1,4}(\.\d{1,4}){0,3}", "a version such as 580.65.06"),
        cuda=profile.text("cuda", r"\d{1,2}(\.\d{1,2}){0,2}", "a release such as 13.0"),
    )


def _rocm(profile: _JsonObject | None) -> Rocm | None:
    if profile is None:
        return None
    return Rocm(profile.text("version", r"\d{1,2}(\.\d{1,4}){0,3}", "a release such as 6.4.1"))


def _probe_report(profile: _JsonObject) -> ProbeReport:
    return ProbeReport(
        probe=profile.text("probe") or "unknown",
        result=profile.text("result", "found|absent|broken", "found, absent or broken") or "absent",
        detail=profile.text("detail", ".*") or "",
        milliseconds=profile.number("milliseconds", _MAX_MILLISECONDS),
    )
