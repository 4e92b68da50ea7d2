"""`hatch-torch export`."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str]]

PASCAL = ("--hardware", "pascal.json", "--python", "3.12")
HEADER = "# hatch-torch export: cu126 (detection) for linux_x86_64, Python 3.12"
EXTRAS = """
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.4,<2.7"]
dynamic = ["optional-dependencies"]
[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]
[tool.torch-variant.extras.cu126]
[tool.torch-variant.extras.cpu]
"""


@pytest.fixture
def export(run: Run) -> Run:
    """Return a function that exports for a machine with an old GPU."""

    def command(form: str, *arguments: str) -> tuple[int, str]:
        return run("export", "--format", form, *PASCAL, *arguments)

    return command


def names(text: str) -> list[str]:
    """Return the names of the requirements in a text."""
    lines = (line for line in text.splitlines() if not line.startswith("#"))
    return [line.split(" @ ")[0] for line in lines]


def test_requirements(export: Run) -> None:
    """The project's requirements are pinned for a machine, to stdout."""
    code, text = export("requirements")
    assert (code, text.splitlines()[0]) == (0, HEADER)
    assert names(text) == ["torch", "torchvision"]
    assert "cu126/torch-2.6.0%2Bcu126-cp312" in text


def test_lock(export: Run, run: Run) -> None:
    """With a lock, an export names the same index."""
    asked = ("command", "--backend", "cpu")
    without = export(*asked)
    single_target = ("--backend", "cpu", "--python", "3.12", "--platform", "linux_x86_64")
    assert run("lock", *single_target)[0] == 0
    assert export(*asked) == without


def test_command(export: Run) -> None:
    """The command is one line and nothing else."""
    code, text = export("command", "--backend", "cpu")
    assert code == 0
    assert text.startswith("pip install torch==2.6.0 torchvision==0.21.0 --index-url http://")
    assert text.endswith("/whl/cpu\n")


def test_nested_files(export: Run, tmp_path: Path) -> None:
    """Requirements and constraints of nested files take part."""
    (tmp_path / "base.txt").write_text("torch>=2.4\n-c bounds.txt\n", encoding="utf-8")
    (tmp_path / "bounds.txt").write_text("torch<2.6\n", encoding="utf-8")
    file = tmp_path / "requirements.txt"
    file.write_text("gradio\ntorchaudio\n-r base.txt\nxformers\n", encoding="utf-8")

    code, text = export("requirements", "-r", str(file))

    assert code == 0
    assert names(text) == ["torch", "gradio", "torchaudio", "-r base.txt", "xformers"]
    assert "torch-2.5.1%2B" in text


def test_file_without_torch(export: Run, tmp_path: Path) -> None:
    """A file without torch stays as it is; `--require` adds torch in front."""
    file = tmp_path / "requirements.txt"
    file.write_bytes(b"gradio\r\n")
    _, text = export("requirements", "-r", str(file))
    assert names(text) == ["gradio"]
    assert "this install does not depend on torch" in text
    _, text = export("requirements", "-r", str(file), "--require", "torch<2.5")
    assert names(text) == ["torch", "gradio"]


def test_file_and_project(export: Run, tmp_path: Path) -> None:
    """The requirements of project and file are intersected."""
    (tmp_path / "requirements.txt").write_text("torch\n", encoding="utf-8")
    _, text = export("requirements", str(tmp_path), "-r", "requirements.txt")
    assert "torch-2.6.0%2Bcu126" in text


def test_output(export: Run, tmp_path: Path) -> None:
    """A file is written, and overwritten if this command wrote it."""
    target = tmp_path / "requirements.txt"
    export("requirements", "-o", str(target))
    first = target.read_text(encoding="utf-8")
    assert names(first) == ["torch", "torchvision"]
    assert export("requirements", "-o", str(target), "--require", "torch<2.5")[0] == 0
    assert first != target.read_text(encoding="utf-8")


