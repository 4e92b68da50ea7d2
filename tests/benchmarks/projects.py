"""Cases for the measured decisions, with the real parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.resolution.inputs import collect_inputs

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.model import ResolutionInputs

GPU = Accelerator("nvidia", "NVIDIA GeForce RTX 4090", "sm_89", 24564)
FAMILY = ("torch>=2.3", "torchvision", "torchaudio")


def machine(gpus: int = 1, driver: str = "580.65.06") -> Hardware:
    """Return a machine with some GPUs of one kind."""
    return Hardware(accelerators=(GPU,) * gpus, nvidia=Nvidia(driver))


def case(  # noqa: PLR0913 (a measure says only what matters to it)
    root: str,
    cache: Path,
    *,
    hardware: Hardware | None = None,
    requirements: tuple[str, ...] = FAMILY,
    backends: int = 0,
    lock: Lock | None = None,
) -> ResolutionInputs:
    """Return the case of a project on Python 3.12 and Linux; no backends: it names none."""
    backends_listed = known_backends("linux_x86_64")[::-1][:backends]
    config = Config(
        name="my-app",
        dependencies=tuple(map(Requirement, requirements)),
        extras=tuple(BackendExtra(backend.extra, backend) for backend in backends_listed),
    )
    return collect_inputs(
        config,
        {"TORCH_VARIANT_INDEX_URL": root, "TORCH_VARIANT_CACHE_DIR": str(cache)},
        target=targets.foreign_interpreter("3.12", "linux_x86_64"),
        probe=lambda _: hardware or machine(),
        lock=lock,
    )
