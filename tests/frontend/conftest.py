"""A project in a folder, and calls of installers for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from hatch_torch.frontend.invocation import Call, read_call
from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import Request, read_request

if TYPE_CHECKING:
    from pathlib import Path


class ReadCall(Protocol):
    """Reads a command line, given in the project's folder, as a call."""

    def __call__(self, *argv: str, **environ: str) -> Call:
        """Return the call."""


class ReadRequest(Protocol):
    """Reads a command line, given in the project's folder, as a request for the project."""

    def __call__(self, *argv: str, **environ: str) -> Request:
        """Return the request."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of an empty project."""
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    return folder


@pytest.fixture
def call(project: Path) -> ReadCall:
    """Return a function that reads a call."""

    def read(*argv: str, **environ: str) -> Call:
        found = read_call(Process(1, argv, str(project), {"HOME": "/home/me", **environ}), {})
        assert found is not None
        return found

    return read


@pytest.fixture
def request_of(project: Path) -> ReadRequest:
    """Return a function that reads a request."""

    def read(*argv: str, **environ: str) -> Request:
        process = Process(1, argv, str(project), {"HOME": "/home/me", **environ})
        return read_request(project, (process,), environ, editable=True, own=lambda: (project,))

    return read
