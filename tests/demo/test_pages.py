"""Pages have exactly the shape of the real ones."""

from __future__ import annotations

from hatch_torch.demo.pages import (
    Item,
    compute_sha256,
    render_listing,
    render_pypi_page,
    render_pytorch_page,
)


def _item(
    filename: str, *, has_hash: bool = True, has_metadata_file: bool = True, more: str = ""
) -> Item:
    return Item(
        filename=filename,
        path="/whl/cu126/" + filename.replace("+", "%2B"),
        read_wheel=lambda: b"wheel",
        read_metadata=lambda: b"metadata",
        has_hash=has_hash,
        has_metadata_file=has_metadata_file,
        python=">=3.10" if more else "",
        upload_time=more,
    )


_HASH = compute_sha256(b"wheel")
_METADATA = compute_sha256(b"metadata")


class TestPytorchPage:
    """The page of a package on PyTorch's index."""

    def test_shape(self) -> None:
        """Head, sorted lines, attributes and tail are those of the real index."""
        items = [
            _item("torch-2.2.0+cu126-x.whl", has_hash=False, has_metadata_file=False),
            _item("torch-2.10.0+cu126-x.whl", more="2026-01-21T16:00:00Z"),
        ]
        root = "https://example.org/whl/cu126"
        expected = f"""<!DOCTYPE html>
<html>
  <body>
    <h1>Links for torch</h1>
    <a href="{root}/torch-2.10.0%2Bcu126-x.whl#sha256={_HASH}" data-dist-info-metadata="sha256={_METADATA}" data-core-metadata="sha256={_METADATA}" data-upload-time="2026-01-21T16:00:00Z">torch-2.10.0+cu126-x.whl</a><br/>
    <a href="{root}/torch-2.2.0%2Bcu126-x.whl">torch-2.2.0+cu126-x.whl</a><br/>
  </body>
</html>
<!--TIMESTAMP 1790000000-->"""  # noqa: E501 - the real page has lines that long
        assert expected == render_pytorch_page("torch", items, "https://example.org")

    def test_root_relative(self) -> None:
        """Without a base the links begin at the root of the host."""
        assert 'href="/whl/cu126/a.whl#' in render_pytorch_page("a", [_item("a.whl")], "")


def test_pytorch_listing() -> None:
    """A listing names each package once, in order."""
    assert (
        render_listing(["triton", "torch"])
        == """<!DOCTYPE html>
<html>
  <body>
    <a href="torch/">torch</a><br/>
    <a href="triton/">triton</a><br/>
  </body>
</html>
<!--TIMESTAMP 1790000000-->"""
    )


class TestPypiPage:
    """The page of a package on PyPI."""

    def test_names_the_pythons(self) -> None:
        """It has Requires-Python, escaped, and a meta element."""
        page = render_pypi_page("a", [_item("a.whl", more="x")], "")
        assert '<meta name="pypi:repository-version" content="1.4">' in page
        assert f'#sha256={_HASH}" data-requires-python="&gt;=3.10" data-dist-info' in page

    def test_without_python(self) -> None:
        """A file that names no Python has no such attribute."""
        assert "data-requires-python" not in render_pypi_page("a", [_item("a.whl")], "")
