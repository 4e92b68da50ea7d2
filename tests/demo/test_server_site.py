"""Each path has its answer."""

from __future__ import annotations

import re
import time
from html import unescape
from importlib.metadata import version
from urllib.parse import unquote, urljoin, urlsplit

import pytest
from packaging.utils import parse_wheel_filename
from packaging.version import Version

from hatch_torch.demo.catalog import CHANNELS, FAMILY, list_folders
from hatch_torch.demo.pages import compute_sha256
from hatch_torch.demo.server import Site

_URL = "http://127.0.0.1:8000"
_SITE = Site(_URL)
_LINK = re.compile(r'<a href="([^"#]*)(?:#sha256=(\w+))?"([^>]*)>([^<]*)</a>')
_SIDECAR = re.compile(r'data-core-metadata="sha256=(\w+)"')


def _links(path: str, site: Site = _SITE) -> list[tuple[str, str, str, str]]:
    answer = site.respond(path)
    assert answer.status == 200, path
    return [
        (unescape(href), digest, more, text)
        for href, digest, more, text in _LINK.findall(answer.body.decode())
    ]


class TestPytorchIndex:
    """What stands for PyTorch's index."""

    def test_a_page_links_to_its_files(self) -> None:
        """Each link leads to a file with the hash that the page gives, and to its metadata."""
        for href, digest, more, text in _links("/whl/cu126/torch/")[::25]:
            path = unquote(urlsplit(href).path)
            assert path == f"/whl/cu126/{text}"
            assert digest == compute_sha256(_SITE.respond(path).body)
            (sidecar,) = _SIDECAR.findall(more)
            assert sidecar == compute_sha256(_SITE.respond(f"{path}.metadata").body)

    def test_links_are_absolute(self) -> None:
        """The family's links name the host, and write + as %2B."""
        href = _links("/whl/cu126/torch/")[0][0]
        assert href.startswith(f"{_URL}/whl/cu126/torch-2.10.0%2Bcu126-")

    def test_candidates_links_are_root_relative(self) -> None:
        """In the channel test they are not absolute."""
        href = _links("/whl/test/cu130/torch/")[0][0]
        assert href.startswith("/whl/test/cu130/torch-2.16.0%2Bcu130-")

    def test_nightly_has_no_hashes(self) -> None:
        """No line of nightly has one."""
        assert {""} == {digest for _, digest, *_ in _links("/whl/nightly/cu130/torch/")}

    def test_some_files_have_no_hash(self) -> None:
        """A few files of the stable channel have none, and are there all the same."""
        bare = [link for link in _links("/whl/cu126/torch/") if not link[1]]
        assert [text for *_, text in bare] == [
            "torch-2.6.0+cu126-cp312-cp312-manylinux_2_28_x86_64.whl"
        ]

    def test_metadata_began_with_2_6(self) -> None:
        """Older wheels have no metadata file, which is why range requests are needed."""
        old = "/whl/cu124/torch-2.5.1+cu124-cp312-cp312-linux_x86_64.whl"
        assert (_SITE.respond(old).status, _SITE.respond(f"{old}.metadata").status) == (200, 403)

    def test_tritons_lie_at_the_root(self) -> None:
        """The page of a backend links to a triton beside the folders."""
        href = _links("/whl/rocm6.4/pytorch-triton-rocm/")[0][0]
        assert href.startswith(f"{_URL}/whl/pytorch_triton_rocm-3.4.0-")
        assert _SITE.respond(urlsplit(href).path).status == 200

    def test_dependencies_are_linked(self) -> None:
        """What is not of the family is a copy of PyPI's page."""
        (href, *_), *_ = _links("/whl/cu126/filelock/")
        assert href == f"{_URL}/packages/filelock-3.20.0-py3-none-any.whl"

    def test_rocm_is_its_backends_own(self) -> None:
        """ROCm's packages are on the one index, and nowhere else."""
        (href, *_), *_ = _links("/whl/rocm7.14/rocm/")
        assert _SITE.respond(urlsplit(href).path).status == 200
        assert (
            _SITE.respond("/whl/cu126/rocm/").status,
            _SITE.respond("/simple/rocm/").status,
        ) == (403, 404)

    def test_mixed_page(self) -> None:
        """The page without a backend mixes them all."""
        locals_ = {parse_wheel_filename(text)[1].local for *_, text in _links("/whl/torch/")}
        assert {None, "cpu", "cu118", "rocm7.14", "xpu"} <= locals_

    @pytest.mark.parametrize("channel", CHANNELS)
    def test_listings(self, channel: str) -> None:
        """The root and each folder list their packages, and each of the family has its page."""
        root = "/whl/" if channel == "stable" else f"/whl/{channel}/"
        assert "torch/" in {href for href, *_ in _links(root)}
        for folder in list_folders(channel):
            listed = {href.rstrip("/") for href, *_ in _links(f"{root}{folder}/")}
            for name in listed & set(FAMILY):
                assert _links(f"{root}{folder}/{name}/"), (folder, name)

    @pytest.mark.parametrize(
        "path",
        [
            "/whl/cu127/torch/",
            "/whl/cu126/torch",
            "/whl/cu126/pytorch-triton-rocm/",
            "/whl/cu126/torch-9.9-py3-none-any.whl",
            "/whl/cu126/torch/more/",
            "/whl",
            "/favicon.ico",
        ],
    )
    def test_missing_is_403(self, path: str) -> None:
        """What is not there is forbidden, as on S3."""
        assert _SITE.respond(path).status == 403

    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("/whl/cu126/torch/", "max-age=600, public, must-revalidate"),
            ("/whl/nightly/cu130/torch/", "no-cache,no-store,must-revalidate"),
        ],
    )
    def test_caching(self, path: str, expected: str) -> None:
        """Stable pages may be kept for ten minutes, nightly ones not at all."""
        assert expected == _SITE.respond(path).cache_control

    def test_is_quick(self) -> None:
        """A page of several hundred files is there in a moment, with all their hashes."""
        start = time.perf_counter()
        assert len(_links("/whl/cpu/torchvision/", Site("http://127.0.0.1:1"))) > 400
        assert time.perf_counter() - start < 2


