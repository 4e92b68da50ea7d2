"""The checks of an environment against its record, its project and its machine."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.backend_request import BackendRequest
from hatch_torch.config.build_system import BuildSystem
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.environment.packages import FamilyPackage, InstalledPackage, InstalledRequirement
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.verification.checks import (
    SYNC,
    collect_findings,
    collect_notes,
    installed_incompatibility,
)
from hatch_torch.verification.snapshot import Snapshot

CUDA = Hardware(
    accelerators=(Accelerator("nvidia", "RTX 4090", "sm_89"),), nvidia=Nvidia("580.65.06", "13.0")
)
PASCAL = CUDA._replace(accelerators=(Accelerator("nvidia", "GTX 1080 Ti", "sm_61"),))
OLD_DRIVER = CUDA._replace(nvidia=Nvidia("470.82.01", "11.4"))
URL = "https://download.pytorch.org/whl/cu128/torch-2.8.0%2Bcu128-cp312-cp312-linux_x86_64.whl"


def installed(version: str, name: str = "torch", **fields: Any) -> FamilyPackage:  # noqa: ANN401 (fields)
    """Return an installed package of the backend that its version names."""
    parsed = Version(version)
    backend = Backend.parse(parsed.local) if parsed.local else None
    package = FamilyPackage(name, parsed, backend, "pytorch", None, Path("site-packages"), ())
    return package._replace(**fields)


def recorded(*wheels: dict[str, Any], hardware: Hardware = CUDA, **keys: Any) -> InstalledPackage:  # noqa: ANN401 (JSON)
    """Return the installed project with a record."""
    record = {"hardware": hardware.to_json(), "wheels": [*wheels], "backend": "cu128", **keys}
    return InstalledPackage("my-app", "1.0", record=record)


def wheel(version: str, name: str = "torch", **keys: str) -> dict[str, Any]:
    """Return a wheel of a record."""
    return {"name": name, "version": version, "url": None, "sha256": None, **keys}


def make_snapshot(*installed: FamilyPackage, **fields: Any) -> Snapshot:  # noqa: ANN401 (fields)
    """Return a snapshot with an RTX 4090 and a project that was installed on it."""
    snapshot = Snapshot(
        config=Config(name="my-app"),
        target=targets.foreign_interpreter("3.12", "linux_x86_64"),
        hardware=CUDA,
        installed=installed,
        project=recorded(*(wheel(str(package.version), package.name) for package in installed)),
        specifiers={"torch": SpecifierSet(">=2.3")},
    )
    return replace(snapshot, **fields)


def reasons(snapshot: Snapshot) -> list[str]:
    """Return the reason of each finding."""
    return [finding.reason for finding in collect_findings(snapshot)]


def test_nothing_is_wrong() -> None:
    """What is as recorded, on the same machine, has no finding."""
    assert (
        collect_findings(
            make_snapshot(installed("2.8.0+cu128"), installed("0.23.0+cu128", "torchvision"))
        )
        == ()
    )
    assert (
        collect_findings(make_snapshot(installed("0.23.0+cu128", "torchvision"), specifiers=None))
        == ()
    )


def test_replaced() -> None:
    """Another version than the recorded one is found; `sync` fixes it."""
    snapshot = make_snapshot(installed("2.9.0+cu128"), project=recorded(wheel("2.8.0+cu128")))
    (finding,) = collect_findings(snapshot)
    assert finding.reason == "a later install replaced torch 2.8.0+cu128 by torch 2.9.0+cu128"
    assert finding.fix == SYNC


@pytest.mark.parametrize(
    ("origin", "other"),
    [
        (None, None),
        (URL, None),
        (f"{URL}#sha256=aa", None),
        (f"{URL}#sha256=bb", f"{URL}, with another hash"),
        (URL.replace("%2B", "+"), None),
        ("file:///build/torch-2.8.0.whl", "file:///build/torch-2.8.0.whl"),
    ],
)
def test_replaced_by_another_file(origin: str | None, other: str | None) -> None:
    """The same version from another file is found, by its hash or by its name."""
    project = recorded(wheel("2.8.0+cu128", url=URL, sha256="aa"))
    snapshot = make_snapshot(installed("2.8.0+cu128", direct_url=origin), project=project)
    expected = f"torch 2.8.0+cu128 is not the file that was recorded; it is from {other}"
    assert ([expected] if other else []) == reasons(snapshot)


@pytest.mark.parametrize(
    "record", [{}, {"wheels": None}, {"wheels": [1, {"name": 2}, {"name": "torch"}]}]
)
def test_invalid_record(record: dict[str, Any]) -> None:
    """A record that was edited by hand breaks nothing."""
    assert (
        reasons(
            make_snapshot(
                installed("2.8.0+cu128"), project=InstalledPackage("a", "1", record=record)
            )
        )
        == []
    )


def test_invalid_version() -> None:
    """An invalid recorded version is ignored."""
    assert reasons(make_snapshot(installed("2.8.0+cu128"), project=recorded(wheel("?")))) == []


def test_not_installed() -> None:
    """A project with our hook has to be installed; one without need not be."""
    ours = Config(name="my-app", build_system=BuildSystem(build_hook={}))
    assert reasons(make_snapshot(project=None, config=ours)) == [
        "my-app is not installed in this environment"
    ]
    assert reasons(make_snapshot(project=None)) == []


def test_out_of_range() -> None:
    """A package that is missing or out of the project's range is found."""
    specifiers = {"torch": SpecifierSet(">=2.9"), "torchvision": SpecifierSet()}
    assert reasons(make_snapshot(installed("2.8.0+cu128"), specifiers=specifiers)) == [
        "torch 2.8.0+cu128 does not satisfy the project's requirement torch>=2.9",
        "torchvision is required but not installed",
    ]


