"""Record what installers ask an index for, into the data that the benchmark serves.

`python -m tests.benchmarks.record_trees https://pypi.org/simple` asks it through a server on
loopback and keeps what pip, uv and the decision read; facts only, no descriptions.
"""

from __future__ import annotations

import sys
from functools import partial
from gzip import compress
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from urllib3 import PoolManager

from hatch_torch.index.transport import Slice
from hatch_torch.index.wheel_metadata import RemoteFile, extract_metadata
from tests.benchmarks.serving import served
from tests.benchmarks.tree_runs import TREES, Runs
from tests.benchmarks.tree_serving import Pages, serve_pages
from tests.benchmarks.tree_universe import Listed, Universe, save, version_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_KEPT = ("name", "version", "requires-python", "requires-dist", "provides-extra")
_JSON = {"Accept": "application/vnd.pypi.simple.v1+json", "Accept-Encoding": "gzip"}


class Recorder(Pages):
    """Pages that are fetched when they are first asked for."""

    def __init__(self, origin: str) -> None:
        """Start with nothing."""
        super().__init__(Universe({}, {}))
        self._origin = origin.rstrip("/")
        self._urls: dict[str, str] = {}
        self._pool = PoolManager(16, maxsize=16)
        self._lock = Lock()

    def page(self, name: str) -> bytes | None:
        """Return a page of the index, with `.metadata` files for all wheels."""
        with self._lock:
            if name not in self.universe.pages:
                url = f"{self._origin}/{name}/"
                reply = self._pool.request("GET", url, headers=_JSON)
                if reply.status != 200:
                    return None
                files = [*_choose_files(reply.json()["files"])]
                self._urls |= {one["filename"]: urljoin(url, one["url"]) for one in files}
                self.universe.pages[name] = [
                    Listed(one["filename"], one.get("requires-python"), bool(one.get("yanked")))
                    for one in files
                ]
        return compress(self.universe.page(name, is_hashed=False), 1)

    def metadata(self, filename: str) -> bytes:
        """Return a wheel's METADATA, read out of it by range requests."""
        url = self._urls.get(filename, "")
        if filename not in self.universe.metadata and url.endswith(".whl"):
            content = extract_metadata(RemoteFile(partial(self._get_range, url)))
            head = content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n")[0]
            lines = head.replace("\n ", " ").replace("\n\t", " ").split("\n")
            kept = [line for line in lines if line.partition(":")[0].lower() in _KEPT]
            self.universe.metadata[filename] = "\n".join(kept)
        return super().metadata(filename)

    def _get_range(self, url: str, first: int, last: int | None) -> Slice | None:
        span = f"{first}" if last is None else f"{first}-{last}"
        reply = self._pool.request("GET", url, headers={"Range": f"bytes={span}"})
        headers = {name.lower(): value for name, value in reply.headers.items()}
        if reply.status == 200:
            return Slice(reply.data, 0, len(reply.data))
        return Slice.from_headers(headers, reply.data)


def _choose_files(files: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield wheels and their sdists; a release that would have to be built counts as a wheel."""
    listed = [one for one in files if one["filename"].endswith((".whl", ".tar.gz"))]
    released = {version_in(one["filename"]) for one in listed if one["filename"].endswith(".whl")}
    for one in listed:
        filename, version = one["filename"], version_in(one["filename"])
        if version not in released:
            name = filename.removesuffix(f"-{version}.tar.gz").replace("-", "_")
            yield {**one, "filename": f"{name}-{version}-py3-none-any.whl", "url": ""}
        else:
            yield one


def main(origin: str) -> None:
    """Run everything that is compared once, and store what it asked for."""
    recorder = Recorder(origin)
    with TemporaryDirectory() as place, serve_pages(recorder) as url, served() as torch_index:
        runs = Runs(Path(place), url, torch_index.torch_index)
        for requirements in TREES.values():
            print(requirements, runs.ours(requirements), flush=True)
            print(runs.uv(requirements), runs.pip(requirements), flush=True)
            save(recorder.universe)


if __name__ == "__main__":
    main(sys.argv[1])
