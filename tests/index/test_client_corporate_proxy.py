"""Client in a corporate network, with its proxy and certificate, over real TLS."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.urls import AllowedHosts

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_torch.index.client import Client
    from hatch_torch.index.http_cache import CachedResponse
    from tests.conftest import CorporateProxy
    from tests.index.conftest import Server

URL = "https://mirror.example.org/whl/a"
HOSTS = AllowedHosts.of([URL])


def body(response: CachedResponse) -> bytes:
    """Return a page's body."""
    return response.body


@pytest.fixture(autouse=True)
def _page(server: Server, corporate_proxy: CorporateProxy) -> None:
    server.page("/whl/a", "A")
    corporate_proxy.port = int(server.url.rpartition(":")[2])


@pytest.mark.parametrize("variable", ["PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
@pytest.mark.parametrize("proxy", ["HTTPS_PROXY", "PIP_PROXY"])
def test_certificate(
    corporate_proxy: CorporateProxy, new_client: Callable[..., Client], variable: str, proxy: str
) -> None:
    """A variable names the company's certificate, another its proxy."""
    client = new_client({variable: str(corporate_proxy.certificate), proxy: corporate_proxy.proxy})
    assert client.get_pages([URL], HOSTS, body) == {URL: b"A"}
    assert corporate_proxy.tunnels == ["mirror.example.org:443"]


def test_not_trusted(corporate_proxy: CorporateProxy, new_client: Callable[..., Client]) -> None:
    """Without such a variable the error says which ones can name the certificate."""
    client = new_client({"https_proxy": corporate_proxy.proxy})
    fault = client.get_pages([URL], HOSTS, body)[URL]
    assert isinstance(fault, IndexFaultError)
    assert fault.found == "the certificate is not trusted"
    assert "\nhint: name a file of certificates in one of PIP_CERT, " in str(fault)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the store is the system's own")
def test_store_of_the_system(
    corporate_proxy: CorporateProxy,
    new_client: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Certificates of the system's store are trusted without a variable."""
    monkeypatch.setenv("SSL_CERT_FILE", str(corporate_proxy.certificate))
    client = new_client({"https_proxy": corporate_proxy.proxy})
    assert client.get_pages([URL], HOSTS, body) == {URL: b"A"}


def test_no_proxy(corporate_proxy: CorporateProxy, new_client: Callable[..., Client]) -> None:
    """A host in no_proxy is requested directly."""
    client = new_client({"https_proxy": corporate_proxy.proxy, "no_proxy": ".example.org"})
    fault = client.get_pages([URL], HOSTS, body)[URL]
    assert isinstance(fault, IndexFaultError)
    assert fault.found in {"the host name cannot be resolved", "connection refused"}
    assert corporate_proxy.tunnels == []