@pytest.mark.parametrize(
    ("version", "start"),
    [
        ("0.23.0+cu128", None),
        ("0.23.0+cpu", "torchvision 0.23.0+cpu is built for cpu, but torch 2.8.0+cu128 for cu128"),
        (
            "0.22.0+cu128",
            "torchvision 0.22.0+cu128 requires torch==2.7.0, but torch 2.8.0+cu128 is",
        ),
        ("0.99.0+cu128", None),
    ],
)
def test_mixed_backends(version: str, start: str | None) -> None:
    """Packages of another backend, or for another torch, are found."""
    found = reasons(make_snapshot(installed("2.8.0+cu128"), installed(version, "torchvision")))
    assert [reason.startswith(start or "never") for reason in found] == ([True] if start else [])


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            Backend.parse("cu126"),
            "TORCH_VARIANT requests cu126, but torch 2.8.0+cu128 is built for cu128",
        ),
        ("rocm", "TORCH_VARIANT requests rocm, but torch 2.8.0+cu128 is built for cu128"),
        ("cuda", None),
        ("auto", None),
        ("portable", None),
    ],
)
def test_wrong_backend(value: Backend | str, expected: str | None) -> None:
    """A backend that is requested by name has to be the installed one."""
    snapshot = make_snapshot(
        installed("2.8.0+cu128"), request=BackendRequest(value, "TORCH_VARIANT")
    )
    assert ([expected] if expected else []) == reasons(snapshot)


def test_the_driver_became_too_old() -> None:
    """A driver that is too old for the CUDA of the wheel is found."""
    (reason,) = reasons(make_snapshot(installed("2.8.0+cu128"), hardware=OLD_DRIVER))
    assert reason.startswith(
        "torch 2.8.0+cu128 cannot run on this machine: driver 470.82.01 is older"
    )


def test_no_machine_code() -> None:
    """A GPU that the wheel has no machine code for is found, unless the wheel was chosen for it."""
    snapshot = make_snapshot(installed("2.14.1+cu130"), hardware=PASCAL)
    (finding,) = collect_findings(snapshot)
    assert "no machine code for GTX 1080 Ti (sm_61)" in finding.reason
    assert finding.fix == SYNC
    project = recorded(wheel("2.14.1+cu130"), hardware=PASCAL)
    assert reasons(replace(snapshot, project=project)) == []


def test_incompatible_by_request() -> None:
    """A requested backend is right without a device; with one, the fix is to change the request."""
    request = BackendRequest(Backend.parse("cu130"), "extra cu130")
    snapshot = make_snapshot(installed("2.14.1+cu130"), request=request, hardware=Hardware())
    assert collect_findings(snapshot) == ()
    (finding,) = collect_findings(replace(snapshot, hardware=PASCAL))
    assert finding.fix == "update the driver, or change what requests cu130: extra cu130"


def test_portable() -> None:
    """Where nothing is injected, a CUDA build on a machine without a GPU is no finding."""
    snapshot = make_snapshot(
        installed("2.8.0+cu128"), request=BackendRequest("portable"), hardware=Hardware()
    )
    assert collect_findings(snapshot) == ()
    login = Hardware(environment_hints=("slurm-login",))
    assert collect_findings(replace(snapshot, request=BackendRequest("auto"), hardware=login)) == ()
    assert len(collect_findings(replace(snapshot, request=BackendRequest("auto")))) == 1


def test_idle_gpu() -> None:
    """A CPU build on a machine that got a GPU later is found, unless it was chosen so."""
    plain = recorded(wheel("2.8.0+cpu"), hardware=Hardware())
    snapshot = make_snapshot(installed("2.8.0+cpu"), project=plain)
    (reason,) = reasons(snapshot)
    assert reason.startswith("torch 2.8.0+cpu leaves RTX 4090 idle; cu1")
    assert reasons(replace(snapshot, project=recorded(wheel("2.8.0+cpu")))) == []
    assert reasons(replace(snapshot, hardware=Hardware())) == []
    assert reasons(replace(snapshot, hardware=CUDA._replace(nvidia=Nvidia("390.77")))) == []
    assert reasons(replace(snapshot, project=InstalledPackage("my-app", "1.0"))) == [reason]
    assert reasons(replace(snapshot, request=BackendRequest(Backend("cpu"), "TORCH_VARIANT"))) == []


