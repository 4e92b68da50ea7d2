"""The variables of uv and conda that replace probing."""

from __future__ import annotations

import pytest

from hatch_torch.hardware.detect import ask_conda_cuda, ask_uv_amd_architecture, ask_uv_cuda_driver
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia

GPU = (Accelerator("nvidia"),)


class TestUv:
    """The variables of uv."""

    def test_driver(self) -> None:
        """A driver implies a GPU of unknown architecture."""
        result = ask_uv_cuda_driver(Machine({"UV_CUDA_DRIVER_VERSION": "550.144.03"}))
        assert result is not None
        assert result.facts == Hardware(accelerators=GPU, nvidia=Nvidia("550.144.03"))

    def test_architecture(self) -> None:
        """An architecture implies an AMD GPU."""
        result = ask_uv_amd_architecture(Machine({"UV_AMD_GPU_ARCHITECTURE": "gfx942"}))
        assert result is not None
        assert result.facts == Hardware(accelerators=(Accelerator("amd", architecture="gfx942"),))

    @pytest.mark.parametrize("value", ["", " "])
    def test_empty(self, value: str) -> None:
        """An empty value counts as unset."""
        machine = Machine({"UV_CUDA_DRIVER_VERSION": value, "UV_AMD_GPU_ARCHITECTURE": value})
        assert (ask_uv_cuda_driver(machine), ask_uv_amd_architecture(machine)) == (None, None)

    def test_invalid(self) -> None:
        """An invalid value is reported without control characters, and probing goes on."""
        machine = Machine(
            {"UV_CUDA_DRIVER_VERSION": "\x1b[31mnew", "UV_AMD_GPU_ARCHITECTURE": "MI300"}
        )
        for result in (ask_uv_cuda_driver(machine), ask_uv_amd_architecture(machine)):
            assert result is not None
            assert (result.facts, result.report.result) == (None, "broken")
            assert "\x1b" not in result.report.detail


class TestConda:
    """The variable of conda."""

    def test_release(self) -> None:
        """A CUDA release implies a driver that supports it."""
        result = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": "12.4"}))
        assert result is not None
        assert result.facts == Hardware(accelerators=GPU, nvidia=Nvidia(cuda="12.4"))

    def test_empty(self) -> None:
        """An empty value means no CUDA."""
        result = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": ""}))
        assert result is not None
        assert result.facts == Hardware()

    def test_unset_and_invalid(self) -> None:
        """Without the variable there is no result; an invalid value is reported."""
        assert ask_conda_cuda(Machine({})) is None
        result = ask_conda_cuda(Machine({"CONDA_OVERRIDE_CUDA": "yes"}))
        assert result is not None
        assert (result.facts, result.report.result) == (None, "broken")
