"""Index pages, exactly as PyTorch's index and PyPI write them. Pure text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TIMESTAMP = "<!--TIMESTAMP 1790000000-->"


@dataclass(frozen=True, slots=True)
class Item:
    """A file, as a page has it."""

    filename: str
    path: str
    """Its path on the server, percent-encoded: ``/whl/cu126/torch-2.9.1%2Bcu126-….whl``."""
    wheel: Callable[[], bytes]
    metadata: Callable[[], bytes]
    hashed: bool = True
    """Whether its line has its hash."""
    described: bool = True
    """Whether its metadata is a file of its own (PEP 658)."""
    python: str = ""
    """Requires-Python."""
    uploaded: str = ""
    """When it was uploaded, where the page says it."""


def pytorch_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package; `base` stands before each path, "" for root-relative links.

    The lines are in the order of PyTorch's index: strings, so 2.10.0 comes before 2.2.0.
    """
    lines = [_pytorch_line(item, base) for item in sorted(items, key=lambda one: one.path)]
    head = ["<!DOCTYPE html>", "<html>", "  <body>", f"    <h1>Links for {name}</h1>"]
    return "\n".join([*head, *lines, "  </body>", "</html>", _TIMESTAMP])


def pytorch_listing(names: Iterable[str]) -> str:
    """Return the page that lists the packages of a folder."""
    lines = [f'    <a href="{name}/">{name}</a><br/>' for name in sorted(names)]
    return "\n".join(
        ["<!DOCTYPE html>", "<html>", "  <body>", *lines, "  </body>", "</html>", _TIMESTAMP]
    )


def pypi_page(name: str, items: Iterable[Item], base: str) -> str:
    """Return the page of a package on PyPI (PEP 503), which PyTorch's index copies for others'."""
    return "\n".join(
        [
            "<!DOCTYPE html>",
            "<html>",
            "  <head>",
            '    <meta name="pypi:repository-version" content="1.4">',
            f"    <title>Links for {name}</title>",
            "  </head>",
            "  <body>",
            f"    <h1>Links for {name}</h1>",
            *(_pypi_line(item, base) for item in items),
            "  </body>",
            "</html>",
        ]
    )


def sha256(data: bytes) -> str:
    """Return a hash as pages have it."""
    return hashlib.sha256(data).hexdigest()


def _pytorch_line(item: Item, base: str) -> str:
    attributes = _metadata_attributes(item)
    if item.uploaded:
        attributes += f' data-upload-time="{item.uploaded}"'
    return f'    <a href="{_href(item, base)}"{attributes}>{item.filename}</a><br/>'


def _pypi_line(item: Item, base: str) -> str:
    attributes = f' data-requires-python="{escape(item.python)}"' if item.python else ""
    attributes += _metadata_attributes(item)
    return f'    <a href="{_href(item, base)}"{attributes}>{item.filename}</a><br />'


def _href(item: Item, base: str) -> str:
    fragment = f"#sha256={sha256(item.wheel())}" if item.hashed else ""
    return f"{base}{item.path}{fragment}"


def _metadata_attributes(item: Item) -> str:
    if not item.described:
        return ""
    digest = sha256(item.metadata())
    return f' data-dist-info-metadata="sha256={digest}" data-core-metadata="sha256={digest}"'
