"""A machine that answers from a recording, in place of the one that runs the tests."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from hatch_torch._toml import loads
from hatch_torch.hardware.machine import Machine, sort_naturally
from hatch_torch.hardware.process import CompletedProcess

if TYPE_CHECKING:
    from pathlib import Path


class RecordedMachine(Machine):
    """A machine that answers from a recording, a folder with a ``machine.toml``.

    Its keys are `system`, `machine`, `libc`, `python`; `environ`; `files` (path -> text; file
    names of sysfs have colons, which Windows could not check out); `programs` (names on PATH);
    `commands` (command line -> `out`, `code`, `hangs`); `libraries` (library -> the same);
    `registry` (key -> values of its subkeys). What was not recorded does not exist.
    """

    def __init__(self, folder: Path) -> None:
        """Read the recording. Raises OSError or ValueError if there is none."""
        recording = loads((folder / "machine.toml").read_text(encoding="utf-8"))
        self.environ = recording.get("environ", {})
        self.system = recording["system"]
        self.machine = recording["machine"]
        self.libc = recording.get("libc")
        self.python = recording["python"]
        self._files: dict[str, str] = recording.get("files", {})
        self._commands: dict[str, dict[str, Any]] = recording.get("commands", {})
        self._programs = {
            *recording.get("programs", ()),
            *(command.split()[0] for command in self._commands),
        }
        self._libraries: dict[str, dict[str, Any]] = recording.get("libraries", {})
        self._registry: dict[str, list[dict[str, str]]] = recording.get("registry", {})

    def read(self, path: str) -> str | None:
        """Return the text of a recorded file."""
        return self._files.get(path)

    def exists(self, path: str) -> bool:
        """Return whether a file, or a folder with files, was recorded."""
        return any(file == path or file.startswith(f"{path}/") for file in self._files)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the recorded files and folders that match a pattern."""
        depth, matches = pattern.count("/") + 1, re.compile(translate(pattern)).match
        paths = ("/".join(file.split("/")[:depth]) for file in self._files)
        return sort_naturally(
            {path for path in paths if path.count("/") + 1 == depth and matches(path)}
        )

    def which(self, name: str) -> str | None:
        """Return the name of a recorded program."""
        return name if name in self._programs else None

    def run(self, name: str, *arguments: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - recorded
        """Return the recorded output of a command."""
        return _completed(self._commands.get(" ".join((name, *arguments))))

    def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - recorded
        """Return the recorded answer of a library."""
        return _completed(self._libraries.get(library))

    def registry(self, key: str) -> tuple[dict[str, str], ...]:
        """Return the recorded values."""
        return tuple(self._registry.get(key, ()))

    def clock(self) -> float:
        """Return always the same time, so that reports can be compared."""
        return 0.0


def _completed(recorded: dict[str, Any] | None) -> CompletedProcess | None:
    if recorded is None:
        return None
    exit_code = None if recorded.get("hangs") else recorded.get("code", 0)
    return CompletedProcess(recorded.get("out", ""), exit_code)
