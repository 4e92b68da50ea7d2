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
    return ["-".join(one["file"].split("-")[:2]) for one in found["wheels"]]


def present(folder: Path) -> list[str]:
    """Return the names and versions of the files in the wheelhouse."""
    return sorted("-".join(path.name.split("-")[:2]) for path in (folder / "wheels").iterdir())


def test_the_family_for_another_machine(downloaded: Downloaded, tmp_path: Path) -> None:
    """The project's family is fetched for what is asked for, and is not fetched again."""
    found = downloaded(*CUDA)
    assert found["backend"] == "cu126"
    assert files(found) == ["torch-2.6.0+cu126", "torchvision-0.21.0+cu126"]
    assert [one["how"] for one in found["wheels"]] == ["fetched", "fetched"]
    assert present(tmp_path) == ["torch-2.6.0+cu126", "torchvision-0.21.0+cu126"]
    assert [one["how"] for one in downloaded(*CUDA)["wheels"]] == ["there", "there"]


def test_what_only_the_index_serves(downloaded: Downloaded) -> None:
    """The triton of ROCm comes along, and requirements need no project."""
    found = downloaded("--backend", "rocm6.2.4", *ELSEWHERE, "torch==2.6.0")
    assert files(found) == ["torch-2.6.0+rocm6.2.4", "pytorch_triton_rocm-3.2.0"]


def test_the_rest(downloaded: Downloaded, tmp_path: Path) -> None:
    """The line for everything else names the versions, the platform, and what a build needs."""
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
    """A free-threaded Python has its own ABI, and a Mac one platform that pip extends."""
    free = ("--backend", "cpu", "--python", "3.13t", "--platform", "win_amd64", "torch")
    words = shlex.split(downloaded(*free)["rest"])
    assert words[7:15] == [
        *("--python-version", "3.13", "--abi", "cp313t", "--abi", "none"),
        *("--platform", "win_amd64"),
    ]
    mac = downloaded("--backend", "cpu", "--python", "3.12", "--platform", "macos_arm64", "torch")
    assert mac["rest"].count("--platform macosx_") == 1


def test_requirements_files(downloaded: Downloaded, run: Run, tmp_path: Path) -> None:
    """Files of requirements, and the constraints that they name, count."""
    (tmp_path / "needs.txt").write_text("torchaudio\n-c bounds.txt\nflask\n", encoding="utf-8")
    (tmp_path / "bounds.txt").write_text("torch<2.6\n", encoding="utf-8")
    found = downloaded(*CUDA[2:], "--backend", "cpu", "-r", "needs.txt")
    assert files(found) == ["torch-2.5.1+cpu", "torchaudio-2.5.1+cpu"]
    assert found["rest"].endswith(" torch==2.5.1+cpu torchaudio==2.5.1+cpu flask")
    assert run("download", "-r", "nowhere.txt")[0] == 2


def test_members_of_extras(downloaded: Downloaded, tmp_path: Path) -> None:
    """What an extra asks for is fetched too, but nothing of another backend's extra."""
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
    """What runs on every node is fetched."""
    found = downloaded("--hardware", "pascal.json", "ada.json", "--python", "3.12")
    assert found["backend"] == "cu124"


def test_what_is_locked(downloaded: Downloaded, run: Run, tmp_path: Path) -> None:
    """Where a lock decides, its wheels are fetched."""
    run("lock", "--backend", "cpu", *ELSEWHERE)
    path = tmp_path / "torch-variant.lock"
    assert "2.6.0+cpu" in path.read_text(encoding="utf-8")
    assert files(downloaded("--backend", "cpu", *ELSEWHERE))[0] == "torch-2.6.0+cpu"


def test_a_mirror_that_asks_for_a_password(
    downloaded: Downloaded, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    """We fetch by ourselves: a password that no installer would find is enough, and is not told."""
    mirror = index.torch_index.replace("//", "//me:secret@")
    monkeypatch.setenv("TORCH_VARIANT_INDEX_URL", mirror)
    found = downloaded(*CUDA)
    assert [one["how"] for one in found["wheels"]] == ["fetched", "fetched"]
    assert "secret" not in json.dumps(found)


def test_the_screen(run: Run) -> None:
    """A person sees the files, their progress, and the line for the rest."""
    code, told = run("download", "-d", "wheels", *CUDA)
    assert code == 0
    assert "cu126, Python 3.12 on linux_x86_64" in told
    assert "fetched" in told
    assert "pip download -d wheels" in told


def test_nothing_to_fetch(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing is decided there is nothing to fetch, and the reason is told."""
    code, told = run("download", "flask", *CUDA)
    assert (code, "nothing that is installed here requires torch" in told) == (3, True)
    monkeypatch.setenv("TORCH_VARIANT", "portable")
    code, told = run("download")
    assert (code, "TORCH_VARIANT asks for nothing" in told) == (3, True)


def test_what_is_missing(run: Run, index: EmbeddedIndex, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel that cannot be fetched is told, and the code says so."""
    answer = index.answer

    def without(method: str, path: str, *, whole: bool) -> Any:  # noqa: ANN401 (handed on)
        path = "/whl/gone" if path.endswith(".whl") and "vision" in path else path
        return answer(method, path, whole=whole)

    monkeypatch.setattr(index, "answer", without)
    code, told = run("download", "-d", "wheels", *CUDA)
    assert (code, "missing" in told) == (3, True)
    code, told = run("download", "-d", "wheels", "--json", *CUDA)
    assert code == 3
    assert [one["how"] for one in json.loads(told)["wheels"]] == ["there", "missing"]


def test_no_hash(run: Run) -> None:
    """A wheel for which the index gives no hash is noted."""
    code, told = run("download", "-d", "wheels", "--backend", "cpu", *ELSEWHERE, "torch==2.2.0")
    assert code == 0
    assert "the index gives no hash for torch-2.2.0+cpu-cp312" in told
