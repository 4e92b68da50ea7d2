"""URLs that name a mirror of PyTorch's index, and URLs with a secret."""

from __future__ import annotations

from random import Random
from string import ascii_letters, ascii_lowercase, digits

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.catalog.releases import known_backends
from hatch_torch.index.urls import find_mirror_root, find_secret, may_have_token

ROOT = "https://m.example.org/pytorch/whl"


@pytest.mark.parametrize(
    "root", [ROOT, "https://m.example.org/pytorch-wheels", "https://x.org/whl"]
)
@pytest.mark.parametrize(
    "behind", ["", "/", "/cu126", "/cu126/", "/rocm6.4", "/nightly", "/test/xpu/"]
)
def test_mirrors(root: str, behind: str) -> None:
    """A channel, a backend's folder, or both may follow the root."""
    assert find_mirror_root(root + behind) == root


@pytest.mark.parametrize("backend", known_backends())
def test_every_folder(backend: object) -> None:
    """Every backend's folder is recognized, as PyTorch spells it."""
    assert find_mirror_root(f"{ROOT}/{getattr(backend, 'folder', '')}") == ROOT


@pytest.mark.parametrize(
    "url",
    [
        "https://pypi.org/simple",
        "https://mirrors.example.org/pypi/simple/",
        "https://m.example.org/",
        "https://m.example.org/cu126",
        f"{ROOT}/cu126/torch/",
        f"{ROOT}/rocm64",
        f"{ROOT}/torch_stable.html",
        f"{ROOT}?token=1",
        "http://m.example.org/whl",
        "file:///srv/whl",
        "https://[x/whl",
    ],
)
def test_no_mirrors(url: str) -> None:
    """PyPI, a package's page, a misspelled folder and plain http: name no mirror."""
    assert find_mirror_root(url) is None


def test_user_info_stays() -> None:
    """User-info stays in a mirror's root, for its login."""
    assert (
        find_mirror_root("https://me:secret@m.example.org/whl/cpu")
        == "https://me:secret@m.example.org/whl"
    )


@pytest.mark.parametrize(
    "token",
    [
        "glpat-1aB2cD3eF4gH5iJ6kL7m",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl_mnop",
        "AKIAIOSFODNN7EXAMPLE",
        "pypi-AgEIcHlwaS5vcmcCJDU3",
        "npm_abcdefghijklmnopqrstuvwxyz0123456789",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "token=abc",
        "access_token:abc",
        "user;api-key=abc",
        "token%3Dabc",
    ],
)
def test_certain_secrets(token: str) -> None:
    """A token with the prefix of a known service, or a named one, is a secret."""
    assert find_secret(f"https://dl.example.org/{token}/org/whl") == "a token in its path"


@pytest.mark.parametrize(
    "token",
    [
        "a8Xk29dLq0PzT5vB",
        "dckr-pat-a1b2c3d4e5f6a7b8",
        "3f2b8c01d94e7a6655bb10fe9a8b7c6d5e4f3a2b1c0d9e8f",
    ],
)
def test_random_paths(token: str) -> None:
    """A run of letters and digits that looks random may be a token, and is not certain."""
    url = f"https://dl.example.org/{token}/org/whl"
    assert (find_secret(url), may_have_token(url)) == (None, True)


@pytest.mark.parametrize(
    "path",
    [
        "/pytorch/whl/rocm6.2.4",
        "/artifactory/api/pypi/python-pytorch-remote-2024/whl",
        "/artifactory/api/pypi/pypi-remote-pytorch-wheels/whl",
        "/hf_transformers_and_pytorch_mirror/whl",
        "/glibc-manylinux2014-builds-for-all/whl",
        "/MyCompanyPyTorchMirror2024/whl",
        "/8d2f1b3a-5c6d-4e7f-8a9b-0c1d2e3f4a5b/_packaging/feed/pypi/whl",
        "/org/repo/3b18e512dba79e4c8300dd08aeb37f8e728b8dad/whl",
        "/simple/manylinux2014x86builds64/whl",
        "/torch29cu126py312/whl",
        "/py312cu126rocm64xpu/whl",
        "/user%40example.org/whl",
        "/tokens/whl",
    ],
)
def test_ordinary_paths(path: str) -> None:
    """Names, versions, a project's UUID and a commit's hash are neither."""
    url = f"https://m.example.org{path}"
    assert (find_secret(url), may_have_token(url)) == (None, False)


@pytest.mark.parametrize(
    "alphabet", ["0123456789abcdef", digits + ascii_lowercase, digits + ascii_letters]
)
@pytest.mark.parametrize("length", [16, 20, 32, 48])
def test_most_random_tokens_are_noticed(alphabet: str, length: int) -> None:
    """Of random tokens four of five are noticed, of short ones two of three."""
    random = Random(length)  # noqa: S311 (the same tokens every time)
    tokens = ("".join(random.choices(alphabet, k=length)) for _ in range(400))
    noticed = sum(may_have_token(f"https://x.org/{token}/whl") for token in tokens)
    assert noticed >= (400 * 2 / 3 if length < 20 else 400 * 4 / 5)


def test_query() -> None:
    """A query, which a signed URL has, is a secret."""
    assert find_secret(f"{ROOT}?sig=1") == "a query"
    assert find_secret("https://[x/?a") is None


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """Any text is accepted without an exception."""
    for url in (text, f"https://{text}", f"https://x.org/{text}"):
        find_secret(url)
        may_have_token(url)
        root = find_mirror_root(url)
        assert root is None or find_mirror_root(root) == root
