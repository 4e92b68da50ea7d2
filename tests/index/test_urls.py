"""Allowed hosts, and credentials in URLs."""

from __future__ import annotations

import pytest

from hatch_torch.index.urls import AllowedHosts, get_host, strip_credentials

PYTORCH = AllowedHosts.of(["https://download.pytorch.org/whl"], ["files.example.org:8443"])
LOOPBACK = AllowedHosts.of(["http://127.0.0.1:8000/whl"])


@pytest.mark.parametrize(
    ("hosts", "url"),
    [
        (PYTORCH, "https://download-r2.pytorch.org/whl/cu126/x.whl"),
        (PYTORCH, "https://FILES.example.org./x.whl"),
        (LOOPBACK, "http://localhost:9/x.whl"),
        (LOOPBACK, "http://[::1]:9/x.whl"),
        (AllowedHosts.of(["https://mirror.example.org/whl"]), "https://mirror.example.org/x.whl"),
    ],
)
def test_allowed(hosts: AllowedHosts, url: str) -> None:
    """The index's own host, PyTorch's and the project's are allowed."""
    assert hosts.rejection_reason(url) is None


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://evil.example.org/x.whl", "the host evil.example.org, which"),
        ("http://127.0.0.1/x.whl", "the host localhost, which"),
        ("http://download.pytorch.org/x.whl", "http: at download.pytorch.org"),
        ("https://me:secret@download.pytorch.org/x.whl", "a URL with user-info"),
        ("ftp://download.pytorch.org/x", "a URL that begins with ftp:"),
        ("file:///etc/passwd", "an invalid URL"),
        ("https://[::1/x", "an invalid URL"),
        ("https://download.pytorch.org/a b", "an invalid URL"),
        ("https://download.pytorch.org/a\n", "an invalid URL"),
        ("https://\x1bc.example.org/", "an invalid URL"),
        ("https://download.pytorch.\N{CYRILLIC SMALL LETTER O}rg/", "an invalid URL"),
        (r"https://download.pytorch.org\.evil.example.org/", "an invalid URL"),
        ("https://evil[download.pytorch.org]/", "an invalid URL"),
        ("https://${HOME}/", "an invalid URL"),
        ("https://download.pytorch.org:banana/x", "an invalid URL"),
    ],
)
def test_refused(url: str, expected: str) -> None:
    """A reason names the fault without the secret."""
    refusal = PYTORCH.rejection_reason(url)
    assert refusal is not None
    assert refusal.startswith(expected)
    assert "secret" not in refusal


def test_bare() -> None:
    """User-info, query and fragment are removed."""
    assert (
        strip_credentials("https://me:secret@x.org:1/a?token=secret#secret") == "https://x.org:1/a"
    )
    assert strip_credentials("https://[oops") == "(invalid URL)"


def test_host_of() -> None:
    """A host is in lower case; a path has none."""
    assert [get_host("https://A.Example.org/x"), get_host("/x")] == ["a.example.org", ""]
