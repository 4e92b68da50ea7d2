"""Snapshots of an environment, and what changed on its machine since the install."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.catalog import target as targets
from hatch_torch.config.config import Config
from hatch_torch.environment.packages import InstalledPackage
from hatch_torch.environment.prefix import Environment
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm
from hatch_torch.resolution import decide as decisions
from hatch_torch.resolution.decide import decide
from hatch_torch.verification import snapshot as snapshots
from hatch_torch.verification.snapshot import (
    Snapshot,
    describe_machine_changes,
    is_same_machine,
    take_snapshot,
)

if TYPE_CHECKING:
    from pathlib import Path

ADA = Accelerator("nvidia", "RTX 4090", "sm_89")
CUDA = Hardware(accelerators=(ADA,), nvidia=Nvidia("550.54.15", "12.4"))
AMD = Hardware(accelerators=(Accelerator("amd", "MI210", "gfx90a"),), rocm=Rocm("5.7.1"))
PROJECT = """
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.4,<2.7"]
dynamic = ["optional-dependencies"]
[tool.hatch.metadata.hooks.torch-variant]
[tool.hatch.build.hooks.torch-variant]
[tool.torch-variant.optional-dependencies]
sound = ["torchaudio"]
[tool.torch-variant.extras.cpu]
[tool.torch-variant.extras.cu126]
dependencies = ["torch!=2.6.0"]
"""


def make_snapshot(recorded: Hardware, current: Hardware, decided_by: str = "detection") -> Snapshot:
    """Return a project that was installed on one machine and is looked at on another."""
    record: dict[str, Any] = {"hardware": recorded.to_json(), "decided_by": decided_by}
    target = targets.foreign_interpreter("3.12", "linux_x86_64")
    project = InstalledPackage("my-app", "1.0", record=record)
    return Snapshot(Config(name="my-app"), target, current, (), project)


@pytest.mark.parametrize(
    ("recorded", "current", "expected"),
    [
        (CUDA, CUDA, ()),
        (
            CUDA,
            CUDA._replace(nvidia=Nvidia("580.65.06", "13.0")),
            ("the NVIDIA driver changed from 550.54.15 (CUDA 12.4) to 580.65.06 (CUDA 13.0)",),
        ),
        (CUDA, CUDA._replace(nvidia=None), ()),
        (AMD, AMD._replace(rocm=Rocm("7.0.0")), ("ROCm changed from 5.7.1 to 7.0.0",)),
        (
            AMD,
            AMD._replace(accelerators=(*AMD.accelerators, ADA)),
            ("the accelerators changed from MI210 to MI210, RTX 4090",),
        ),
        (CUDA, Hardware(), ("the accelerators changed from RTX 4090 to none",)),
        (Hardware(), CUDA, ("the accelerators changed from none to RTX 4090",)),
    ],
)
def test_machine_changes(recorded: Hardware, current: Hardware, expected: tuple[str, ...]) -> None:
    """A changed driver, ROCm or set of devices is described with both values."""
    assert describe_machine_changes(make_snapshot(recorded, current)) == expected


def test_hardware_that_was_not_probed() -> None:
    """A backend that was named explicitly was chosen without probing, so nothing is compared."""
    assert describe_machine_changes(make_snapshot(Hardware(), CUDA, "extra cu126")) == ()


def test_no_record() -> None:
    """Without a record, or with a broken one, nothing is compared."""
    snapshot = make_snapshot(CUDA, AMD)
    for record in (None, {}, {"hardware": "?"}, {"hardware": {"system": 7}}):
        without = replace(snapshot, project=InstalledPackage("my-app", "1.0", record=record))
        assert describe_machine_changes(without) == ()
        assert not is_same_machine(without)
    assert not is_same_machine(replace(snapshot, project=None))
    assert is_same_machine(make_snapshot(CUDA, CUDA))


@pytest.mark.parametrize(
    ("variables", "extras", "decided_by", "notes"),
    [
        ({}, (), "detection", 0),
        ({}, ("cu126",), "extra cu126", 0),
        ({"TORCH_VARIANT": "cpu"}, (), "TORCH_VARIANT", 0),
        ({"UV_TORCH_BACKEND": "cu118"}, (), "detection", 1),
    ],
)
def test_requests_what_an_install_would(
    tmp_path: Path, variables: dict[str, str], extras: tuple[str, ...], decided_by: str, notes: int
) -> None:
    """The backend request is the one that `decide` reads, with its notes."""
    (tmp_path / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    site_packages = tmp_path / "site-packages"
    metadata = site_packages / "my_app-1.0.dist-info"
    (metadata / "extra_metadata").mkdir(parents=True)
    (metadata / "METADATA").write_text("Name: my-app\nVersion: 1.0\n", encoding="utf-8")
    names = ", ".join(f'"{extra}"' for extra in ("sound", *extras))
    record = metadata / "extra_metadata" / "torch-variant.json"
    record.write_text(f'{{"extras": [{names}]}}', encoding="utf-8")
    environ = {"TORCH_VARIANT_HARDWARE": '{"system": "Linux", "machine": "x86_64"}', **variables}
    environment = Environment(tmp_path, tmp_path / "bin" / "python", (site_packages,))

    snapshot = take_snapshot(tmp_path, environ, environment)

    assert (snapshot.request.decided_by, len(snapshot.request.notes)) == (decided_by, notes)
    specifiers = dict(snapshot.specifiers or {})
    assert {*specifiers} == {"torch", "torchaudio"}
    assert specifiers["torch"].contains("2.6.0") == (not extras)


def test_uses_the_functions_of_a_decision() -> None:
    """`status` cannot disagree with `decide` about who decides: both call the same functions."""
    for name in ("read_request", "collect_requirements", "select_requested"):
        assert getattr(snapshots, name) is getattr(decisions, name)
        assert name in decide.__code__.co_names
