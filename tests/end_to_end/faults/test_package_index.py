"""Every fault of an index, played to the index of the other packages: the install goes on."""

from __future__ import annotations

import gzip
import re
from typing import TYPE_CHECKING

import pytest

from tests.end_to_end.faults.building import build
from tests.end_to_end.faults.conftest import MIB, page
from tests.end_to_end.faults.servers import answer, faulty

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from http.server import BaseHTTPRequestHandler

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.faults.building import Built
    from tests.end_to_end.faults.conftest import BrokenIndex
    from tests.end_to_end.faults.servers import Play

    ServeBrokenIndex = Callable[[str], AbstractContextManager[BrokenIndex]]
    Metadata = Callable[[int], Play]

pytestmark = pytest.mark.end_to_end

SILENT = {"403", "404", "an empty page", "3,000 releases without a family", "METADATA"}
"""Faults that say no more than that the index has no such package."""
PACKAGES = 5000
LINK = '<a href="{0}-1-py3-none-any.whl" data-core-metadata="true">{0}</a>'


def install(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, url: str, seconds: str) -> Built:
    """Build the project where pip gets the other packages from a URL."""
    machine = sandbox.on("rtx-4090", PIP_INDEX_URL=url, TORCH_VARIANT_TIMEOUT=seconds)
    built = build(machine, monkeypatch)
    assert [line.partition(" @ ")[0] for line in built.requirements[:2]] == ["torch", "torchvision"]
    return built


def test_fault(
    sandbox: Sandbox,
    serve_broken_index: ServeBrokenIndex,
    broken: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The wheels of torch are pinned as ever, and the record says what could not be read."""
    with serve_broken_index(broken) as index:
        built = install(sandbox, monkeypatch, index.url, index.seconds)
    if broken.partition(" that")[0] not in SILENT:
        assert any(index.url in warning for warning in built.record["warnings"])


def serve_universe(metadata: Callable[[int], Play], padding: int = 0) -> Play:
    """Return an index whose numpy is package 0, and whose METADATA is what a test says."""

    def play(handler: BaseHTTPRequestHandler) -> None:
        name = handler.path.rstrip("/").rsplit("/", 1)[1]
        if not name.endswith(".metadata"):
            answer(page(LINK.format(name) + f"<!--{' ' * padding}-->"))(handler)
            return
        number = re.match(r"p(\d+)-", name)
        metadata(int(number[1]) if number else 0)(handler)

    return play


def require(*names: str) -> Play:
    """Return what answers with METADATA that requires some packages."""
    lines = "".join(f"Requires-Dist: {name}\n" for name in names)
    return answer(f"Metadata-Version: 2.1\nName: x\nVersion: 1\n{lines}")


UNIVERSES: dict[str, Play] = {
    "a cycle": serve_universe(lambda number: require(f"p{1 - number}")),
    "a page of 20 MB": serve_universe(lambda _: require("torch"), 20 * MIB),
    "a METADATA bomb": serve_universe(
        lambda _: answer(gzip.compress(bytes(100 * MIB)), Content_Encoding="gzip")
    ),
    "5,000 packages": serve_universe(
        lambda number: require(
            *(f"p{one}" for one in range(8 * number + 1, 8 * number + 9) if one < PACKAGES)
        )
    ),
    "a conflict": serve_universe(lambda number: require("p1<0" if number == 0 else "torch<2.9")),
}


@pytest.mark.parametrize("universe", UNIVERSES)
def test_universe(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch, universe: str) -> None:
    """A tree that is strange or endless costs no more than the time that it may take."""
    with faulty(UNIVERSES[universe]) as url:
        built = install(sandbox, monkeypatch, url, "4")
    assert len(built.record["warnings"]) < 15
