"""The index that a run uses: where it is configured, and who can log in."""

from __future__ import annotations

import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.index.index_config import IndexConfig, find_index_config

if TYPE_CHECKING:
    from pathlib import Path

NONE = {"PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}
MIRROR = "https://m.example.org/whl"
OTHER = "https://o.example.org/pytorch/whl"
PYPI = "https://pypi.example.org/simple"


def find(
    environ: dict[str, str],
    config: Config | None = None,
    *,
    index_url: str | None = None,
    frontend: str = "pip",
    indexes: tuple[tuple[str, str], ...] = (),
) -> IndexConfig:
    """Return the index that a run uses."""
    request = BuildRequest(frontend, indexes=indexes)
    return find_index_config(config or Config(), index_url, request, {**NONE, **environ})


@pytest.mark.parametrize(
    ("environ", "frontend", "expected"),
    [
        ({}, "pip", None),
        ({"PIP_INDEX_URL": PYPI}, "pip", None),
        ({"PIP_INDEX_URL": f"{MIRROR}/cu126"}, "pip", (MIRROR, "PIP_INDEX_URL")),
        ({"PIP_EXTRA_INDEX_URL": f"{PYPI} {MIRROR}/"}, "pip", (MIRROR, "PIP_EXTRA_INDEX_URL")),
        ({"PIP_FIND_LINKS": f"/wheels\n{MIRROR}/cpu/"}, "pip", (MIRROR, "PIP_FIND_LINKS")),
        ({"UV_DEFAULT_INDEX": f"torch={MIRROR}"}, "pip", (MIRROR, "UV_DEFAULT_INDEX")),
        ({"UV_INDEX": OTHER, "PIP_INDEX_URL": MIRROR}, "pip", (MIRROR, "PIP_INDEX_URL")),
        ({"UV_INDEX": OTHER, "PIP_INDEX_URL": MIRROR}, "uv", (OTHER, "UV_INDEX")),
        ({"UV_FIND_LINKS": f"/a,{MIRROR}"}, "uv", (MIRROR, "UV_FIND_LINKS")),
    ],
)
def test_variables(
    environ: dict[str, str], frontend: str, expected: tuple[str, str] | None
) -> None:
    """The installers' variables name a mirror, this build's installer first; PyPI is not one."""
    config = find(environ, frontend=frontend)
    assert config.root_and_source == expected
    assert config.root == (expected[0] if expected else "https://download.pytorch.org/whl")


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        (f"my-torch={MIRROR}", "me:a/b"),
        (MIRROR.replace("//", "//my-torch=you:x@"), "my-torch=you:x"),
        (f"my-torch={MIRROR}".replace("//", "//you:x@"), "you:x"),
        (f"other={MIRROR}", None),
        (MIRROR, None),
    ],
)
def test_user_of_a_named_index(index: str, expected: str | None) -> None:
    """A user in an index's URL overrides uv's variables for the index's name."""
    named = {"UV_INDEX_MY_TORCH_USERNAME": "me", "UV_INDEX_MY_TORCH_PASSWORD": "a/b"}
    environ = {"UV_INDEX": index, "NETRC": "/dev/null", **named}
    config = find(environ, frontend="uv")
    sent = f"Basic {b64encode(expected.encode()).decode()}" if expected else None
    assert config.root_and_source == (MIRROR, "UV_INDEX")
    assert config.credentials.header(f"{MIRROR}/cpu/").get("Authorization") == sent
    assert config.installer_auth_hint(f"{MIRROR}/cpu/torch.whl") is None


@pytest.mark.parametrize(("index", "root"), [(f"torch={MIRROR}", MIRROR), ("/wheels", None)])
def test_index_on_the_command_line(index: str, root: str | None) -> None:
    """An index may have a name; a folder is not a mirror."""
    shown = find({}, frontend="uv", indexes=(("--index", index),)).root_and_source
    assert (shown[0] if shown else None) == root


def test_who_is_first() -> None:
    """Our variable overrides the table, the table the command line, that the variables."""
    environ, table = {"PIP_INDEX_URL": MIRROR}, Config(index_url=f"{OTHER}/table")
    option = (("--extra-index-url", OTHER),)
    own = find(environ, table, index_url="https://own.example.org", indexes=option)
    assert own.root_and_source == ("https://own.example.org", "TORCH_VARIANT_INDEX_URL")
    of_table = find(environ, table, indexes=option)
    assert of_table.root_and_source == (f"{OTHER}/table", "tool.torch-variant.index-url")
    assert find(environ, indexes=option).root_and_source == (OTHER, "--extra-index-url")


def test_files(tmp_path: Path) -> None:
    """A configuration file is reported with its key."""
    path = tmp_path / "pip.conf"
    path.write_text(f"[global]\nextra-index-url =\n  {PYPI}\n  {MIRROR}/cu128\n", encoding="utf-8")
    config = find({"PIP_CONFIG_FILE": str(path)})
    assert config.root_and_source == (MIRROR, f"extra-index-url in {path}")


