"""PyTorchIndex against a real server with PyTorch's layout."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import IndexFaultError
from hatch_torch.index.pytorch_index import PyTorchIndex

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_torch.index.client import Client
    from tests.index.conftest import Server

CU126, CPU, MPS, ROCM = (Backend.parse(name) for name in ("cu126", "cpu", "mps", "rocm6.5"))
FILES = "https://download-r2.pytorch.org/whl"


def page(*hrefs: str) -> str:
    """Return an index page."""
    links = "".join(f'<a href="{href}">x</a><br/>' for href in hrefs)
    return f"<!DOCTYPE html><html><body>{links}</body></html>"


def torch(local: str = "", name: str = "torch") -> str:
    """Return a wheel's file name as it is spelled in a link."""
    return f"{name}-2.6.0{local and '%2B' + local}-cp312-cp312-linux_x86_64.whl"


def filenames(index: PyTorchIndex, backend: Backend, name: str = "torch") -> list[str]:
    """Return the file names that an index offers."""
    return [wheel.filename for wheel in index.get_wheels(backend, name)]


class TestPages:
    """The requested pages."""

    @pytest.mark.parametrize("slash", ["", "/"])
    @pytest.mark.parametrize(
        ("channel", "folder"), [("stable", ""), ("test", "/test"), ("nightly", "/nightly")]
    )
    def test_layout(
        self, server: Server, client: Client, channel: str, folder: str, slash: str
    ) -> None:
        """Channel, backend and the package's normalized name follow the root."""
        server.page(f"/whl{folder}/cu126/pytorch-triton/", page(torch(name="pytorch_triton")))
        index = PyTorchIndex(f"{server.url}/whl{slash}", client, channel=channel)
        assert filenames(index, CU126, "PyTorch_Triton") == [torch(name="pytorch_triton")]
        assert server.requested == [f"/whl{folder}/cu126/pytorch-triton/"]

    def test_own_folder(self, server: Server, client: Client) -> None:
        """To a backend's own folder only the package's name is appended."""
        server.page("/amd/torch/", page(torch("rocm6.5")))
        index = PyTorchIndex("https://x.invalid", client, folders={ROCM: f"{server.url}/amd"})
        assert filenames(index, ROCM) == ["torch-2.6.0+rocm6.5-cp312-cp312-linux_x86_64.whl"]
        assert (index.has_own_folder(ROCM), index.has_own_folder(CPU)) == (True, False)

    def test_once(self, server: Server, client: Client) -> None:
        """A page is requested once, for cpu and mps together; a missing page has no wheels."""
        server.page("/cpu/torch/", page(torch("cpu")))
        index = PyTorchIndex(server.url, client)
        keys = [(CPU, "torch"), (MPS, "torch"), (CPU, "torch"), (CU126, "torch")]
        assert [len(wheels) for wheels in index.load_pages(keys).values()] == [1, 0, 0]
        requested = sorted(server.requested)
        index.load_pages(keys)
        assert sorted(server.requested) == requested
        assert requested.count("/cpu/torch/") == 1

    def test_flat_folder(self, server: Server, client: Client) -> None:
        """A simple mirror lists all files of a backend in its folder."""
        server.page("/cu126/", page(torch("cu126"), torch("cu126", "torchvision")))
        index = PyTorchIndex(server.url, client)
        assert len(index.get_wheels(CU126, "torch")) == 1
        assert len(index.get_wheels(CU126, "torchvision")) == 1
        assert index.get_wheels(CU126, "torchaudio") == ()

    def test_down(self, server: Server, client: Client) -> None:
        """A response that is not an index page is a fault."""
        server.page("/cu126/torch/", "garbage")
        with pytest.raises(
            IndexFaultError,
            match=r"/cu126/torch/: expected .* other than HTML",
        ):
            PyTorchIndex(server.url, client).get_wheels(CU126, "torch")


