"""A machine that lacks something: the install goes on, and the record says what was missing."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.machine_faults.conftest import Builder

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="limits and mounts of POSIX"),
]

IN_1970 = """
import time
now = time.time
time.time = lambda start=now(): now() - start
"""
ASCII = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
LATIN = os.fsdecode(b"caf\xe9")
OWN = {".gitignore", "my_app.py", "pyproject.toml"}
"""The files of the project."""


def limited(what: str) -> tuple[str, ...]:
    """Return the words that run a command under a limit of the shell's."""
    return ("sh", "-c", f'ulimit {what} && exec "$@"', "sh")


def test_disk_full(build: Builder, mounted: Path) -> None:
    """A full disk costs the cache, nothing else; nothing half written stays on it."""
    cache = mounted / "cache"
    built = build.with_variables(TORCH_VARIANT_CACHE_DIR=str(cache))()

    assert built.added == build().added
    (warning,) = built.record["warnings"]
    assert f"the cache {cache} is not used: it cannot be written (No space left" in warning
    assert [path for path in cache.iterdir() if path.name.startswith(".")] == []


def test_file_size_limit(build: Builder) -> None:
    """The same holds for a quota; one that has no room for the record costs that, too."""
    small, tiny = build(*limited("-f 32")), build(*limited("-f 8"))

    assert "it cannot be written (File too large)" in small.record["warnings"][0]
    assert tiny.record is None
    assert [path.name[0] for path in build.cache.iterdir()].count(".") == 0
    assert small.added == tiny.added == build().added


def test_temporary_folder_full_or_absent(build: Builder, mounted: Path) -> None:
    """Without room for temporary files Python takes another folder, and the build goes on."""
    (mounted / "full").write_bytes(bytes(4096))
    for folder in (str(mounted), "/nonexistent"):
        built = build.with_variables(TMPDIR=folder, TEMP=folder, TMP=folder)()
        assert (built.record["backend"], built.record["warnings"]) == ("cu126", [])


def test_read_only_home(build: Builder, read_only: Path) -> None:
    """A home that nobody may write to costs the cache, nothing else."""
    homes = {"HOME": str(read_only), "XDG_CACHE_HOME": str(read_only)}
    built = build.with_variables("TORCH_VARIANT_CACHE_DIR", **homes)()

    assert "it cannot be written (Read-only file system)" in built.record["warnings"][0]
    assert built.added == build().added


@pytest.mark.parametrize("home", ["", "/dev/null"])
def test_home_that_is_none(build: Builder, home: str, tmp_path: Path) -> None:
    """A home that is empty, or no folder, costs the cache at most."""
    homes = {"HOME": home, "XDG_CACHE_HOME": f"{home}/cache" if home else str(tmp_path / "cache")}
    built = build.with_variables("TORCH_VARIANT_CACHE_DIR", **homes)()

    assert built.record["backend"] == "cu126"
    assert {path.name for path in build.sandbox.project.iterdir()} == OWN


def test_no_home(build: Builder, without_home: tuple[str, ...]) -> None:
    """A user without a home has no cache, which is said, and no folder called "~"."""
    variables = {"TORCH_VARIANT_CACHE_DIR": "", "XDG_CACHE_HOME": ""}
    built = build.with_variables(**variables)(*without_home)

    (warning,) = built.record["warnings"]
    assert "no home folder is known" in warning
    assert {path.name for path in build.sandbox.project.iterdir()} == OWN
    doctor = (sys.executable, "-m", "hatch_torch", "doctor")
    assert "no home folder is known" in build.with_variables(**variables).sandbox.run(
        *without_home, *doctor
    )


def test_clock_in_1970(build: Builder, tmp_path: Path) -> None:
    """With a clock at its beginning pages from the future are asked for anew, and kept."""
    (tmp_path / "sitecustomize.py").write_text(IN_1970, encoding="utf-8")
    now = build()
    index = build.sandbox.index
    index.forget()
    then = build.with_variables(PYTHONPATH=str(tmp_path))()

    assert (then.added, then.record["warnings"]) == (now.added, [])
    assert index.requests
    assert build().added == now.added


@pytest.mark.parametrize("most", [6, 8])
def test_no_file_descriptors(build: Builder, most: int) -> None:
    """With hardly more descriptors than Python needs to start the answer is the same."""
    few = build(*limited(f"-n {most}"))
    assert few.added == build().added


def test_the_machine_at_hand_with_few_descriptors(build: Builder) -> None:
    """Where no tool can be asked, that is in the record, and the install goes on."""
    built = build.with_variables(TORCH_VARIANT_HARDWARE="")(*limited("-n 8"))
    assert built.record["hardware"]["sources"]


@pytest.mark.parametrize("locale", [ASCII, {"LC_ALL": "xx_YY.none"}], ids=["ascii", "unknown"])
def test_locale(build: Builder, locale: dict[str, str]) -> None:
    """A locale without UTF-8, and names that are no UTF-8, change nothing."""
    cache = str(build.sandbox.folder / LATIN)
    odd = {**locale, "TORCH_VARIANT_CACHE_DIR": cache, "MY_" + LATIN: LATIN}
    build.sandbox.write("full", ('name = "my-app"', 'name = "my-app"\ndescription = "Für Ada"'))

    built = build.with_variables(**odd)()

    assert built.added == build().added
    assert [*Path(cache).iterdir()]


@pytest.mark.parametrize("command", ["explain", "status", "doctor"])
def test_locale_of_a_person(build: Builder, command: str) -> None:
    """Every command can print what it has to say, in a folder whose name is no UTF-8."""
    folder = build.sandbox.folder / LATIN
    build.sandbox.project.rename(folder)
    machine = build.sandbox.on(**ASCII)

    fails = command == "status"  # it tells that nothing is installed
    output = machine.run(sys.executable, "-m", "hatch_torch", command, folder=folder, fails=fails)

    assert "NVIDIA GeForce RTX 4090" in output
    assert "Traceback" not in output
