"""A company's network: its proxy, its certificate, over real TLS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.urls import Hosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_torch.index.client import Fetcher
    from hatch_torch.index.http_cache import Document
    from tests.conftest import Company
    from tests.index.conftest import Server

URL = "https://mirror.example.org/whl/a"
HOSTS = Hosts.of([URL])


def body(document: Document) -> bytes:
    """Read a page as its body."""
    return document.body


@pytest.fixture(autouse=True)
def _page(server: Server, company: Company) -> None:
    server.page("/whl/a", "A")
    company.port = int(server.url.rpartition(":")[2])


@pytest.mark.parametrize("variable", ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("proxy", ["HTTPS_PROXY", "PIP_PROXY"])
def test_certificate(
    company: Company, new_fetcher: Callable[..., Fetcher], variable: str, proxy: str
) -> None:
    """A variable names the company's certificate, another its proxy."""
    fetcher = new_fetcher({variable: str(company.certificate), proxy: company.proxy})
    assert fetcher.get_all([URL], HOSTS, body) == {URL: b"A"}
    assert company.tunnels == ["mirror.example.org:443"]


def test_not_trusted(company: Company, new_fetcher: Callable[..., Fetcher]) -> None:
    """Without it the certificate is nobody's, and the error says what can name it."""
    fetcher = new_fetcher({"https_proxy": company.proxy})
    with pytest.raises(IndexFaultError, match="its certificate is not trusted; PIP_CERT, "):
        fetcher.get_all([URL], HOSTS, body)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the store is the system's own")
def test_store_of_the_system(
    company: Company, new_fetcher: Callable[..., Fetcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system trusts is trusted, without a word in our own environment."""
    monkeypatch.setenv("SSL_CERT_FILE", str(company.certificate))
    fetcher = new_fetcher({"https_proxy": company.proxy})
    assert fetcher.get_all([URL], HOSTS, body) == {URL: b"A"}


def test_no_proxy(company: Company, new_fetcher: Callable[..., Fetcher]) -> None:
    """A host that is excepted is asked straight, and is not there."""
    fetcher = new_fetcher({"https_proxy": company.proxy, "no_proxy": ".example.org"})
    with pytest.raises(IndexFaultError, match=r"unknown here|nobody takes"):
        fetcher.get_all([URL], HOSTS, body)
    assert company.tunnels == []
