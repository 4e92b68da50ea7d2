"""Ctrl-C while wheels are on their way."""

from __future__ import annotations

import signal
import sys
from subprocess import PIPE, Popen
from threading import Event
from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.download import Got
from tests.index.shelf import BODY, NAME

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.index.shelf import Shelf

PROGRAM = """
import sys
from pathlib import Path
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.client import Fetcher
from hatch_torch.index.download import Wanted, fetch_all
from hatch_torch.index.urls import Hosts

url, sha256, folder = sys.argv[1:]
fetcher, hosts = Fetcher(Cache(None)), Hosts.of([url])
fetch_all(
    [Wanted(url, sha256)],
    Path(folder),
    lambda url, start, into: fetcher.stream(url, start, into, hosts),
    lambda name, done, total: print(done, flush=True),
)
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c(shelf: Shelf) -> None:
    """It ends at once, what came stays as a part, and the next call goes on from there."""
    half, gone = len(BODY) // 2, Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY[:half])
        gone.wait(60)
        handler.close_connection = True

    wanted = shelf.wanted()
    shelf.server.routes[shelf.path] = stall
    command = (sys.executable, "-c", PROGRAM, wanted.url, wanted.sha256 or "", str(shelf.folder))
    with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as program:
        assert program.stdout is not None
        assert any(int(line) == half for line in program.stdout)
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == -signal.SIGINT
    gone.set()

    assert shelf.present() == {f"{NAME}.part": BODY[:half]}
    shelf.serve()
    assert shelf.fetch() == [Got(len(BODY), "resumed")]
    assert shelf.present() == {NAME: BODY}
