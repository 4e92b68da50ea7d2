"""A wheel's URL to a path that any mirror of the index has too, and back."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from hatch_torch.index.hosts import PYTORCH_HOSTS, host_of

if TYPE_CHECKING:
    from collections.abc import Collection


def shortened(url: str, root: str, hosts: Collection[str] = ()) -> tuple[str, str | None]:
    """Return a wheel's path relative to a root, and the host that has it where that is another.

    Only a public host is named: PyTorch's, or one of `hosts`, which the project's table lists.
    PyTorch's pages link to files at another host of theirs, under the same path.
    """
    own, there = urlsplit(root), urlsplit(url)
    relative = posixpath.relpath(there.path, posixpath.join(own.path, "."))
    if there.netloc == own.netloc or there.hostname not in {*PYTORCH_HOSTS, *hosts}:
        return relative, None
    if host_of(root) in PYTORCH_HOSTS:
        return relative, there.hostname
    return there.path, there.hostname


def lengthened(path: str, host: str | None, root: str) -> str:
    """Return the URL of a path below a root, which may be that of a mirror.

    A mirror has PyTorch's files itself; a path that begins with a slash is its host's own.
    """
    base = root.rstrip("/") + "/"
    if host and path.startswith("/"):
        return f"https://{host}{path}"
    if host and host_of(base) in PYTORCH_HOSTS:
        return urljoin(f"https://{host}{urlsplit(base).path}", path)
    return urljoin(base, path)
