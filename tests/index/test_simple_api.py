"""Index pages of PyTorch's index, mirrors and broken servers."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.simple_api import Page, decode_page, parse_links, parse_page

URL = "https://download.pytorch.org/whl/cu126/torch/"
FILES = "https://download-r2.pytorch.org/whl/cu126"
NAME = "torch-2.9.1%2Bcu126-cp312-cp312-manylinux_2_28_x86_64.whl"
ONE, TWO = "0" * 63 + "1", "0" * 63 + "2"
PYTORCH = f"""<!DOCTYPE html>
<html>
  <body>
    <h1>Links for torch</h1>
    <a href="{FILES}/torch-2.6.0%2Bcu126-cp312-cp312-linux_x86_64.whl">torch-2.6.0+cu126</a><br/>
    <a href="{FILES}/{NAME}#sha256={ONE}" data-dist-info-metadata="sha256={TWO}" \
data-core-metadata="sha256={TWO}" data-upload-time="2025-11-12T15:00:00Z">{NAME}</a><br/>
  </body>
</html>
<!--TIMESTAMP 1790000000-->"""


def read(links: str, url: str = URL) -> Page:
    """Parse a page with these links in its body."""
    return parse_page(f"<!DOCTYPE html><html><body>{links}</body></html>", "text/html", url)


def urls(page: Page) -> list[str]:
    """Return the URLs of a page's wheels."""
    return [wheel.url for wheel in page.wheels]


class TestPyTorch:
    """Pages as download.pytorch.org writes them."""

    def test_urls_are_taken_as_given(self) -> None:
        """The plus sign stays encoded, since installers compare URLs as text."""
        page = parse_page(PYTORCH, "text/html", URL)
        assert urls(page)[1] == f"{FILES}/{NAME}"
        assert str(page.wheels[1].version) == "2.9.1+cu126"

    def test_hashes_are_optional(self) -> None:
        """Old and nightly files have neither a hash nor a metadata file."""
        page = parse_page(PYTORCH, "text/html", URL)
        assert [wheel.sha256 for wheel in page.wheels] == [None, ONE]
        assert [wheel.core_metadata for wheel in page.wheels] == [None, TWO]

    def test_root_relative_links(self) -> None:
        """Release candidates are linked from the root of the host."""
        page = read(f'<a href="/whl/test/cu126/{NAME}">x</a>')
        assert urls(page) == [f"https://download.pytorch.org/whl/test/cu126/{NAME}"]

    def test_listing_of_packages(self) -> None:
        """A page of folders has no wheels, and is no fault."""
        page = read('<a href="filelock/">filelock</a><br/>\n<a href="torch/">torch</a><br/>')
        assert (page.wheels, page.folders) == ((), ("filelock", "torch"))

    def test_page_without_files(self) -> None:
        """A page may have no links."""
        assert read("<h1>Links for torch</h1>") == Page()


