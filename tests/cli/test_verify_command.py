"""`hatch-torch verify`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    from tests.cli.conftest import Environment

    Run = Callable[..., tuple[int, str]]

CUDA = {
    "system": "Linux",
    "machine": "x86_64",
    "accelerators": [{"vendor": "nvidia", "name": "RTX 4090", "architecture": "sm_89"}],
    "nvidia": {"driver": "580.95.05"},
}
ANSWER = {
    "torch": "2.6.0+cu124",
    "built_for": "12.4",
    "device": "cuda:0",
    "name": "RTX 4090",
    "devices": 2,
    "memory_mib": 24564,
    "code": ["sm_50"],
    "difference": 1e-7,
    "seconds": 0.00025,
    "error": None,
}


def test_no_torch(run: Run, environment: Environment) -> None:
    """Without torch there is nothing to verify, with exit code 1."""
    environment.answer("")
    for words in (("verify",), ("verify", "--run")):
        code, output = run(*words)
        assert code == 1
        assert "torch is not installed" in output


def test_by_the_tables(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--run` the tables tell what the wheel holds, and whether it is for this machine."""
    environment.install("torch", "2.6.0+cu124")
    code, output = run("verify")
    assert code == 1
    assert "no NVIDIA GPU" in output
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    code, output = run("verify")
    assert code == 0
    assert "built for    sm_50, sm_60" in output
    assert "RTX 4090 (sm_89)" in output


def test_a_cpus_torch(run: Run, environment: Environment) -> None:
    """A CPU's wheel holds no machine code for a device; one that does not load has its error."""
    environment.install("torch", "2.6.0+cpu")
    code, output = run("verify")
    assert code == 0
    assert "built for" not in output
    environment.answer("Segmentation fault")
    code, output = run("verify", "--run")
    assert code == 1
    assert "torch does not load: Segmentation fault" in output


def test_by_running(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--run` torch's own answer counts."""
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.install("torch", "2.6.0+cu124")
    environment.answer(json.dumps(ANSWER))
    code, output = run("verify", "--run")
    assert code == 0
    assert "cuda:0, RTX 4090, 24 GiB\n  devices  2\n" in output
    assert "1.0e-07 off the CPU's, in 0.2 ms" in output or "in 0.3 ms" in output


def test_for_a_program(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` is one object, with torch's answer where it was run and the findings."""
    code, output = run("verify", "--json")
    assert (code, json.loads(output)["torch"]) == (1, None)
    environment.install("torch", "2.6.0+cu124")
    code, output = run("verify", "--json")
    told = json.loads(output)
    assert (code, told["computed"], told["built_for"][0]) == (1, None, "sm_50")
    assert "no NVIDIA GPU" in told["findings"][0]["why"]
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.answer(json.dumps(ANSWER))
    code, output = run("verify", "--run", "--json")
    told = json.loads(output)
    assert (code, told["findings"], told["computed"]) == (0, [], ANSWER)
    assert (told["torch"], told["backend"]) == ("2.6.0+cu124", "cu124")


def test_no_kernels(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel without kernels for the device is told in plain words."""
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.install("torch", "2.6.0+cu124")
    error = "RuntimeError: CUDA error: no kernel image is available for execution on the device"
    fault = {**ANSWER, "seconds": None, "difference": None, "error": error}
    environment.answer(json.dumps(fault))
    code, output = run("verify", "--run")
    assert code == 1
    assert "torch 2.6.0+cu124 has no kernels for RTX 4090; it was built for sm_50" in output
