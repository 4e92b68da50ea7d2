"""The index that a run asks: who names it, and who may read it."""

from __future__ import annotations

import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import Request
from hatch_torch.index.index_config import Origin, find_origin

if TYPE_CHECKING:
    from pathlib import Path

NONE = {"PIP_CONFIG_FILE": "/dev/null", "UV_NO_CONFIG": "1"}
MIRROR = "https://m.example.org/whl"
OTHER = "https://o.example.org/pytorch/whl"
PYPI = "https://pypi.example.org/simple"


def found(
    environ: dict[str, str],
    config: Config | None = None,
    *,
    index_url: str | None = None,
    frontend: str = "pip",
    indexes: tuple[tuple[str, str], ...] = (),
) -> Origin:
    """Find the source of a run."""
    request = Request(frontend, indexes=indexes)
    return find_origin(config or Config(), index_url, request, {**NONE, **environ})


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
    """The installers' variables name a mirror, the nearer installer's first; PyPI is none."""
    origin = found(environ, frontend=frontend)
    assert origin.shown == expected
    assert origin.root == (expected[0] if expected else "https://download.pytorch.org/whl")


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
    """A user in an index's URL comes before that of uv's variables, which go by its name."""
    named = {"UV_INDEX_MY_TORCH_USERNAME": "me", "UV_INDEX_MY_TORCH_PASSWORD": "a/b"}
    environ = {"UV_INDEX": index, "NETRC": "/dev/null", **named}
    origin = found(environ, frontend="uv")
    sent = f"Basic {b64encode(expected.encode()).decode()}" if expected else None
    assert origin.shown == (MIRROR, "UV_INDEX")
    assert origin.credentials.header(f"{MIRROR}/cpu/").get("Authorization") == sent
    assert origin.locked_out(f"{MIRROR}/cpu/torch.whl") is None


@pytest.mark.parametrize(("index", "root"), [(f"torch={MIRROR}", MIRROR), ("/wheels", None)])
def test_index_on_the_command_line(index: str, root: str | None) -> None:
    """An index may have a name there too, and may be a folder, which is no mirror."""
    shown = found({}, frontend="uv", indexes=(("--index", index),)).shown
    assert (shown[0] if shown else None) == root


def test_who_is_first() -> None:
    """Our own variable outdoes the table, this the command line, and that the variables."""
    environ, table = {"PIP_INDEX_URL": MIRROR}, Config(index_url=f"{OTHER}/table")
    option = (("--extra-index-url", OTHER),)
    own = found(environ, table, index_url="https://own.example.org", indexes=option)
    assert own.shown == ("https://own.example.org", "TORCH_VARIANT_INDEX_URL")
    of_table = found(environ, table, indexes=option)
    assert of_table.shown == (f"{OTHER}/table", "tool.torch-variant.index-url")
    assert found(environ, indexes=option).shown == (OTHER, "--extra-index-url")


def test_files(tmp_path: Path) -> None:
    """A file is named with its key."""
    path = tmp_path / "pip.conf"
    path.write_text(f"[global]\nextra-index-url =\n  {PYPI}\n  {MIRROR}/cu128\n", encoding="utf-8")
    origin = found({"PIP_CONFIG_FILE": str(path)})
    assert origin.shown == (MIRROR, f"extra-index-url in {path}")


def test_folders() -> None:
    """A backend's own index and channel come with it, without user-info."""
    extras = (
        BackendExtra("rocm64", Backend.parse("rocm64"), index_url="https://me:s@r.example.org/"),
        BackendExtra("cu130", Backend.parse("cu130"), channel="nightly"),
        BackendExtra("cpu", Backend.parse("cpu")),
    )
    origin = found({"PIP_INDEX_URL": f"{MIRROR}/cpu"}, Config(extras=extras))
    assert {str(one): url for one, url in origin.folders.items()} == {
        "rocm6.4": "https://r.example.org/",
        "cu130": f"{MIRROR}/nightly/cu130",
    }
    assert origin.credentials.header("https://r.example.org/torch/")


