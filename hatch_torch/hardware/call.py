"""Commands that are run for a person: an installer, an interpreter."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


class Completed(NamedTuple):
    """How a command ended, and what it said on both of its streams."""

    code: int
    output: str


def call(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> Completed:
    """Run a command in a folder, with this environment and no other, and wait for its end."""
    done = subprocess.run(  # noqa: S603 (a list of words, never a shell)
        command,
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return Completed(done.returncode, done.stdout)


def attend(command: Sequence[str], environ: Mapping[str, str], folder: Path) -> int:
    """Run a command that a person looks at: its streams are ours; returns its exit code.

    Ctrl-C reaches the command too. It is left to end by itself, so that an installer can clean up.
    """
    with subprocess.Popen(command, cwd=folder, env=environ) as process:  # noqa: S603 (as above)
        try:
            return process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
