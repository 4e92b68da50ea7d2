"""Nothing private is left in a report."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch._redact import redact, user_names
from hatch_torch.cli.doctor import format_markdown, format_variables

WORD = st.text(string.ascii_letters + string.digits + "._~!$&'()*+,;=%-:", min_size=6, max_size=20)
NAME = st.text(string.ascii_lowercase, min_size=4, max_size=12).map(lambda name: f"zq{name}")
QUICK = settings(max_examples=100, deadline=None)


@QUICK
@given(WORD, WORD)
def test_credentials_in_urls(user: str, password: str) -> None:
    """Neither user nor password of a URL is left, whatever they are made of; the host is."""
    text = f"PIP_INDEX_URL=https://x{user}x:y{password}y@mirror.example.org/simple and more"
    redacted = redact(text)
    assert f"x{user}x" not in redacted
    assert f"y{password}y" not in redacted
    assert "@mirror.example.org/simple and more" in redacted


@QUICK
@given(WORD)
def test_queries(secret: str) -> None:
    """What stands behind the question mark of a URL is not left."""
    redacted = redact(f"see https://example.org/simple/?key=z{secret}z next")
    assert f"z{secret}z" not in redacted
    assert redacted.endswith(" next")


@QUICK
@given(NAME, st.sampled_from(["/home/{}", "/Users/{}", "C:\\Users\\{}", "/srv/people/{}"]))
def test_homes_and_names(user: str, form: str) -> None:
    """The home folder and the user's name are replaced, wherever they stand."""
    home = form.format(user)
    redacted = redact(f"{home}/project owned by {user}, not {user}ish", home, [user])
    assert redacted == f"~/project owned by USER, not {user}ish"


@QUICK
@given(st.text(max_size=80), NAME)
def test_twice_is_once(text: str, user: str) -> None:
    """A redacted text has nothing more to be redacted."""
    once = redact(f"{text} https://{user}@h/{user}", f"/home/{user}", [user])
    assert redact(once, f"/home/{user}", [user]) == once


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("UV_PUBLISH_TOKEN=abc def", "UV_PUBLISH_TOKEN=***"),
        ("UV_INDEX_MINE_PASSWORD=x", "UV_INDEX_MINE_PASSWORD=***"),
        ('"api_key": "x y", "a": 1', '"api_key": ***, "a": 1'),
        ("tokenizers==0.22 by authors: us", "tokenizers==0.22 by authors: us"),
        ("https://u:p/a@host/simple", "https://***@host/simple"),
        ("https://h/0a1b2c3d4e5f6a7b8c9d0e/simple/", "https://h/***/simple/"),
        ("https://h/whl/torch-2.8.0-cp312-cp312-manylinux_2_28_x86_64.whl", None),
        ("/home/other/venv and /root/x", "/home/USER/venv and /root/x"),
        ("root and me", None),
    ],
)
def test_texts(text: str, expected: str | None) -> None:
    """Secrets go by their names, tokens by their looks; the rest stays (None: all of it)."""
    assert (expected or text) == redact(text, "/", ["root", "me"])


def test_users() -> None:
    """The environment's names for the user and the machine are known."""
    environ = {"USER": "ada", "LOGNAME": "ada", "HOSTNAME": "engine", "HOME": "/home/ada"}
    assert user_names(environ) == ("ada", "engine")


def test_variables() -> None:
    """Only the variables that change what is decided or installed are told, by name."""
    environ = {"UV_OFFLINE": "1", "SECRET": "x", "ROCM_PATH": "/opt/rocm", "TORCH_VARIANT": "cpu"}
    assert format_variables(environ) == "ROCM_PATH is set\nTORCH_VARIANT=cpu\nUV_OFFLINE=1"
    assert format_variables({"HOME": "/"}) == "none"


def test_markdown() -> None:
    """A text is fenced with more backticks than it has itself."""
    expected = "### A\n\n```\nx\n```\n\n### B\n\n````\n```\n````\n"
    assert expected == format_markdown([("A", "x\n"), ("B", "```")])


def test_time_is_linear() -> None:
    """A long word, as a variable of a build system may hold, takes no square of its length."""
    start = time.monotonic()
    for piece in ("a", "token", "a-", "x=", "@"):
        redact(piece * (200_000 // len(piece)))
    assert time.monotonic() - start < 5
