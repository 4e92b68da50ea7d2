"""`hatch-torch download`."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from hatch_torch.demo.server import EmbeddedIndex

    Run = Callable[..., tuple[int, str]]
    Downloaded = Callable[..., Any]

ELSEWHERE = ("--python", "3.12", "--platform", "linux_x86_64")
CUDA = ("--backend", "cu126", *ELSEWHERE)


@pytest.fixture
def downloaded(run: Run) -> Downloaded:
    """Return a function that downloads into wheels/ and returns the JSON."""

    def download(*arguments: str) -> Any:  # noqa: ANN401 (it is JSON)
        code, output = run("download", "-d", "wheels", "--json", *arguments)
        assert code == 0, output
        return json.loads(output)

    return download


def files(found: Any) -> list[str]:  # noqa: ANN401 (it is JSON)
    """Return the names and versions of the wheels."""
    return ["-".join(wheel["file"].split("-")[:2]) for wheel in found["wheels"]]


def present(folder: Path) -> list[str]:
    """Return the names and versions of the files in the wheelhouse."""
    return sorted("-".join(path.name.split("-")[:2]) for path in (folder / "wheels").iterdir())


def test_family_for_another_machine(downloaded: Downloaded, tmp_path: Path) -> None:
    """The torch family is fetched for the given target, and only once."""
    found = downloaded(*CUDA)
    assert found["backend"] == "cu126"
    assert files(found) == ["torch-2.6.0+cu126", "torchvision-0.21.0+cu126"]
    assert [wheel["how"] for wheel in found["wheels"]] == ["fetched", "fetched"]
    assert present(tmp_path) == ["torch-2.6.0+cu126", "torchvision-0.21.0+cu126"]
    assert [wheel["how"] for wheel in downloaded(*CUDA)["wheels"]] == ["there", "there"]


def test_companions(downloaded: Downloaded) -> None:
    """ROCm's triton is fetched too; requirements need no project."""
    found = downloaded("--backend", "rocm6.2.4", *ELSEWHERE, "torch==2.6.0")
    assert files(found) == ["torch-2.6.0+rocm6.2.4", "pytorch_triton_rocm-3.2.0"]


def test_remaining_command(downloaded: Downloaded, tmp_path: Path) -> None:
    """The command for other packages has the pins, the platform, and the build requirements."""
    text = (tmp_path / "pyproject.toml").read_text(encoding="utf-8")
    text = text.replace('"torchvision"]', '"numpy", "pywin32 ; os_name == \'nt\'"]')
    (tmp_path / "pyproject.toml").write_text(text, encoding="utf-8")

    words = shlex.split(downloaded(*CUDA)["rest"])

    assert words[:6] == ["pip", "download", "-d", "wheels", "--find-links", "wheels"]
    assert words[6:9] == ["--only-binary=:all:", "--python-version", "3.12"]
    assert "manylinux_2_28_x86_64" in words
    asked = ["torch==2.6.0+cu126", "numpy", "hatchling", "hatch-torch", "editables"]
    assert words[-len(asked) :] == asked

    here = shlex.split(downloaded("--backend", "cpu", "torch")["rest"])
    assert "--platform" not in here
    assert len(here) == 8
    assert here[-1].startswith("torch==2.")


def test_other_pythons(downloaded: Downloaded) -> None:
    """A free-threaded Python has its own ABI; macOS has one platform, which pip extends."""
    free = ("--backend", "cpu", "--python", "3.13t", "--platform", "win_amd64", "torch")
    words = shlex.split(downloaded(*free)["rest"])
    assert words[7:15] == [
        *("--python-version", "3.13", "--abi", "cp313t", "--abi", "none"),
        *("--platform", "win_amd64"),
    ]
    mac = downloaded("--backend", "cpu", "--python", "3.12", "--platform", "macos_arm64", "torch")
    assert mac["rest"].count("--platform macosx_") == 1