class TestNewest:
    """A newer torch comes out."""

    def test_hides_what_is_not_out(self) -> None:
        """Nothing newer is on a page, nor among the files, of either index."""
        then = Site(_URL, Version("2.9.1"))
        for path in ("/whl/cu126/torch/", "/simple/torch/"):
            versions = {parse_wheel_filename(text)[1].public for *_, text in _links(path, then)}
            assert max(map(Version, versions)) == Version("2.9.1")
        newer = "/whl/cu126/torch-2.10.0+cu126-cp312-cp312-manylinux_2_28_x86_64.whl"
        assert (then.respond(newer).status, _SITE.respond(newer).status) == (403, 200)

    def test_a_backend_that_was_not_there(self) -> None:
        """Its page is missing, and no listing names it."""
        then = Site(_URL, Version("2.9.1"))
        assert then.respond("/whl/rocm7.0/torch/").status == 403


class TestDefaultIndex:
    """What stands for PyPI."""

    def test_every_package_has_a_page(self) -> None:
        """Each name on the listing has files, with the hash that its page gives."""
        for href, *_ in _links("/simple/"):
            link, digest = _links(urljoin("/simple/", href))[-1][:2]
            path = unquote(urlsplit(link).path)
            assert digest == compute_sha256(_SITE.respond(path).body), path

    def test_a_build_tool_is_there_beside_its_stubs(self) -> None:
        """What builds is the package that is installed here; torch may need a newer one of it."""
        files = [text for *_, text in _links("/simple/setuptools/")]
        assert "setuptools-80.9.0-py3-none-any.whl" in files
        assert files[-1] == f"setuptools-{version('setuptools')}-py3-none-any.whl"

    def test_names_are_normalized(self) -> None:
        """Any spelling of a name leads to its page."""
        spelled = [text for *_, text in _links("/simple/Huggingface_Hub/")]
        assert [text for *_, text in _links("/simple/huggingface-hub/")] == spelled

    def test_pinned_versions_are_there(self) -> None:
        """What torch's wheels pin is there in that version."""
        files = {text for *_, text in _links("/simple/nvidia-cudnn-cu12/")}
        assert "nvidia_cudnn_cu12-9.10.2.21-py3-none-any.whl" in files

    def test_extras_are_declared(self) -> None:
        """The extras that torch's wheels ask for exist."""
        path = "/packages/cuda_toolkit-13.0.3-py3-none-any.whl.metadata"
        assert b"Provides-Extra: cublas\n" in _SITE.respond(path).body

    @pytest.mark.parametrize(
        "path",
        ["/simple/no-such-package/", "/simple/torch", "/packages/a-1-py3-none-any.whl", "/simple"],
    )
    def test_missing_is_404(self, path: str) -> None:
        """What is not there is not found."""
        assert _SITE.respond(path).status == 404
