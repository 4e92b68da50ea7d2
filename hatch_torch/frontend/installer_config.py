"""What pip's and uv's configuration files say, as the variables that say the same."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_UV_KEYS = (
    "extra-index-url",
    "find-links",
    "index-url",
    "keyring-provider",
    "no-index",
    "offline",
)


class Configured(NamedTuple):
    """An environment, completed by what configuration files say."""

    environ: Mapping[str, str]
    places: Mapping[str, str] = MappingProxyType({})
    """Variable -> the file that it comes from; none for one that is set."""

    def __repr__(self) -> str:
        """Show the files alone: variables may hold secrets."""
        return f"Configured({sorted(self.places.items())})"


def configured(
    environ: Mapping[str, str],
    *tools: str,
    prefix: str = sys.prefix,
    system: str = sys.platform,
) -> Configured:
    """Complete an environment by what the files of some tools say, `pip` and `uv`.

    pip's `proxy` becomes PIP_PROXY, uv's `index-url` UV_INDEX_URL.
    What is set outdoes a file; among files the later one of `_pip_files` and `_uv_files` does.
    `prefix` is the environment's, whose own file pip reads. A file that cannot be read says
    nothing: the installer says so itself.
    """
    found: dict[str, tuple[str, str]] = {}
    for path in _pip_files(environ, prefix, system) if "pip" in tools else ():
        found |= {name: (value, str(path)) for name, value in _read(path, _read_pip)}
    for path in _uv_files(environ, system) if "uv" in tools else ():
        found |= {name: (value, str(path)) for name, value in _read(path, _read_uv)}
    more = {name: said for name, said in found.items() if name not in environ}
    return Configured(
        {**environ, **{name: value for name, (value, _) in more.items()}},
        {name: place for name, (_, place) in more.items()},
    )


def _pip_files(environ: Mapping[str, str], prefix: str, system: str) -> Iterator[Path]:
    """Yield where pip looks: for all, for the user, in the environment (pip's user guide)."""
    named = environ.get("PIP_CONFIG_FILE")
    if named == os.devnull:
        return
    file = "pip.ini" if system == "win32" else "pip.conf"
    yield from (folder / "pip" / file for folder in _for_all(environ, system))
    if system not in {"darwin", "win32"}:
        yield Path("/etc/pip.conf")
    if (home := _home(environ)) and not (named and Path(named).exists()):
        yield home / ("pip" if system == "win32" else ".pip") / file
        yield from (folder / "pip" / file for folder in _users(environ, home, system))
    yield Path(prefix, file)
    if named:
        yield Path(named)


def _uv_files(environ: Mapping[str, str], system: str) -> Iterator[Path]:
    """Yield where uv looks beside the project (docs.astral.sh/uv/concepts/configuration-files)."""
    if environ.get("UV_NO_CONFIG"):
        return
    if named := environ.get("UV_CONFIG_FILE"):
        yield Path(named)
        return
    yield from (folder / "uv" / "uv.toml" for folder in _for_all(environ, system))
    if home := _home(environ):
        config = environ.get("APPDATA") if system == "win32" else environ.get("XDG_CONFIG_HOME")
        yield Path(config or home / ".config") / "uv" / "uv.toml"


def _for_all(environ: Mapping[str, str], system: str) -> tuple[Path, ...]:
    """Return the folders of what is configured for every user."""
    if system == "win32":
        return (Path(environ.get("PROGRAMDATA") or "C:/ProgramData"),)
    if system == "darwin":
        return (Path("/Library/Application Support"),)
    folders = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return tuple(Path(folder) for folder in reversed(folders.split(":")) if folder)


def _users(environ: Mapping[str, str], home: Path, system: str) -> Iterator[Path]:
    """Yield the folder of a user's configuration, as pip finds it."""
    if system == "win32":
        yield Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        return
    apples = home / "Library" / "Application Support"
    if system == "darwin" and (apples / "pip").is_dir():
        yield apples
    elif system == "darwin":
        yield home / ".config"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None


def _read(path: Path, read: Callable[[Path], dict[str, str]]) -> Iterable[tuple[str, str]]:
    return read(path).items() if path.is_file() else ()


def _read_pip(path: Path) -> dict[str, str]:
    """Read a pip.conf: what holds for every command, then what holds for `pip install`."""
    from configparser import Error, RawConfigParser  # noqa: PLC0415 - most machines have no file

    parser = RawConfigParser()
    try:
        parser.read(path, encoding="utf-8")
    except (Error, OSError, ValueError):
        return {}
    return {
        f"PIP_{key.strip('-').replace('-', '_').upper()}": value
        for section in ("global", "install")
        if parser.has_section(section)
        for key, value in parser.items(section)
    }


def _read_uv(path: Path) -> dict[str, str]:
    """Read a uv.toml: what holds for all, also in `[pip]`, and the indexes of `[[index]]`."""
    from hatch_torch._toml import loads  # noqa: PLC0415 - as above

    try:
        table = loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    pip = table.get("pip")
    said = {**(pip if isinstance(pip, dict) else {}), **table}
    plain = {key: _spelled(said[key]) for key in _UV_KEYS if key in said}
    found = {f"UV_{key.replace('-', '_').upper()}": value for key, value in plain.items()}
    indexes = table.get("index")
    listed = indexes if isinstance(indexes, list) else []
    urls = [
        f"{one['name']}={one['url']}" if "name" in one else one["url"]
        for one in listed
        if isinstance(one, dict) and "url" in one
    ]
    return {**found, **({"UV_INDEX": _spelled(urls)} if urls else {})}


def _spelled(value: Any) -> str:  # noqa: ANN401 (it is TOML)
    """Spell a value as a variable would: a list with blanks, a switch in small letters."""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
