"""`hatch-torch init`."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Callable

    Init = Callable[..., tuple[int, str]]

PROJECT = """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "my-app"
version = "1.0"
dependencies = ["torch"]  # the newest
"""


@pytest.fixture
def init(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Init:
    """Return a function that runs the command in a project, with the user's answer."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, answer: str = "") -> tuple[int, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        code = main(["init", *arguments])
        captured = capsys.readouterr()
        return code, captured.out + captured.err

    return run


def files() -> dict[str, str]:
    """Return the project's files."""
    return {path.name: path.read_text("utf-8") for path in Path().iterdir() if path.is_file()}


def test_shows_and_asks(init: Init) -> None:
    """The changes are shown as a diff, and written if the user agrees."""
    code, output = init(answer="y\n")
    assert code == 0
    for line in (
        '-requires = ["hatchling"]',
        '+requires = ["hatchling", "hatch-torch"]',
        "+[tool.hatch.build.hooks.torch-variant]",
        "+.torch-variant.stamp",
        "Write these changes? [y/N]",
        "pyproject.toml: written",
    ):
        assert line in output
    assert files().keys() == {"pyproject.toml", ".gitignore"}
    assert "# the newest" in files()["pyproject.toml"]


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "what\n"])
def test_writes_nothing_without_consent(init: Init, answer: str) -> None:
    """Every answer but yes is a no, and so is a missing answer."""
    code, output = init(answer=answer)
    assert (code, files()) == (1, {"pyproject.toml": PROJECT})
    assert output.endswith("nothing written\n")


def test_dry_run(init: Init) -> None:
    """`--dry-run` shows the changes, asks nothing and writes nothing."""
    code, output = init("--dry-run", "--yes")
    assert (code, files()) == (0, {"pyproject.toml": PROJECT})
    assert "+[tool.hatch.build.hooks.torch-variant]" in output


def test_already_set_up(init: Init) -> None:
    """A second run reports that nothing is missing."""
    assert init("--yes", "--backends", "cu126,cpu")[0] == 0
    before = files()
    assert init("--backends", "cpu") == (0, "pyproject.toml: already set up\n")
    assert files() == before


def test_smallest(init: Init) -> None:
    """`--smallest` adds the build hook only, and excludes `--backends`."""
    assert init("--smallest", "--yes")[0] == 0
    assert files()["pyproject.toml"].endswith("\n\n[tool.hatch.build.hooks.torch-variant]\n")
    with pytest.raises(SystemExit):
        init("--smallest", "--backends", "cpu")


def test_another_folder(init: Init, tmp_path: Path) -> None:
    """The project may be elsewhere; `.gitignore` is written if a parent folder has git."""
    folder = tmp_path / "packages" / "app"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    assert init("packages/app", "--yes")[0] == 0
    assert (folder / ".gitignore").read_text("utf-8") == ".torch-variant.stamp\n"
    assert files() == {"pyproject.toml": PROJECT}


def test_keeps_mode_link_and_line_ends(init: Init, tmp_path: Path) -> None:
    """The file keeps its mode, its link and its line ends."""
    real = tmp_path / "elsewhere.toml"
    real.write_bytes(PROJECT.replace("\n", "\r\n").encode())
    real.chmod(0o640)
    Path("pyproject.toml").unlink()
    Path("pyproject.toml").symlink_to(real)
    assert init("--yes")[0] == 0
    assert Path("pyproject.toml").is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    text = real.read_bytes()
    assert text.count(b"\n") == text.count(b"\r\n") > PROJECT.count("\n")


def test_edited_in_the_meantime(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit made while the question was open is not overwritten."""

    def answer(_question: str) -> str:
        Path("pyproject.toml").write_text(f"{PROJECT}# mine\n", encoding="utf-8")
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    code, output = init()
    assert code == 2
    assert "the file has changed in the meantime" in output
    assert files() == {"pyproject.toml": f"{PROJECT}# mine\n"}


def test_read_only_folder(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed write is an error, and leaves nothing behind."""

    def fail(_path: Path, _target: Path) -> None:
        raise OSError(30, "Read-only file system", "pyproject.toml")

    monkeypatch.setattr(Path, "replace", fail)
    code, output = init("--yes")
    assert code == 2
    assert output.endswith("pyproject.toml: Read-only file system; not written\n")
    assert files() == {"pyproject.toml": PROJECT}


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, "pyproject.toml: file not found"),
        (b"\xff", "codec can't decode"),
        (b"[project", "pyproject.toml: "),
        (
            b"[build-system]\nbuild-backend = 'flit_core.buildapi'\n",
            "Flit ('flit_core.buildapi') does not let plugins add requirements",
        ),
    ],
)
def test_invalid_projects(init: Init, content: bytes | None, error: str) -> None:
    """A project that cannot be set up is an error (exit code 2); nothing is written."""
    path = Path("pyproject.toml")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    code, output = init("--yes")
    assert code == 2
    assert error in output
    assert not Path(".gitignore").exists()


def test_unknown_backend(init: Init) -> None:
    """An unknown backend is a usage error."""
    code, output = init("--backends", "cpu,gpu")
    assert (code, "--backends: expected cpu or a backend" in output) == (2, True)


@pytest.mark.parametrize("missing", ["tomlkit", "hatch_torch.init.hatch_tables"])
def test_without_tomlkit(init: Init, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without tomlkit the error says what to install; other import errors are not hidden."""
    for module in [
        name for name in sys.modules if name.startswith(("hatch_torch.init", "tomlkit"))
    ]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "tomlkit":
        code, output = init("--yes")
        assert (code, "pip install 'hatch-torch[cli]'" in output) == (2, True)
    else:
        with pytest.raises(ModuleNotFoundError):
            init("--yes")
    assert files() == {"pyproject.toml": PROJECT}


def test_colors(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal added lines are green, unless NO_COLOR is set."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert '\033[32m+requires = ["hatchling", "hatch-torch"]\033[0m' in init("--dry-run")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[32m" not in init("--dry-run")[1]
