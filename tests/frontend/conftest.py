"""A project in a folder, and command lines of installers that are run in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

from hatch_torch.frontend.invocation import Invocation, parse_invocation
from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.request import BuildRequest, read_build_request

if TYPE_CHECKING:
    from pathlib import Path


class ReadInvocation(Protocol):
    """Parses a command line that runs in the project's folder."""

    def __call__(self, *argv: str, **environ: str) -> Invocation:
        """Return the invocation."""


class ReadRequest(Protocol):
    """Parses a command line that runs in the project's folder, and builds the project."""

    def __call__(self, *argv: str, **environ: str) -> BuildRequest:
        """Return the build request."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return the folder of an empty project."""
    folder = tmp_path / "my app"
    folder.mkdir()
    (folder / "pyproject.toml").touch()
    return folder


@pytest.fixture
def invoke(project: Path) -> ReadInvocation:
    """Return a function that parses a command line."""

    def read(*argv: str, **environ: str) -> Invocation:
        process = Process(1, argv, str(project), {"HOME": "/home/me", **environ})
        invocation = parse_invocation(process, {})
        assert invocation is not None
        return invocation

    return read


@pytest.fixture
def request_of(project: Path) -> ReadRequest:
    """Return a function that reads a build request."""

    def read(*argv: str, **environ: str) -> BuildRequest:
        process = Process(1, argv, str(project), {"HOME": "/home/me", **environ})
        return read_build_request(
            project, (process,), environ, editable=True, get_own=lambda: (project,)
        )

    return read
