"""Credentials: where logins come from, and that each goes to its own origin only."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from hatch_torch.index.auth import Credentials, Keyring, encode_basic_auth

if TYPE_CHECKING:
    from pathlib import Path

NETRC = "machine files.example.org login net password rc\n"


def known(credentials: Credentials, url: str) -> str:
    """Return the decoded user and password."""
    header = credentials.header(url).get("Authorization", "Basic ")
    return b64decode(header.removeprefix("Basic ")).decode()


def test_url() -> None:
    """A login in a URL is removed, decoded, and used for its origin alone."""
    credentials = Credentials({})
    assert credentials.remember("https://me:p%40ss@x.org/whl?token=1") == "https://x.org/whl"
    assert known(credentials, "https://X.org/whl/cu126/torch/") == "me:p@ss"
    assert known(credentials, "https://x.org:8443/whl") == ""
    assert known(credentials, "https://y.org/whl") == ""
    assert credentials.only_we_can_authenticate("https://x.org/a.whl")


def test_the_installers_indexes() -> None:
    """A login in the installer's own index is used by us, and known to both."""
    credentials = Credentials({}, own=["https://it:s@x.org/simple", "https://[x", "https://z.org"])
    assert known(credentials, "https://x.org/whl/") == "it:s"
    credentials.remember("https://me:p@x.org/whl")
    assert known(credentials, "https://x.org/whl/") == "me:p"
    assert not credentials.only_we_can_authenticate("https://x.org/a.whl")


@pytest.mark.parametrize("imported", [True, False])
def test_keyring(*, imported: bool) -> None:
    """A keyring is asked for the index's user; only an imported one serves the installer, too."""
    passwords = {"https://x.org/whl": None, "x.org": "secret\n"}
    keyring = Keyring(
        lambda *arguments: passwords[arguments[1]] if arguments[2] == "me" else None, imported
    )
    credentials = Credentials({}, keyring)
    credentials.remember("https://me@x.org/whl")
    assert known(credentials, "https://x.org/a") == "me:"
    for _ in range(2):
        header = credentials.keyring_header("https://x.org/a")
        assert header == {"Authorization": encode_basic_auth("me", "secret")}
        passwords.clear()
    assert known(credentials, "https://x.org/a") == "me:secret"
    assert credentials.only_we_can_authenticate("https://x.org/a.whl") != imported


def test_no_keyring() -> None:
    """Without a keyring there is no login."""
    credentials = Credentials({})
    assert credentials.keyring_header("https://x.org/a") == {}
    assert not credentials.only_we_can_authenticate("https://x.org/a")


def test_url_without() -> None:
    """A URL without user-info has no login."""
    credentials = Credentials({})
    assert credentials.remember("https://x.org/whl") == "https://x.org/whl"
    assert not credentials.only_we_can_authenticate("https://x.org/a.whl")


@pytest.mark.parametrize("name", [".netrc", "_netrc"])
def test_netrc_at_home(tmp_path: Path, name: str) -> None:
    """The netrc file is in the home folder, under one of two names."""
    (tmp_path / name).write_text(NETRC)
    (tmp_path / name).chmod(0o600)
    credentials = Credentials({"HOME": str(tmp_path)})
    assert known(credentials, "https://files.example.org/x") == "net:rc"
    assert known(credentials, "https://other.example.org/x") == ""


def test_installers_read_netrc_too(tmp_path: Path) -> None:
    """A login in netrc is known to the installer, too."""
    (tmp_path / "mine").write_text(NETRC)
    credentials = Credentials({"NETRC": str(tmp_path / "mine")})
    credentials.remember("https://me@files.example.org/")
    assert not credentials.only_we_can_authenticate("https://files.example.org/x")


@pytest.mark.parametrize("content", [b"machine", b"\xff\xfe\x00machine x login", None])
def test_netrc_that_cannot_be_read(tmp_path: Path, content: bytes | None) -> None:
    """A broken netrc file has no logins, and is no error."""
    if content is not None:
        (tmp_path / "mine").write_bytes(content)
    credentials = Credentials({"NETRC": str(tmp_path / "mine")})
    assert credentials.header("https://files.example.org/x") == {}


def test_nothing_is_shown() -> None:
    """The representation shows no secret."""
    credentials = Credentials({})
    credentials.remember("https://me:secret@x.org/")
    assert "secret" not in repr(credentials)
