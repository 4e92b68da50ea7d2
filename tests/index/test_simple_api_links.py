"""The parser of links against the standard library's HTMLParser."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.index.simple_api import parse_html_links

WORDS = st.text("ab/.&;=é", max_size=6)
ATTRIBUTE = st.tuples(st.sampled_from(["href", "HREF", "data-yanked", "title"]), WORDS | st.none())


class Oracle(HTMLParser):
    """Collects the links as the standard library parses them."""

    def __init__(self) -> None:
        """Start without links."""
        super().__init__()
        self.hrefs: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Add the first href of an anchor."""
        hrefs = [value or "" for name, value in attrs if name == "href"]
        if tag == "a" and hrefs:
            self.hrefs.append(hrefs[0])


def spelled(attributes: list[tuple[str, str | None]]) -> str:
    """Return a start tag."""
    parts = (name if value is None else f'{name}="{value}"' for name, value in attributes)
    return f"<a {' '.join(parts)}>text</a><br/>"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(ATTRIBUTE, min_size=1)))
def test_agrees_with_the_standard_library(tags: list[list[tuple[str, str | None]]]) -> None:
    """Well-formed pages are parsed as HTMLParser does."""
    text = "\n".join(spelled(tag) for tag in tags)
    oracle = Oracle()
    oracle.feed(text)
    assert [link.href for link in parse_html_links(text)[1]] == oracle.hrefs


@pytest.mark.parametrize("fragment", ["", f"#sha256={'1' * 64}"])
@pytest.mark.parametrize("older", ["", f' data-dist-info-metadata="sha256={"2" * 64}"'])
@pytest.mark.parametrize("core", ["", f' data-core-metadata="sha256={"3" * 64}"'])
@pytest.mark.parametrize("uploaded", ["", ' data-upload-time="2026-10-01T00:00:00Z"'])
@pytest.mark.parametrize("python", ["", ' data-requires-python="&gt;=3.9"'])
def test_the_usual_spelling_is_only_quicker(
    fragment: str, older: str, core: str, uploaded: str, python: str
) -> None:
    """The fast path gives the same link as the slow one, which another attribute forces."""
    attributes = f'href="a-1-py3-none-any.whl{fragment}"{python}{older}{core}{uploaded}>'
    _, (usual, unusual) = parse_html_links(f"<a {attributes}</a><a title='' {attributes}</a>")
    assert usual == unusual


@pytest.mark.parametrize("piece", ["<a href='", '<a "', "<!--", "<a x", "<a href=a ", "<a\t\t\t\t"])
def test_time_is_linear(piece: str) -> None:
    """A large hostile page takes linear time."""
    start = time.perf_counter()
    parse_html_links(piece * (256 * 1024 // len(piece)))
    assert time.perf_counter() - start < 5
