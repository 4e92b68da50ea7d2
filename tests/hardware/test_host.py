"""Environment hints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog import load_table
from hatch_torch.hardware.host import find_environment_hints, is_in_container
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from pathlib import Path


def record_machine(folder: Path, more: str = "") -> RecordedMachine:
    """Return a recorded machine with more keys."""
    text = f'system = "Linux"\nmachine = "x86_64"\npython = "3.12.3"\n{more}'
    (folder / "machine.toml").write_text(text)
    return RecordedMachine(folder)


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ("", ()),
        ('[environ]\nCI = "1"', ("ci",)),
        ('[environ]\nCI = "false"', ()),
        ('[environ]\nTF_BUILD = "True"', ("ci",)),
        ('[files]\n"/proc/sys/kernel/hostname" = "buildkitsandbox\\n"', ("image-build",)),
        ('[files]\n"/kaniko/executor" = ""', ("image-build",)),
        ('programs = ["sbatch"]', ("slurm-login",)),
        ('programs = ["sbatch"]\n[environ]\nSLURM_JOB_ID = "7"', ()),
        ('[files]\n"/etc/pbs.conf" = ""', ("pbs-login",)),
        ('programs = ["bsub"]\n[environ]\nLSB_JOBID = "7"', ()),
        ('programs = ["nvcc"]', ("nvcc-without-driver",)),
        ('programs = ["nvcc"]\n[files]\n"/dev/nvidiactl" = ""', ()),
        ('[files]\n"/proc/1/cgroup" = "1:name=systemd:/docker/0123\\n"', ("container",)),
        ('[files]\n"/.singularity.d/env/x" = ""', ("container",)),
        ('[files]\n"/proc/device-tree/model" = "NVIDIA Jetson Thor\\u0000"', ("jetson",)),
        ('[environ]\nNVIDIA_PYTORCH_VERSION = "25.10"', ("vendor-image",)),
        ('[environ]\nWSL_DISTRO_NAME = "Ubuntu"', ("wsl",)),
    ],
)
def test_hints(tmp_path: Path, parts: str, expected: tuple[str, ...]) -> None:
    """A hint applies if something speaks for it and nothing against it."""
    assert expected == find_environment_hints(record_machine(tmp_path, parts))


def test_in_container(tmp_path: Path) -> None:
    """An image build counts as a container."""
    assert not is_in_container(record_machine(tmp_path))
    assert is_in_container(record_machine(tmp_path, '[files]\n"/kaniko/executor" = ""'))


def test_effects() -> None:
    """Each hint has its documented effect, and a meaning that ends a sentence."""
    effects = {row["hint"]: row.get("effect") for row in load_table("environment_hints")}
    assert effects == {
        "ci": "cpu",
        "image-build": "portable",
        "slurm-login": "portable",
        "pbs-login": "portable",
        "lsf-login": "portable",
        "nvcc-without-driver": "portable",
        "container": "cpu",
        "jetson": None,
        "vendor-image": None,
        "wsl": None,
    }
    assert all(
        row["meaning"] and row["meaning"][-1] != "." for row in load_table("environment_hints")
    )
