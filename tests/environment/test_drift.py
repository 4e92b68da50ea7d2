"""What differs between a record, an environment and a machine."""

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
from hatch_torch.config.backend_request import Wish
from hatch_torch.config.build_system import Wiring
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.environment.packages import Installed, Need, Package
from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia
from hatch_torch.verification.checks import SYNC, findings, notes, runs_not
from hatch_torch.verification.snapshot import Situation

CUDA = Hardware(
    accelerators=(Accelerator("nvidia", "RTX 4090", "sm_89"),), nvidia=Nvidia("580.65.06", "13.0")
)
PASCAL = CUDA._replace(accelerators=(Accelerator("nvidia", "GTX 1080 Ti", "sm_61"),))
OLD_DRIVER = CUDA._replace(nvidia=Nvidia("470.82.01", "11.4"))
URL = "https://download.pytorch.org/whl/cu128/torch-2.8.0%2Bcu128-cp312-cp312-linux_x86_64.whl"


def member(version: str, name: str = "torch", **more: Any) -> Installed:  # noqa: ANN401 (fields)
    """Return an installed member, of the backend that its version tells."""
    parsed = Version(version)
    backend = Backend.parse(parsed.local) if parsed.local else None
    made = Installed(name, parsed, backend, "pytorch", None, Path("site-packages"), ())
    return made._replace(**more)


def recorded(*wheels: dict[str, Any], hardware: Hardware = CUDA, **more: Any) -> Package:  # noqa: ANN401 (JSON)
    """Return the installed project with a record."""
    told = {"hardware": hardware.to_json(), "wheels": list(wheels), "backend": "cu128", **more}
    return Package("my-app", "1.0", record=told)


def wheel(version: str, name: str = "torch", **more: str) -> dict[str, Any]:
    """Return a wheel of a record."""
    return {"name": name, "version": version, "url": None, "sha256": None, **more}


def situation(*installed: Installed, **more: Any) -> Situation:  # noqa: ANN401 (fields)
    """Return a situation with an RTX 4090 and a project that was installed on it."""
    made = Situation(
        config=Config(name="my-app"),
        target=targets.of("3.12", "linux_x86_64"),
        hardware=CUDA,
        installed=installed,
        project=recorded(*(wheel(str(one.version), one.name) for one in installed)),
        wants={"torch": SpecifierSet(">=2.3")},
    )
    return replace(made, **more)


def whys(now: Situation) -> list[str]:
    """Return why, for each finding."""
    return [one.why for one in findings(now)]


def test_as_it_should_be() -> None:
    """What is as recorded, on the same machine, has no finding."""
    assert findings(situation(member("2.8.0+cu128"), member("0.23.0+cu128", "torchvision"))) == ()
    assert findings(situation(member("0.23.0+cu128", "torchvision"), wants=None)) == ()


def test_swapped() -> None:
    """A version other than the recorded one was swapped later; one line mends it."""
    now = situation(member("2.9.0+cu128"), project=recorded(wheel("2.8.0+cu128")))
    (found,) = findings(now)
    assert found.why == "a later install swapped torch 2.8.0+cu128: torch 2.9.0+cu128 is there now"
    assert found.mend == SYNC


@pytest.mark.parametrize(
    ("origin", "told"),
    [
        (None, None),
        (URL, None),
        (f"{URL}#sha256=aa", None),
        (f"{URL}#sha256=bb", f"{URL}, with another hash"),
        (URL.replace("%2B", "+"), None),
        ("file:///build/torch-2.8.0.whl", "file:///build/torch-2.8.0.whl"),
    ],
)
def test_origin(origin: str | None, told: str | None) -> None:
    """The same version from another file is found, by its hash or by its name."""
    project = recorded(wheel("2.8.0+cu128", url=URL, sha256="aa"))
    now = situation(member("2.8.0+cu128", direct_url=origin), project=project)
    expected = f"torch 2.8.0+cu128 is another file than was recorded: {told}"
    assert ([expected] if told else []) == whys(now)


@pytest.mark.parametrize(
    "record", [{}, {"wheels": None}, {"wheels": [1, {"name": 2}, {"name": "torch"}]}]
)
def test_a_broken_record(record: dict[str, Any]) -> None:
    """A record that somebody wrote by hand breaks nothing."""
    assert whys(situation(member("2.8.0+cu128"), project=Package("a", "1", record=record))) == []


def test_a_broken_version() -> None:
    """A recorded version that is none is passed over."""
    assert whys(situation(member("2.8.0+cu128"), project=recorded(wheel("?")))) == []


def test_not_installed() -> None:
    """A project that our hook builds, and that is not there, is missing; others are not ours."""
    ours = Config(name="my-app", wiring=Wiring(build_hook={}))
    assert whys(situation(project=None, config=ours)) == [
        "my-app is not installed in this environment"
    ]
    assert whys(situation(project=None)) == []


