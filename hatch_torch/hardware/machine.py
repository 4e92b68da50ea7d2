"""The seam to the operating system: everything that detection asks of this machine.

Tests replace `Machine` with a recorded one.
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

from hatch_torch._files import read_bounded
from hatch_torch.hardware.process import MAX_BYTES, CompletedProcess, find_program, run_captured

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


DETECTION_SECONDS = 9.0
"""The time limit for all programs that one detection runs, together."""
DEVICE_VISIBILITY_VARS = (
    "CUDA_VISIBLE_DEVICES",
    "HIP_VISIBLE_DEVICES",
    "ROCR_VISIBLE_DEVICES",
    "GPU_DEVICE_ORDINAL",
    "HSA_OVERRIDE_GFX_VERSION",
    "ZE_AFFINITY_MASK",
)
"""Variables that hide devices from CUDA, HIP, ROCm and Level Zero, or change their architecture.

Tools run without them: what is installed should also work once they are unset.
"""
_DRIVER_PROBE = Path(__file__).with_name("driver_probe.py")
# NVIDIA's libraries on WSL, Google's nodes and NixOS, where the loader may not find them.
_LIBRARY_FOLDERS = ("/usr/lib/wsl/lib", "/usr/local/nvidia/lib64", "/run/opengl-driver/lib")
_LIBC_TAG = re.compile(r"(many|musl)linux_(\d+)_(\d+)_")
_MAX_REGISTRY_ITEMS = 256  # of the subkeys of a key, and of the values of a subkey


class Machine:
    """The machine that this process runs on. No method raises."""

    def __init__(
        self, environ: Mapping[str, str] = os.environ, seconds: float = DETECTION_SECONDS
    ) -> None:
        """Take the environment, and the time limit for all programs that are run, together."""
        self.environ = environ
        self.seconds = seconds
        self.system = platform.system()
        """``Linux``, ``Windows`` or ``Darwin``."""
        self.machine = platform.machine()
        self.libc = describe_libc(platform.mac_ver()[0], tags.platform_tags())
        """``glibc 2.36``, ``musl 1.2`` or ``macos 14.5``; None on Windows."""
        is_free_threaded = sysconfig.get_config_var("Py_GIL_DISABLED")
        self.python = platform.python_version() + ("t" if is_free_threaded else "")

    def read(self, path: str) -> str | None:
        """Return the text of a file; None if it can't be read, or is larger than MAX_BYTES."""
        try:
            return read_bounded(_absolute(path), MAX_BYTES).decode("utf-8", "replace")
        except (OSError, ValueError):
            return None

    def exists(self, path: str) -> bool:
        """Return whether a path exists and may be looked at."""
        try:
            return _absolute(path).exists()
        except (OSError, ValueError):
            return False

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the paths that match an absolute pattern, in natural order."""
        try:
            root = Path(_absolute(pattern).anchor)
            paths = [*root.glob(str(Path(pattern).relative_to(root)))]
        except (OSError, ValueError):
            paths = []
        return sort_naturally(map(str, paths))

    def which(self, name: str) -> str | None:
        """Return the path of a tool outside the project, by its name or its absolute path."""
        suffix = ".exe" if self.system == "Windows" else ""
        return find_program(name, self.environ.get("PATH", ""), _find_project(), suffix=suffix)

    def run(self, name: str, *arguments: str, seconds: float) -> CompletedProcess | None:
        """Run a tool by its name or its absolute path; None if there is no such tool."""
        program = self.which(name)
        return self._run_within_limit([program, *arguments], seconds) if program else None

    def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:
        """Query a driver's library in a child process, `driver_probe`; None if none can start."""
        here = _current_folder()
        paths = [path for path in sys.path if Path(path).is_absolute() and Path(path) != here]
        command = [sys.executable, "-I", str(_DRIVER_PROBE), library, json.dumps(paths)]
        return self._run_within_limit(command, seconds)

    def registry(self, key: str) -> tuple[dict[str, str], ...]:
        """Return the values of each subkey of a key in HKEY_LOCAL_MACHINE."""
        return read_subkeys(key)

    def clock(self) -> float:
        """Return a monotonic time in seconds."""
        return perf_counter()

    def _run_within_limit(self, command: list[str], seconds: float) -> CompletedProcess | None:
        """Run a command in what is left of the time limit; with nothing left it counts as hung."""
        seconds = min(seconds, self.seconds)
        if seconds <= 0:
            return CompletedProcess(exit_code=None)
        start = self.clock()
        try:
            return run_captured(command, self._tool_environ(), seconds=seconds, keep_stderr=False)
        except (OSError, ValueError):
            return None
        finally:
            self.seconds -= self.clock() - start

    def _tool_environ(self) -> dict[str, str]:
        """Return the environment of a tool: English output, all devices, all library folders."""
        hidden = {*DEVICE_VISIBILITY_VARS, "LD_LIBRARY_PATH"}
        environ = {name: value for name, value in self.environ.items() if name not in hidden}
        folders = [
            self.environ.get("LD_LIBRARY_PATH", ""),
            *filter(self.exists, _LIBRARY_FOLDERS),
        ]
        return {**environ, "LC_ALL": "C", "LD_LIBRARY_PATH": ":".join(filter(None, folders))}


def _absolute(path: str) -> Path:
    r"""Return a path as it is; raises ValueError if it is none of this system.

    Windows would look for `/proc` in the root of the current drive, where a container, a subsystem
    or another Unix may have one.
    """
    if not Path(path).is_absolute():
        raise ValueError("not an absolute path of this system")
    return Path(path)


def read_subkeys(key: str, winreg: Any = None) -> tuple[dict[str, str], ...]:  # noqa: ANN401 - a module
    """Return the values of each subkey of a key in HKEY_LOCAL_MACHINE, in their order.

    Empty if there is no such key, or no registry. `winreg` is the standard module, which exists
    only on Windows.
    """
    try:
        winreg = winreg or import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return tuple(_iter_subkeys(winreg, opened))
    except (ImportError, OSError):
        return ()


def _iter_subkeys(winreg: Any, opened: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(opened)[0]
    for index in range(min(count, _MAX_REGISTRY_ITEMS)):
        # Users may not open some subkeys (`Properties`).
        with suppress(OSError), winreg.OpenKey(opened, winreg.EnumKey(opened, index)) as subkey:
            yield dict(_iter_values(winreg, subkey))


def _iter_values(winreg: Any, subkey: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(subkey)[1]
    for index in range(min(count, _MAX_REGISTRY_ITEMS)):
        name, value, _ = winreg.EnumValue(subkey, index)
        if isinstance(value, (str, int)):
            yield name, str(value)


def sort_naturally(paths: Iterable[str]) -> tuple[str, ...]:
    """Return paths sorted so that 2 comes before 10."""
    return tuple(sorted(paths, key=lambda path: (len(path), path)))


def describe_libc(macos_release: str, platform_tags: Iterable[str]) -> str | None:
    """Return macOS's release, or the C library that the platform tags name (PEP 600, PEP 656)."""
    if macos_release:
        return f"macos {macos_release}"
    match = next(filter(None, map(_LIBC_TAG.match, platform_tags)), None)
    return f"{'glibc' if match[1] == 'many' else 'musl'} {match[2]}.{match[3]}" if match else None


def _current_folder() -> Path:
    """Return the current folder, or the root if the current folder was deleted."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.sep)


def _find_project() -> Path:
    """Return the folder of the project around the current folder, else the current folder."""
    here = _current_folder()
    folders = (one for one in (here, *here.parents) if (one / "pyproject.toml").is_file())
    return next(folders, here)
