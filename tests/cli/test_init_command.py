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
    """Return a function that runs the command in a project, where a user answers."""
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
    """The changes are shown as a diff, and written when the user says so."""
    code, output = init(answer="y\n")
    assert code == 0
    for line in (
        '-requires = ["hatchling"]',
        '+requires = ["hatchling", "hatch-torch"]',
        "+[tool.hatch.build.hooks.torch-variant]",
        "+.torch-variant.stamp",
        "Write this? [y/N]",
        "pyproject.toml: written",
    ):
        assert line in output
    assert files().keys() == {"pyproject.toml", ".gitignore"}
    assert "# the newest" in files()["pyproject.toml"]


@pytest.mark.parametrize("answer", ["", "\n", "n\n", "what\n"])
def test_writes_nothing_without_consent(init: Init, answer: str) -> None:
    """Whatever is no yes is a no, and so is nobody to answer."""
    code, output = init(answer=answer)
    assert (code, files()) == (1, {"pyproject.toml": PROJECT})
    assert output.endswith("nothing was written\n")


def test_dry_run(init: Init) -> None:
    """A look at the changes asks nothing and writes nothing."""
    code, output = init("--dry-run", "--yes")
    assert (code, files()) == (0, {"pyproject.toml": PROJECT})
    assert "+[tool.hatch.build.hooks.torch-variant]" in output


def test_already_set_up(init: Init) -> None:
    """A second run says so."""
    assert init("--yes", "--backends", "cu126,cpu")[0] == 0
    before = files()
    assert init("--backends", "cpu") == (0, "pyproject.toml: already set up\n")
    assert files() == before


def test_smallest(init: Init) -> None:
    """`--smallest` is the build hook, and goes with no backends."""
    assert init("--smallest", "--yes")[0] == 0
    assert files()["pyproject.toml"].endswith("\n\n[tool.hatch.build.hooks.torch-variant]\n")
    with pytest.raises(SystemExit):
        init("--smallest", "--backends", "cpu")


def test_another_folder(init: Init, tmp_path: Path) -> None:
    """The project may lie elsewhere; a `.gitignore` is written where there is git above."""
    folder = tmp_path / "packages" / "app"
    folder.mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    assert init("packages/app", "--yes")[0] == 0
    assert (folder / ".gitignore").read_text("utf-8") == ".torch-variant.stamp\n"
    assert files() == {"pyproject.toml": PROJECT}


def test_keeps_mode_link_and_ends_of_lines(init: Init, tmp_path: Path) -> None:
    """The file stays the file that it was."""
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


def test_edited_meanwhile(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """What somebody wrote while the question stood is not overwritten."""

    def answer(_question: str) -> str:
        Path("pyproject.toml").write_text(f"{PROJECT}# mine\n", encoding="utf-8")
        return "y"

    monkeypatch.setattr("builtins.input", answer)
    code, output = init()
    assert code == 2
    assert "it has changed meanwhile; run init again" in output
    assert files() == {"pyproject.toml": f"{PROJECT}# mine\n"}


def test_folder_that_forbids_it(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing can be written there is a sentence, and nothing left behind."""

    def fail(_path: Path, _target: Path) -> None:
        raise OSError(30, "Read-only file system", "pyproject.toml")

    monkeypatch.setattr(Path, "replace", fail)
    code, output = init("--yes")
    assert code == 2
    assert output.endswith("pyproject.toml: Read-only file system; not written\n")
    assert files() == {"pyproject.toml": PROJECT}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "pyproject.toml: there is no such file"),
        (b"\xff", "codec can't decode"),
        (b"[project", "pyproject.toml: "),
        (b"[build-system]\nbuild-backend = 'flit_core.buildapi'\n", "so that Flit builds it"),
    ],
)
def test_bad_projects(init: Init, content: bytes | None, told: str) -> None:
    """What cannot be set up is told, with exit code 2, and nothing is written."""
    path = Path("pyproject.toml")
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    code, output = init("--yes")
    assert code == 2
    assert told in output
    assert not Path(".gitignore").exists()


def test_bad_backends(init: Init) -> None:
    """A name that is no backend's is bad usage."""
    code, output = init("--backends", "cpu,gpu")
    assert (code, "--backends: found 'gpu'" in output) == (2, True)


@pytest.mark.parametrize("missing", ["tomlkit", "hatch_torch.init.hatch_tables"])
def test_without_tomlkit(init: Init, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """Without tomlkit one sentence says what to install; another failure is not hidden."""
    for name in [one for one in sys.modules if one.startswith(("hatch_torch.init", "tomlkit"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    if missing == "tomlkit":
        code, output = init("--yes")
        assert (code, "pip install 'hatch-torch[cli]'" in output) == (2, True)
    else:
        with pytest.raises(ModuleNotFoundError):
            init("--yes")
    assert files() == {"pyproject.toml": PROJECT}


def test_colours(init: Init, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal what comes is green, unless the user wants no colours."""
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert '\033[32m+requires = ["hatchling", "hatch-torch"]\033[0m' in init("--dry-run")[1]
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\033[32m" not in init("--dry-run")[1]
