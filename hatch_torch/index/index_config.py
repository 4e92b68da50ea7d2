"""Finds the index that a run uses: its URL, where that is configured, and its credentials."""

from __future__ import annotations

import re
import shutil
import sysconfig
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from hatch_torch.config.config import PYTORCH_INDEX
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.installer_config import InstallerConfig, load_installer_config
from hatch_torch.index.auth import Credentials, Keyring, is_keyring_allowed
from hatch_torch.index.urls import find_mirror_root, find_secret, get_origin, may_have_token

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.config.uv_sources import UvSources
    from hatch_torch.frontend.request import BuildRequest
    from hatch_torch.index.project_index import ProjectIndexOptions

VARIABLE = "TORCH_VARIANT_INDEX_URL"
_TABLE = "tool.torch-variant"
_VARIABLES = {
    "pip": ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"),
    "uv": ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
}
_DEFAULT_INDEXES = frozenset(
    {"PIP_INDEX_URL", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "--default-index", "--index-url"}
)
"""The variables and options that replace PyPI; all others name further indexes."""
_NAMED_INDEX = re.compile(r"(?:([\w.-]+)=)?(\w+://)([^@/]*@)?(.*)", re.DOTALL)
_KEYRING_SECONDS = 5.0
"""Seconds for all calls of a keyring in one decision."""


class IndexConfig(NamedTuple):
    """The root of the index, and the folders of the backends that have their own."""

    root: str
    """Without user-info, which `credentials` have."""
    named_by: str | None
    """The variable, key, option or file that names the root; None for PyTorch's own index."""
    folders: Mapping[Backend, str]
    credentials: Credentials
    environ: Mapping[str, str]
    """The environment, completed with proxies and certificates from the installers' files."""
    tool: str = "pip"
    """The installer that fetches the wheels."""
    notes: tuple[str, ...] = ()
    """Doubts about the URLs, for the record."""

    @property
    def root_and_source(self) -> tuple[str, str] | None:
        """The root and what names it; None for PyTorch's own index."""
        return (self.root, self.named_by) if self.named_by else None

    def installer_auth_hint(self, url: str) -> str | None:
        """Return what to do where we can read a wheel's host but the installer cannot, or None."""
        if not self.credentials.only_we_can_authenticate(url):
            return None
        return (
            f"{get_origin(url)}: {self.tool} has no user and password for this host (a wheel's URL "
            "is never given one)\n"
            "hint: add this line to the netrc file (~/.netrc):\n"
            f"    machine {urlsplit(url).hostname} login USER password PASSWORD"
        )


def find_index_config(
    config: Config, index_url: str | None, request: BuildRequest, environ: Mapping[str, str]
) -> IndexConfig:
    """Return the index that a run uses: TORCH_VARIANT_INDEX_URL, else the table's `index-url`.

    Else the first index of the installer's own configuration (command line, variables, files) that
    is a mirror of PyTorch's, else PyTorch's. Raises ConfigurationError for a URL with a secret
    other than user-info, since every install would write it into its metadata.
    """
    installers = load_installer_config(environ, "pip", "uv")
    tool = "uv" if request.installer == "uv" else "pip"
    indexes = [*_find_indexes(request, installers, tool)]
    root, named_by = _find_root(config, index_url, [(url, source) for url, source, _ in indexes])
    folders = _find_folders(config, root)
    if faults := [*_find_faults(config, root, named_by)]:
        raise ConfigurationError(faults)
    own_urls = [url for url, _, owner in indexes if owner == tool]
    keyring = _make_keyring(installers.environ, tool)
    credentials = Credentials(installers.environ, keyring, own_urls)
    return IndexConfig(
        root=credentials.remember(root),
        named_by=named_by,
        folders={backend: credentials.remember(url) for backend, url in folders.items()},
        credentials=credentials,
        environ=installers.environ,
        tool=tool,
        notes=tuple(_find_doubts(config, root, named_by)),
    )


def _find_indexes(
    request: BuildRequest, installers: InstallerConfig, tool: str
) -> Iterator[tuple[str, str, str]]:
    """Yield the indexes of the installers' configuration, starting with this build's installer.

    Each is a URL, what names it, and the installer that it belongs to.
    """
    environ = installers.environ
    for option, url in request.indexes:
        yield _add_uv_credentials(url, environ), option, tool
    for owner in sorted(_VARIABLES, key=lambda name: name != tool):
        for variable in _VARIABLES[owner]:
            file = installers.origins.get(variable)
            option = variable.partition("_")[2].lower().replace("_", "-")
            source = f"{option} in {file}" if file else variable
            for url in re.split(r"[\s,]+" if owner == "uv" else r"\s+", environ.get(variable, "")):
                if "://" in url:
                    yield _add_uv_credentials(url, environ), source, owner


def _add_uv_credentials(index: str, environ: Mapping[str, str]) -> str:
    """Return an index's URL; for uv's `name=URL`, with user and password of its variables.

    They are UV_INDEX_<NAME>_USERNAME and _PASSWORD (docs.astral.sh/uv/concepts/indexes); the URL's
    own user-info comes first. The indexes of a project's `[tool.uv]` are for its portable lock.
    """
    match = _NAMED_INDEX.fullmatch(index)
    if not match:
        return index
    name, scheme, user_info, rest = match.groups()
    variable = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', (name or '').upper())}"
    user, password = (environ.get(f"{variable}_{key}", "") for key in ("USERNAME", "PASSWORD"))
    if name and not user_info and (user or password):
        user_info = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return f"{scheme}{user_info or ''}{rest}"


