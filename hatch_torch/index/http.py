"""GET requests that follow redirects between allowed hosts, log in, and try again where that helps.

`urllib3.Retry` covers neither a body that breaks off nor a deadline, so the loop is our own; the
Retry-After header is read by urllib3.
"""

from __future__ import annotations

import time
from math import inf
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.transport import (
    BrokenError,
    Reply,
    Request,
    UnreachableError,
    parse_retry_after,
)
from hatch_torch.index.urls import get_origin, strip_credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hatch_torch.index.auth import Credentials
    from hatch_torch.index.limits import ByteBudget, Deadline
    from hatch_torch.index.transport import Send, Sink
    from hatch_torch.index.urls import AllowedHosts

_REDIRECTS = {301, 302, 303, 307, 308}
_MAX_REDIRECTS = 5
_UNAUTHORIZED = 401
_BUSY = {429, 500, 502, 503, 504}
_PAUSES = (0.2, 0.4)
"""Seconds before the second and the third attempt."""


class HttpClient:
    """Sends GET requests by `send`, with credentials; remembers hosts that are unreachable."""

    def __init__(
        self, send: Send, credentials: Credentials, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Keep what sends a single request (`Transport.send`) and the credentials."""
        self._send_once = send
        self._credentials = credentials
        self._sleep = sleep
        self._unreachable: dict[str, str] = {}

    def get(  # noqa: PLR0913 (all that a request has)
        self,
        url: str,
        hosts: AllowedHosts,
        *,
        budget: ByteBudget,
        deadline: Deadline,
        headers: Mapping[str, str] = MappingProxyType({}),
        expected: int = 200,
        sink: Sink | None = None,
    ) -> Reply:
        """Return the first reply that is not a redirect; its URL is the last one requested.

        Raises IndexFaultError where there is none, or where a URL's host is not allowed.
        """
        request = Request(url, budget, deadline, headers, expected, sink)
        for _ in range(_MAX_REDIRECTS + 1):
            if reason := hosts.rejection_reason(request.url):
                is_redirect = request.url != url
                found = "redirects to" if is_redirect else "expected an allowed https: URL, got"
                raise IndexFaultError(strip_credentials(url), f"{found} {reason}")
            reply = self._send(request)
            if reply.status not in _REDIRECTS:
                return reply
            request = request._replace(url=_get_redirect_target(reply))
        found = f"redirects more than {_MAX_REDIRECTS} times"
        raise IndexFaultError(strip_credentials(url), found)

    def _send(self, request: Request) -> Reply:
        """Send to one server, up to three times while it is busy and there is time to wait."""
        origin = get_origin(request.url)
        if reason := self._unreachable.get(origin):
            raise IndexFaultError(strip_credentials(request.url), reason)
        pauses = iter(_PAUSES)
        while True:
            pause = next(pauses, inf)
            try:
                login = self._credentials.header(request.url)
                reply = self._send_once(request.with_headers(login))
                if reply.status == _UNAUTHORIZED:
                    login = self._credentials.keyring_header(request.url)
                    reply = self._send_once(request.with_headers(login)) if login else reply
            except IndexFaultError as fault:
                if not isinstance(fault, BrokenError) or pause >= request.deadline.remaining():
                    if isinstance(fault, UnreachableError):
                        self._unreachable[origin] = fault.found
                    raise
            else:
                if reply.status not in _BUSY:
                    return reply
                pause = max(pause, parse_retry_after(reply.headers.get("retry-after", "")))
                if pause >= request.deadline.remaining():
                    return reply
            self._sleep(pause)


def _get_redirect_target(reply: Reply) -> str:
    """Return the URL that a redirect leads to; raises IndexFaultError for an unsafe one."""
    try:
        target = urljoin(reply.url, reply.headers.get("location", ""))
    except ValueError:
        target = ""
    url = strip_credentials(reply.url)
    if target == reply.url or not target:
        raise IndexFaultError(url, "redirects without a valid target")
    if reply.url.startswith("https:") and not target.startswith("https:"):
        raise IndexFaultError(url, "redirects from https: to a URL that is not https:")
    return target
