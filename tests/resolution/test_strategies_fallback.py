"""The fallback without an accelerator, or without a wheel that runs on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog import load_table
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Hardware, ProbeReport, Rocm
from hatch_torch.resolution.strategies import interpret_hints

if TYPE_CHECKING:
    from tests.resolution.conftest import DecisionBench

PORTABLE = "no accelerator was found, and this is the build of a container image"


@pytest.mark.parametrize(
    ("policy", "signs", "backend", "warning"),
    [
        ("auto", (), "cpu", "no accelerator was found"),
        ("auto", ("ci",), "cpu", "no accelerator was found, and this is a CI job"),
        ("auto", ("image-build",), None, PORTABLE),
        ("auto", ("wsl", "container", "image-build"), None, PORTABLE),
        ("auto", ("image-build", "ci"), "cpu", "no accelerator was found, and this is a CI job"),
        ("auto", ("wsl",), "cpu", "no accelerator was found"),
        ("cpu", ("image-build",), "cpu", "no accelerator was found"),
        ("portable", ("ci",), None, "no accelerator was found"),
    ],
)
def test_no_accelerator(
    bench: DecisionBench, policy: str, signs: tuple[str, ...], backend: str | None, warning: str
) -> None:
    """The project's policy decides, and for "auto" the first environment hint with an effect."""
    config = bench.make_config(when_no_accelerator=policy)
    decision = bench.decide(Hardware(environment_hints=signs), "torch", config=config)
    assert (decision.backend and decision.backend.name) == backend
    assert decision.warnings == (warning,)


def test_no_accelerator_is_an_error(bench: DecisionBench) -> None:
    """A project can require an accelerator."""
    config = bench.make_config(when_no_accelerator="error")
    with pytest.raises(NoAnswerError, match='when-no-accelerator = "error"'):
        bench.decide("plain", "torch", config=config)


def test_old_graphics_of_intel(bench: DecisionBench) -> None:
    """Old graphics of Intel, which nearly every office machine has, are no accelerator."""
    config = bench.make_config(when_no_accelerator="portable", when_unsupported="error")
    assert bench.decide("uhd-630", "torch", config=config).backend is None


def test_rocm_without_a_gpu(bench: DecisionBench) -> None:
    """Where probes found no GPU, ROCm alone is no accelerator."""
    probed = Hardware(
        rocm=Rocm("6.4.1"),
        probe_reports=(ProbeReport("amd", "absent"),),
        environment_hints=("image-build",),
    )
    assert bench.decide(probed, "torch").backend is None


@pytest.mark.parametrize("machine", ["rtx-5090-on-580", "rx-580"])
def test_unsupported(bench: DecisionBench, machine: str) -> None:
    """Where no wheel in range runs on the accelerator, the CPU's is taken with a warning."""
    decision = bench.decide(machine, "torch<2.7")
    assert str(decision.backend) == "cpu"
    assert decision.warnings == ("no wheel in range runs on the accelerator of this machine",)


def test_unsupported_is_an_error(bench: DecisionBench) -> None:
    """A project can require that the accelerator is used."""
    config = bench.make_config(when_unsupported="error")
    with pytest.raises(NoAnswerError, match="no machine code for GeForce sm_120"):
        bench.decide("rtx-5090-on-580", "torch<2.7", config=config)


@pytest.mark.parametrize("machine", ["plain", "rtx-5090-on-580"])
def test_cpu_is_not_supported(bench: DecisionBench, machine: str) -> None:
    """The CPU's wheel is taken only where the project lists it."""
    with pytest.raises(NoAnswerError, match=r"add \[tool.torch-variant.extras.c"):
        bench.decide(machine, "torch", config=bench.make_config("cu124"))


def test_musl(bench: DecisionBench) -> None:
    """No wheel of PyTorch runs on musl."""
    with pytest.raises(NoAnswerError, match=r"need glibc, and this system has musl 1.2"):
        bench.decide("alpine", "torch")


@pytest.mark.parametrize("environ", [{"TORCH_VARIANT": "cuda"}, {}])
def test_family_without_a_wheel(bench: DecisionBench, environ: dict[str, str]) -> None:
    """A requested family is never replaced, nor the table's where it has no device."""
    config = bench.make_config(backend="cuda")
    with pytest.raises(NoAnswerError, match="no torch fits"):
        bench.decide("plain", "torch<1", config=config, environ=environ)


def test_family_of_the_table(bench: DecisionBench) -> None:
    """The table's family falls back to the CPU where nothing runs on its devices."""
    config = bench.make_config(backend="cuda")
    assert str(bench.decide("rtx-5090-on-580", "torch<2.7", config=config).backend) == "cpu"


def test_every_sign_has_its_effect() -> None:
    """Every hint has the effect of its row, by default cpu."""
    effects = {
        row["hint"]: interpret_hints([row["hint"]])[0] for row in load_table("environment_hints")
    }
    assert effects == {
        row["hint"]: row.get("effect", "cpu") for row in load_table("environment_hints")
    }
