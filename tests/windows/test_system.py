"""What Windows does its own way: processes, code pages, files, paths and shells."""

from __future__ import annotations

import json
from textwrap import dedent
from typing import TYPE_CHECKING, Any

import pytest

from tests.windows.wine import ENVIRONMENT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.windows.wine import Windows

    RunPython = Callable[..., Any]

pytestmark = [pytest.mark.end_to_end, pytest.mark.windows]

PYTHON = rf"{ENVIRONMENT}\Scripts\python.exe"


@pytest.fixture
def run_python(windows: Windows, scripts: Path, folder: Path) -> RunPython:
    """Return a function that runs a script in an empty folder, and returns what it prints."""
    assert scripts.is_dir()

    def run(source: str, *prefix: str, environ: Mapping[str, str] | None = None) -> Any:  # noqa: ANN401 (it is JSON)
        script = folder / "script.py"
        script.write_text("import json\n" + dedent(source), encoding="utf-8")
        command = (*prefix, PYTHON, "script.py", "a b", 'c"d')
        completed = windows.run(*command, folder=folder, environ=environ)
        assert completed.exit_code == 0, completed.output
        return json.loads(completed.output)

    return run


def test_ancestors(run_python: RunPython) -> None:
    """Command line, folder and variables of each ancestor, whose names ignore case."""
    source = """
        from hatch_torch.frontend.process_tree import get_ancestors
        print(json.dumps([[p.argv, p.cwd, p.environ.get("MY_NAME")] for p in get_ancestors()]))
    """
    python, *others = run_python(source, "cmd.exe", "/c", environ={"My_Name": "é"})

    argv, folder, value = python
    assert argv[1:] == ["script.py", "a b", 'c"d']
    assert folder.startswith("C:\\tests\\café au lait\\")
    assert value == "é"
    assert any(argv[0].lower().endswith("cmd.exe") for argv, _, _ in others)


def test_cmd_reads_a_printed_line(run_python: RunPython) -> None:
    """A line for copying gives a program its words and its variable again, through cmd."""
    source = """
        import os, subprocess, sys
        from hatch_torch.frontend.shell import find_shell, join_command
        words = ["torch>=2.3", "a b", "it's", "x[y]", "a&b", "C:\\\\a b\\\\", 'say "so"', ""]
        show = "import json,os,sys; print(json.dumps([sys.argv[1:], os.environ['A']]))"
        line = join_command([sys.executable, "-c", show, *words], {"A": "b c"})
        open("line.bat", "w", encoding="ascii").write("@" + line.replace(" && ", "\\n@"))
        said = subprocess.run(["cmd.exe", "/c", "line.bat"], capture_output=True, text=True).stdout
        print(json.dumps([find_shell(), words, json.loads(said)]))
    """
    shell, words, (actual, variable) = run_python(source, "cmd.exe", "/c")

    assert shell == "cmd"
    assert actual == words
    assert variable == "b c"


@pytest.mark.parametrize(("environ", "code_page"), [({}, "cp1252"), ({"PYTHONUTF8": "1"}, "utf-8")])
def test_code_pages(
    windows: Windows, scripts: Path, folder: Path, environ: dict[str, str], code_page: str
) -> None:
    """A path that the code page can't spell does not end a command that prints it."""
    project = folder / "тест é"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n', "utf-8")

    completed = windows.run(
        scripts / "hatch-torch.exe",
        *("init", "--dry-run", project),
        environ=environ,
        code_page=code_page,
    )

    assert completed.exit_code == 0, completed.output
    assert "Traceback" not in completed.output


def test_file_held_open(run_python: RunPython) -> None:
    """A cache entry that another handle holds open is replaced once it is closed."""
    source = """
        from pathlib import Path
        from threading import Timer
        from hatch_torch._files import write_atomically
        from hatch_torch.index.http_cache import Cache, CachedResponse
        cache, page = Cache(Path("cache")), CachedResponse("https://x.org/", 200, b"new")
        cache.write("key", page._replace(body=b"old"))
        (entry,) = cache.entries()
        held = entry.open("rb")
        Timer(0.2, held.close).start()
        cache.write("key", page)
        later = cache.read("key").body.decode()
        held = entry.open("rb")
        cache.write("key", page._replace(body=b"never"))
        print(json.dumps([later, cache.notes, [path.name[0] for path in Path("cache").iterdir()]]))
    """
    later, notes, names = run_python(source)

    assert later == "new"
    assert len(notes) == 1
    assert "it cannot be written" in notes[0]
    assert "." not in names


def test_many_writers(run_python: RunPython) -> None:
    """Writers of one entry wait for each other; a reader gets a whole entry, or none for now."""
    source = """
        from concurrent.futures import ThreadPoolExecutor
        from pathlib import Path
        from hatch_torch.index.http_cache import Cache, CachedResponse
        cache, page = Cache(Path("cache")), CachedResponse("https://x.org/", 200)
        versions = [page._replace(body=bytes([n]) * 50_000) for n in range(4)]
        def work(version):
            cache.write("key", version)
            return Cache(Path("cache")).read("key") in (None, *versions)
        with ThreadPoolExecutor(4) as pool:
            are_whole = all(pool.map(work, versions * 8))
        print(json.dumps([are_whole, cache.notes, len([*Path("cache").iterdir()])]))
    """
    assert run_python(source) == [True, [], 1]


def test_paths(run_python: RunPython) -> None:
    r"""Projects are found by `\\?\`, by `/`, in any case, and in paths over 260 characters."""
    source = r"""
        import os
        from pathlib import Path
        from hatch_torch.config.pyproject import read_toml
        deep = Path.cwd().joinpath(*["d" * 40] * 6)
        extended = Path("\\\\?\\" + str(deep))
        extended.mkdir(parents=True)
        text = '[project]\nname = "deep"\n'
        (extended / "pyproject.toml").write_text(text, encoding="utf-8")
        Path("pyproject.toml").write_text(text, encoding="utf-8")
        paths = [extended, Path(Path.cwd().as_posix()), Path(str(Path.cwd()).upper())]
        names = [read_toml(path / "pyproject.toml")["project"]["name"] for path in paths]
        print(json.dumps([len(str(deep)), names]))
    """
    length, names = run_python(source)

    assert length > 260
    assert names == ["deep"] * 3


def test_without_symlinks(run_python: RunPython) -> None:
    """The stamp for uv's cache is written where a user may make no symlinks."""
    source = """
        import os
        from pathlib import Path
        from hatch_torch.frontend import uv_cache
        def refuse(*_, **__):
            raise OSError(1314, "A required privilege is not held by the client")
        os.symlink = Path.symlink_to = refuse
        uv_cache.write_stamp(Path.cwd())
        print(json.dumps(Path(".torch-variant.stamp").is_file()))
    """
    assert run_python(source) is True


def test_activated_environment(windows: Windows, scripts: Path, folder: Path) -> None:
    """After `activate.bat` the environment is the one that commands look at."""
    (folder / "status.bat").write_text(
        f'@call "{windows.to_windows(scripts)}\\activate.bat"\r\n@hatch-torch status --json\r\n'
    )

    output = windows.check("cmd.exe", "/c", folder / "status.bat")

    # Wine's cmd prints its prompt before.
    status = json.loads(output[output.index("{") :])
    assert status["environment"].lower() == ENVIRONMENT.lower()
