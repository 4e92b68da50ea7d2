"""`hatch-torch` as people run it: real processes, their output, and their exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

PROFILE = {
    *("schema", "system", "machine", "libc", "python"),
    *("accelerators", "nvidia", "rocm", "sources", "signs"),
}
DECISION = {
    *("schema", "backend", "decided_by", "hardware"),
    *("candidates", "wheels", "index", "added", "bounds", "warnings"),
}
NO_RICH = 'raise ImportError("rich is not installed")\n'


def hatch_torch(sandbox: Sandbox, *arguments: str | Path, code: int = 0) -> tuple[str, str]:
    """Run `hatch-torch` in the checkout; return what it printed, and what it said beside that."""
    completed = subprocess.run(
        [sys.executable, "-m", "hatch_torch", *map(str, arguments)],
        cwd=sandbox.project,
        env={**sandbox.environ},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert completed.returncode == code, completed.stderr
    assert "Traceback" not in completed.stderr
    return completed.stdout, completed.stderr


def explained(sandbox: Sandbox, *arguments: str | Path) -> Any:  # noqa: ANN401 (it is JSON)
    """Return the decision that `explain --json` prints, and nothing else."""
    return json.loads(hatch_torch(sandbox, "explain", "--json", *arguments)[0])


def versions(decision: Any) -> dict[str, str]:  # noqa: ANN401 (it is JSON)
    """Return the versions of the wheels of a decision."""
    return {wheel["name"]: wheel["version"] for wheel in decision["wheels"]}


def machine(sandbox: Sandbox, name: str) -> str:
    """Return the path of a machine's profile."""
    return sandbox.on(name).environ["TORCH_VARIANT_HARDWARE"]


def test_detect(sandbox: Sandbox, tmp_path: Path) -> None:
    """`detect --json` prints a profile, which `explain --hardware` and a build take."""
    assert "accelerator" in hatch_torch(sandbox, "detect")[0]

    text, beside = hatch_torch(sandbox, "detect", "--json")

    assert json.loads(text).keys() == PROFILE
    assert beside == ""
    profile = tmp_path / "profile.json"
    profile.write_text(text, encoding="utf-8")
    decision = explained(sandbox, "--hardware", profile, "--python", "3.12")
    assert decision["hardware"]["machine"] == json.loads(text)["machine"]


@pytest.mark.parametrize("name", ["none", "rtx-4090", "mi300x"])
def test_explain_is_what_a_build_does(sandbox: Sandbox, name: str) -> None:
    """`explain` decides for a machine what the build then does on it, before and after."""
    here = sandbox.on(name, VIRTUAL_ENV=str(sandbox.python.parents[1]))
    decision = explained(here)
    assert decision.keys() == DECISION

    here.install("uv")

    record = here.record()
    assert {key: record[key] for key in DECISION} == decision
    assert here.exact().items() <= versions(decision).items()
    injected = explained(here)["added"]
    assert injected[0] == f"torch=={here.exact()['torch']}"


def test_explain_for_others(sandbox: Sandbox) -> None:
    """Other machines, Pythons, platforms, backends and indexes can be asked about."""
    cuda = machine(sandbox, "rtx-4090")

    decision = explained(sandbox, "--hardware", cuda, "--python", "3.12", "--platform", "win_amd64")

    assert versions(decision)["torch"] == "2.14.1+cu126"
    assert "-cp312-cp312-win_amd64.whl" in decision["wheels"][0]["url"]

    decision = explained(sandbox, "--backend", "rocm64", "--hardware", cuda)

    assert versions(decision)["torch"] == "2.9.1+rocm6.4"
    assert decision["decided_by"] == "--backend"


def test_explain_for_several_machines(sandbox: Sandbox, tmp_path: Path) -> None:
    """Of several machines, what fits all of them is told, for requirements without a project."""
    sandbox.project.rename(tmp_path / "away")
    sandbox.project.mkdir()
    both = (machine(sandbox, "rtx-4090"), machine(sandbox, "gtx-1080-ti"))
    closed = sandbox.on(TORCH_VARIANT_INDEX_URL="http://127.0.0.1:9/whl")
    options = (
        "--index-url",
        sandbox.index.torch_index,
        "--require",
        "torch>=2.3,<2.9",
        "torchaudio",
    )

    decision = explained(closed, "--hardware", *both, *options)

    assert versions(decision) == {"torch": "2.8.0+cu126", "torchaudio": "2.8.0+cu126"}
    reasons = {candidate["backend"]: candidate["reason"] for candidate in decision["candidates"]}
    assert "no machine code for NVIDIA GeForce GTX 1080 Ti (sm_61)" in reasons["cu128"]


def test_explain_a_folder(sandbox: Sandbox) -> None:
    """PROJECT names another folder; every backend gets a line with its reason on the screen."""
    printed, _ = hatch_torch(sandbox.on("rtx-4090", COLUMNS="200"), "explain", sandbox.project)

    assert "torch @ " in printed
    for backend in ("cu126", "cu128", "rocm7.0", "rocm6.4", "cpu"):
        assert backend in printed
    assert "runs on NVIDIA GeForce RTX 4090 (sm_89)" in printed
    assert "no AMD GPU" in printed


def test_without_rich(sandbox: Sandbox, tmp_path: Path) -> None:
    """Without rich a terminal's screen is plainer, and tells the same; a pipe never gets it."""
    (tmp_path / "without" / "rich").mkdir(parents=True)
    (tmp_path / "without" / "rich" / "__init__.py").write_text(NO_RICH, encoding="utf-8")
    terminal = sandbox.on("rtx-4090", COLUMNS="200", FORCE_COLOR="1", NO_COLOR="1", TERM="dumb")

    rich, _ = hatch_torch(terminal, "explain")
    plain, _ = hatch_torch(terminal.on(PYTHONPATH=str(tmp_path / "without")), "explain")
    piped, _ = hatch_torch(terminal.on(FORCE_COLOR=""), "explain")

    assert rich != plain
    assert piped == plain
    assert set(plain.split()) - {"-" * len(word) for word in plain.split()} <= set(rich.split())


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("explode",), 2, "did you mean 'export'?"),
        (("explain", "--platform", "amiga"), 2, "linux_x86_64"),
        (("explain", "--backend", "cu12x"), 2, "did you mean 'cu12"),
        (("explain", "--hardware", "nowhere.json"), 2, "nowhere.json"),
        (("explain", "--require", "torch >> 2"), 2, "torch >> 2"),
        (("explain", "nowhere"), 2, "pyproject.toml"),
        (("explain", "--json", "--require", "torch<2"), 3, "no torch fits"),
        (("explain", "--index-url", "http://127.0.0.1:9", "--backend", "cpu"), 3, "127.0.0.1:9"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)
def test_exit_codes(sandbox: Sandbox, arguments: tuple[str, ...], code: int, expected: str) -> None:
    """2 is bad usage or configuration, 3 is no answer; stdout stays clean."""
    printed, errors = hatch_torch(sandbox, *arguments, code=code)

    assert printed == ""
    assert expected in errors


def test_a_table_that_nothing_reads(sandbox: Sandbox) -> None:
    """Without any hook the build never comes to us, so `explain` tells it."""
    hooks = "[tool.hatch.metadata.hooks.torch-variant]\n[tool.hatch.build.hooks.torch-variant]\n"
    sandbox.write("full", (hooks, ""))

    _, errors = hatch_torch(sandbox, "explain", code=2)

    assert "tool.torch-variant: nothing reads this table" in errors
