"""A machine that answers from a recording."""

from __future__ import annotations

import re
from fnmatch import translate
from typing import TYPE_CHECKING, Any

from hatch_torch._toml import loads
from hatch_torch.hardware.machine import Machine, in_order
from hatch_torch.hardware.process import Ran

if TYPE_CHECKING:
    from pathlib import Path


class RecordedMachine(Machine):
    """A machine that answers from a recording, a folder with a ``machine.toml``.

    It holds `system`, `machine`, `libc`, `python`; `environ`; `files` (path -> text; file names
    of sysfs have colons, which Windows could not check out); `programs` (names on PATH);
    `commands` (the words -> `out`, `code`, `hangs`); `libraries` (question -> the same);
    `registry` (key -> subkeys' values). What is not in it does not exist.
    """

    def __init__(self, folder: Path) -> None:
        """Read the recording. Raises OSError or ValueError where there is none."""
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
            *(one.split()[0] for one in self._commands),
        }
        self._libraries: dict[str, dict[str, Any]] = recording.get("libraries", {})
        self._registry: dict[str, list[dict[str, str]]] = recording.get("registry", {})

    def read(self, path: str) -> str | None:
        """Return the text of a recorded file."""
        return self._files.get(path)

    def exists(self, path: str) -> bool:
        """Say whether a file, or a folder with files, was recorded."""
        return any(file == path or file.startswith(f"{path}/") for file in self._files)

    def glob(self, pattern: str) -> tuple[str, ...]:
        """Return the recorded files and folders that fit a pattern."""
        depth, fits = pattern.count("/") + 1, re.compile(translate(pattern)).match
        parts = ("/".join(file.split("/")[:depth]) for file in self._files)
        return in_order({part for part in parts if part.count("/") + 1 == depth and fits(part)})

    def which(self, name: str) -> str | None:
        """Return the name of a recorded program."""
        return name if name in self._programs else None

    def run(self, name: str, *words: str, seconds: float) -> Ran | None:  # noqa: ARG002 - recorded
        """Return how the tool ended."""
        return _ran(self._commands.get(" ".join((name, *words))))

    def ask_library(self, question: str, seconds: float) -> Ran | None:  # noqa: ARG002 - recorded
        """Return how the question ended."""
        return _ran(self._libraries.get(question))

    def registry(self, key: str) -> tuple[dict[str, str], ...]:
        """Return the recorded values."""
        return tuple(self._registry.get(key, ()))

    def clock(self) -> float:
        """Return the same moment each time, so that answers can be compared."""
        return 0.0


def _ran(recorded: dict[str, Any] | None) -> Ran | None:
    if recorded is None:
        return None
    code = None if recorded.get("hangs") else recorded.get("code", 0)
    return Ran(recorded.get("out", ""), code)
