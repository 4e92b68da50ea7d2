"""The ways in which people start pip and uv, and what a build under each of them is for."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.process_tree import Process, get_ancestors, parse_ps, walk_ancestors
from hatch_torch.frontend.request import read_build_request

if TYPE_CHECKING:
    from pathlib import Path

TRACKER = {"PIP_BUILD_TRACKER": "/tmp/pip-build-tracker-x"}  # noqa: S108 (a name, never opened)

PIP_INSTALLS = (
    "pip install -e .",
    "pip3 install -e .",
    "pip3.12 install --editable .",
    "/venv/bin/pip install -e .",
    "/venv/bin/python /venv/bin/pip install -e .",
    "/venv/bin/python3.12 -m pip install -e .",
    "python -I -m pip install -e .",
    "python -Im pip install -e .",
    "python -X utf8 -W ignore -m pip install -e .",
    "python -u -B -m pip --no-cache-dir install -e .",
    "python -m pip.__main__ install -e .",
    "python /usr/lib/python3/dist-packages/pip install -e .",
    "python /venv/lib/python3.12/site-packages/pip/__main__.py install -e .",
    "python /venv/lib/site-packages/pip/__pip-runner__.py install -e .",
    "python pip.pyz install -e .",
    "python /opt/pip-26.3.pyz install -e .",
    "pypy3 -m pip install -e .",
    "graalpy -m pip install -e .",
    "python3.13t -m pip install -e .",
    "python3.12d -m pip install -e .",
    "python3.11-real -m pip install -e .",
    "python3.11-dbg -m pip install -e .",
    "python3-intel64 -m pip install -e .",
    "/nix/store/x/bin/.python-wrapped -m pip install -e .",
    "/nix/store/x/bin/.python3.11-wrapped -m pip install -e .",
    "/nix/store/x/bin/.pip-wrapped install -e .",
    "pip.real install -e .",
    r"'C:\Python312\python.exe' -m pip install -e .",
    r"'C:\Python312\Scripts\pip.exe' install -e .",
    "py -3.12 -m pip install -e .",
    "pythonw.exe -m pip install -e .",
    "python -m cProfile -m pip install -e .",
    "python -m cProfile -o profile.out -m pip install -e .",
    "python -m profile -m pip install -e .",
    "python -m trace --count --module pip install -e .",
    "python -m trace --trace /venv/bin/pip install -e .",
    "python -m coverage run -m pip install -e .",
    "coverage run -m pip install -e .",
    "/venv/bin/python /venv/bin/coverage run --parallel -m pip install -e .",
    "python -m pdb -m pip install -e .",
    "python -m debugpy --listen 5678 -m pip install -e .",
    "viztracer -m pip install -e .",
    "/lib64/ld-linux-x86-64.so.2 /usr/bin/python3 -m pip install -e .",
    "/lib64/ld-linux-x86-64.so.2 --library-path /x /usr/bin/python3 -m pip install -e .",
    "/lib/ld-musl-x86_64.so.1 /usr/bin/python3 -m pip install -e .",
    "/lib/ld-musl-x86_64.so.1 --argv0 python3 -- /usr/bin/python3 -m pip install -e .",
    "/usr/bin/qemu-aarch64-static /usr/bin/python3 -m pip install -e .",
    "/usr/bin/qemu-aarch64 -0 python3 /usr/bin/python3 -m pip install -e .",
    "/usr/bin/box64 /opt/python/bin/python3.11 -m pip install -e .",
    "/run/rosetta/rosetta /usr/bin/python3 -m pip install -e .",
    "FEXInterpreter /usr/bin/python3 -m pip install -e .",
)
"""Recognized as `pip install`, with the extras that its command line asks for."""

UNRECOGNIZED = (
    "python -c 'from pip._internal.cli.main import main; main()' install -e .",
    "python -c 'import runpy; runpy.run_module(\"pip\")'",
    "python -m runpy pip",
    "python /opt/pycharm/plugins/python/helpers/packaging_tool.py install -e .",
    "python -c 'from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)'",
    "python /opt/installer.zip install -e .",
    "/opt/tool/python-for-work install -e .",
    "my-own-interpreter -m pip install -e .",
    "thonny",
    "[pip install -e .]",
    "-bash",
    "uv run install.py",
    "nox -s install",
    "tox -e install",
    "hatch run install",
    "poetry run python install.py",
    "pdm run install",
    "pixi run install",
    "conda run install",
    "",
)
"""pip is started by these, inside their own process or hidden by them."""

PORTABLE = (
    "pip wheel -e .",
    "pip download -e .",
    "pip lock -e .",
    "python -m pip wheel -e .",
    "python -m cProfile -m pip wheel -e .",
    "/usr/bin/qemu-aarch64-static /usr/bin/python3 -m pip wheel -e .",
    "pip install -e . --prefix /tmp/pip-build-env-abc/overlay "  # noqa: ISC004 (one line)
    "--ignore-installed --no-user --no-warn-script-location",
)

UV = (
    ("uv pip install -e .", "install"),
    ("/opt/uv.real pip install -e .", "install"),
    ("/nix/store/x/bin/.uv-wrapped pip install -e .", "install"),
    ("python -m uv pip install -e .", "install"),
    ("python3 /venv/bin/uv pip install -e .", "install"),
    ("uv --quiet pip install -e .", "install"),
    ("uv tool install -e .", "install"),
    ("uvx --from . my-app", "install"),
    ("uv pip sync requirements.txt", "install"),
    ("/usr/bin/qemu-aarch64-static /usr/bin/uv pip install -e .", "install"),
    ("uv sync", "portable"),
    ("uv lock", "portable"),
    ("uv run pytest", "portable"),
    ("uv build", "portable"),
    ("uv pip compile requirements.in", "portable"),
    ("uv.real sync", "portable"),
    ("python -m build", "portable"),
    ("python -m poetry build", "portable"),
    ("my-own-uv pip install -e .", "portable"),
)
"""Without pip's variable the command line alone decides."""


