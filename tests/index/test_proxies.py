"""Proxies and certificates from environment variables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.proxies import Proxy, find_certificates, find_proxy

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://download.pytorch.org/whl/"
PROXY = "http://proxy:3128"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, None),
        ({"https_proxy": PROXY}, PROXY),
        ({"HTTPS_PROXY": "proxy:3128"}, PROXY),
        ({"https_proxy": "", "HTTPS_PROXY": PROXY}, None),
        ({"all_proxy": PROXY}, PROXY),
        ({"http_proxy": PROXY}, None),
        ({"PIP_PROXY": "proxy:3128", "https_proxy": "http://x", "no_proxy": "*"}, PROXY),
        ({"https_proxy": PROXY, "no_proxy": "*"}, None),
        ({"https_proxy": PROXY, "no_proxy": ",.pytorch.org"}, None),
        ({"https_proxy": PROXY, "no_proxy": "torch.org, x"}, PROXY),
        ({"https_proxy": PROXY, "NO_PROXY": "*.pytorch.org"}, None),
        ({"https_proxy": PROXY, "no_proxy": "10.0.0.0/8"}, PROXY),
    ],
)
def test_proxy(environ: dict[str, str], expected: str | None) -> None:
    """Lower-case variables are preferred; no_proxy lists domains."""
    proxy = find_proxy(URL, environ)
    assert (proxy and proxy.url) == expected


@pytest.mark.parametrize(
    ("url", "exceptions"),
    [("https://10.1.2.3/", "10.0.0.0/8"), ("https://a.org:8443/", "a.org:8443")],
)
def test_more_exceptions(url: str, exceptions: str) -> None:
    """no_proxy may list networks and ports."""
    assert find_proxy(url, {"https_proxy": PROXY, "no_proxy": exceptions}) is None


def test_loopback_needs_no_proxy() -> None:
    """Loopback is requested directly, as the demo needs behind a proxy."""
    assert find_proxy("http://127.0.0.1:8000/", {"http_proxy": PROXY}) is None


def test_cgi() -> None:
    """Under CGI, HTTP_PROXY is a client's header and is ignored."""
    environ = {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}
    assert find_proxy("http://a.org/", environ) is None


def test_credentials_of_a_proxy() -> None:
    """User and password move into a header, and are not shown."""
    proxy = Proxy.from_url("http://me:secret@proxy:3128")
    assert proxy.url == PROXY
    assert dict(proxy.headers) == {"proxy-authorization": "Basic bWU6c2VjcmV0"}
    assert "bWU6c2VjcmV0" not in repr(proxy)


def test_certificates(tmp_path: Path) -> None:
    """The first variable with an existing file or folder is used."""
    first, second = tmp_path / "a.pem", tmp_path / "b.pem"
    first.touch()
    second.touch()
    named = {"SSL_CERT_FILE": str(second), "PIP_CERT": str(first)}
    assert find_certificates(named) == (str(first), None)
    first.unlink()
    assert find_certificates(named) == (str(second), None)
    assert find_certificates({"SSL_CERT_DIR": str(tmp_path)}) == (None, str(tmp_path))
    assert find_certificates({"SSL_CERT_FILE": ""}) == (None, None)