class TestSelection:
    """The selection of links."""

    @pytest.mark.parametrize(
        ("backend", "expected"),
        [
            (CU126, ["cu126", "", "git1234"]),
            (CPU, ["cpu", "", "git1234"]),
            (MPS, [""]),
        ],
    )
    def test_local_versions(
        self, server: Server, client: Client, backend: Backend, expected: list[str]
    ) -> None:
        """A wheel whose local version names another backend is left out."""
        links = [torch(local) for local in ("cu118", "cu126", "cpu", "", "git1234")]
        server.page(f"/{backend.folder}/torch/", page(*links))
        locals_ = {
            wheel.version.local or ""
            for wheel in PyTorchIndex(server.url, client).get_wheels(backend, "torch")
        }
        assert locals_ == set(expected)

    def test_other_packages(self, server: Server, client: Client) -> None:
        """Wheels of other packages are left out."""
        server.page("/cu126/torch/", page(torch("cu126"), torch("cu126", "numpy")))
        assert len(PyTorchIndex(server.url, client).get_wheels(CU126, "torch")) == 1

    def test_hosts(self, server: Server, client: Client) -> None:
        """Links to hosts that are not allowed are refused, with a note without secrets."""
        good = [f"{FILES}/{torch()}", f"https://ours.example.org/{torch()}", torch()]
        bad = [
            f"https://evil.example.org/{torch()}",
            f"http://ours.example.org/{torch()}",
            f"https://me:secret@ours.example.org/{torch()}",
            f"https://ours.example.org/{torch()}?token=secret",
            f"file:///etc/{torch()}",
        ]
        server.page("/cu126/torch/", page(*good, *bad))
        index = PyTorchIndex(server.url, client, hosts=["ours.example.org"])
        assert len(index.get_wheels(CU126, "torch")) == 3
        unlisted = "the host evil.example.org, which tool.torch-variant.hosts does not list"
        assert [note.removeprefix(f"{server.url}/cu126/torch/: ") for note in index.notes] == [
            "refused 1 links with a query",
            f"refused links to {unlisted}",
            "refused links to http: at ours.example.org",
            "refused links to a URL with user-info",
            "refused links to an invalid URL",
        ]

    def test_credentials(self, server: Server, client: Client) -> None:
        """The root's login is sent to the root, and is in no wheel's URL."""
        server.page("/cu126/torch/", page(torch("cu126")))
        root = server.url.replace("//", "//me:secret@")
        [wheel] = PyTorchIndex(root, client).get_wheels(CU126, "torch")
        assert wheel.url == f"{server.url}/cu126/torch/{torch('cu126')}"
        assert "authorization" in server.headers[0]


class TestBackends:
    """The list of backends at the root."""

    @pytest.mark.parametrize(
        ("listing", "expected"),
        [
            (page("cu126/", "cpu/", "torch/", "nightly/", "../"), (CPU, CU126)),
            (page("torch/", "numpy/"), None),
            ("garbage", None),
        ],
    )
    def test_listing(
        self,
        server: Server,
        client: Client,
        listing: str,
        expected: tuple[Backend, ...] | None,
    ) -> None:
        """Folders named after backends are listed; PyTorch's root has none."""
        server.page("/", listing)
        index = PyTorchIndex(server.url, client)
        assert index.list_backends() == expected
        assert bool(index.notes) == (listing == "garbage")

    def test_no_listing(self, server: Server, client: Client) -> None:
        """A root without a page lists nothing."""
        assert PyTorchIndex(server.url, client).list_backends() is None


class TestRequires:
    """The requirements of wheels."""

    def test_requires(self, server: Server, client: Client) -> None:
        """A wheel's requirements are read once."""
        link = f'<a href="{torch("cu126")}" data-core-metadata="true">x</a>'
        server.page("/cu126/torch/", f"<html>{link}</html>")
        metadata = (
            "Name: torch\nVersion: 2.6.0+cu126\nRequires-Python: >=3.9\nRequires-Dist: sympy\n"
        )
        server.page(f"/cu126/torch/{torch('cu126')}.metadata", metadata)
        index = PyTorchIndex(server.url, client)
        [wheel] = index.get_wheels(CU126, "torch")
        assert [str(line) for line in index.read_requirements(wheel) or ()] == ["sympy"]
        assert len(server.requested) == 2

    def test_unreadable(self, server: Server, client: Client) -> None:
        """Unreadable requirements are None, and a note says why."""
        server.page("/cu126/torch/", page(torch("cu126")))
        index = PyTorchIndex(server.url, client)
        [wheel] = index.get_wheels(CU126, "torch")
        assert index.read_requirements(wheel) is None
        assert index.notes == [f"{wheel.filename}: the server does not support range requests"]


def test_second_run_keys_nothing(server: Server, new_client: Callable[..., Client]) -> None:
    """A second run with a fresh cache needs no network."""
    server.page("/cu126/torch/", page(torch("cu126")), Cache_Control="max-age=600")
    keys = [(CU126, name) for name in ("torch", "torchvision")]
    first = PyTorchIndex(server.url, new_client()).load_pages(keys)
    requested = [*server.requested]
    assert PyTorchIndex(server.url, new_client(offline=True)).load_pages(keys) == first
    assert server.requested == requested
