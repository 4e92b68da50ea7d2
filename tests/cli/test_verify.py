"""`hatch-torch verify`."""

from __future__ import annotations

import json
import re
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
RESULT = {
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
    """A missing torch is a finding."""
    environment.set_output("")
    for words in (("verify",), ("verify", "--run")):
        code, output = run(*words)
        assert code == 1
        assert "torch is not installed" in output


def test_static_check(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without `--run` the catalog decides whether the wheel fits this machine."""
    environment.install("torch", "2.6.0+cu124")
    code, output = run("verify")
    assert code == 1
    assert "no NVIDIA GPU" in output
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    code, output = run("verify")
    assert code == 0
    assert "built for    sm_50, sm_60" in output
    assert "RTX 4090 (sm_89)" in output


def test_cpu_torch(run: Run, environment: Environment) -> None:
    """A cpu wheel has no device architectures; a torch that crashes is a finding."""
    environment.install("torch", "2.6.0+cpu")
    code, output = run("verify")
    assert code == 0
    assert "built for" not in output
    environment.set_output("Segmentation fault")
    code, output = run("verify", "--run")
    assert code == 1
    assert "torch cannot be imported: Segmentation fault" in output


def test_run(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """With `--run` the result of the computation decides."""
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.install("torch", "2.6.0+cu124")
    environment.set_output(json.dumps(RESULT))
    code, output = run("verify", "--run")
    assert code == 0
    assert "cuda:0, RTX 4090, 24 GiB\n  devices  2\n" in output
    assert re.search(r"matmul   differs by 1\.0e-07 from the CPU's result \(0\.[23] ms\)", output)


def test_json(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--json` is one object with the result of `--run` and the findings."""
    code, output = run("verify", "--json")
    assert (code, json.loads(output)["torch"]) == (1, None)
    environment.install("torch", "2.6.0+cu124")
    code, output = run("verify", "--json")
    output = json.loads(output)
    assert (code, output["computed"], output["built_for"][0]) == (1, None, "sm_50")
    assert "no NVIDIA GPU" in output["findings"][0]["why"]
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.set_output(json.dumps(RESULT))
    code, output = run("verify", "--run", "--json")
    output = json.loads(output)
    assert (code, output["findings"], output["computed"]) == (0, [], RESULT)
    assert (output["torch"], output["backend"]) == ("2.6.0+cu124", "cu124")


def test_no_kernels(run: Run, environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wheel without kernels for the device is a finding."""
    monkeypatch.setenv("TORCH_VARIANT_HARDWARE", json.dumps(CUDA))
    environment.install("torch", "2.6.0+cu124")
    error = "RuntimeError: CUDA error: no kernel image is available for execution on the device"
    fault = {**RESULT, "seconds": None, "difference": None, "error": error}
    environment.set_output(json.dumps(fault))
    code, output = run("verify", "--run")
    assert code == 1
    assert "torch 2.6.0+cu124 has no kernels for RTX 4090; it is built for sm_50" in output
