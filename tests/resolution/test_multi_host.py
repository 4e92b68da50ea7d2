"""One decision for several hosts."""

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
    from tests.resolution.conftest import DecisionBench


def decided(
    bench: DecisionBench,
    *names: str,
    torch: str = "torch>=2.3",
    **more: Any,  # noqa: ANN401 (handed on)
) -> MultiHostDecision:
    """Decide for machines by name."""
    profiles = tuple((name, bench.machines[name]) for name in names)
    machine = merge_hardware([hardware for _, hardware in profiles])
    return decide_for_hosts(bench.collect_inputs(machine, torch, **more), profiles)


def refusal(bench: DecisionBench, *names: str, **more: Any) -> list[str]:  # noqa: ANN401 (handed on)
    """Return the lines of the error that the decision ends with."""
    with pytest.raises(NoAnswerError) as raised:
        decided(bench, *names, **more)
    return str(raised.value).splitlines()


def test_one_that_runs_on_all(bench: DecisionBench) -> None:
    """The oldest driver and every GPU count, and each host lists what runs on it."""
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
def test_nothing_in_common(bench: DecisionBench, other: str) -> None:
    """The error lists the backends of hosts that have none in common; alike hosts once."""
    told = refusal(bench, "gtx-1080-on-580", "gtx-1080-on-580", other)
    assert told[0] == "the nodes have no backend in common:"
    assert told[1].startswith("  gtx-1080-on-580, gtx-1080-on-580 (GeForce sm_61, sm_61): cu126, ")
    assert told[2].startswith(f"  {other} (")
    assert "request one backend by name" in told[3]


def test_no_release_in_common(bench: DecisionBench) -> None:
    """A common backend without a common release in range is an error."""
    # CUDA 12.8 lost sm_70 with torch 2.11.
    only = bench.make_config("cu128", "cpu")
    told = refusal(bench, "v100-on-580", "rtx-4090-on-580", torch="torch>=2.11", config=only)
    assert told[0] == "no torch in range runs on every node:"
    assert any("sm_70" in line for line in told)


def test_a_gpu_that_its_own_host_drops(bench: DecisionBench) -> None:
    """A host with mixed GPUs counts with its best one, as it does alone."""
    found = decided(bench, "gtx-1080-and-rtx-5090", "rtx-5090-on-580", torch="torch>=2.9")
    assert found.decision.backend is not None
    assert found.decision.backend.family == "cuda"
    assert not any(one.incompatibility for one in found.hosts)


def test_requested_by_name(bench: DecisionBench) -> None:
    """A backend requested by name is chosen; hosts that it does not run on say so."""
    asked = ("--backend", "cu130")
    found = decided(bench, "gtx-1080-on-580", "rtx-5090-on-580", backend_option=asked)
    assert str(found.decision.backend) == "cu130"
    assert [bool(one.incompatibility) for one in found.hosts] == [True, False]


def test_one_without_an_accelerator(bench: DecisionBench) -> None:
    """A warning names the hosts whose accelerators stay idle beside a host without any."""
    found = decided(bench, "plain", "rtx-4090-on-580")
    assert str(found.decision.backend) == "cpu"
    said = "plain can only use the CPU wheel, so the accelerators of rtx-4090-on-580 stay idle"
    assert said in found.decision.warnings
    assert not decided(bench, "plain", "plain").decision.warnings[1:]


def test_nothing_is_added(bench: DecisionBench) -> None:
    """A project without torch gets nothing on any host."""
    assert decided(bench, "plain", "rtx-4090-on-580", torch="numpy").decision.backend is None


def test_platforms() -> None:
    """Hosts of two platforms are an error; profiles without a platform match any."""
    intel, arm = (Hardware(system="Linux", machine=one) for one in ("x86_64", "aarch64"))
    assert find_common_platform([("a", intel), ("b", Hardware()), ("c", intel)]) == "linux_x86_64"
    assert find_common_platform([("b", Hardware())]) is None
    nodes = [(f"node{number}", intel) for number in range(8)]
    with pytest.raises(NoAnswerError) as told:
        find_common_platform([*nodes, ("arm", arm)])
    assert "linux_x86_64 (node0, node1, node2, node3, node4, node5 and 2 more)" in str(told.value)
    assert "linux_aarch64 (arm)\nhint: choose one with --platform" in str(told.value)
