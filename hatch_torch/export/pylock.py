"""The format `pylock`: the torch family's wheels as a lock file (PEP 751), for one target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hatch_torch._toml import format_key_lines, format_value
from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from hatch_torch.export.context import ExportContext
    from hatch_torch.resolution.model import Pin

FILE_NAME = re.compile(r"pylock\.([^.]+\.)?toml")
"""The valid names (PEP 751, "File Name"): pip and uv do not read a file with another name."""

_COMMENT = """\
# The torch family alone, without its dependencies: these come with your project, installed next.
# pip needs --no-deps for this (pip install --no-deps -r pylock.NAME.toml); uv needs no option."""


def render_pylock(context: ExportContext) -> str:
    """Return a lock file.

    Raises NoAnswerError where nothing is decided, and for a wheel without a URL or a hash.
    """
    backend = context.decision.backend
    if backend is None:
        raise NoAnswerError(f"there is nothing to lock: {context.portable_reason}")
    index = context.index_url(backend).rstrip("/")
    environment = " and ".join(
        f"{marker} == '{context.target.environment[marker]}'"
        for marker in ("sys_platform", "platform_machine")
    )
    head = {
        "lock-version": "1.0",
        "environments": [environment],
        "requires-python": f"=={context.target.python.rstrip('t')}.*",
        "created-by": "hatch-torch",
    }
    packages = (_format_package(pin, index) for pin in context.decision.pins)
    return "\n".join((context.header, _COMMENT, format_key_lines(head), "", *packages))


def _format_package(pin: Pin, index: str) -> str:
    if not (pin.url and pin.sha256):
        missing = "hash" if pin.url else "URL"
        raise NoAnswerError(
            f"the {missing} of the wheel of {pin.name} {pin.version} is not known",
            hint="use --format requirements, which does not need it",
        )
    package = {"name": pin.name, "version": str(pin.version), "index": index}
    name = unquote(pin.url.rpartition("/")[2])
    wheel = {"name": name, "url": pin.url, "hashes": {"sha256": pin.sha256}}
    lines = f"wheels = [\n  {format_value(wheel)},\n]"
    return f"[[packages]]\n{format_key_lines(package)}\n{lines}\n"
