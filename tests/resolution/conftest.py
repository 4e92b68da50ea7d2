"""A bench for decisions: the embedded index, and machines by name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.build_system import BuildSystem
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.demo.server import EmbeddedIndex, serve
from hatch_torch.environment.packages import FamilyPackage
from hatch_torch.errors import NoAnswerError
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, Rocm
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.pytorch_index import PyTorchIndex
from hatch_torch.resolution.candidates import CandidateFinder
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.model import ResolutionInputs
from tests.support.sandbox import open_sandbox

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_torch.catalog.target import Target
    from hatch_torch.environment.packages import BuiltBy
    from hatch_torch.index.find_links import FindLinks
    from hatch_torch.resolution.model import Decision
    from tests.support.sandbox import Sandbox


MAX_ERROR_LINES = 12
"""The limit for an error that says why nothing fits."""


def gpu(vendor: str, architecture: str | None, name: str = "unknown") -> Accelerator:
    """Return an accelerator."""
    return Accelerator(vendor, name, architecture)


def nvidia(driver: str | None, *architectures: str | None, **facts: Any) -> Hardware:  # noqa: ANN401 (handed to Hardware)
    """Return a Linux machine with NVIDIA's driver and GPUs."""
    gpus = tuple(gpu("nvidia", one, f"GeForce {one}") for one in architectures)
    return Hardware(system="Linux", accelerators=gpus, nvidia=Nvidia(driver), **facts)


def amd(rocm: str | None, *architectures: str | None) -> Hardware:
    """Return a Linux machine with AMD's GPUs and a ROCm."""
    gpus = tuple(gpu("amd", one, f"Radeon {one}") for one in architectures)
    return Hardware(system="Linux", accelerators=gpus, rocm=Rocm(rocm) if rocm else None)


def intel(architecture: str) -> Hardware:
    """Return a Linux machine with one of Intel's GPUs."""
    return Hardware(system="Linux", accelerators=(gpu("intel", architecture, "Intel graphics"),))


def merge_machines(*machines: Hardware) -> Hardware:
    """Return a machine with the GPUs of several."""
    accelerators = tuple(gpu for machine in machines for gpu in machine.accelerators)
    rocm = next((one.rocm for one in machines if one.rocm), None)
    driver = next((one.nvidia for one in machines if one.nvidia), None)
    return Hardware(system="Linux", accelerators=accelerators, nvidia=driver, rocm=rocm)


_APPLE = Hardware(system="Darwin", machine="arm64", accelerators=(gpu("apple", "apple-m"),))
_SERVER = nvidia("580.95.05", "sm_90")

MACHINES = {
    "plain": Hardware(system="Linux"),
    "tesla-k80-on-470": nvidia("470.82.01", "sm_37"),
    "gtx-1080-on-450": nvidia("450.80.02", "sm_61"),
    "gtx-1080-on-580": nvidia("580.95.05", "sm_61"),
    "v100-on-580": nvidia("580.95.05", "sm_70"),
    "rtx-4090-on-550": nvidia("550.54.15", "sm_89"),
    "rtx-4090-on-580": nvidia("580.95.05", "sm_89"),
    "rtx-5090-on-570": nvidia("570.86.15", "sm_120"),
    "rtx-5090-on-580": nvidia("580.95.05", "sm_120"),
    "b300-on-580": nvidia("580.95.05", "sm_103"),
    "h200-on-615": nvidia("615.10", "sm_90"),
    "gb10": nvidia("580.95.05", "sm_121", machine="aarch64"),
    "jetson-orin": nvidia("540.4.0", "sm_87", machine="aarch64", environment_hints=("jetson",)),
    "rtx-4090-and-t4": nvidia("550.54.15", "sm_89", "sm_75"),
    "gtx-1080-and-rtx-5090": nvidia("580.95.05", "sm_61", "sm_120"),
    "unknown-nvidia": nvidia("550.54.15", None),
    "mi300-rocm-6.4": amd("6.4.1", "gfx942"),
    "mi300-rocm-7.14": amd("7.14", "gfx942"),
    "rx-7900-and-igpu": amd("6.4.1", "gfx1100", "gfx1036"),
    "rx-7900-and-rx-580": amd("6.4.1", "gfx803", "gfx1100"),
    "mi25": amd("5.7.0", "gfx900"),
    "rx-9070": amd("6.4.1", "gfx1201"),
    "rx-580": amd(None, "gfx803"),
    "arc-b580": intel("xe2"),
    "uhd-630": intel("gen9"),
    "nvidia-and-amd": merge_machines(_SERVER, amd("6.4.1", "gfx1100")),
    "old-nvidia-and-amd": merge_machines(nvidia("390.1", "sm_20"), amd("6.4.1", "gfx1100")),
    "mixed-nvidia-and-arc": merge_machines(nvidia("580.95.05", "sm_61", "sm_120"), intel("xe2")),
    "amd-and-intel": merge_machines(amd("6.4.1", "gfx1100"), intel("xe2")),
    "apple-m2": _APPLE,
    "alpine": Hardware(system="Linux", libc="musl 1.2"),
    "rocm-7.0-alone": amd("7.0.2"),
    "rocm-6.5-alone": amd("6.5.0"),
    "rocm-5.7-alone": amd("5.7.1"),
    "driver-alone": nvidia("550.54.15"),
}
"""Kinds of machines, by name."""