class TestMirrors:
    """Pages of other servers."""

    @pytest.mark.parametrize(
        ("href", "expected"),
        [
            (NAME, f"{URL}{NAME}"),
            (f"../{NAME}", f"https://download.pytorch.org/whl/cu126/{NAME}"),
            (f"../../+f/ab/{NAME}", f"https://download.pytorch.org/whl/+f/ab/{NAME}"),
            (f"//files.example.org/{NAME}", f"https://files.example.org/{NAME}"),
        ],
    )
    def test_relative_links(self, href: str, expected: str) -> None:
        """Links are relative to the page."""
        assert urls(read(f'<a href="{href}">x</a>')) == [expected]

    def test_base(self) -> None:
        """A base element moves the links (PEP 503 pages are HTML)."""
        page = read(f'<base href="https://a.example.org/x/"><a href="{NAME}">x</a>')
        assert urls(page) == [f"https://a.example.org/x/{NAME}"]

    def test_spellings_of_html(self) -> None:
        """Tags may vary in case, quotes, entities and blanks."""
        page = read(
            f"<A data-requires-python='>=3.10' HREF = '{NAME}&#35;sha256={ONE}' >x</A>"
            f"<a href={NAME}>x</a><a name=top>x</a>"
        )
        assert [wheel.sha256 for wheel in page.wheels] == [ONE, None]

    def test_comments_are_no_links(self) -> None:
        """Links in comments are ignored."""
        assert read(f'<!-- <a href="{NAME}"> --><a href="torch/">x</a>').wheels == ()

    @pytest.mark.parametrize(
        ("attribute", "expected"),
        [("", None), (" data-yanked", ""), (' data-yanked="CVE&#45;1"', "CVE-1")],
    )
    def test_yanked(self, attribute: str, expected: str | None) -> None:
        """A yanked file has its reason, which may be empty (PEP 592)."""
        page = read(f'<a href="{NAME}"{attribute}>x</a>')
        assert [wheel.yanked for wheel in page.wheels] == [expected]

    def test_requires_python(self) -> None:
        """A specifier of Pythons is unescaped (PEP 503), whatever stands beside it."""
        requires = 'data-requires-python="&gt;=3.10,!=3.11.*"'
        page = read(f'<a href="{NAME}" {requires}>x</a><a {requires} href="{NAME}">x</a>')
        assert [wheel.requires_python for wheel in page.wheels] == [">=3.10,!=3.11.*"] * 2

    def test_other_hashes(self) -> None:
        """A fragment may have another hash than sha256."""
        page = read(f'<a href="{NAME}#sha512={"AB" * 64}">x</a><a href="{NAME}#sha256={ONE}">x</a>')
        assert [wheel.hashes for wheel in page.wheels] == [
            {"sha512": "ab" * 64},
            {"sha256": ONE},
        ]
        assert [wheel.sha256 for wheel in page.wheels] == [None, ONE]

    @pytest.mark.parametrize(
        ("attribute", "expected"),
        [("true", ""), ("false", None), (f"SHA256={ONE.upper()}", ONE), ("md5=1", "")],
    )
    def test_metadata(self, attribute: str, expected: str | None) -> None:
        """A link may have a METADATA file with or without a hash (PEP 714)."""
        page = read(f'<a href="{NAME}" data-dist-info-metadata="{attribute}">x</a>')
        assert [wheel.core_metadata for wheel in page.wheels] == [expected]

    def test_json(self) -> None:
        """A page may be JSON (PEP 691)."""
        files = [
            {"url": NAME, "hashes": {"sha256": ONE}, "core-metadata": {"sha256": TWO}},
            {"url": NAME, "hashes": {"blake2b": "x"}, "dist-info-metadata": True},
            {"url": NAME, "hashes": {}, "yanked": False},
            {"url": NAME, "hashes": {"sha256": ONE, "md5": "x"}},
            {"url": NAME, "hashes": {"sha256": 1}},
            {"url": 3},
            "junk",
        ]
        page = parse_page(json.dumps({"files": files}), "application/vnd.pypi.simple.v1+json", URL)
        assert [(wheel.url, wheel.sha256, wheel.core_metadata) for wheel in page.wheels] == [
            (f"{URL}{NAME}", ONE, TWO),
            (f"{URL}{NAME}", None, ""),
            (f"{URL}{NAME}", None, None),
        ]

    def test_json_fields(self) -> None:
        """JSON has Pythons, yanking and all hashes, of sdists too."""
        sdist = "torch-2.9.1.tar.gz"
        hashes = {"sha256": ONE, "blake2b": "AB", "MD5": "AB" * 16}
        files = [
            {"url": NAME, "requires-python": ">=3.10", "yanked": True, "hashes": hashes},
            {"url": sdist, "requires-python": 3, "yanked": "broken"},
            {"url": sdist, "hashes": {"sha256": "ab" * 32}, "yanked": False},
        ]
        text = json.dumps({"files": files})
        base, links = parse_links(text, "application/vnd.pypi.simple.v1+json", URL)
        assert base == URL
        assert [(link.href, link.requires_python, link.yanked, link.hashes) for link in links] == [
            (NAME, ">=3.10", "", {"sha256": ONE, "md5": "ab" * 16}),
            (sdist, None, "broken", {}),
            (sdist, None, None, {"sha256": "ab" * 32}),
        ]


