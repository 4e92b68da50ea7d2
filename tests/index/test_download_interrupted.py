"""Ctrl-C during a download."""

from __future__ import annotations

import signal
import sys
from subprocess import PIPE, Popen
from threading import Event
from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.download import DownloadResult
from tests.index.served_file import BODY, NAME

if TYPE_CHECKING:
    from http.server import BaseHTTPRequestHandler

    from tests.index.served_file import ServedFile

PROGRAM = """
import sys
from pathlib import Path
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.client import Client
from hatch_torch.index.download import DownloadRequest, download_all
from hatch_torch.index.urls import AllowedHosts

url, sha256, folder = sys.argv[1:]
client, hosts = Client(Cache(None), timeout=60), AllowedHosts.of([url])
download_all(
    [DownloadRequest(url, sha256)],
    Path(folder),
    lambda url, start, sink: client.stream(url, start, sink, hosts),
    lambda name, done, total: print(done, flush=True),
)
"""


@pytest.mark.usefixtures("interruptible")
@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
def test_ctrl_c(served: ServedFile) -> None:
    """Ctrl-C ends at once and keeps the partial file, which the next call resumes."""
    half, gone = len(BODY) // 2, Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(BODY)))
        handler.end_headers()
        handler.wfile.write(BODY[:half])
        gone.wait(60)
        handler.close_connection = True

    wanted = served.wanted()
    served.server.routes[served.path] = stall
    command = (sys.executable, "-c", PROGRAM, wanted.url, wanted.sha256 or "", str(served.folder))
    with Popen(command, stdout=PIPE, stderr=PIPE, text=True) as program:
        assert program.stdout is not None
        assert any(int(line) == half for line in program.stdout)
        program.send_signal(signal.SIGINT)
        assert program.wait(60) == -signal.SIGINT
    gone.set()

    assert served.present() == {f"{NAME}.part": BODY[:half]}
    served.serve()
    assert served.fetch() == [DownloadResult(len(BODY), "resumed")]
    assert served.present() == {NAME: BODY}
