"""The error where nothing fits: at most twelve lines, with what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.backend_request import BackendRequest
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.index.find_links import FindLinks
from hatch_torch.resolution.diagnosis import FailedResolution, format_no_match
from hatch_torch.resolution.model import Decision
from hatch_torch.resolution.strategies import Strategy

if TYPE_CHECKING:
    from pathlib import Path

    from tests.resolution.conftest import DecisionBench


def _refused(bench: DecisionBench, machine: str | Hardware, *requirements: str, **case: Any) -> str:  # noqa: ANN401 (handed on)
    with pytest.raises(NoAnswerError) as error:
        bench.decide(machine, *requirements, **case)
    told = str(error.value)
    assert len(told.splitlines()) <= 12
    assert (
        told.splitlines()[-1]
        == "hint: set TORCH_VARIANT=portable to install without a chosen backend"
    )
    return told


def _suggested(told: str) -> str:
    """Return the change that is suggested: the first of two hints."""
    hints = [line for line in told.splitlines() if line.startswith("hint: ")]
    return hints[0].removeprefix("hint: ") if len(hints) > 1 else ""


def test_whole_text(bench: DecisionBench) -> None:
    """The error has the requirements, the target, the accelerator, the reasons and the hints."""
    config = bench.make_config("cu124", "rocm70", "cpu", when_unsupported="error")
    told = _refused(bench, "rtx-5090-on-580", "torch>=2.3", config=config)
    assert told.splitlines() == [
        "no torch fits this project:",
        "  required     torch>=2.3",
        "  for          Python 3.12 on linux_x86_64",
        "  accelerator  GeForce sm_120 (sm_120); driver 580.95.05",
        "  cu134, cu132, cu130, cu129 and 24 more: not one of this project's extras",
        "  cu124: no machine code for GeForce sm_120 (sm_120); ends at sm_90",
        "  rocm7.0: no AMD GPU",
        "  cpu: runs everywhere",
        "hint: add [tool.torch-variant.extras.cu130]: cu130 has torch 2.15.0",
        "hint: set TORCH_VARIANT=portable to install without a chosen backend",
    ]


@pytest.mark.parametrize(
    ("machine", "backend"), [("rtx-4090-on-550", "cu124"), ("plain", "cpu"), ("alpine", None)]
)
def test_a_folder_of_wheels(
    bench: DecisionBench, tmp_path: Path, machine: str, backend: str | None
) -> None:
    """For a folder of wheels the error names the command that fetches the missing ones."""
    (tmp_path / "torch-2.9.0+rocm6.4-cp312-cp312-manylinux_2_28_x86_64.whl").touch()
    told = _refused(bench, machine, "torch", index=FindLinks([tmp_path]))
    command = (
        f"hatch-torch download -d FOLDER --backend {backend} --python 3.12 --platform linux_x86_64"
    )
    assert (f"hint: on a machine with a network, run {command}" in told) == bool(backend)


def test_many_reasons(bench: DecisionBench) -> None:
    """With too many reasons, those of the backends that were tried come first."""
    gpus = tuple(Accelerator("nvidia", f"GPU {one}", f"sm_{one}") for one in (37, 61, 90, 120))
    hardware = Hardware(accelerators=gpus, nvidia=Nvidia("550.54.15"))
    told = _refused(bench, hardware, "torch<2.6,>=2.4", "torchvision", python="3.13")
    assert "cpu: no torch in range comes with all of torchvision" in told
    assert "more reasons" in told


@pytest.mark.parametrize(
    ("machine", "requirements", "case", "step"),
    [
        ("plain", ["torch<2.2"], {}, "cpu (2.2.0 to 2.15.0): no torch in range for this Python"),
        ("plain", ["torch"], {"python": "3.9"}, "cpu: no torch for Python 3.9 on linux_x86_64"),
        (
            "plain",
            ["torch<2.6", "torchvision"],
            {"python": "3.13"},
            "comes with all of torchvision",
        ),
        ("plain", ["torch"], {"environ": {"TORCH_VARIANT": "cu116"}}, "index has no torch for it"),
        ("plain", ["torch"], {"environ": {"TORCH_VARIANT": "cu199"}}, ", only for cu116, cu117"),
        ("rx-9070", ["torch<2.7"], {}, "no machine code for Radeon gfx1201 (gfx1201)"),
    ],
)
def test_steps(
    bench: DecisionBench, machine: str, requirements: list[str], case: dict[str, Any], step: str
) -> None:
    """A backend's reason is the step at which it failed."""
    config = bench.make_config(when_unsupported="error")
    assert step in _refused(bench, machine, *requirements, config=config, **case)


@pytest.mark.parametrize(
    ("machine", "requirements", "case", "change"),
    [
        (
            "plain",
            ["torch>=2.8"],
            {"environ": {"TORCH_VARIANT": "cu118"}},
            "request cu126 instead of cu118: cu126 has torch 2.15.0",
        ),
        (
            "plain",
            ["torch<2.4,>=2.3"],
            {"environ": {"TORCH_VARIANT": "xpu"}},
            "set TORCH_VARIANT=cpu: cpu has torch 2.3.1",
        ),
        ("plain", ["torch<2.2"], {}, ""),
        ("plain", ["torch>=3"], {}, ""),
        (
            "plain",
            ["torch==2.6.0", "torchvision>=0.22"],
            {},
            "",
        ),
        (
            "rtx-5090-on-580",
            ["torch>=2.4,<2.7"],
            {},
            "set TORCH_VARIANT=cpu: cpu has torch 2.6.0",
        ),
        ("plain", ["torch"], {"python": "3.9"}, "use Python 3.10: cpu has torch 2.14.1"),
        (
            "plain",
            ["torch"],
            {"python": "3.13", "platform": "macos_x86_64"},
            "use Python 3.12: cpu has torch 2.2.2",
        ),
        ("rx-580", ["torch"], {}, "set TORCH_VARIANT=cpu: cpu has torch 2.15.0"),
        ("plain", ["torch"], {"platform": "linux_ppc64le"}, ""),
        ("plain", ["torch"], {"libc": "musl 1.2"}, ""),
    ],
)
def test_suggested(
    bench: DecisionBench, machine: str, requirements: list[str], case: dict[str, Any], change: str
) -> None:
    """A change is suggested only where it works."""
    config = bench.make_config(when_unsupported="error")
    assert _suggested(_refused(bench, machine, *requirements, config=config, **case)) == change


def test_no_backend_runs(bench: DecisionBench) -> None:
    """Where no other backend fits, the CPU's wheel is suggested."""
    config = bench.make_config("cu124", when_unsupported="error")
    told = _refused(bench, "rtx-5090-on-580", "torch<2.7", config=config)
    assert _suggested(told) == "add [tool.torch-variant.extras.cpu]: cpu has torch 2.6.0"


def test_cpu_is_no_extra(bench: DecisionBench) -> None:
    """Where the project does not list the CPU's extra, adding it is suggested."""
    told = _refused(bench, "plain", "torch", config=bench.make_config("cu124"))
    assert _suggested(told) == "add [tool.torch-variant.extras.cpu]: cpu has torch 2.15.0"


def test_index_that_stops_answering(bench: DecisionBench) -> None:
    """Where the index stops answering, the error has the reasons without a suggestion."""
    case = bench.collect_inputs("plain", "torch", index=bench.unreachable_index())
    cpu = Backend("cpu")
    attempt = FailedResolution(
        case, BackendRequest(cpu), Decision(None, "", Hardware()), (Strategy((cpu,)),), ()
    )
    told = format_no_match(attempt)
    assert "the network is switched off" in told
    assert _suggested(told) == ""
