"""pip's and uv's configuration files, as the environment variables with the same meaning."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch._files import read_bounded

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


class InstallerConfig(NamedTuple):
    """Environment variables, completed from configuration files."""

    environ: Mapping[str, str]
    origins: Mapping[str, str] = MappingProxyType({})
    """Variable -> the file that it comes from; not for variables that are set."""

    def __repr__(self) -> str:
        """Show the files alone: variables may hold secrets."""
        return f"InstallerConfig({sorted(self.origins.items())})"


def load_installer_config(
    environ: Mapping[str, str],
    *tools: str,
    prefix: str = sys.prefix,
    system: str = sys.platform,
) -> InstallerConfig:
    """Return variables completed from the configuration files of tools: `pip`, `uv`.

    pip's `proxy` becomes PIP_PROXY, uv's `index-url` UV_INDEX_URL. A variable that is set overrides
    a file, and a later file of `_pip_files` and `_uv_files` an earlier one. `prefix` is that of the
    environment whose own file pip reads. A file that cannot be read is ignored: the installer
    reports it.
    """
    configured: dict[str, tuple[str, str]] = {}
    for path in _pip_files(environ, prefix, system) if "pip" in tools else ():
        settings = read_config_file(path, _read_pip)
        configured |= {name: (value, str(path)) for name, value in settings}
    for path in _uv_files(environ, system) if "uv" in tools else ():
        settings = read_config_file(path, _read_uv)
        configured |= {name: (value, str(path)) for name, value in settings}
    added = {name: value for name, value in configured.items() if name not in environ}
    return InstallerConfig(
        {**environ, **{name: value for name, (value, _) in added.items()}},
        {name: file for name, (_, file) in added.items()},
    )


def _pip_files(environ: Mapping[str, str], prefix: str, system: str) -> Iterator[Path]:
    """Yield pip's files: the machine's, the user's, the environment's (pip's user guide)."""
    explicit = environ.get("PIP_CONFIG_FILE")
    if explicit == os.devnull:
        return
    file = "pip.ini" if system == "win32" else "pip.conf"
    yield from (folder / "pip" / file for folder in _machine_folders(environ, system))
    if system not in {"darwin", "win32"}:
        yield Path("/etc/pip.conf")
    if (home := _home(environ)) and not (explicit and Path(explicit).exists()):
        yield home / ("pip" if system == "win32" else ".pip") / file
        yield from (folder / "pip" / file for folder in _pip_user_folders(environ, home, system))
    yield Path(prefix, file)
    if explicit:
        yield Path(explicit)


def _uv_files(environ: Mapping[str, str], system: str) -> Iterator[Path]:
    """Yield uv's files outside projects (docs.astral.sh/uv/concepts/configuration-files)."""
    if environ.get("UV_NO_CONFIG"):
        return
    if explicit := environ.get("UV_CONFIG_FILE"):
        yield Path(explicit)
        return
    yield from (folder / "uv" / "uv.toml" for folder in _machine_folders(environ, system))
    if home := _home(environ):
        config = environ.get("APPDATA") if system == "win32" else environ.get("XDG_CONFIG_HOME")
        yield Path(config or home / ".config") / "uv" / "uv.toml"


def _machine_folders(environ: Mapping[str, str], system: str) -> tuple[Path, ...]:
    """Return the folders of the configuration for all users."""
    if system == "win32":
        return (Path(environ.get("PROGRAMDATA") or "C:/ProgramData"),)
    if system == "darwin":
        return (Path("/Library/Application Support"),)
    folders = environ.get("XDG_CONFIG_DIRS") or "/etc/xdg"
    return tuple(Path(folder) for folder in reversed(folders.split(":")) if folder)


def _pip_user_folders(environ: Mapping[str, str], home: Path, system: str) -> Iterator[Path]:
    """Yield the folder of the user's configuration, as pip finds it."""
    if system == "win32":
        yield Path(environ.get("APPDATA") or home / "AppData" / "Roaming")
        return
    application_support = home / "Library" / "Application Support"
    if system == "darwin" and (application_support / "pip").is_dir():
        yield application_support
    elif system == "darwin":
        yield home / ".config"
    else:
        yield Path(environ.get("XDG_CONFIG_HOME") or home / ".config")


def _home(environ: Mapping[str, str]) -> Path | None:
    home = environ.get("HOME") or environ.get("USERPROFILE")
    return Path(home) if home else None


def read_config_file(
    path: Path, parse: Callable[[Path], dict[str, str]]
) -> Iterable[tuple[str, str]]:
    """Return the variables of a configuration file, none if there is no such file."""
    return parse(path).items() if path.is_file() else ()


def _read_pip(path: Path) -> dict[str, str]:
    """Return the variables of a pip.conf: of all commands, then of `pip install`."""
    from configparser import Error, RawConfigParser  # noqa: PLC0415 (most machines have no such file)

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
    """Return the variables of a uv.toml: its keys, those of `[pip]`, and its `[[index]]`."""
    from hatch_torch._toml import loads  # noqa: PLC0415 (most machines have no such file)

    try:
        table = loads(read_bounded(path).decode("utf-8"))
    except (OSError, ValueError):
        return {}
    pip = table.get("pip")
    keys = {**(pip if isinstance(pip, dict) else {}), **table}
    variables = {
        f"UV_{key.replace('-', '_').upper()}": _format_value(keys[key])
        for key in _UV_KEYS
        if key in keys
    }
    indexes = table.get("index")
    urls = [
        f"{index['name']}={index['url']}" if "name" in index else index["url"]
        for index in (indexes if isinstance(indexes, list) else [])
        if isinstance(index, dict) and "url" in index
    ]
    return {**variables, **({"UV_INDEX": _format_value(urls)} if urls else {})}


def _format_value(value: Any) -> str:  # noqa: ANN401 (any TOML value)
    """Return a TOML value as a variable: a list with blanks, a boolean in lower case."""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