def test_folders() -> None:
    """An extra's own index or channel is used for its backend, without user-info."""
    extras = (
        BackendExtra("rocm64", Backend.parse("rocm64"), index_url="https://me:s@r.example.org/"),
        BackendExtra("cu130", Backend.parse("cu130"), channel="nightly"),
        BackendExtra("cpu", Backend.parse("cpu")),
    )
    config = find({"PIP_INDEX_URL": f"{MIRROR}/cpu"}, Config(extras=extras))
    assert {str(one): url for one, url in config.folders.items()} == {
        "rocm6.4": "https://r.example.org/",
        "cu130": f"{MIRROR}/nightly/cu130",
    }
    assert config.credentials.header("https://r.example.org/torch/")


def test_secrets() -> None:
    """A token and a query are reported together, each with its place and without itself."""
    token = "glpat-1aB2cD3eF4gH5iJ6kL7m"  # noqa: S105 (made up)
    extra = BackendExtra("cu126", Backend.parse("cu126"), index_url="https://x.org/cu126?sig=1")
    with pytest.raises(ConfigurationError) as fault:
        find({}, Config(extras=(extra,)), index_url=f"https://x.org/{token}/whl")
    assert token not in str(fault.value)
    first, second = fault.value.faults
    place = "tool.torch-variant.extras.cu126.index-url"
    expected = "expected a URL without secrets, got one with"
    assert first.startswith(f"TORCH_VARIANT_INDEX_URL: {expected} a token in its path, which")
    assert second.startswith(f"{place}: {expected} a query, which")


def test_path_that_looks_like_a_token() -> None:
    """A random path is no error; a note names its place, and not the path."""
    token = "a8Xk29dLq0PzT5vB"  # noqa: S105 (made up)
    config = find({}, index_url=f"https://x.org/{token}/whl")
    (note,) = config.notes
    assert note.startswith("TORCH_VARIANT_INDEX_URL: a part of the URL's path looks like a token")
    assert token not in note
    assert find({}, index_url=MIRROR).notes == ()


class TestInstallerAuthHint:
    """Where we have a login for a host and the installer has none."""

    index = "https://me:secret@m.example.org/whl"
    wheel = "https://m.example.org/whl/cpu/torch-2.9.1.whl"

    def test_netrc_line(self) -> None:
        """The hint shows the netrc line without the secret."""
        hint = find({}, index_url=self.index).installer_auth_hint(self.wheel)
        assert hint is not None
        assert hint.endswith("\n    machine m.example.org login USER password PASSWORD")
        assert "pip has no user and password for this host" in hint
        assert "secret@" not in hint

    def test_other_host(self) -> None:
        """Files on another host need no login."""
        assert (
            find({}, index_url=self.index).installer_auth_hint("https://cdn.example.org/a.whl")
            is None
        )

    @pytest.mark.parametrize("frontend", ["pip", "uv"])
    @pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX_URL"])
    def test_the_installers_own_index(self, frontend: str, variable: str) -> None:
        """The installer's own index at that host has a login; another installer's has none."""
        environ = {variable: "https://it:s@m.example.org/simple"}
        config = find(environ, index_url=self.index, frontend=frontend)
        opens = variable.lower().startswith(frontend)
        assert (config.installer_auth_hint(self.wheel) is None) == opens

    def test_mirror_of_the_installer(self) -> None:
        """The installer's own mirror is readable for both."""
        config = find({"PIP_INDEX_URL": f"{self.index}/cpu"})
        assert config.root == MIRROR
        assert config.credentials.header(self.wheel)
        assert config.installer_auth_hint(self.wheel) is None

    def test_netrc(self, tmp_path: Path) -> None:
        """With the netrc line, the installer can log in."""
        path = tmp_path / "netrc"
        path.write_text("machine m.example.org login me password secret\n", encoding="utf-8")
        path.chmod(0o600)
        config = find({"NETRC": str(path)}, index_url=self.index)
        assert config.installer_auth_hint(self.wheel) is None


KEYRING = """#!{python}
import sys
assert sys.stdin.read() == ""
print({{("https://m.example.org/whl", "me"): "secret"}}[tuple(sys.argv[2:])])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script is a program by its first line")
class TestKeyring:
    """A real `keyring` command on PATH."""

    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment with the command, and a PYTHONPATH that would break it."""
        (tmp_path / "keyring").write_text(KEYRING.format(python=sys.executable), encoding="utf-8")
        (tmp_path / "keyring").chmod(0o755)
        (tmp_path / "sitecustomize.py").write_text("raise SystemExit(9)", encoding="utf-8")
        return {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path)}

    def test_asked(self, environ: dict[str, str]) -> None:
        """The command gets the index and its user; pip would not call it for a wheel."""
        config = find(environ, index_url="https://me@m.example.org/whl")
        assert config.credentials.keyring_header(MIRROR)
        assert config.installer_auth_hint(f"{MIRROR}/a.whl")

    def test_unknown(self, environ: dict[str, str]) -> None:
        """A failing command has no login."""
        config = find(environ, index_url="https://you@m.example.org/whl")
        assert config.credentials.keyring_header(MIRROR) == {}

    def test_switched_off(self, environ: dict[str, str]) -> None:
        """Pip's setting disables the keyring."""
        environ["PIP_KEYRING_PROVIDER"] = "disabled"
        config = find(environ, index_url="https://me@m.example.org/whl")
        assert config.credentials.keyring_header(MIRROR) == {}

    def test_none(self) -> None:
        """Without the command there is no login."""
        config = find({"PATH": ""}, index_url="https://me@m.example.org/whl")
        assert config.credentials.keyring_header(MIRROR) == {}
