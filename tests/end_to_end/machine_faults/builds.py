"""Stands for pip, in one process: builds the project of the current folder as often as asked.

It runs from a file that is called `pip`, so that the hooks find `pip install -e .` above them.
Many builds are forks of one process that has imported everything, and so cost little.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec

from hatchling.build import build_editable

from hatch_torch import _files as atomic

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
WHEELS = Path(os.environ.get("WHEELS", "."))
TIMES = int(os.environ.get("TIMES", "1"))
LETTERS = (b"a" * 2**20, b"b" * 2**20)


def build(name: str = ".") -> None:
    """Build an editable wheel into a folder of its own."""
    folder = WHEELS / name
    folder.mkdir(parents=True, exist_ok=True)
    sys.stdout.write(build_editable(str(folder)) + "\n")


def together() -> None:
    """Build many times at once; all begin at the same moment."""
    build("warm")
    forget()
    gate, opener = os.pipe()
    children = [fork(waiting, gate, opener, str(number)) for number in range(TIMES)]
    os.close(opener)
    codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
    assert codes == [0] * TIMES, codes


def waiting(gate: int, opener: int, name: str) -> None:
    """Build as soon as the gate opens, which is when everybody has closed its other end."""
    os.close(opener)
    os.read(gate, 1)
    build(name)


def killed() -> None:
    """Build many times, each killed at a random moment; what is in the cache is always whole."""
    build("warm")
    forget()
    started = time.monotonic()
    build("cold")
    longest = 1.2 * (time.monotonic() - started)
    ended = 0
    for number in range(TIMES):
        if number % 2:
            forget()
        ended += kill_within(longest, fork(build, "killed"))
    for path in cached():
        if not path.name.startswith("."):
            checksum, _, content = path.read_bytes().partition(b"\n")
            assert checksum == sha256(content).hexdigest().encode(), path
    sys.stdout.write(f"{TIMES - ended} of {TIMES} were killed\n")


def written() -> None:
    """Write a file over and over, killed at a random moment; it is always whole."""
    path = WHEELS / "file"
    atomic.write_atomically(path, LETTERS[0])

    def write() -> None:
        while True:
            atomic.write_atomically(path, LETTERS[0])
            atomic.write_atomically(path, LETTERS[1])

    for _ in range(TIMES):
        kill_within(0.02, fork(write))
        assert path.read_bytes() in LETTERS


def kill_within(longest: float, child: int) -> bool:
    """Kill a process at some moment; say whether it had come to its end, which is a good one."""
    time.sleep(random.uniform(0, longest))  # noqa: S311 - no secret
    os.kill(child, signal.SIGKILL)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code in {0, -signal.SIGKILL}, code
    return code == 0


def forget() -> None:
    """Empty the cache."""
    for path in cached():
        path.unlink()


def cached() -> list[Path]:
    """Return the files of the cache."""
    return [*Path(os.environ["TORCH_VARIANT_CACHE_DIR"]).glob("*.torch-variant")]


def fork(work: Callable[P, object], *given: P.args, **options: P.kwargs) -> int:
    """Run something in a process of its own; return its number."""
    sys.stdout.flush()
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        work(*given, **options)
        code = 0
    finally:
        os._exit(code)


if __name__ == "__main__":
    {"once": build, "together": together, "killed": killed, "written": written}[
        os.environ.get("WAY", "once")
    ]()