def test_output_folder(export: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder, the file name contains the backend."""
    hashed = ("--python", "3.13")
    assert export("pylock", *hashed, "-o", str(tmp_path))[0] == 0
    assert (tmp_path / "pylock.cu126.toml").is_file()
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    assert export("constraints", "-o", str(tmp_path))[0] == 0
    assert (tmp_path / "constraints.portable.txt").is_file()


def test_output_encoding(export: Run, tmp_path: Path) -> None:
    """A rewritten file keeps its encoding; other formats are UTF-8."""
    file = tmp_path / "requirements.txt"
    file.write_bytes(codecs.BOM_UTF16_LE + "torch<2.7\r\n".encode("utf-16-le"))
    for form, encoding in (("requirements", "utf-16"), ("constraints", "utf-8")):
        target = tmp_path / form
        assert export(form, "-r", str(file), "-o", str(target))[0] == 0
        assert target.read_text(encoding=encoding).startswith(HEADER)


def test_keeps_files_of_others(export: Run, tmp_path: Path) -> None:
    """Only `--force` overwrites a file that hatch-torch did not write."""
    target = tmp_path / "requirements.txt"
    target.write_text("torch\n", encoding="utf-8")

    code, text = export("requirements", "-r", str(target), "-o", str(target))

    assert (code, "use --force to overwrite it" in text) == (2, True)
    assert target.read_text(encoding="utf-8") == "torch\n"
    assert export("requirements", "-r", str(target), "-o", str(target), "--force")[0] == 0
    assert target.read_text(encoding="utf-8").startswith(HEADER)


def test_notices(export: Run, tmp_path: Path) -> None:
    """Notices are warnings on stderr, not part of the output."""
    (tmp_path / "base.txt").write_text("torch\n", encoding="utf-8")
    (tmp_path / "requirements.txt").write_text("-r base.txt\nxformers\n", encoding="utf-8")
    (tmp_path / "made").mkdir()
    code, output = export("requirements", "-r", "requirements.txt", "-o", "made/a.txt")
    assert code == 0
    assert "line 1 has a relative path" in output
    assert "xformers is unchanged" in output
    assert "line 1" not in export("requirements", "-r", "requirements.txt", "-o", "a.txt")[1]


def test_extra_and_uv(export: Run, tmp_path: Path) -> None:
    """A project with backend extras: the extra's name, and uv tables without an index."""
    (tmp_path / "pyproject.toml").write_text(EXTRAS, encoding="utf-8")
    assert export("extra") == (0, "cu126\n")
    code, text = export("uv", "--index-url", "http://127.0.0.1:9/whl")
    assert code == 0
    assert 'url = "http://127.0.0.1:9/whl/cu126"' in text


def test_no_secrets(export: Run, tmp_path: Path) -> None:
    """User and password of an index are not written."""
    (tmp_path / "pyproject.toml").write_text(EXTRAS, encoding="utf-8")
    _, text = export("uv", "--index-url", "http://user:secret@127.0.0.1:9/whl")
    assert 'url = "http://127.0.0.1:9/whl/cpu"' in text
    assert "secret" not in text


@pytest.mark.parametrize(
    "arguments",
    [
        ("requirements", "-r", "nowhere.txt"),
        ("requirements", "-o", "nowhere/requirements.txt"),
        ("pylock", "-o", "pylock.cu12.6.toml"),
        ("extra",),
    ],
)
def test_invalid_options(export: Run, arguments: tuple[str, ...]) -> None:
    """An invalid option is a usage error."""
    code, output = export(*arguments)
    assert (code, output.startswith("error: ")) == (2, True)


def test_pylock_without_decision(export: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pylock file needs a decision."""
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    assert export("pylock")[0] == 3


def test_hashes_are_for_requirements(run: Run) -> None:
    """Only the format of requirements has an option for hashes."""
    code, output = run("export", "--format", "uv", "--hashes")
    assert code == 2
    assert output.startswith("error: --hashes: expected --format requirements, got uv")
