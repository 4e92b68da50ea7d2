"""`hatch-torch detect`."""

from __future__ import annotations

import json
import platform
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_hardware
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

    Run = Callable[..., tuple[int, str]]


def test_prints_a_profile(run: Run) -> None:
    """`--json` is a hardware profile of this machine."""
    code, output = run("detect", "--json")
    profile = json.loads(output)
    assert (code, profile["schema"], profile["system"]) == (0, 1, platform.system())


def test_prints_the_probes(run: Run) -> None:
    """The screen has the machine's facts, and every probe with its result."""
    code, output = run("detect")
    assert code == 0
    for word in ("system", "Python", "accelerator", "probe", "result"):
        assert word in output


def test_shows_every_fact(capsys: pytest.CaptureFixture[str]) -> None:
    """Accelerators, drivers and environment hints have rows; unknown values say so."""
    print_hardware(
        Hardware(
            system="Linux",
            accelerators=(Accelerator("nvidia", "A", "sm_90", 8192), Accelerator("amd", "B")),
            nvidia=Nvidia("580.1"),
            rocm=Rocm("6.4"),
            environment_hints=("ci",),
        )
    )
    shown = capsys.readouterr().out
    for word in (
        "A (sm_90, 8 GiB)",
        "B (architecture unknown)",
        "580.1 (CUDA unknown)",
        "6.4",
        "ci",
    ):
        assert word in shown