def _find_root(
    config: Config, index_url: str | None, indexes: list[tuple[str, str]]
) -> tuple[str, str | None]:
    if index_url:
        return index_url, VARIABLE
    if config.index_url:
        return config.index_url, f"{_TABLE}.index-url"
    mirrors = ((find_mirror_root(url), source) for url, source in indexes)
    return next(((root, source) for root, source in mirrors if root), (PYTORCH_INDEX, None))


def _find_folders(config: Config, root: str) -> dict[Backend, str]:
    """Return the folders of the backends whose extra has its own index or channel."""
    folders = {}
    for extra in config.extras:
        if extra.index_url:
            folders[extra.backend] = extra.index_url
        elif extra.channel and extra.channel != config.channel:
            channel = "" if extra.channel == "stable" else f"/{extra.channel}"
            folders[extra.backend] = f"{root.rstrip('/')}{channel}/{extra.backend.folder}"
    return folders


def _find_faults(config: Config, root: str, named_by: str | None) -> Iterator[str]:
    for source, url in _get_named_urls(config, root, named_by):
        if secret := find_secret(url):
            yield (
                f"{source}: expected a URL without secrets, got one with {secret}, which every "
                "install would write into its metadata\n"
                "hint: put user and password into the netrc file"
            )


def _find_doubts(config: Config, root: str, named_by: str | None) -> Iterator[str]:
    for source, url in _get_named_urls(config, root, named_by):
        if may_have_token(url):
            yield (
                f"{source}: a part of the URL's path looks like a token; if it is one, put it into "
                "the netrc file, since every install writes the URL into its metadata"
            )


def _get_named_urls(config: Config, root: str, named_by: str | None) -> Iterator[tuple[str, str]]:
    """Yield what names a URL, and the URL."""
    yield str(named_by), root
    for extra in config.extras:
        if extra.index_url:
            yield f"{_TABLE}.extras.{extra.name}.index-url", extra.index_url


def find_installer_indexes(
    request: BuildRequest, environ: Mapping[str, str], uv_sources: UvSources | None = None
) -> ProjectIndexOptions:
    """Return where the installer takes the packages from that are not of the torch family.

    Its command line comes before its variables, and these before its files. pip asks every index;
    uv takes the first that has a package, further indexes before the default one; the project's own
    tables (`uv_sources`) come last.
    """
    from hatch_torch.index.project_index import (  # noqa: PLC0415 (not every decision reads them)
        PYPI,
        ProjectIndexOptions,
    )

    tool = "uv" if request.installer == "uv" else "pip"
    environ = load_installer_config(environ, tool).environ
    separators = r"[\s,]+" if tool == "uv" else r"\s+"
    configured = [
        (variable in _DEFAULT_INDEXES, url)
        for variable in _VARIABLES[tool]
        if not variable.endswith("FIND_LINKS")
        for url in re.split(separators, environ.get(variable, ""))
    ]
    given = [(option in _DEFAULT_INDEXES, url) for option, url in request.indexes]
    every = [
        (is_default, _add_uv_credentials(url, environ))
        for is_default, url in (*given, *configured, *(uv_sources.indexes if uv_sources else ()))
        if url
    ]
    default = next((url for is_default, url in every if is_default), PYPI)
    further = [url for is_default, url in every if not is_default]
    urls = (*further, default) if tool == "uv" else (default, *further)
    return ProjectIndexOptions(
        urls=() if request.resolver.no_index else tuple(dict.fromkeys(urls)),
        find_links=(*request.find_links, *(uv_sources.find_links if uv_sources else ())),
        own_urls=tuple(
            (name, _add_uv_credentials(url, environ))
            for name, url in (uv_sources.own_urls if uv_sources else ())
        ),
        takes_first=tool == "uv",
        prereleases=request.resolver.prereleases,
        only_binary=request.resolver.only_binary,
        no_binary=request.resolver.no_binary,
    )


def _make_keyring(environ: Mapping[str, str], tool: str) -> Keyring | None:
    """Return the `keyring` command, beside the interpreter or on PATH; None where disabled."""
    if not is_keyring_allowed(environ):
        return None
    beside = shutil.which("keyring", path=sysconfig.get_path("scripts"))
    plain = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}

    def run(*arguments: str) -> str | None:
        from hatch_torch.hardware.machine import Machine  # noqa: PLC0415 (only after a 401)

        machine = Machine(plain, _KEYRING_SECONDS)
        result = machine.run(beside or "keyring", *arguments, seconds=_KEYRING_SECONDS)
        return result.output if result and result.exit_code == 0 else None

    # pip imports the library that is beside its interpreter; uv only runs the command.
    is_imported = tool == "pip" and environ.get("PIP_KEYRING_PROVIDER") != "subprocess"
    return Keyring(run, is_imported=bool(beside) and is_imported)
