"""The interpreter and the platform that a wheel has to fit."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple, cast

from packaging import tags
from packaging.markers import default_environment

from hatch_torch.errors import ConfigurationError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


PLATFORMS = ("linux_x86_64", "linux_aarch64", "win_amd64", "macos_arm64", "macos_x86_64")
"""The platforms that the tables have columns for."""

# Each platform that a user may name, and its `platform.machine()`.
_MACHINES = {
    "linux_x86_64": "x86_64",
    "linux_aarch64": "aarch64",
    "win_amd64": "AMD64",
    "macos_arm64": "arm64",
    "macos_x86_64": "x86_64",
    "linux_ppc64le": "ppc64le",
    "linux_riscv64": "riscv64",
    "linux_s390x": "s390x",
    "win_arm64": "ARM64",
}
# By the first word of a platform: its os_name, sys_platform and platform_system (PEP 508).
_SYSTEMS = {
    "linux": ("posix", "linux", "Linux"),
    "macos": ("posix", "darwin", "Darwin"),
    "win": ("nt", "win32", "Windows"),
}
_WORDS = {"darwin": "macos", "windows": "win"}
# The default of a profile that does not say: Ubuntu 24.04 and macOS 26.
_CURRENT = {"linux": "glibc 2.39", "macos": "macos 26.0", "win": ""}
# PEP 600: the legacy names of manylinux tags, by the minor of their glibc.
_LEGACY = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
# PEP 513 started at glibc 2.5, for x86; PEP 599 added the other architectures.
_OLDEST_GLIBC = {"x86_64": 5}
_OLDEST_GLIBC_ELSEWHERE = 17
# The names of the C library, or of the system itself; a wheel for Windows names neither.
_LIBCS = {"linux": ("glibc", "musl"), "macos": ("macos",)}
_EXAMPLES = {"glibc": "glibc 2.36", "musl": "musl 1.2", "macos": "macos 14.5"}
_FREE_THREADED_SINCE = 13
_PYTHONS = tuple(f"3.{minor}" for minor in range(8, 17))
_PYTHON = r"3\.([89]|[1-9]\d)(\.\d+(?:(?:a|b|rc)\d+)?\+?)?(t?)"
_LIBC = r"(glibc|musl|macos) (\d+)(?:\.(\d+))?(?:\D.*)?"
_PLATFORM_TAG = r"(?:many|musl)?(linux|macos)x?(?:_\d+_\d+)?_(\w+)"


class Target(NamedTuple):
    """An interpreter on a platform: the wheel tags it supports, and its marker values."""

    python: str
    """``3.12``, or ``3.13t`` for a free-threaded one."""
    platform: str
    """One of PLATFORMS, or the name of another platform, for which the tables have nothing."""
    ranks: Mapping[tags.Tag, int]
    """Every supported tag, with its rank in the order of preference (0 is best)."""
    environment: Mapping[str, str]
    """The values of PEP 508 markers."""

    def __repr__(self) -> str:
        """Return the Python and the platform, without a thousand tags."""
        return f"Target({self.python}, {self.platform})"

    def rank(self, wheel_tags: Iterable[tags.Tag]) -> int | None:
        """Return the rank of the best of a wheel's tags, or None if none is supported."""
        return min((self.ranks[tag] for tag in wheel_tags if tag in self.ranks), default=None)

    def with_python(self, python: str) -> Target:
        """Return another CPython on the same platform; raises ConfigurationError."""
        release = _parse_python(python)
        if not release:
            raise ConfigurationError(_check_python(python))
        platforms = dict.fromkeys(tag.platform for tag in self.ranks if tag.platform != "any")
        return Target(
            python=f"3.{release.minor}{release.threads}",
            platform=self.platform,
            ranks=_rank_tags(_cpython_tags(release, [*platforms])),
            environment={**self.environment, **_versions(release)},
        )


class _Release(NamedTuple):
    """A Python 3: ``minor`` 13, ``patch`` ".1", ``threads`` "t" if it is free-threaded."""

    minor: int
    patch: str
    threads: str


def running_interpreter(get_tags: Callable[[], Iterable[tags.Tag]] = tags.sys_tags) -> Target:
    """Return the interpreter that runs this code, and its machine."""
    ranks = _rank_tags(get_tags())
    best = next(iter(ranks))
    return Target(
        python="{}.{}".format(*sys.version_info) + ("t" if best.abi.endswith("t") else ""),
        platform=_platform_of_tag(best.platform),
        ranks=ranks,
        environment=cast("dict[str, str]", default_environment()),
    )


def foreign_interpreter(python: str, platform: str, libc: str | None = None) -> Target:
    """Return CPython on another machine.

    ``python`` is ``3.12`` or ``3.12.4``, or ``3.13t`` for a free-threaded one. ``libc`` is
    ``glibc 2.36`` or ``musl 1.2``, and on macOS the system's release (``macos 14.5``); None means
    a current one. Raises ConfigurationError with every fault.
    """
    release = _parse_python(python)
    faults = [*_check_python(python), *_check_platform(platform), *_check_libc(platform, libc)]
    if faults or not release:
        raise ConfigurationError(faults)
    return Target(
        python=f"3.{release.minor}{release.threads}",
        platform=platform,
        ranks=_rank_tags(_cpython_tags(release, list(_platform_tags(platform, libc)))),
        environment=_environment(release, platform),
    )


