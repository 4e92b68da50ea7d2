"""The one seam to the network: requests to servers by urllib3, over connections that are kept."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.courier import Reply, Request
from hatch_torch.index.hosts import bare
from hatch_torch.index.patience import WIDTH, Deadline
from hatch_torch.index.route import Certificates, Proxy, certificates, proxy_for
from hatch_torch.index.wire import LATE, fault_of, take_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from urllib3 import PoolManager


class Connections:
    """Sends one request to one server, over connections that are kept open."""

    def __init__(self, environ: Mapping[str, str], deadline: Deadline) -> None:
        """Take the environment, for proxies and certificates, and the time that there is."""
        self._environ = environ
        self._deadline = deadline
        self._managers: dict[tuple[Proxy | None, bool], PoolManager] = {}
        self._lock = Lock()

    def exchange(self, request: Request) -> Reply:
        """Return what the server says; raises IndexFaultError where that is nothing whole."""
        # It takes 70 ms to import; a decision from lock or cache must not pay for it.
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - see above

        try:
            return self._exchange(request)
        except (HTTPError, OSError, ValueError) as error:
            raise fault_of(request.url, error) from None

    def _exchange(self, request: Request) -> Reply:
        from urllib3 import Timeout  # noqa: PLC0415 - as above
        from urllib3.exceptions import HTTPError  # noqa: PLC0415 - as above

        left = self._deadline.remaining()
        if not left:
            raise IndexFaultError(bare(request.url), LATE)
        response = self._manager(request.url).request(
            "GET",
            request.url,
            headers=request.headers,
            timeout=Timeout(connect=left / 3, read=left),
            preload_content=False,
            redirect=False,
            retries=False,
        )
        headers = {name.lower(): value for name, value in response.headers.items()}
        try:
            body = take_body(response, headers, request, self._deadline)
        except HTTPError as error:
            if request.into is None:
                raise
            # Who takes the body has a part of it, and asks for the rest, not for all again.
            raise IndexFaultError(bare(request.url), fault_of(request.url, error).found) from None
        finally:
            response.close()  # no effect on one that was read to its end and is back in the pool
        return Reply(request.url, response.status, headers, body)

    def _manager(self, url: str) -> PoolManager:
        route = proxy_for(url, self._environ), url.startswith("https:")
        with self._lock:
            if route not in self._managers:
                trust = _trust(certificates(self._environ)) if route[1] else {}
                self._managers[route] = _new_manager(route[0], trust)
            return self._managers[route]

    def close(self) -> None:
        """Close them."""
        for manager in self._managers.values():
            manager.clear()


def _trust(named: Certificates) -> dict[str, Any]:
    """Trust the certificates that a variable names, else the system's, as pip and uv can.

    The store of Windows, macOS and most Linuxes is not where OpenSSL looks, and it is where a
    company puts a certificate of its own.
    """
    if named.file or named.folder:
        return {"ca_certs": named.file, "ca_cert_dir": named.folder}
    import ssl  # noqa: PLC0415 - as above

    from truststore import SSLContext  # noqa: PLC0415 - as above

    return {"ssl_context": SSLContext(ssl.PROTOCOL_TLS_CLIENT)}


def _new_manager(proxy: Proxy | None, trust: dict[str, Any]) -> PoolManager:
    from urllib3 import PoolManager, ProxyManager  # noqa: PLC0415 - as above

    if proxy is None:
        return PoolManager(WIDTH, maxsize=WIDTH, **trust)
    headers = dict(proxy.headers)
    return ProxyManager(proxy.url, WIDTH, maxsize=WIDTH, proxy_headers=headers, **trust)
