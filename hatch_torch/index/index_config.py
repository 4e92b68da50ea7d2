"""Where wheels come from: the index that is asked, who named it, and who is known there."""

from __future__ import annotations

import re
import shutil
import sysconfig
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

from hatch_torch.config.config import PYTORCH_INDEX
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.installer_config import Configured, configured
from hatch_torch.index.auth import Credentials, Keyring, is_allowed
from hatch_torch.index.urls import mirror_root, origin_of, secret_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.catalog.backend import Backend
    from hatch_torch.config.config import Config
    from hatch_torch.frontend.request import Request

VARIABLE = "TORCH_VARIANT_INDEX_URL"
_TABLE = "tool.torch-variant"
_VARIABLES = {
    "pip": ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"),
    "uv": ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS"),
}
_NAMED = re.compile(r"(?:([\w.-]+)=)?(\w+://)([^@/]*@)?(.*)", re.DOTALL)
_SECONDS = 5.0
"""For all that a keyring is asked in one decision."""


class Origin(NamedTuple):
    """The root of the index, and the folders of the backends that have one of their own."""

    root: str
    """Without user-info, which `credentials` have."""
    named_by: str | None
    """The variable, the key, the option or the file that names it; None for PyTorch's own."""
    folders: Mapping[Backend, str]
    credentials: Credentials
    environ: Mapping[str, str]
    """With what the installers' files say of proxies and certificates."""
    tool: str = "pip"
    """The installer that fetches the wheels."""

    @property
    def shown(self) -> tuple[str, str] | None:
        """The root as it may be shown, and who names it; None for PyTorch's own."""
        return (self.root, self.named_by) if self.named_by else None

    def locked_out(self, url: str) -> str | None:
        """Say what to do where our own requests may read a wheel's host, but its installer may not.

        None where it may, as far as anybody can know beforehand.
        """
        if not self.credentials.only_here(url):
            return None
        return (
            f"{origin_of(url)}: user and password are known for its pages, but {self.tool} would "
            "not find them for a wheel, and no URL with a secret is ever added. "
            "Write this line into the netrc file (~/.netrc):\n"
            f"    machine {urlsplit(url).hostname} login USER password PASSWORD"
        )


def find_origin(
    config: Config, index_url: str | None, request: Request, environ: Mapping[str, str]
) -> Origin:
    """Find the index that a run asks: TORCH_VARIANT_INDEX_URL, else the table's `index-url`.

    Else the first index of the installer's own configuration that is a mirror of PyTorch's (its
    command line, its variables, its files), else PyTorch's. Raises ConfigurationError for a URL
    that could not be written into metadata without its secret.
    """
    settled = configured(environ, "pip", "uv")
    indexes = [*_indexes(request, settled)]
    root, named_by = _root(config, index_url, [(url, by) for url, by, _ in indexes])
    folders = _folders(config, root)
    if faults := [*_faults(config, root, named_by)]:
        raise ConfigurationError(faults)
    tool = _tool(request)
    own = [url for url, _, of in indexes if of == tool]
    credentials = Credentials(settled.environ, _keyring(settled.environ, tool), own)
    own_folders = {backend: credentials.learn(url) for backend, url in folders.items()}
    shown = credentials.learn(root)
    return Origin(shown, named_by, own_folders, credentials, settled.environ, tool)


def _tool(request: Request) -> str:
    return "uv" if request.frontend == "uv" else "pip"


def _indexes(request: Request, settled: Configured) -> Iterator[tuple[str, str, str]]:
    """Yield the indexes of the installers' own configuration, the nearer installer's first.

    Each with who names it, and with the installer that has it.
    """
    tool = _tool(request)
    environ = settled.environ
    yield from ((_signed(url, environ), option, tool) for option, url in request.indexes)
    for one in sorted(_VARIABLES, key=lambda name: name != tool):
        for name in _VARIABLES[one]:
            place = settled.places.get(name)
            by = f"{name.partition('_')[2].lower().replace('_', '-')} in {place}" if place else name
            urls = re.split(r"[\s,]+" if one == "uv" else r"\s+", environ.get(name, ""))
            yield from ((_signed(url, environ), by, one) for url in urls if "://" in url)


def _signed(index: str, environ: Mapping[str, str]) -> str:
    """Return an index's URL; uv's `name=URL` with the user and password of its variables.

    They are UV_INDEX_<NAME>_USERNAME and _PASSWORD (docs.astral.sh/uv/concepts/indexes); what the
    URL itself holds comes first. The indexes of a project's `[tool.uv]` are for its portable lock.
    """
    found = _NAMED.fullmatch(index)
    if not found:
        return index
    name, scheme, user_info, rest = found.groups()
    variable = f"UV_INDEX_{re.sub('[^A-Z0-9]', '_', (name or '').upper())}"
    user, password = (environ.get(f"{variable}_{one}", "") for one in ("USERNAME", "PASSWORD"))
    if name and not user_info and (user or password):
        user_info = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return f"{scheme}{user_info or ''}{rest}"


def _root(
    config: Config, index_url: str | None, indexes: list[tuple[str, str]]
) -> tuple[str, str | None]:
    if index_url:
        return index_url, VARIABLE
    if config.index_url:
        return config.index_url, f"{_TABLE}.index-url"
    mirrors = ((mirror_root(url), by) for url, by in indexes)
    return next(((root, by) for root, by in mirrors if root), (PYTORCH_INDEX, None))


def _folders(config: Config, root: str) -> dict[Backend, str]:
    """Return the folders of the backends whose extra has an index or a channel of its own."""
    folders = {}
    for extra in config.extras:
        if extra.index_url:
            folders[extra.backend] = extra.index_url
        elif extra.channel and extra.channel != config.channel:
            channel = "" if extra.channel == "stable" else f"/{extra.channel}"
            folders[extra.backend] = f"{root.rstrip('/')}{channel}/{extra.backend.folder}"
    return folders


def _faults(config: Config, root: str, named_by: str | None) -> Iterator[str]:
    """Find the URLs that hold more of a secret than user-info, which is taken out."""
    named = {f"{_TABLE}.extras.{extra.name}.index-url": extra.index_url for extra in config.extras}
    for place, url in {str(named_by): root, **named}.items():
        if url and (found := secret_in(url)):
            yield (
                f"{place}: found {found}, which every install would write into its metadata; "
                "put user and password into the netrc file, and name the URL without them"
            )


def _keyring(environ: Mapping[str, str], tool: str) -> Keyring | None:
    """Return what asks the `keyring` command; pip's own is the one beside its interpreter."""
    if not is_allowed(environ):
        return None
    beside = shutil.which("keyring", path=sysconfig.get_path("scripts"))
    plain = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}

    def run(*words: str) -> str | None:
        from hatch_torch.hardware.machine import Machine  # noqa: PLC0415 (only for a 401)

        machine = Machine(plain, _SECONDS)
        ran = machine.run(beside or "keyring", *words, seconds=_SECONDS)
        return ran.out if ran and ran.code == 0 else None

    imports = tool == "pip" and environ.get("PIP_KEYRING_PROVIDER") != "subprocess"
    return Keyring(run, is_imported=bool(beside) and imports)
