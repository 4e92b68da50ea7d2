"""Windows' registry: the values of a key's subkeys.

The one seam to the operating system.
"""

from __future__ import annotations

import json
import os
import platform
import re
import sys
import sysconfig
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

from packaging import tags

from hatch_torch.hardware.process import LIMIT, Ran, find, run

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


_MOST = 256  # subkeys and values that are read


def subkeys(key: str, winreg: Any = None) -> tuple[dict[str, str], ...]:  # noqa: ANN401 - a module
    """Return the values of each subkey of a key in HKEY_LOCAL_MACHINE, in their order.

    Empty where there is no such key, or no registry. `winreg` is the standard module of that
    name, which only Windows has.
    """
    try:
        winreg = winreg or import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return tuple(_each(winreg, opened))
    except (ImportError, OSError):
        return ()


def _each(winreg: Any, opened: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(opened)[0]
    for number in range(min(count, _MOST)):
        # Some subkeys (`Properties`) are closed to users.
        with suppress(OSError), winreg.OpenKey(opened, winreg.EnumKey(opened, number)) as subkey:
            yield dict(_values(winreg, subkey))


def _values(winreg: Any, subkey: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(subkey)[1]
    for number in range(min(count, _MOST)):
        name, value, _ = winreg.EnumValue(subkey, number)
        if isinstance(value, (str, int)):
            yield name, str(value)


SECONDS = 9.0
"""For everything that is run in one detection."""
_CHILD = Path(__file__).with_name("driver_probe.py")
# They hide devices from tools, or make them report another target; what is installed should run
# without them too.
_VEILS = {
    "CUDA_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HIP_VISIBLE_DEVICES",
    "HSA_OVERRIDE_GFX_VERSION",
    "ROCR_VISIBLE_DEVICES",
}
# Where NVIDIA's libraries are though the loader may not know it: WSL, Google's nodes, NixOS.
_LIBRARIES = ("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib")
_LIBC_TAG = re.compile(r"(many|musl)linux_(\d+)_(\d+)_")


class Machine:
    """What can be asked of the machine that this runs on; a question never raises."""

    def __init__(self, environ: Mapping[str, str] = os.environ, seconds: float = SECONDS) -> None:
        """Take the environment, and the seconds for everything that is run."""
        self.environ = environ
        self.seconds = seconds
        self.system = platform.system()
        """``Linux``, ``Windows`` or ``Darwin``."""
        self.machine = platform.machine()
        self.libc = libc(platform.mac_ver()[0], tags.platform_tags())
        """``glibc 2.36``, ``musl 1.2`` or ``macos 14.5``; None on Windows."""
        self.python = platform.python_version() + _threads()

    def read(self, path: str) -> str | None:
        """Return a file's text, at most a mebibyte of it; None where it cannot be read."""
        try:
            with Path(path).open("rb") as file:
                return file.read(LIMIT).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def exists(self, path: str) -> bool:
        """Say whether a path exists and may be looked at."""
        try:
            return Path(path).exists()
        except (OSError, ValueError):
            return False

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that fit an absolute pattern; numbers in their order."""
        try:
            found = [*Path(os.sep).glob(pattern.lstrip("/"))]
        except (OSError, ValueError):
            found = []
        return in_order(map(str, found))

    def which(self, name: str) -> str | None:
        """Return where a tool is, without running it."""
        suffix = ".exe" if self.system == "Windows" else ""
        return find(name, self.environ.get("PATH", ""), _project(), suffix=suffix)

    def run(self, name: str, *words: str, seconds: float) -> Ran | None:
        """Run a tool by its absolute path or its name on PATH; None where there is none."""
        program = self.which(name)
        return self._within([program, *words], seconds) if program else None

    def ask_library(self, question: str, seconds: float) -> Ran | None:
        """Have a library of a driver asked by `in_child`, in a process of its own."""
        paths = [path for path in sys.path if Path(path).is_absolute() and Path(path) != _here()]
        command = [sys.executable, "-I", str(_CHILD), question, json.dumps(paths)]
        return self._within(command, seconds)

    def registry(self, key: str) -> tuple[dict[str, str], ...]:
        """Return the values of each subkey of a key in HKEY_LOCAL_MACHINE."""
        return subkeys(key)

    def clock(self) -> float:
        """Return seconds since some moment."""
        return perf_counter()

    def _within(self, command: list[str], seconds: float) -> Ran | None:
        """Run a command in the time that is left; without any, as if it had hung."""
        seconds = min(seconds, self.seconds)
        if seconds <= 0:
            return Ran(code=None)
        start = self.clock()
        ran = run(command, self._environ(), seconds)
        self.seconds -= self.clock() - start
        return ran

    def _environ(self) -> dict[str, str]:
        """Return the environment for tools: English, nothing hidden, every library to be found."""
        environ = {name: self.environ[name] for name in self.environ if name not in _VEILS}
        folders = [environ.get("LD_LIBRARY_PATH", ""), *filter(self.exists, _LIBRARIES)]
        return {**environ, "LC_ALL": "C", "LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def in_order(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths in an order that has 2 before 10."""
    return tuple(sorted(paths, key=lambda path: (len(path), path)))


def _here() -> Path:
    """Return the current folder, or the system's root where it was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.sep)


def _project() -> Path:
    """Return the project that the current folder is in, or else that folder itself."""
    here = _here()
    folders = (one for one in (here, *here.parents) if (one / "pyproject.toml").is_file())
    return next(folders, here)


def libc(release: str, platform_tags: Iterable[str]) -> str | None:
    """Return macOS's release, or the C library by the tags that it allows (PEP 600, PEP 656)."""
    if release:
        return f"macos {release}"
    match = next(filter(None, map(_LIBC_TAG.match, platform_tags)), None)
    return f"{'glibc' if match[1] == 'many' else 'musl'} {match[2]}.{match[3]}" if match else None


def _threads() -> str:
    """Return the ``t`` of a free-threaded Python."""
    return "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
