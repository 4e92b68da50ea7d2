"""PyTorch's own wheel for the CPU, where its file is at hand, on an index of its own."""

from __future__ import annotations

import hashlib
import os
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import virtualenv

from hatch_torch.demo.build_tools import find_build_tools, repack_installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves a folder."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base's name)
        """Be quiet."""


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Serve a folder on loopback while the block runs; yield its URL."""
    handler = partial(QuietHandler, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def caller_sandbox(sandbox: Sandbox, tmp_path: Path) -> Sandbox:
    """Make a sandbox with Python 3.11 and pip as the caller has it configured; else skip."""
    try:
        virtualenv.cli_run(["--python", "3.11", str(sandbox.venv)])
    except RuntimeError as error:
        pytest.skip(f"Python 3.11 is missing: {error}")
    pips = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    environ = {key: value for key, value in sandbox.environ.items() if not key.startswith("PIP_")}
    places = [*pips.pop("PIP_FIND_LINKS", "").split(), str(build_tools(tmp_path / "tools"))]
    home = {"HOME": os.environ.get("HOME", ""), "PIP_CACHE_DIR": str(tmp_path / "pip-cache")}
    return replace(sandbox, environ={**environ, **pips, **home, "PIP_FIND_LINKS": " ".join(places)})


def build_tools(folder: Path) -> Path:
    """Write the wheels of this package and of what it takes to build a project into a folder."""
    folder.mkdir()
    for name in find_build_tools():
        if wheel := repack_installed(name):
            (folder / wheel[0]).write_bytes(wheel[1])
    return folder


def lay_out(site: Path, wheel: Path) -> None:
    """Put a wheel into an index laid out like PyTorch's: its page, with its hash, its metadata."""
    folder = site / "whl" / "cpu"
    (folder / "torch").mkdir(parents=True)
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        (folder / f"{wheel.name}.metadata").write_bytes(opened.read(name))
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    link = f"/whl/cpu/{quote(wheel.name)}#sha256={digest}"
    page = f'<a href="{link}" data-core-metadata="true">{wheel.name}</a><br/>\n'
    (folder / "torch" / "index.html").write_text(f"<!DOCTYPE html>\n<html>{page}</html>\n")
    wheel.rename(folder / wheel.name)


@pytest.fixture
def site(caller_sandbox: Sandbox, tmp_path: Path) -> Iterator[str]:
    """Serve the file of torch 2.13.0 that pip finds without a download; else skip."""
    folder_of_wheels = tmp_path / "found"
    command = (
        "pip",
        "download",
        "--no-deps",
        "--no-index",
        "--dest",
        folder_of_wheels,
        "torch==2.13.0",
    )
    try:
        caller_sandbox.run(caller_sandbox.python, "-m", *command)
    except AssertionError:
        pytest.skip("pip finds no file of torch 2.13.0 without a download")
    (wheel,) = folder_of_wheels.glob("torch-*.whl")
    if "+cpu-" not in wheel.name:
        pytest.skip(f"{wheel.name} is not the CPU's")
    lay_out(tmp_path / "site", wheel)
    with serving(tmp_path / "site") as url:
        yield url