def test_requirements_files(downloaded: Downloaded, run: Run, tmp_path: Path) -> None:
    """Requirements files and the constraints that they name take part."""
    (tmp_path / "needs.txt").write_text("torchaudio\n-c bounds.txt\nflask\n", encoding="utf-8")
    (tmp_path / "bounds.txt").write_text("torch<2.6\n", encoding="utf-8")
    found = downloaded(*CUDA[2:], "--backend", "cpu", "-r", "needs.txt")
    assert files(found) == ["torch-2.5.1+cpu", "torchaudio-2.5.1+cpu"]
    assert found["rest"].endswith(" torch==2.5.1+cpu torchaudio==2.5.1+cpu flask")
    assert run("download", "-r", "nowhere.txt")[0] == 2


def test_extras(downloaded: Downloaded, tmp_path: Path) -> None:
    """Wheels of ordinary extras are fetched too, but none of another backend's extra."""
    more = """
[tool.hatch.metadata.hooks.torch-variant]
[tool.torch-variant.extras.cu126]
[tool.torch-variant.extras.cpu]
[tool.torch-variant.optional-dependencies]
sound = ["torchaudio"]
"""
    path = tmp_path / "pyproject.toml"
    text = path.read_text(encoding="utf-8") + more
    text = text.replace('version = "1.0"', 'version = "1.0"\ndynamic = ["optional-dependencies"]')
    path.write_text(text, encoding="utf-8")
    assert files(downloaded(str(tmp_path), *CUDA)) == [
        "torch-2.6.0+cu126",
        "torchvision-0.21.0+cu126",
        "torchaudio-2.6.0+cu126",
    ]


def test_several_machines(downloaded: Downloaded) -> None:
    """The wheels that run on every node are fetched."""
    found = downloaded("--hardware", "pascal.json", "ada.json", "--python", "3.12")
    assert found["backend"] == "cu124"


def test_lock(downloaded: Downloaded, run: Run, tmp_path: Path) -> None:
    """With a lock, its wheels are fetched."""
    run("lock", "--backend", "cpu", *ELSEWHERE)
    path = tmp_path / "torch-variant.lock"
    assert "2.6.0+cpu" in path.read_text(encoding="utf-8")
    assert files(downloaded("--backend", "cpu", *ELSEWHERE))[0] == "torch-2.6.0+cpu"


def test_mirror_with_password(
    downloaded: Downloaded, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A password that only hatch-torch knows suffices, and is not printed."""
    mirror = index.torch_index.replace("//", "//me:secret@")
    monkeypatch.setenv("TORCH_VARIANT_INDEX_URL", mirror)
    found = downloaded(*CUDA)
    assert [wheel["how"] for wheel in found["wheels"]] == ["fetched", "fetched"]
    assert "secret" not in json.dumps(found)


def test_screen(run: Run) -> None:
    """The screen has the files, their state, and the command for other packages."""
    code, output = run("download", "-d", "wheels", *CUDA)
    assert code == 0
    assert "cu126, Python 3.12 on linux_x86_64" in output
    assert "fetched" in output
    assert "pip download -d wheels" in output


def test_nothing_to_download(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a decision there is nothing to download; the error has the reason."""
    code, output = run("download", "flask", *CUDA)
    assert (code, "nothing to download: this install does not depend on torch" in output) == (
        3,
        True,
    )
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, output = run("download")
    assert (code, "nothing to download: TORCH_VARIANT requests no wheels" in output) == (3, True)


def test_missing_wheel(run: Run, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that cannot be fetched is reported, with an exit code."""
    respond = index.respond

    def without(method: str, path: str, *, whole: bool) -> Any:  # noqa: ANN401 (handed on)
        path = "/whl/gone" if path.endswith(".whl") and "vision" in path else path
        return respond(method, path, whole=whole)

    monkeypatch.setattr(index, "respond", without)
    code, output = run("download", "-d", "wheels", *CUDA)
    assert (code, "missing" in output) == (3, True)
    code, output = run("download", "-d", "wheels", "--json", *CUDA)
    assert code == 3
    assert [wheel["how"] for wheel in json.loads(output)["wheels"]] == ["there", "missing"]


def test_missing_hash(run: Run) -> None:
    """A wheel without a hash in the index is noted."""
    code, output = run("download", "-d", "wheels", "--backend", "cpu", *ELSEWHERE, "torch==2.2.0")
    assert code == 0
    assert "the index gives no hash for torch-2.2.0+cpu-cp312" in output
