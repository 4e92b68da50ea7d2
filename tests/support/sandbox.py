"""PyTorch's index and PyPI in folders, and the decisions that are made from them."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from hatch_torch.catalog import target as targets
from hatch_torch.config.config import load_config
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs
from tests.support.package_index import serve_folder, write_index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_torch.resolution.model import Decision
    from tests.support.package_index import Packages

DRIVER_580 = Nvidia("580.95.05")
DRIVER_550 = Nvidia("550.54.15")
TORCHES = ("2.13.0", "2.10.0", "2.9.0", "2.8.0", "2.7.1", "2.6.0")


class Sandbox(NamedTuple):
    """PyTorch's index and PyPI, in folders that are served."""

    folder: Path
    url: str

    def publish(self, backend: str, packages: Packages) -> None:
        """Add packages to a backend's folder of PyTorch's index, with the local version."""
        local = {
            name: {f"{version}+{backend}": requires for version, requires in releases.items()}
            for name, releases in packages.items()
        }
        write_index(self.folder / "whl" / backend, local)

    def decide(
        self,
        pypi: Packages,
        *dependencies: str,
        nvidia: Nvidia | None = DRIVER_580,
        **table: Any,  # noqa: ANN401 (TOML)
    ) -> Decision:
        """Return the decision for a project on a machine with an H100, or without a GPU."""
        gpus = (Accelerator("nvidia", "H100", "sm_90"),) if nvidia else ()
        hardware = Hardware(system="Linux", accelerators=gpus, nvidia=nvidia)
        project = {"name": "my-app", "dependencies": list(dependencies)}
        build_system = {"requires": ["hatchling"], "build-backend": "hatchling.build"}
        pyproject = {
            "build-system": build_system,
            "project": project,
            "tool": {"torch-variant": table},
        }
        hatch: dict[str, Any] = {"build": {"hooks": {"torch-variant": {}}}}
        environ = {
            "TORCH_VARIANT_INDEX_URL": f"{self.url}/whl",
            "TORCH_VARIANT_CACHE_DIR": str(self.folder / "cache"),
            "PIP_INDEX_URL": write_index(self.folder / "pypi", pypi),
            "PIP_CONFIG_FILE": os.devnull,
        }
        inputs = collect_inputs(
            load_config(pyproject, hatch),
            environ,
            target=targets.foreign_interpreter("3.12", "linux_x86_64", None),
            probe=lambda _: hardware,
        )
        return decide(inputs)


@contextmanager
def open_sandbox(folder: Path) -> Iterator[Sandbox]:
    """Serve an index that has torch for the CPU and for two majors of CUDA."""
    with serve_folder(folder) as url:
        sandbox = Sandbox(folder, url)
        for backend in ("cpu", "cu126", "cu128", "cu130"):
            sandbox.publish(backend, {"torch": dict.fromkeys(TORCHES, ())})
        yield sandbox


def pins(decision: Decision) -> dict[str, str]:
    """Return the requirement of every pin by name; of a URL the end."""
    return {pin.name: pin.requirement.rpartition("/")[2].partition("#")[0] for pin in decision.pins}