def _build(line: str, project: Path, environ: dict[str, str]) -> tuple[str, str, frozenset[str]]:
    project.mkdir(parents=True, exist_ok=True)
    hook = Process(3, ("/venv/bin/python", "-c", "import hatchling"), str(project), environ)
    above = Process(2, tuple(shlex.split(line)), str(project), environ)
    shell = Process(1, ("bash",), str(project))
    request = read_build_request(project, (hook, above, shell), environ, editable=True)
    return request.purpose, request.command, request.extras


def test_size() -> None:
    """The table has the ways that are known."""
    assert len({*PIP_INSTALLS, *UNRECOGNIZED, *PORTABLE, *(line for line, _ in UV)}) >= 70


@pytest.mark.parametrize("line", PIP_INSTALLS)
def test_pip(line: str, tmp_path: Path) -> None:
    """An install by pip is recognized, with its extras, even without pip's variable."""
    words = line.replace("-e .", "-e .[cu124]").replace("--editable .", "--editable .[cu124]")
    for environ in ({}, TRACKER):
        assert _build(words, tmp_path, environ) == ("install", "pip install", frozenset({"cu124"}))


@pytest.mark.parametrize("line", UNRECOGNIZED)
def test_pip_by_something_else(line: str, tmp_path: Path) -> None:
    """An editable build under pip is for this machine, whatever started pip."""
    purpose, _, _ = _build(line, tmp_path, TRACKER)
    assert purpose == "install"


@pytest.mark.parametrize("line", PORTABLE)
def test_portable(line: str, tmp_path: Path) -> None:
    """What is recognized as portable stays so."""
    assert _build(line, tmp_path, TRACKER)[0] == "portable"


@pytest.mark.parametrize(("line", "purpose"), UV)
def test_uv(line: str, purpose: str, tmp_path: Path) -> None:
    """The others, uv too, are told by their own command line."""
    assert _build(line, tmp_path, {})[0] == purpose


@pytest.mark.parametrize("folder", ["pip-req-build-12345678", "pip-install-abcdefgh", "git-v0/x/y"])
def test_folder_with_the_name_of_a_copy(folder: str, tmp_path: Path) -> None:
    """A checkout may have any name: pip builds nothing editable from a copy."""
    project = tmp_path / folder
    (tmp_path / "CACHEDIR.TAG").touch()
    assert _build("pip install -e .", project, TRACKER)[0] == "install"
    (project / "PKG-INFO").touch()
    assert _build("pip install -e .", project, TRACKER)[0] == "portable"


def test_prefix_with_the_name_of_a_build_environment(tmp_path: Path) -> None:
    """A prefix of the user's own is no build environment of pip's."""
    line = "pip install --prefix /home/ada/pip-build-env-old/x -e ."
    for environ in ({}, TRACKER):
        assert _build(line, tmp_path, environ)[0] == "install"


@pytest.mark.parametrize(
    "command",
    [
        "/Users/J Doe/.venv/bin/python -m pip install -e .",
        "/Users/J Doe/my own tools/pip install -e .",
        "/Applications/Py Charm.app/Contents/bin/python3.12 /Users/J/bin/pip install -e .",
        "/usr/bin/python3 -m pip install -e .",
    ],
)
def test_blanks_on_macos(command: str, tmp_path: Path) -> None:
    """The path of the program may hold blanks, which `ps` prints as they are."""
    table = parse_ps(
        f"  1     0 /sbin/launchd\n 20     1 {command}\n 30    20 /venv/bin/python x\n"
    )
    request = read_build_request(tmp_path, (*walk_ancestors(table, 30),), {}, editable=True)
    assert (request.purpose, request.command) == ("install", "pip install")


@pytest.mark.parametrize("command", ["", "/Users/J Doe/bin/tool x", "(kernel task)", "a b c"])
def test_other_commands_on_macos(command: str) -> None:
    """Other words stay as `ps` printed them."""
    assert parse_ps(f"20 1 {command}\n") == {20: (1, tuple(command.split()))}


def test_proc_of_another_namespace(tmp_path: Path) -> None:
    """Where /proc numbers processes otherwise, the ancestors are unknown, not somebody else's."""
    (folder := tmp_path / str(os.getpid())).mkdir()
    (folder / "stat").write_text(f"{os.getpid()} (pip) S 0 0 0")
    (folder / "cmdline").write_bytes(b"pip\0wheel\0")
    assert get_ancestors(system="Linux", proc=tmp_path)
    (tmp_path / "self").symlink_to("7")
    assert get_ancestors(system="Linux", proc=tmp_path) is None
    (tmp_path / "self").unlink()
    (tmp_path / "self").symlink_to(str(os.getpid()))
    assert get_ancestors(system="Linux", proc=tmp_path)