def test_secrets() -> None:
    """A token in a path and a query are told at once, each with its place and without itself."""
    token = "a8Xk29dLq0PzT5vB"  # noqa: S105 (made up)
    extra = BackendExtra("cu126", Backend.parse("cu126"), index_url="https://x.org/cu126?sig=1")
    with pytest.raises(ConfigurationError) as fault:
        found({}, Config(extras=(extra,)), index_url=f"https://x.org/{token}/whl")
    assert token not in str(fault.value)
    first, second = fault.value.faults
    assert first.startswith("TORCH_VARIANT_INDEX_URL: found what looks like a token in its path")
    assert second.startswith("tool.torch-variant.extras.cu126.index-url: found a query, which")


class TestLockedOut:
    """Where our pages open, and the installer stands before a closed door."""

    index = "https://me:secret@m.example.org/whl"
    wheel = "https://m.example.org/whl/cpu/torch-2.9.1.whl"

    def test_netrc_line(self) -> None:
        """The line to write is shown, and nothing secret."""
        told = found({}, index_url=self.index).locked_out(self.wheel)
        assert told is not None
        assert told.endswith("\n    machine m.example.org login USER password PASSWORD")
        assert "pip would not find them" in told
        assert "secret@" not in told

    def test_other_host(self) -> None:
        """The files may lie where everybody may read."""
        assert found({}, index_url=self.index).locked_out("https://cdn.example.org/a.whl") is None

    @pytest.mark.parametrize("frontend", ["pip", "uv"])
    @pytest.mark.parametrize("variable", ["PIP_INDEX_URL", "UV_INDEX_URL"])
    def test_the_installers_own_index(self, frontend: str, variable: str) -> None:
        """An index of the installer's at that host opens it; another installer's does not."""
        environ = {variable: "https://it:s@m.example.org/simple"}
        origin = found(environ, index_url=self.index, frontend=frontend)
        opens = variable.lower().startswith(frontend)
        assert (origin.locked_out(self.wheel) is None) == opens

    def test_mirror_of_the_installer(self) -> None:
        """The installer's own mirror is open to both."""
        origin = found({"PIP_INDEX_URL": f"{self.index}/cpu"})
        assert origin.root == MIRROR
        assert origin.credentials.header(self.wheel)
        assert origin.locked_out(self.wheel) is None

    def test_netrc(self, tmp_path: Path) -> None:
        """With the line in the netrc file the door is open."""
        path = tmp_path / "netrc"
        path.write_text("machine m.example.org login me password secret\n", encoding="utf-8")
        path.chmod(0o600)
        origin = found({"NETRC": str(path)}, index_url=self.index)
        assert origin.locked_out(self.wheel) is None


KEYRING = """#!{python}
import sys
assert sys.stdin.read() == ""
print({{("https://m.example.org/whl", "me"): "secret"}}[tuple(sys.argv[2:])])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a script is a program by its first line")
class TestKeyring:
    """A real command of that name, on PATH."""

    @pytest.fixture
    def environ(self, tmp_path: Path) -> dict[str, str]:
        """Return an environment that has one, and a PYTHONPATH that would break it."""
        (tmp_path / "keyring").write_text(KEYRING.format(python=sys.executable), encoding="utf-8")
        (tmp_path / "keyring").chmod(0o755)
        (tmp_path / "sitecustomize.py").write_text("raise SystemExit(9)", encoding="utf-8")
        return {"PATH": str(tmp_path), "PYTHONPATH": str(tmp_path)}

    def test_asked(self, environ: dict[str, str]) -> None:
        """It is asked for the index and its user; pip would not ask it for a wheel."""
        origin = found(environ, index_url="https://me@m.example.org/whl")
        assert origin.credentials.from_keyring(MIRROR)
        assert origin.locked_out(f"{MIRROR}/a.whl")

    def test_unknown(self, environ: dict[str, str]) -> None:
        """What it does not know, and fails at, is nobody."""
        origin = found(environ, index_url="https://you@m.example.org/whl")
        assert origin.credentials.from_keyring(MIRROR) == {}

    def test_switched_off(self, environ: dict[str, str]) -> None:
        """A setting of pip switches it off."""
        environ["PIP_KEYRING_PROVIDER"] = "disabled"
        origin = found(environ, index_url="https://me@m.example.org/whl")
        assert origin.credentials.from_keyring(MIRROR) == {}

    def test_none(self) -> None:
        """Where there is no such command, nobody is asked."""
        origin = found({"PATH": ""}, index_url="https://me@m.example.org/whl")
        assert origin.credentials.from_keyring(MIRROR) == {}
