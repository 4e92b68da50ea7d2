"""What upstream publishes: each feed has a file name and a URL, and is read from one of them."""

from __future__ import annotations

import io
import urllib.error
import urllib.request
import zipfile
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pathlib import Path

    from typing_extensions import Buffer

_RAW = "https://raw.githubusercontent.com"
_TIMEOUT = 60.0
_CHUNK = 1 << 16


class Feed(NamedTuple):
    """A document of upstream's."""

    name: str
    """Its path below a folder of recorded feeds."""
    url: str


def pypi(package: str) -> Feed:
    """Return the feed of a package's files on PyPI."""
    return Feed(f"pypi/{package}.json", f"https://pypi.org/pypi/{package}/json")


def metadata(filename: str, url: str) -> Feed:
    """Return the feed of the METADATA of a wheel (PEP 658)."""
    name, version = filename.split("-")[:2]
    return Feed(f"metadata/{name}-{version}.metadata", f"{url}.metadata")


def index_page(folder: str) -> Feed:
    """Return the feed of torch's page in a folder of PyTorch's index, such as ``test/cu134``."""
    url = f"https://download.pytorch.org/whl/{folder}/torch/"
    return Feed(f"pages/{folder.replace('/', '-')}.html", url)


def branch_matrix(minor: str) -> Feed:
    """Return the feed of PyTorch's own build matrix on a release branch, such as ``2.15``."""
    path = f"pytorch/pytorch/release/{minor}/.github/scripts/generate_binary_build_matrix.py"
    return Feed(f"pytorch/branch-{minor}.py", f"{_RAW}/{path}")


def tag_matrix(release: str) -> Feed:
    """Return the feed of PyTorch's own build matrix at the tag of a release."""
    path = f"pytorch/pytorch/v{release}/.github/scripts/generate_binary_build_matrix.py"
    return Feed(f"pytorch/tag-{release}.py", f"{_RAW}/{path}")


def build_env(minor: str) -> Feed:
    """Return the feed of the architectures that the wheels of a release branch are built for."""
    path = f"pytorch/pytorch/release/{minor}/.ci/wheel/linux/build_env_setup.py"
    return Feed(f"pytorch/build_env-{minor}.py", f"{_RAW}/{path}")


def redistrib(cuda: str) -> Feed:
    """Return the feed of NVIDIA's manifest of a CUDA release, such as ``13.2.2``."""
    url = f"https://developer.download.nvidia.com/compute/cuda/redist/redistrib_{cuda}.json"
    return Feed(f"nvidia/redistrib_{cuda}.json", url)


TEST_INFRA = Feed(
    "test_infra/matrix.py",
    f"{_RAW}/pytorch/test-infra/main/tools/scripts/generate_binary_build_matrix.py",
)
INDEX_LAYOUT = Feed(
    "test_infra/manage_v2.py", f"{_RAW}/pytorch/test-infra/main/s3_management/manage_v2.py"
)
ANNOUNCEMENT = Feed("pytorch/RELEASE.md", f"{_RAW}/pytorch/pytorch/main/RELEASE.md")
THEROCK = Feed(
    "amd/therock_amdgpu_targets.cmake",
    f"{_RAW}/ROCm/TheRock/main/cmake/therock_amdgpu_targets.cmake",
)
LOCKS = Feed("locks.tsv", "")
"""Wheels that public lock files name, one ``backend<TAB>file name`` a line; gathered by hand."""


class Feeds:
    """Reads feeds from a folder, or else from their URLs."""

    def __init__(self, folder: Path | None = None) -> None:
        """Keep the folder of recorded feeds; without one they are fetched."""
        self._folder = folder
        self.unread: dict[str, str] = {}
        """Why a feed could not be read, by its name."""

    def read(self, feed: Feed) -> str | None:
        """Return a feed's text, or None where it cannot be read."""
        try:
            if self._folder:
                return (self._folder / feed.name).read_text(encoding="utf-8")
            if feed.url:
                with urllib.request.urlopen(feed.url, timeout=_TIMEOUT) as reply:  # noqa: S310 (https)
                    return str(reply.read().decode("utf-8"))
        except (OSError, urllib.error.URLError) as error:
            self.unread[feed.name] = str(error)
        return None

    def read_member(self, name: str, url: str, size: int, member: str) -> str | None:
        """Return a file out of a wheel, of which only the needed ranges are fetched."""
        if self._folder:
            return self.read(Feed(name, ""))
        try:
            with zipfile.ZipFile(io.BufferedReader(_RemoteFile(url, size), _CHUNK)) as wheel:
                return wheel.read(member).decode("utf-8")
        except (OSError, KeyError, zipfile.BadZipFile) as error:
            self.unread[name] = str(error)
            return None


class _RemoteFile(io.RawIOBase):
    """A file on a server that answers range requests."""

    def __init__(self, url: str, size: int) -> None:
        super().__init__()
        self._url, self._size, self._position = url, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = start + offset
        return self._position

    def readinto(self, buffer: Buffer, /) -> int:
        view = memoryview(buffer)
        end = min(self._position + len(view), self._size)
        if end <= self._position:
            return 0
        headers = {"Range": f"bytes={self._position}-{end - 1}"}
        request = urllib.request.Request(self._url, headers=headers)  # noqa: S310 (https)
        with urllib.request.urlopen(request, timeout=_TIMEOUT) as reply:  # noqa: S310 (likewise)
            data = reply.read()
        view[: len(data)] = data
        self._position += len(data)
        return len(data)
