"""The `keyring` command, asked as pip and uv ask it: where the user has it, and never to prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from hatch_torch.switches import is_on

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def is_allowed(environ: Mapping[str, str]) -> bool:
    """Answer whether the user lets a keyring be asked, by pip's and uv's own variables.

    pip's `auto`, which is its default, asks none where it must not ask the user (`--no-input`).
    """
    providers = {environ.get(name, "") for name in ("PIP_KEYRING_PROVIDER", "UV_KEYRING_PROVIDER")}
    if "disabled" in providers:
        return False
    silent = is_on(environ.get("PIP_NO_INPUT"))
    return not silent or not providers.isdisjoint({"import", "subprocess"})


class Keyring(NamedTuple):
    """A keyring that can be asked for a user and a password."""

    run: Callable[..., str | None]
    """Runs the command with these words; returns what it wrote, None where it failed."""
    is_imported: bool = False
    """The installer imports it too, so that it asks the same without knowing a user."""

    def find(self, index: str, user: str = "") -> tuple[str, str] | None:
        """Return user and password for an index, else for its host, in pip's order."""
        words = (user,) if user else ("--mode", "creds")
        for service in (index, urlsplit(index).netloc):
            told = (self.run("get", service, *words) or "").splitlines()
            if user and told:
                return user, told[0]
            if len(told) > 1:
                return told[0], told[1]
        return None
