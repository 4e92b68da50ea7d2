"""Text that moves no terminal: what comes from elsewhere may hold escape sequences.

What is private in a text, removed: credentials, tokens, home folders, the user's name.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# The control characters of ASCII and Latin-1, and those that turn the direction of writing.
_MOVING = (*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F))
_TURNING = (*range(0x2066, 0x206A), *range(0xD800, 0xE000))  # and halves of pairs (UTF-16)
_PLAIN = {code: None for code in (*_MOVING, *_TURNING) if code not in {ord("\n"), ord("\t")}}


def plain(text: str) -> str:
    """Return text without control characters, but for ends of lines and tabs."""
    return text.translate(_PLAIN)


HIDDEN = "***"
_USER = "USER"
# The rest of an authority up to its last @ (RFC 3986, 3.2.1), whatever a password holds.
_USER_INFO = re.compile(r"(?<=://)[^\s/]*@|(?<=://)[^\s@/]*:[^\s@]*@(?=[\w.\[-])")
_QUERY = re.compile(r"(://[^\s?#\"'<>]*)\?[^\s#\"'<>]*")
_SECRET = re.compile(
    r"(?i)([\w-]*(?:api[_-]?key|auth|authorization|credential|passwd|password|secret|token|username)"
    r"s?(?![a-z])[\w-]*[\"']?[ \t]*[=:][ \t]*)(?:[\"'][^\"'\n]*[\"']|[^\n]+)"
)
# A part of a URL's path that only chance writes so: a mirror's token.
_TOKEN = re.compile(r"(?<=/)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{20,}(?=/)")
_HOME = re.compile(r"(?i)((?:[a-z]:)?[/\\]+(?:home|users)[/\\]+)[^/\\\s\"':,;]+")
_LEAST_NAME = 3
_EVERYBODYS = {"root", "user", "admin"}


def without_secrets(text: str) -> str:
    """Return a text whose URLs have lost user-info and queries; the rest stays as it is."""
    text = _USER_INFO.sub(f"{HIDDEN}@", text)
    return _QUERY.sub(rf"\1?{HIDDEN}", text)


def redacted(text: str, home: str = "", users: Iterable[str] = ()) -> str:
    """Return a text without secrets, and with `~` and USER for home folders and user names.

    It is the same when it is done twice.
    """
    text = without_secrets(text)
    text = _SECRET.sub(rf"\1{HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    if len(home.rstrip("/\\")) > 1:
        text = re.sub(re.escape(home.rstrip("/\\")) + r"(?![\w.-])", "~", text)
    text = _HOME.sub(rf"\1{_USER}", text)
    for user in users:
        if len(user) >= _LEAST_NAME and user.lower() not in _EVERYBODYS:
            text = re.sub(rf"(?<!\w){re.escape(user)}(?!\w)", _USER, text)
    return text


def users_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names that the environment has for the user and the machine."""
    names = (environ.get(one, "") for one in ("USER", "LOGNAME", "USERNAME", "HOSTNAME"))
    return tuple(dict.fromkeys(name for name in names if name))
