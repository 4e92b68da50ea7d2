"""One decision for several machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Hardware
from hatch_torch.record import to_json
from hatch_torch.resolution.multi_host import (
    MultiHostDecision,
    decide_for_hosts,
    find_common_platform,
    merge_hardware,
)

if TYPE_CHECKING:
    from tests.resolution.conftest import Workbench


def decided(
    bench: Workbench,
    *names: str,
    torch: str = "torch>=2.3",
    **more: Any,  # noqa: ANN401 (handed on)
) -> MultiHostDecision:
    """Decide for machines by their names."""
    profiles = tuple((name, bench.machines[name]) for name in names)
    machine = merge_hardware([hardware for _, hardware in profiles])
    return decide_for_hosts(bench.case(machine, torch, **more), profiles)


def refusal(bench: Workbench, *names: str, **more: Any) -> list[str]:  # noqa: ANN401 (handed on)
    """Decide in vain, and return the lines of what is told."""
    with pytest.raises(NoAnswerError) as raised:
        decided(bench, *names, **more)
    return str(raised.value).splitlines()


def test_one_that_runs_on_all(bench: Workbench) -> None:
    """The oldest driver and every GPU count, and each node tells what runs on it."""
    found = decided(bench, "gtx-1080-on-580", "rtx-4090-on-550")
    assert str(found.decision.backend) == "cu126"
    assert [(one.name, one.incompatibility) for one in found.hosts] == [
        ("gtx-1080-on-580", None),
        ("rtx-4090-on-550", None),
    ]
    first = to_json(found.decision, found.hosts)["nodes"][0]
    assert {key: first[key] for key in ("name", "runs", "reason")} == {
        "name": "gtx-1080-on-580",
        "runs": True,
        "reason": None,
    }
    assert first["usable"][0] == "cu126"
    assert "nodes" not in to_json(bench.decide("plain", "torch"))


@pytest.mark.parametrize("other", ["rtx-5090-on-580", "mi300-rocm-6.4"])
def test_nothing_in_common(bench: Workbench, other: str) -> None:
    """Nodes that share no backend are named, each with what it could use; alike ones once."""
    told = refusal(bench, "gtx-1080-on-580", "gtx-1080-on-580", other)
    assert told[0] == "the nodes have no backend in common:"
    assert told[1].startswith("  gtx-1080-on-580, gtx-1080-on-580 (GeForce sm_61, sm_61): cu126, ")
    assert told[2].startswith(f"  {other} (")
    assert "request one backend by name" in told[3]


def test_no_release_in_common(bench: Workbench) -> None:
    """A backend that both can use, but in no release of the range, is no answer either."""
    # CUDA 12.8 lost sm_70 with torch 2.11.
    only = bench.config("cu128", "cpu")
    told = refusal(bench, "v100-on-580", "rtx-4090-on-580", torch="torch>=2.11", config=only)
    assert told[0] == "no torch in range runs on every node:"
    assert any("sm_70" in line for line in told)


def test_a_gpu_that_its_own_node_leaves_out(bench: Workbench) -> None:
    """A node that is mixed itself goes by its best GPU, as it does alone."""
    found = decided(bench, "gtx-1080-and-rtx-5090", "rtx-5090-on-580", torch="torch>=2.9")
    assert found.decision.backend is not None
    assert found.decision.backend.family == "cuda"
    assert not any(one.incompatibility for one in found.hosts)


def test_asked_for_by_name(bench: Workbench) -> None:
    """What this very run asks for is obeyed, and the nodes that it does not run on are told."""
    asked = ("--backend", "cu130")
    found = decided(bench, "gtx-1080-on-580", "rtx-5090-on-580", backend_option=asked)
    assert str(found.decision.backend) == "cu130"
    assert [bool(one.incompatibility) for one in found.hosts] == [True, False]


def test_one_without_an_accelerator(bench: Workbench) -> None:
    """The plain wheel runs on every node; that the others stay idle is said."""
    found = decided(bench, "plain", "rtx-4090-on-580")
    assert str(found.decision.backend) == "cpu"
    said = "plain can only use the CPU wheel, so the accelerators of rtx-4090-on-580 stay idle"
    assert said in found.decision.warnings
    assert not decided(bench, "plain", "plain").decision.warnings[1:]


def test_nothing_is_added(bench: Workbench) -> None:
    """A project without torch gets nothing on any node."""
    assert decided(bench, "plain", "rtx-4090-on-580", torch="numpy").decision.backend is None


def test_platforms() -> None:
    """No wheel is for two platforms; profiles that tell of none go with every other."""
    intel, arm = (Hardware(system="Linux", machine=one) for one in ("x86_64", "aarch64"))
    assert find_common_platform([("a", intel), ("b", Hardware()), ("c", intel)]) == "linux_x86_64"
    assert find_common_platform([("b", Hardware())]) is None
    nodes = [(f"node{number}", intel) for number in range(8)]
    with pytest.raises(NoAnswerError) as told:
        find_common_platform([*nodes, ("arm", arm)])
    assert "linux_x86_64 (node0, node1, node2, node3, node4, node5 and 2 more)" in str(told.value)
    assert "linux_aarch64 (arm)\nhint: choose one with --platform" in str(told.value)