def platform_name(system: str, machine: str) -> str:
    """Return a platform's name, ``linux_x86_64``, from the words of the ``platform`` module."""
    word = system.lower()
    return f"{_WORDS.get(word, word)}_{machine.lower()}"


def _rank_tags(supported: Iterable[tags.Tag]) -> dict[tags.Tag, int]:
    ranked = list(supported)
    if any(tag.platform.startswith("musllinux") for tag in ranked):
        # PyTorch has tagged glibc builds linux_*, which musl can't run.
        ranked = [tag for tag in ranked if not tag.platform.startswith("linux_")]
    return {tag: rank for rank, tag in enumerate(dict.fromkeys(ranked))}


def _platform_of_tag(tag: str) -> str:
    """Return the platform of a platform tag: linux_x86_64 for ``manylinux_2_36_x86_64``.

    Unlike ``platform.machine()`` it is the interpreter's, also under emulation on Windows.
    """
    match = re.fullmatch(_PLATFORM_TAG, tag)
    return f"{match[1]}_{match[2]}" if match else tag


def _cpython_tags(release: _Release, platforms: list[str]) -> Iterator[tags.Tag]:
    interpreter = f"cp3{release.minor}"
    abis = [interpreter + release.threads]
    yield from tags.cpython_tags((3, release.minor), abis, platforms)
    yield from tags.compatible_tags((3, release.minor), interpreter, platforms)


def _platform_tags(platform: str, libc: str | None) -> Iterator[str]:
    system, _, arch = platform.partition("_")
    kind, major, minor = _parse_libc(libc or _CURRENT[system])
    if system == "win":
        yield platform
    elif system == "macos":
        yield from tags.mac_platforms((major, minor), arch)
    elif kind == "musl":
        yield from (f"musllinux_{major}_{least}_{arch}" for least in range(minor, -1, -1))
    else:
        yield f"linux_{arch}"
        yield from _manylinux(minor, arch)


def _manylinux(newest: int, arch: str) -> Iterator[str]:
    """Yield the manylinux tags (PEP 600) that glibc 2.``newest`` supports."""
    for minor in range(newest, _OLDEST_GLIBC.get(arch, _OLDEST_GLIBC_ELSEWHERE) - 1, -1):
        yield f"manylinux_2_{minor}_{arch}"
        if minor in _LEGACY:
            yield f"{_LEGACY[minor]}_{arch}"


def _environment(release: _Release, platform: str) -> dict[str, str]:
    """Return the values of PEP 508 markers; empty where they depend on the very machine."""
    os_name, sys_platform, system = _SYSTEMS[_system(platform)]
    return {
        "implementation_name": "cpython",
        "os_name": os_name,
        "platform_machine": _MACHINES[platform],
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_system": system,
        "platform_version": "",
        "sys_platform": sys_platform,
        **_versions(release),
    }


def _versions(release: _Release) -> dict[str, str]:
    full = f"3.{release.minor}{release.patch}"
    return {
        "implementation_version": full,
        "python_full_version": full,
        "python_version": f"3.{release.minor}",
    }


def _system(platform: str) -> str:
    return platform.split("_", 1)[0]


def _parse_python(python: str) -> _Release | None:
    match = re.fullmatch(_PYTHON, python)
    return _Release(int(match[1]), match[2] or ".0", match[3]) if match else None


def _parse_libc(text: str) -> tuple[str, int, int]:
    """Return the parts of ``glibc 2.36``, or ("", 0, 0) for anything else."""
    match = re.fullmatch(_LIBC, text)
    return (match[1], int(match[2]), int(match[3] or 0)) if match else ("", 0, 0)


def _check_python(python: str) -> Iterator[str]:
    release = _parse_python(python)
    if not release:
        hint = did_you_mean(python, _PYTHONS)
        yield f"Python: expected a version such as 3.12 or 3.13t, got {python!r}{hint}"
    elif release.threads and release.minor < _FREE_THREADED_SINCE:
        first = f"3.{_FREE_THREADED_SINCE}t"
        yield f"Python: expected {first} or later for a free-threaded one, got {python!r}"


def _check_platform(platform: str) -> Iterator[str]:
    if platform not in _MACHINES:
        hint = did_you_mean(platform, _MACHINES)
        yield f"platform: expected one of {', '.join(_MACHINES)}, got {platform!r}{hint}"


def _check_libc(platform: str, libc: str | None) -> Iterator[str]:
    allowed = _LIBCS.get(_system(platform))
    if libc and allowed and _parse_libc(libc)[0] not in allowed:
        examples = " or ".join(_EXAMPLES[kind] for kind in allowed)
        yield f"libc: expected a version such as {examples} on {platform}, got {libc!r}"