class TestRefused:
    """Files that are listed but left out."""

    @pytest.mark.parametrize(
        "href",
        [
            "torch-2.9.1.tar.gz",
            "torch-2.8.0-variants.json",
            "torch-2.8.0-cp312-cp312-linux_x86_64-cu126.whl",
            "torch-banana-cp312-cp312-linux_x86_64.whl",
            "torch.whl",
        ],
    )
    def test_other_files(self, href: str) -> None:
        """Sdists, variant wheels and files with invalid names are left out."""
        assert read(f'<a href="{href}">x</a>').wheels == ()

    @pytest.mark.parametrize(
        "href",
        [
            f"https://e.example.org/a b/{NAME}",
            f"https://e.example.org/&#10;/{NAME}",
            f"https://e.example.org/;x'/{NAME}",
            f"https://[::1/{NAME}",
            f"..%2F..%2F{NAME}",
            "t&ouml;rch-1.0-py3-none-any.whl",
        ],
    )
    def test_unsafe_links(self, href: str) -> None:
        """A link that could break out of a requirement or a folder is refused."""
        page = read(f'<a href="{href}">x</a>')
        note = "refused 1 links to .whl files with an unsafe URL or an invalid name"
        assert (page.wheels, page.notes) == ((), (f"{URL}: {note}",))

    def test_queries(self) -> None:
        """A query may be a secret, so the note does not repeat it."""
        page = read(f'<a href="{NAME}?token=secret">x</a><a href="torch/">x</a>')
        assert (page.wheels, page.notes) == ((), (f"{URL}: refused 1 links with a query",))


class TestNoIndexPage:
    """Responses that are not index pages."""

    @pytest.mark.parametrize(
        ("text", "content_type", "found"),
        [
            ("  \n", "text/html", "an empty response"),
            ("\x00\x01garbage", "text/html", "something other than HTML"),
            ("<html><form>Sign in", "text/html", "a truncated page"),
            (PYTORCH[:400], "text/html", "a truncated page"),
            ("<html><form></form></html>", "text/html", "a page without packages"),
            ('<html><a href="/login">x</a></html>', "text/html", "a page without packages"),
            ("{", "text/html", "JSON: "),
            ("[]", "application/json", "JSON: "),
            ("[" * 100_000, "application/json", "JSON: "),
        ],
    )
    def test_faults(self, text: str, content_type: str, found: str) -> None:
        """The error names the page and what was found."""
        with pytest.raises(IndexFaultError) as fault:
            parse_page(text, content_type, URL)
        assert str(fault.value).startswith(f"{URL}: expected an index page, got {found}")


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("\ufeff<html>".encode(), "text/html"),
        ("\ufeff<html>".encode("utf-16-le"), "text/html; charset=UTF-16"),
        (b"<html>", "text/html; charset=no-such-thing"),
    ],
)
def test_decode(body: bytes, content_type: str) -> None:
    """A page is decoded whatever charset it declares."""
    assert decode_page(body, content_type) == "<html>"


MARKUP = st.lists(
    st.sampled_from(
        [
            "<a ",
            "href=",
            '"',
            "'",
            ">",
            "<!--",
            "-->",
            NAME,
            "/",
            "[",
            "://",
            "{",
            "<base ",
            "x=",
            " ",
        ]
    )
    | st.text(max_size=5)
).map("".join)


@settings(max_examples=100, deadline=None)
@given(text=MARKUP | st.text(), content_type=st.sampled_from(["text/html", "application/json"]))
def test_never_raises_anything_else(text: str, content_type: str) -> None:
    """Any text is a page or a fault."""
    for body in (text, f"<html>{text}</html>"):
        try:
            page = parse_page(body, content_type, URL)
        except IndexFaultError:
            continue
        assert all(wheel.url.isascii() and " " not in wheel.url for wheel in page.wheels)
