"""The format `pylock`: the whole install as a lock file (PEP 751), for one target."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hatch_torch._toml import format_key_lines, format_value
from hatch_torch.errors import NoAnswerError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.export.context import ExportContext
    from hatch_torch.index.project_index import ReleaseFile
    from hatch_torch.resolution.model import Pin

FILE_NAME = re.compile(r"pylock\.([^.]+\.)?toml")
"""The valid names (PEP 751, "File Name"): pip and uv do not read a file with another name."""

_COMMENT = "# Every package that the project requires, for one target; pip and uv need no option."


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
    packages = {pin.name: _format_pin(pin, index) for pin in context.decision.pins}
    packages |= {file.name: _format_file(file) for file in context.others.files}
    texts = (packages[name] for name in sorted(packages))
    return "\n".join((context.header, _COMMENT, format_key_lines(head), "", *texts))


def _format_pin(pin: Pin, index: str) -> str:
    if not (pin.url and pin.hash_fragment):
        missing = "hash" if pin.url else "URL"
        raise NoAnswerError(
            f"the {missing} of the wheel of {pin.name} {pin.version} is not known",
            hint="use --format requirements, which does not need it",
        )
    package = {"name": pin.name, "version": str(pin.version), "index": index}
    name = unquote(pin.url.rpartition("/")[2])
    algorithm, _, digest = pin.hash_fragment.partition("=")
    wheel = {"name": name, "url": pin.url, "hashes": {algorithm: digest}}
    return _format_package(package, wheel)


def _format_file(file: ReleaseFile) -> str:
    package = {"name": file.name, "version": str(file.version)}
    source = {"name": file.filename, "url": file.url, "hashes": {"sha256": file.sha256}}
    return _format_package(package, source, is_wheel=file.is_wheel)


def _format_package(
    package: Mapping[str, object], source: Mapping[str, object], *, is_wheel: bool = True
) -> str:
    value = format_value(source)
    lines = f"wheels = [\n  {value},\n]" if is_wheel else f"sdist = {value}"
    return f"[[packages]]\n{format_key_lines(package)}\n{lines}\n"