def test_unfit() -> None:
    """What is missing, or out of the project's range, is found."""
    wants = {"torch": SpecifierSet(">=2.9"), "torchvision": SpecifierSet()}
    assert whys(situation(member("2.8.0+cu128"), wants=wants)) == [
        "torch 2.8.0+cu128 is not in the project's range torch>=2.9",
        "torchvision is required, and not installed",
    ]


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("0.23.0+cu128", None),
        ("0.23.0+cpu", "torchvision 0.23.0+cpu is of cpu, and torch 2.8.0+cu128 of cu128"),
        ("0.22.0+cu128", "torchvision 0.22.0+cu128 is for torch==2.7.0, and torch 2.8.0+cu128 is"),
        ("0.99.0+cu128", None),
    ],
)
def test_mixed(version: str, told: str | None) -> None:
    """Members of another backend, or for another torch, don't go with it."""
    found = whys(situation(member("2.8.0+cu128"), member(version, "torchvision")))
    assert [one.startswith(told or "never") for one in found] == ([True] if told else [])


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (Backend.parse("cu126"), "TORCH_VARIANT asks for cu126, and torch 2.8.0+cu128 is of cu128"),
        ("rocm", "TORCH_VARIANT asks for rocm, and torch 2.8.0+cu128 is of cu128"),
        ("cuda", None),
        ("auto", None),
        ("portable", None),
    ],
)
def test_unasked(value: Backend | str, told: str | None) -> None:
    """A backend that is asked for by name has to be the one that is there."""
    now = situation(member("2.8.0+cu128"), wish=Wish(value, "TORCH_VARIANT"))
    assert ([told] if told else []) == whys(now)


def test_the_driver_became_too_old() -> None:
    """A driver that no longer runs the CUDA of the wheel is found."""
    (why,) = whys(situation(member("2.8.0+cu128"), hardware=OLD_DRIVER))
    assert why.startswith("torch 2.8.0+cu128 is not for this machine: driver 470.82.01 is older")


def test_a_gpu_without_code() -> None:
    """A GPU that the wheel has no machine code for is found; the same machine was decided for."""
    now = situation(member("2.14.1+cu130"), hardware=PASCAL)
    (found,) = findings(now)
    assert "no machine code for GTX 1080 Ti (sm_61)" in found.why
    assert found.mend == SYNC
    project = recorded(wheel("2.14.1+cu130"), hardware=PASCAL)
    assert whys(replace(now, project=project)) == []


def test_asked_for_by_name() -> None:
    """What was asked for by name is right without a device; with one, that must change first."""
    wish = Wish(Backend.parse("cu130"), "extra cu130")
    now = situation(member("2.14.1+cu130"), wish=wish, hardware=Hardware())
    assert findings(now) == ()
    (found,) = findings(replace(now, hardware=PASCAL))
    assert found.mend == "update the driver, or change what asks for cu130: extra cu130"


def test_portable() -> None:
    """Where nothing is to be added, a CUDA torch on a machine without a GPU is nobody's fault."""
    now = situation(member("2.8.0+cu128"), wish=Wish("portable"), hardware=Hardware())
    assert findings(now) == ()
    login = Hardware(signs=("slurm-login",))
    assert findings(replace(now, wish=Wish("auto"), hardware=login)) == ()
    assert len(findings(replace(now, wish=Wish("auto")))) == 1


def test_idle() -> None:
    """A CPU's torch beside a GPU that came later is found, and not where it was decided so."""
    plain = recorded(wheel("2.8.0+cpu"), hardware=Hardware())
    now = situation(member("2.8.0+cpu"), project=plain)
    (why,) = whys(now)
    assert why.startswith("torch 2.8.0+cpu leaves RTX 4090 idle; cu1")
    assert whys(replace(now, project=recorded(wheel("2.8.0+cpu")))) == []
    assert whys(replace(now, hardware=Hardware())) == []
    assert whys(replace(now, hardware=CUDA._replace(nvidia=Nvidia("390.77")))) == []
    assert whys(replace(now, project=Package("my-app", "1.0"))) == [why]
    assert whys(replace(now, wish=Wish(Backend("cpu"), "TORCH_VARIANT"))) == []


def test_a_vendors_torch() -> None:
    """A torch that PyTorch did not build is not judged by PyTorch's tables."""
    vendors = member("2.8.0+cu128", builder="vendor")
    assert whys(situation(vendors, hardware=OLD_DRIVER)) == []
    unknown = vendors._replace(backend=None)
    assert whys(situation(unknown)) == []
    assert runs_not(situation(unknown), unknown) is None


def test_an_index_of_its_own() -> None:
    """Of wheels from the project's own index only the driver is judged."""
    extra = BackendExtra("cu130", Backend.parse("cu130"), index_url="https://example.org/cu130")
    config = Config(name="my-app", extras=(extra,))
    assert whys(situation(member("2.14.1+cu130"), hardware=PASCAL, config=config)) == []


def test_needs_of_others() -> None:
    """What other packages need of the family is found, with the line that installs it."""
    lines = map(Requirement, ("torch==2.7.1", "torch>2", "torchaudio"))
    needs = tuple(Need(Package("xformers", "0.0.32"), one) for one in lines)
    first, second = findings(situation(member("2.8.0+cu128"), needs=needs))
    assert first.why == "xformers 0.0.32 needs torch==2.7.1, and torch 2.8.0+cu128 is installed"
    assert first.mend == "hatch-torch install 'torch==2.7.1'"
    assert second.why == "xformers 0.0.32 needs torchaudio, and it is not installed"


def test_needs_within_the_family() -> None:
    """What a table knows of the family's own needs is not told twice."""
    vision = Need(Package("torchvision", "0.22.0"), Requirement("torch==2.7.0"))
    assert whys(situation(member("2.8.0+cu128"), needs=(vision,))) == []


def test_notes() -> None:
    """The record's notes are told, or that there is no record."""
    assert notes(situation(project=recorded(warnings=["a", "b"]))) == ("a", "b")
    assert notes(situation(project=recorded())) == ()
    assert notes(situation(project=None)) == ()
    (note,) = notes(situation(project=Package("my-app", "1.0")))
    assert note.startswith("my-app has no record")