def _nothing(_names: Collection[str]) -> tuple[FamilyPackage, ...]:
    return ()


def extra(name: str, *dependencies: str, **more: Any) -> BackendExtra:  # noqa: ANN401 (handed on)
    """Return a backend's extra."""
    backend = Backend.parse(name)
    return BackendExtra(name, backend, tuple(map(Requirement, dependencies)), **more)


def installed_package(
    name: str,
    version: str,
    builder: BuiltBy = "pytorch",
    **more: Any,  # noqa: ANN401 (handed on)
) -> FamilyPackage:
    """Return an installed package; its local version names the backend."""
    local = Version(version).local
    known = {"backend": Backend.parse(local) if local and builder == "pytorch" else None}
    rest = {"direct_url": None, "location": Path(), "requires": ()}
    return FamilyPackage(name, Version(version), built_by=builder, **{**known, **rest, **more})


@dataclass(frozen=True, slots=True)
class DecisionBench:
    """Makes the inputs of a decision from the index, a machine's name and requirements."""

    server: EmbeddedIndex
    indexes: dict[str, PyTorchIndex] = field(default_factory=dict)
    machines = MACHINES
    gpu = staticmethod(gpu)
    nvidia = staticmethod(nvidia)
    amd = staticmethod(amd)
    backend = staticmethod(extra)
    installed_package = staticmethod(installed_package)

    def with_dependencies(self, config: Config, *requirements: str) -> Config:
        """Return a project with these dependencies."""
        return config._replace(dependencies=tuple(map(Requirement, requirements)))

    def merge_machines(self, *names: str) -> Hardware:
        """Return a machine with the GPUs of several."""
        return merge_machines(*(self.machines[name] for name in names))

    def new_index(self, channel: str = "stable", **options: Any) -> PyTorchIndex:  # noqa: ANN401 (handed on)
        """Return a new index, with nothing read yet."""
        client = Client(Cache(None), timeout=600)
        return PyTorchIndex(self.server.torch_index, client, channel=channel, **options)

    def shared_index(self, channel: str = "stable") -> PyTorchIndex:
        """Return the index that all tests read, each page once."""
        return self.indexes.setdefault(channel, self.new_index(channel))

    def unreachable_index(self) -> PyTorchIndex:
        """Return an index that cannot be reached."""
        return PyTorchIndex(self.server.torch_index, Client(Cache(None), timeout=600, offline=True))

    def make_config(self, *names: str | BackendExtra, **more: Any) -> Config:  # noqa: ANN401 (handed on)
        """Return a project in the full form with backends as its extras."""
        build_system = BuildSystem(
            metadata_hook={}, build_hook={}, dynamic=frozenset({"optional-dependencies"})
        )
        extras = tuple(extra(one) if isinstance(one, str) else one for one in names)
        return Config(**{"name": "my-app", "extras": extras, "build_system": build_system, **more})

    def collect_inputs(  # noqa: PLR0913 (a test says only what matters to it)
        self,
        machine: str | Hardware,
        *requirements: str,
        python: str = "3.12",
        platform: str = "linux_x86_64",
        libc: str | None = None,
        index: PyTorchIndex | FindLinks | None = None,
        installed: tuple[FamilyPackage, ...] = (),
        require_hashes: bool = False,
        config: Config | None = None,
        **more: Any,  # noqa: ANN401 (handed on)
    ) -> ResolutionInputs:
        """Return the inputs for a project with these requirements on a machine."""
        hardware = MACHINES[machine] if isinstance(machine, str) else machine
        config = config or Config(name="my-app")
        target = targets.foreign_interpreter(python, platform, libc)
        finder = CandidateFinder(
            index or self.shared_index(config.channel),
            target,
            in_tables=lambda _: config.channel == "stable",
            prereleases=lambda _: config.channel != "stable",
            require_hashes=require_hashes,
        )
        return ResolutionInputs(
            config=self.with_dependencies(config, *requirements),
            target=target,
            finder=finder,
            **{
                "probe": lambda _vendors: hardware,
                "find_installed": lambda names: tuple(
                    package for package in installed if package.name in names
                ),
                **more,
            },
        )

    def decide(self, machine: str | Hardware, *requirements: str, **more: Any) -> Decision:  # noqa: ANN401 (handed on)
        """Return the decision for these requirements on a machine."""
        return decide(self.collect_inputs(machine, *requirements, **more))

    def try_decide(
        self,
        machine: str | Hardware,
        *requirements: str,
        **more: Any,  # noqa: ANN401 (handed on)
    ) -> Decision | None:
        """Return the decision, or None where nothing fits; the error must be short."""
        try:
            return decide(self.collect_inputs(machine, *requirements, **more))
        except NoAnswerError as error:
            lines = str(error).splitlines()
        assert len(lines) <= MAX_ERROR_LINES
        return None

    def list_injected(self, decision: Decision) -> list[str]:
        """Return what a decision injects, as values of `Requires-Dist`."""
        return [requirement.requires_dist for requirement in decision.injected]


@pytest.fixture(scope="session")
def bench() -> Iterator[DecisionBench]:
    """Serve the embedded index to all tests of decisions."""
    with serve() as server:
        yield DecisionBench(server)


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    """Serve an index of PyTorch's and one of other packages, which a test fills."""
    with open_sandbox(tmp_path) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def here() -> Target:
    """Return Python 3.12 on Linux."""
    return targets.foreign_interpreter("3.12", "linux_x86_64")
