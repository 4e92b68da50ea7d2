"""Text made safe to show: without control characters, credentials and the user's own names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


# The control characters of ASCII and Latin-1, Unicode's line separators and bidirectional controls,
# and lone surrogates, which no terminal can encode.
_CONTROL = (
    *range(32),
    *range(127, 160),
    *range(0x2028, 0x202F),
    *range(0x2066, 0x206A),
    *range(0xD800, 0xE000),
)
_STRIP_CONTROL = {code: None for code in _CONTROL if code not in {ord("\n"), ord("\t")}}


def strip_control(text: str) -> str:
    """Return a text without control characters other than newlines and tabs."""
    return text.translate(_STRIP_CONTROL)


HIDDEN = "***"
_USER = "USER"
# The rest of an authority up to its last @ (RFC 3986, 3.2.1), whatever a password holds.
_USER_INFO = re.compile(r"(?<=://)[^\s/]*@|(?<=://)[^\s@/]*:[^\s@]*@(?=[\w.\[-])")
_QUERY = re.compile(r"(://[^\s?#\"'<>]*)\?[^\s#\"'<>]*")
_SECRET = re.compile(
    r"(?i)(?<![\w-])([\w-]*(?:api[_-]?key|auth|authorization|credential|passwd|password|secret|token|username)"
    r"s?(?![a-z])[\w-]*[\"']?[ \t]*[=:][ \t]*)(?:[\"'][^\"'\n]*[\"']|[^\n]+)"
)
# A path segment of a URL that looks random: a mirror's token.
_TOKEN = re.compile(r"(?<=/)(?=[\w-]*\d)(?=[\w-]*[A-Za-z])[A-Za-z0-9_-]{20,}(?=/)")
_HOME = re.compile(r"(?i)((?:[a-z]:)?[/\\]+(?:home|users)[/\\]+)[^/\\\s\"':,;]+")
_MIN_NAME_LENGTH = 3
_COMMON_NAMES = {"root", "user", "admin"}


def strip_url_secrets(text: str) -> str:
    """Return a text without the user-info and the queries of its URLs."""
    text = _USER_INFO.sub(f"{HIDDEN}@", text)
    return _QUERY.sub(rf"\1?{HIDDEN}", text)


def redact(text: str, home: str = "", users: Iterable[str] = ()) -> str:
    """Return a text without secrets, with `~` for the home folder and USER for user names.

    Idempotent: redacting a redacted text changes nothing.
    """
    text = strip_url_secrets(text)
    text = _SECRET.sub(rf"\1{HIDDEN}", text)
    text = _TOKEN.sub(HIDDEN, text)
    if len(home.rstrip("/\\")) > 1:
        text = re.sub(re.escape(home.rstrip("/\\")) + r"(?![\w.-])", "~", text)
    text = _HOME.sub(rf"\1{_USER}", text)
    for user in users:
        if len(user) >= _MIN_NAME_LENGTH and user.lower() not in _COMMON_NAMES:
            text = re.sub(rf"(?<!\w){re.escape(user)}(?!\w)", _USER, text)
    return text


def user_names(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return the names of the user and the machine in the environment."""
    names = (environ.get(variable, "") for variable in ("USER", "LOGNAME", "USERNAME", "HOSTNAME"))
    return tuple(dict.fromkeys(name for name in names if name))
