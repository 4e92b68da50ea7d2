"""URLs relative to an index root, and the same files on a mirror."""

from __future__ import annotations

import pytest

from hatch_torch.lock.source import absolute_url, relative_url

PYTORCH = "https://download.pytorch.org/whl"
R2 = "https://download-r2.pytorch.org/whl/cu126/torch-2.whl"
MIRROR = "https://mirror.example.org/pytorch/whl/"


@pytest.mark.parametrize(
    ("url", "root", "expected"),
    [
        (f"{PYTORCH}/cu126/torch-2%2Bcu126.whl", PYTORCH, ("cu126/torch-2%2Bcu126.whl", None)),
        (f"{PYTORCH}/triton-3.whl", f"{PYTORCH}/", ("triton-3.whl", None)),
        (R2, PYTORCH, ("cu126/torch-2.whl", "download-r2.pytorch.org")),
        (R2, MIRROR, ("/whl/cu126/torch-2.whl", "download-r2.pytorch.org")),
        (f"{MIRROR}cpu/torch-2.whl", MIRROR, ("cpu/torch-2.whl", None)),
        ("https://mirror.example.org/+f/1/torch-2.whl", MIRROR, ("../../+f/1/torch-2.whl", None)),
        ("https://f.example.org/a/t.whl", MIRROR, ("/a/t.whl", "f.example.org")),
    ],
)
def test_round_trip(url: str, root: str, expected: tuple[str, str | None]) -> None:
    """A URL becomes a short path, which becomes the same URL again."""
    relative = relative_url(url, root, {"f.example.org"})
    assert relative == expected
    assert absolute_url(*relative, root) == url


def test_private_host_is_not_named() -> None:
    """A private host stays out of a lock."""
    assert relative_url("https://secret.example.org/x/t.whl", MIRROR)[1] is None


def test_mirror() -> None:
    """Files of PyTorch's hosts are fetched from a mirror where that is the root."""
    path, host = relative_url(R2, PYTORCH)
    assert absolute_url(path, host, MIRROR) == f"{MIRROR}cu126/torch-2.whl"
    assert absolute_url(path, host, MIRROR.rstrip("/")) == f"{MIRROR}cu126/torch-2.whl"