def test_vendor_build() -> None:
    """A torch that PyTorch did not build is not checked against PyTorch's tables."""
    vendor_build = installed("2.8.0+cu128", built_by="vendor")
    assert reasons(make_snapshot(vendor_build, hardware=OLD_DRIVER)) == []
    unknown = vendor_build._replace(backend=None)
    assert reasons(make_snapshot(unknown)) == []
    assert installed_incompatibility(make_snapshot(unknown), unknown) is None


def test_own_index() -> None:
    """Of wheels from the project's own index only the driver is checked."""
    extra = BackendExtra("cu130", Backend.parse("cu130"), index_url="https://example.org/cu130")
    config = Config(name="my-app", extras=(extra,))
    assert reasons(make_snapshot(installed("2.14.1+cu130"), hardware=PASCAL, config=config)) == []


def test_dependents() -> None:
    """Unmet requirements of other packages are found, with the command that installs them."""
    requirements = map(Requirement, ("torch==2.7.1", "torch>2", "torchaudio"))
    dependents = tuple(
        InstalledRequirement(InstalledPackage("xformers", "0.0.32"), requirement)
        for requirement in requirements
    )
    first, second = collect_findings(make_snapshot(installed("2.8.0+cu128"), dependents=dependents))
    assert (
        first.reason == "xformers 0.0.32 requires torch==2.7.1, but torch 2.8.0+cu128 is installed"
    )
    assert first.fix == "hatch-torch install 'torch==2.7.1'"
    assert second.reason == "xformers 0.0.32 requires torchaudio, but it is not installed"


def test_dependents_within_the_family() -> None:
    """What the catalog knows of the family's own requirements is not reported twice."""
    vision = InstalledRequirement(
        InstalledPackage("torchvision", "0.22.0"), Requirement("torch==2.7.0")
    )
    assert reasons(make_snapshot(installed("2.8.0+cu128"), dependents=(vision,))) == []


def test_notes() -> None:
    """Notes are the request's and the record's, each once, or that there is no record."""
    assert collect_notes(make_snapshot(project=recorded(warnings=["a", "b"]))) == ("a", "b")
    assert collect_notes(make_snapshot(project=recorded())) == ()
    assert collect_notes(make_snapshot(project=None)) == ()
    request = BackendRequest("auto", notes=("b", "c"))
    snapshot = make_snapshot(project=recorded(warnings=["a", "b"]), request=request)
    assert collect_notes(snapshot) == ("b", "c", "a")
    (note,) = collect_notes(make_snapshot(project=InstalledPackage("my-app", "1.0")))
    assert note.startswith("my-app has no record")


@pytest.mark.parametrize(
    ("torchvision", "torch", "finding"),
    [
        ("cu132", "2.15.0+cu132", None),
        ("cu132", "2.15.0+cu130", None),
        ("cu126", "2.15.0+cu130", "torchvision 0.29.2 (cu126) is built for cu126"),
        ("cpu", "2.15.0+cu130", "torchvision 0.29.2 (cpu) is built for cpu"),
    ],
)
def test_a_companion_on_the_stable_abi(torchvision: str, torch: str, finding: str | None) -> None:
    """PyPI's torchvision 0.29.2 runs with every newer torch for the same major of CUDA."""
    companion = installed("0.29.2", "torchvision", backend=Backend.parse(torchvision))
    found = reasons(make_snapshot(installed(torch), companion))
    assert [one.startswith(finding or "?") for one in found] == [True] * bool(finding)


def test_known_faults() -> None:
    """What is known upstream to be wrong with what is installed is a note."""
    pinned = {"torch": SpecifierSet("==2.15.0")}
    snapshot = make_snapshot(installed("2.15.0+cu130"), hardware=PASCAL, specifiers=pinned)
    assert (
        "torch 2.15.0+cu130: its own warning recommends a cu126 wheel, which PyTorch did not "
        "publish for 2.15.0 (pytorch#196249; fixed in: 2.14.1+cu126, the last for Maxwell, Pascal "
        "and Volta)"
    ) in collect_notes(snapshot)
    assert collect_notes(make_snapshot(installed("2.8.0+cu126"))) != ()
    assert collect_notes(make_snapshot(installed("2.14.1+cu130"))) == ()


def test_a_broken_build_of_a_vendor() -> None:
    """What is known to be wrong with a vendor's build is a note: it is not ours to replace."""
    server = Hardware(accelerators=(Accelerator("amd", "MI210", "gfx90a"),))
    backend = Backend.parse("rocm7.14")
    torch = installed("2.12.0")._replace(
        version=Version("2.12.0+rocm7.14.0"), backend=backend, built_by="vendor"
    )
    snapshot = make_snapshot(torch, hardware=server)
    assert any("TheRock#7081" in note for note in collect_notes(snapshot))
    assert not any("TheRock#7081" in reason for reason in reasons(snapshot))
