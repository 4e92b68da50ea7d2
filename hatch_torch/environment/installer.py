"""What installs into an environment: its own pip, or uv from outside; and its command lines."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_torch.errors import HatchTorchError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hatch_torch.environment.prefix import Prefix

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Installer:
    """pip or uv, for one environment."""

    name: str
    words: Command
    """The command, up to what is to be installed."""

    @property
    def takes_versions(self) -> bool:
        """Whether `==` what is installed fetches nothing; uv is given the URL it came from."""
        return self.name == "pip"

    def install(self, arguments: Iterable[str]) -> Command:
        """Return the command that installs these requirements."""
        return (*self.words, *arguments)


def find_uv(environ: Mapping[str, str]) -> str | None:
    """Return where uv is, by PATH; what lies in the current folder is a project's, and no uv."""
    folders = filter(os.path.isabs, environ.get("PATH", "").split(os.pathsep))
    return shutil.which("uv", path=os.pathsep.join(folders))


def installer_of(prefix: Prefix, uv: str | None) -> Installer:
    """Return pip where the environment has it, else uv; raises HatchTorchError where neither is."""
    python = str(prefix.python)
    if prefix.has_pip:
        return Installer("pip", (python, "-m", "pip", "install"))
    if uv:
        return Installer("uv", (uv, "pip", "install", "--python", python))
    raise HatchTorchError(
        f"{prefix.path} has no pip, and uv is not on PATH; "
        f"install uv, or run: {python} -m ensurepip"
    )
