"""`pylock`: the family's wheels as a lock file (PEP 751), for one platform and one Python."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from hatch_torch.errors import NoAnswerError
from hatch_torch.export.tool_tables import Value, inline, pairs

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.export.context import Subject
    from hatch_torch.resolution.model import Pin

FILE_NAME = re.compile(r"pylock\.([^.]+\.)?toml")
"""PEP 751, "File Name": no dot in its middle part; another name is no lock file to pip and uv."""

_ABOUT = """\
# PyTorch's family alone, without what it requires: that comes with your project, installed next.
# pip needs --no-deps for it (pip install --no-deps -r pylock.NAME.toml); uv takes it as it is."""


def pylock(subject: Subject) -> str:
    """Return a lock file.

    Raises NoAnswerError where nothing is decided, and where a wheel has no URL or no hash, without
    which none can be locked.
    """
    backend = subject.decision.backend
    if backend is None:
        raise NoAnswerError(f"nothing to lock: {subject.why_portable}")
    head: dict[str, Value] = {
        "lock-version": "1.0",
        "environments": [_environment(subject.target.environment)],
        "requires-python": f"=={subject.target.python.rstrip('t')}.*",
        "created-by": "hatch-torch",
    }
    packages = (_package(pin, _index(subject, backend)) for pin in subject.decision.pins)
    return "\n".join((subject.header, _ABOUT, pairs(head), "", *packages))


def _environment(environment: Mapping[str, str]) -> str:
    names = ("sys_platform", "platform_machine")
    return " and ".join(f"{name} == '{environment[name]}'" for name in names)


def _index(subject: Subject, backend: Backend) -> str:
    return subject.index_url(backend).rstrip("/")


def _package(pin: Pin, index: str) -> str:
    about = {"name": pin.name, "version": str(pin.version), "index": index}
    return f"[[packages]]\n{pairs(about)}\nwheels = [\n  {inline(_wheel(pin))},\n]\n"


def _wheel(pin: Pin) -> Value:
    if not (pin.url and pin.sha256):
        missing = "hash" if pin.url else "URL"
        raise NoAnswerError(
            f"{pin.name} {pin.version}: no {missing} of its wheel is known, and a lock file needs "
            "one; --format requirements does without"
        )
    name = unquote(pin.url.rpartition("/")[2])
    return {"name": name, "url": pin.url, "hashes": {"sha256": pin.sha256}}
