"""Indexes that break in every way, over real sockets: one at a time, or within a good index."""

from __future__ import annotations

import gzip
import re
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.end_to_end.faults.servers import (
    answer,
    changed,
    drip,
    faulty,
    hang_up,
    on_metadata,
    on_pages,
    turn,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from hatch_torch.demo.server import Response
    from tests.end_to_end.faults.servers import Change, Play

MIB = 2**20
LINK = '<a href="torch-2.9.{}%2Brocm7.0-py3-none-any.whl">x</a>'
LATE = "no response in time"


UNREADABLE = "METADATA that nobody can read"


class Fault(NamedTuple):
    """A server's fault, and how the install tells it."""

    play: Play
    told: str
    """A part of the error."""
    seconds: str = "15"
    """What TORCH_VARIANT_TIMEOUT is set to."""


def page(links: str) -> str:
    """Return a page of an index."""
    return f"<!DOCTYPE html><html><body>{links}</body></html>"


GOOD = page(LINK.format(1))
FAULTS = {
    "hangs up": Fault(hang_up, "the connection broke off"),
    "403": Fault(answer("", 403), "the index has no torch for it"),
    "404": Fault(answer("", 404), "the index has no torch for it"),
    "429": Fault(answer("", 429, Retry_After="1"), "status 429, retry after '1'", "1.5"),
    "500": Fault(answer("", 500), "answered with status 500"),
    "503": Fault(answer("", 503, Retry_After="3600"), "status 503, retry after '3600'"),
    "a redirect loop": Fault(turn, "redirects more than 5 times"),
    "another host": Fault(
        answer("", 302, Location="https://evil.example.org/\x1bc"), "redirects to an invalid URL"
    ),
    "slow headers": Fault(drip(b"HTTP/1.1 200 OK\r\nX: "), LATE, "0.8"),
    "a byte a second": Fault(
        drip(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999\r\n\r\n"),
        LATE,
        "0.8",
    ),
    "cut in the middle": Fault(
        answer(GOOD[:60], Content_Length=str(len(GOOD))), "the connection broke off"
    ),
    "a wrong length": Fault(
        answer(GOOD, Content_Length=str(len(GOOD) - 9)), "got a truncated page"
    ),
    "a wrong charset": Fault(
        answer(GOOD, Content_Type="text/html; charset=utf-16"), "got something other than HTML"
    ),
    "a bomb": Fault(
        answer(gzip.compress(bytes(200 * MIB)), Content_Encoding="gzip"),
        "too large (expected at most 32 MiB)",
    ),
    "100 MB": Fault(answer(bytes(100 * MIB)), "too large (expected at most 32 MiB)"),
    "200,000 links": Fault(
        answer(page("".join(map(LINK.format, range(200_000))))), "more than 100000 links"
    ),
    "3,000 releases without a family": Fault(
        answer(page("".join(map(LINK.format, range(3000))))), "no torch in range comes with all of"
    ),
    "garbage": Fault(answer(bytes(range(256)) * 9), "got something other than HTML"),
    "a login page": Fault(
        answer(page('<form action="/login">Please log in.</form>')), "(a login page?)"
    ),
    "nothing": Fault(answer(""), "got an empty response"),
    "an empty page": Fault(answer(page("")), "the index has no torch for it"),
}
"""By name, those that a server of its own plays."""
NOBODY = {
    "a closed port": ("http://127.0.0.1:9/whl", "connection refused"),
    "an unknown name": ("https://no-such-host.invalid/whl", "the host name cannot be resolved"),
}
"""By name, the addresses where nobody is, and how the install tells it."""
DOWN = ["503", "a byte a second", "a login page", "a closed port", "an unknown name"]
"""Those after which the plain wheel is tried: one of each kind."""
QUICK = {"a byte a second", "a login page", "METADATA of another package"}
"""What goes through real installers by default; the others do with `pytest -m matrix`."""


def unlisted(path: str, given: Response) -> Response:
    """Give no hashes of METADATA, and METADATA of another package."""
    edited = on_pages(lambda text: re.sub(r'metadata="sha256=\w+"', 'metadata="true"', text))
    other = on_metadata(lambda text: re.sub(rb"Name: \w+", b"Name: numpy", text))
    return other(path, edited(path, given))


def unreadable(path: str, given: Response) -> Response:
    """Give METADATA nowhere, not even in the wheels."""
    return replace(given, body=b"") if path.endswith((".metadata", ".whl")) else given


def twice(text: str) -> str:
    """List every file twice, the second time with another hash."""
    return re.sub(r"(<a [^>]*#sha256=)(\w{64})([^<]*</a>)", rf"\1\2\3 \1{'0' * 64}\3", text)


CHANGES: dict[str, Change] = {
    "duplicate names": on_pages(twice),
    "an unknown charset": lambda _, given: (
        replace(given, content_type="text/html; charset=banana")
        if given.content_type == "text/html"
        else given
    ),
    "METADATA that does not match its hash": on_metadata(lambda text: text + b"\nx"),
    "METADATA of another package": unlisted,
}
"""By name, the faults with which an install goes well."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test with every fault, of the kind that its argument names."""
    kinds = {"broken": [*FAULTS, *NOBODY, UNREADABLE], "down": DOWN, "harmless": [*CHANGES]}
    real = metafunc.module.__name__.endswith("installers")
    for kind in kinds.keys() & set(metafunc.fixturenames):
        marks = {name: [pytest.mark.matrix] for name in kinds[kind] if real and name not in QUICK}
        names = [pytest.param(name, marks=marks.get(name, ())) for name in kinds[kind]]
        metafunc.parametrize(kind, names)


class BrokenIndex(NamedTuple):
    """An index that is broken, or harmless in spite of a fault."""

    url: str
    told: str = ""
    seconds: str = "15"


@pytest.fixture
def serve_broken_index() -> Callable[[str], AbstractContextManager[BrokenIndex]]:
    """Return what serves an index with a fault, by the fault's name."""

    @contextmanager
    def serving(name: str) -> Iterator[BrokenIndex]:
        if name in NOBODY:
            yield BrokenIndex(*NOBODY[name])
        elif name in FAULTS:
            play, told, seconds = FAULTS[name]
            with faulty(play) as url:
                yield BrokenIndex(url, told, seconds)
        else:
            with changed(CHANGES.get(name, unreadable)) as index:
                yield BrokenIndex(index.torch_index, "names the triton that only this index has")

    return serving
