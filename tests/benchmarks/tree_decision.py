"""One decision in a process of its own; prints what it took, as JSON."""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.config.config import Config
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs

if TYPE_CHECKING:
    from collections.abc import Sequence

_GPU = Accelerator("nvidia", "NVIDIA GeForce RTX 4090", "sm_89", 24564)


def main(requirements: Sequence[str]) -> None:
    """Decide for a machine with one GPU and this interpreter."""
    config = Config(name="my-app", dependencies=tuple(map(Requirement, requirements)))
    hardware = Hardware(accelerators=(_GPU,), nvidia=Nvidia("580.65.06"))
    wall, cpu = time.perf_counter(), time.process_time()
    decision = decide(collect_inputs(config, os.environ, probe=lambda _: hardware))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    result = {
        "wall": wall,
        "cpu": cpu,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "packages": len(decision.releases),
        "torch": [str(pin.version) for pin in decision.pins if pin.name == "torch"],
        "bounds": [*map(str, decision.bounds)],
        "warnings": decision.warnings,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main(sys.argv[1:])
