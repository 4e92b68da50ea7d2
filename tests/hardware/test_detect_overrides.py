"""Variables of other tools, in place of probing."""

from __future__ import annotations

import pytest

from hatch_torch.hardware.detect import ask_conda_cuda, ask_uv_amd_architecture, ask_uv_cuda_driver
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

GPU = (Accelerator("nvidia"),)


class TestUv:
    """What uv is told."""

    def test_driver(self) -> None:
        """A driver is one whose GPUs nobody knows."""
        answer = ask_uv_cuda_driver(Machine({"UV_CUDA_DRIVER_VERSION": "550.144.03"}))
        assert answer is not None
        assert answer.facts == Hardware(accelerators=GPU, nvidia=Nvidia("550.144.03"))

    def test_target(self) -> None:
        """A target is a GPU of AMD."""
        answer = ask_uv_amd_architecture(Machine({"UV_AMD_GPU_ARCHITECTURE": "gfx942"}))
        assert answer is not None
        assert answer.facts == Hardware(accelerators=(Accelerator("amd", architecture="gfx942"),))

    @pytest.mark.parametrize("value", ["", " "])
    def test_empty(self, value: str) -> None:
        """An empty value says nothing."""
        machine = Machine({"UV_CUDA_DRIVER_VERSION": value, "UV_AMD_GPU_ARCHITECTURE": value})
        assert (ask_uv_cuda_driver(machine), ask_uv_amd_architecture(machine)) == (None, None)

    def test_bad(self) -> None:
        """A bad value is told, without what would disturb a terminal, and probing goes on."""
        machine = Machine(
            {"UV_CUDA_DRIVER_VERSION": "\x1b[31mnew", "UV_AMD_GPU_ARCHITECTURE": "MI300"}
        )
        for answer in (ask_uv_cuda_driver(machine), ask_uv_amd_architecture(machine)):
            assert answer is not None
            assert (answer.facts, answer.report.result) == (None, "broken")
            assert "\x1b" not in answer.report.detail


class TestConda:
    """What conda is told."""

    def test_release(self) -> None:
        """A release of CUDA is one that a driver runs."""
        answer = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": "12.4"}))
        assert answer is not None
        assert answer.facts == Hardware(accelerators=GPU, nvidia=Nvidia(cuda="12.4"))

    def test_empty(self) -> None:
        """An empty value is no CUDA at all."""
        answer = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": ""}))
        assert answer is not None
        assert answer.facts == Hardware()

    def test_unset_and_bad(self) -> None:
        """Without the variable nothing is said, and a bad value is told."""
        assert ask_conda_cuda(Machine({})) is None
        answer = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": "yes"}))
        assert answer is not None
        assert (answer.facts, answer.report.result) == (None, "broken")
