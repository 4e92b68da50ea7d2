"""pip's and uv's configuration files, as the environment variables with the same meaning."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.installer_config import load_installer_config

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.frontend.conftest import ReadRequest

MIRROR = "https://m.example.org/whl/cu126"


def write(path: Path, text: str) -> Path:
    """Write a file and create its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def pip(home: Path, environ: Mapping[str, str], system: str = "linux") -> dict[str, str]:
    """Return the variables of pip's files, without those of the machine that runs the test."""
    given = {"HOME": str(home), "XDG_CONFIG_DIRS": str(home / "xdg"), **environ}
    found = load_installer_config(given, "pip", prefix=str(home / "venv"), system=system)
    own = (name for name, place in found.origins.items() if place.startswith(str(home)))
    return {name: found.environ[name] for name in own}


def test_order(tmp_path: Path) -> None:
    """The environment's file overrides the user's, that the machine's, and a variable all."""
    for place, number in (
        ("xdg/pip/pip.conf", 1),
        (".pip/pip.conf", 2),
        (".config/pip/pip.conf", 3),
        ("venv/pip.conf", 4),
    ):
        names = "".join(f"key-{key} = {number}\n" for key in range(number, 6))
        write(tmp_path / place, f"[global]\n{names}")
    named = write(tmp_path / "named.conf", "[install]\nkey_5 = 5\n[global]\nkey-5 = 0\n")
    assert pip(tmp_path, {"PIP_KEY_4": "set"}) == {
        "PIP_KEY_1": "1",
        "PIP_KEY_2": "2",
        "PIP_KEY_3": "3",
        "PIP_KEY_5": "4",
    }
    only = pip(tmp_path, {"PIP_CONFIG_FILE": str(named)})
    assert only["PIP_KEY_5"] == "5"
    assert only["PIP_KEY_2"] == "1"


def test_no_files(tmp_path: Path) -> None:
    """With the null device as PIP_CONFIG_FILE pip reads no file."""
    write(tmp_path / ".pip/pip.conf", "[global]\nproxy = p:1\n")
    assert pip(tmp_path, {"PIP_CONFIG_FILE": os.devnull}) == {}
    assert pip(tmp_path, {"HOME": ""}) == {}


@pytest.mark.parametrize(
    ("system", "place"),
    [
        ("win32", "pip/pip.ini"),
        ("win32", "AppData/Roaming/pip/pip.ini"),
        ("win32", "venv/pip.ini"),
        ("darwin", ".config/pip/pip.conf"),
        ("darwin", "Library/Application Support/pip/pip.conf"),
    ],
)
def test_systems(tmp_path: Path, system: str, place: str) -> None:
    """Windows and macOS have folders of their own."""
    write(tmp_path / place, "[global]\nproxy = p:1\n")
    assert pip(tmp_path, {}, system) == {"PIP_PROXY": "p:1"}


@pytest.mark.parametrize("text", ["no section", "[global\n", "[a]\nb=1\n[a]\n", "\udcff"])
def test_damaged(tmp_path: Path, text: str) -> None:
    """A file that pip rejects is ignored."""
    path = tmp_path / "pip.conf"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert pip(tmp_path, {"PIP_CONFIG_FILE": str(path)}) == {}


UV = f"""
index-url = "https://pypi.example.org/simple"
offline = true
[pip]
find-links = ["/wheels", "/more"]
[[index]]
name = "pytorch"
url = "{MIRROR}"
[[index]]
name = "none"
"""
UV_SAYS = {
    "UV_INDEX_URL": "https://pypi.example.org/simple",
    "UV_OFFLINE": "true",
    "UV_FIND_LINKS": "/wheels /more",
    "UV_INDEX": f"pytorch={MIRROR}",
}


def uv(environ: Mapping[str, str], system: str = "linux") -> dict[str, str]:
    """Return the variables of uv's files."""
    found = load_installer_config(environ, "uv", system=system)
    return {name: found.environ[name] for name in found.origins}


def test_uv(tmp_path: Path) -> None:
    """The user's uv.toml is read, or the one that UV_CONFIG_FILE names, or none."""
    path = write(tmp_path / ".config/uv/uv.toml", UV)
    assert uv({"HOME": str(tmp_path)}) == UV_SAYS
    assert uv({"HOME": str(tmp_path), "UV_NO_CONFIG": "1"}) == {}
    assert uv({"UV_CONFIG_FILE": str(path), "UV_INDEX": ""}).keys() == {*UV_SAYS} - {"UV_INDEX"}
    assert uv({"APPDATA": str(tmp_path / ".config"), "HOME": "/"}, "win32") == UV_SAYS
    assert uv({}) == {}


@pytest.mark.parametrize("text", ["=", "pip = 1\nindex = 2\n", "[[index]]\nname = 1\n"])
def test_damaged_uv(tmp_path: Path, text: str) -> None:
    """A file that uv rejects is ignored."""
    assert uv({"UV_CONFIG_FILE": str(write(tmp_path / "uv.toml", text))}) == {}


def test_shows_no_value(tmp_path: Path) -> None:
    """A representation names files, never their contents."""
    path = write(tmp_path / "pip.conf", "[global]\nindex-url = https://me:secret@x.org/\n")
    found = load_installer_config({"PIP_CONFIG_FILE": str(path)}, "pip")
    assert str(path) in repr(found)
    assert "secret" not in repr(found)


def test_request(tmp_path: Path, request_of: ReadRequest) -> None:
    """An option in a file counts like one on the command line, whose indexes are read too."""
    config = write(tmp_path / "pip.conf", "[install]\nno-index = yes\nfind-links = /a\n /b\n")
    request = request_of(
        "pip", "install", "--extra-index-url", MIRROR, ".", PIP_CONFIG_FILE=str(config)
    )
    assert request.offline
    assert request.find_links == ("/a", "/b")
    assert request.indexes == (("--extra-index-url", MIRROR),)
