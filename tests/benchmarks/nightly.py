"""A page of a nightly channel, as long as is wanted."""

from __future__ import annotations

import time
from datetime import date, timedelta
from typing import TYPE_CHECKING

from packaging.specifiers import SpecifierSet

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache, CachedResponse
from hatch_torch.index.pytorch_index import PyTorchIndex
from hatch_torch.resolution.candidates import CandidateFinder

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.resolution.candidates import Candidate

_TAGS = tuple(
    f"{python}-{python}-{platform}"
    for python in ("cp310", "cp311", "cp312", "cp313", "cp314")
    for platform in ("manylinux_2_28_x86_64", "manylinux_2_28_aarch64", "win_amd64")
)
_FIRST = date(2023, 1, 1)
_ROOT = "https://download.pytorch.org/whl/"
_BACKEND = Backend.parse("cu128")


def page(links: int) -> bytes:
    """Return a page with that many links: every day a wheel for each Python and platform."""
    return "\n".join(
        ["<!DOCTYPE html><html><body>", *map(_link, range(links)), "</body></html>"]
    ).encode()


def _link(number: int) -> str:
    day = _FIRST + timedelta(days=number // len(_TAGS))
    stem = f"torch-2.12.0.dev{day:%Y%m%d}"
    tail = _TAGS[number % len(_TAGS)]
    return (
        f'<a href="/whl/nightly/cu128/{stem}%2Bcu128-{tail}.whl#sha256={number:064x}">'
        f"{stem}+cu128-{tail}.whl</a><br/>"
    )


def offered(folder: Path, body: bytes) -> CandidateFinder:
    """Return what a nightly channel offers whose page is in the cache."""
    cache = Cache(folder)
    url = f"{_ROOT}nightly/cu128/torch/"
    now = time.time()
    cache.write(url, CachedResponse(url, 200, body, "text/html", stored=now, max_age=9e9))
    index = PyTorchIndex(_ROOT, Client(cache, timeout=60, offline=True), channel="nightly")
    return CandidateFinder(
        index, targets.foreign_interpreter("3.12", "linux_x86_64"), prereleases=lambda _: True
    )


def read(offers: CandidateFinder) -> tuple[Candidate, ...]:
    """Read the page out of the cache, and return what of it fits."""
    return offers.candidates(_BACKEND, "torch", SpecifierSet(">=2.3"))
