"""The least that a plugin of Hatch can cost: one file, whose hooks do nothing, on the index too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.demo.server import EmbeddedIndex, Response
from hatch_torch.demo.wheels import Stub, build_wheel

if TYPE_CHECKING:
    from packaging.version import Version

NAME = "hatch-nothing"
_FILE = "hatch_nothing-1.0-py3-none-any.whl"
_MODULE = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.metadata.plugin.interface import MetadataHookInterface
from hatchling.plugin import hookimpl

class MetadataHook(MetadataHookInterface):
    PLUGIN_NAME = "nothing"
    def update(self, metadata):
        metadata["optional-dependencies"] = {}

class BuildHook(BuildHookInterface):
    PLUGIN_NAME = "nothing"

@hookimpl
def hatch_register_metadata_hook():
    return MetadataHook

@hookimpl
def hatch_register_build_hook():
    return BuildHook
"""
_ENTRY_POINTS = "[hatch]\nnothing = hatch_nothing\n"
_STUB = Stub(
    _FILE,
    (
        ("hatch_nothing.py", _MODULE),
        ("hatch_nothing-1.0.dist-info/entry_points.txt", _ENTRY_POINTS),
    ),
)
_PAGES = {
    f"/simple/{NAME}/": Response(
        200, f'<!DOCTYPE html><a href="/nothing/{_FILE}">{_FILE}</a>'.encode()
    ),
    f"/nothing/{_FILE}": Response(200, build_wheel(_STUB), "binary/octet-stream"),
}


class CountingIndex(EmbeddedIndex):
    """The index with that plugin; counts the bytes of PyTorch's wheels that go out whole."""

    def __init__(self, url: str, newest: Version | None = None) -> None:
        """Begin with none."""
        super().__init__(url, newest)
        self.bytes_of_wheels = 0

    def forget(self) -> None:
        """Begin anew."""
        super().forget()
        self.bytes_of_wheels = 0

    def respond(self, method: str, path: str, *, whole: bool) -> Response:
        """Answer, and count."""
        answer = _PAGES.get(path) or super().respond(method, path, whole=whole)
        if whole and method == "GET" and path.startswith("/whl/") and path.endswith(".whl"):
            self.bytes_of_wheels += len(answer.body)
        return answer
