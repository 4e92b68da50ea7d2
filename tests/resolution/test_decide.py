"""The stages of a decision: who decides, what is looked at, what is added."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import ConfigurationError, NoAnswerError
from hatch_torch.hardware.model import Hardware

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import Workbench

URL = "torch @ https://wheels.example.org/torch-{}-cp312-cp312-linux_x86_64.whl"


def _added(decision: Decision) -> list[str]:
    """Return the names, or the whole lines where they are short."""
    lines = [one.requires_dist for one in decision.injected]
    return [line if "://" not in line else line.partition(" ")[0] for line in lines]


def _no_probe(_vendors: Collection[str] | None) -> Hardware:
    pytest.fail("the machine was looked at")


class TestProbe:
    """How much of the machine is looked at."""

    @pytest.mark.parametrize("value", ["cu124", "CPU", "rocm6.4", "portable"])
    def test_a_backend_needs_none(self, bench: Workbench, value: str) -> None:
        """Who asks for a backend by name gets it, whatever the machine has."""
        environ = {"TORCH_VARIANT": value}
        decision = bench.decide("plain", "torch", environ=environ, probe=_no_probe)
        expected = None if value == "portable" else Backend.parse(value)
        assert (decision.backend, decision.decided_by) == (expected, "TORCH_VARIANT")

    def test_a_requirement_that_names_its_backend(self, bench: Workbench) -> None:
        """A local version in a requirement is a request by name."""
        decision = bench.decide("plain", "torch==2.6.0+cu124", probe=_no_probe)
        assert decision.decided_by == "the requirement torch==2.6.0+cu124"

    def test_an_option_stands_above_a_requirement(self, bench: Workbench) -> None:
        """What a command line asks for is not overruled."""
        with pytest.raises(NoAnswerError, match="no torch in range"):
            bench.decide(
                "plain", "torch==2.6.0+cu124", backend_option=("--backend", "cpu"), probe=_no_probe
            )

    @pytest.mark.parametrize(
        ("value", "vendor"), [("cuda", "nvidia"), ("rocm", "amd"), ("xpu", "intel")]
    )
    def test_a_family_asks_its_vendor(self, bench: Workbench, value: str, vendor: str) -> None:
        """A family's own vendor is probed, and no other."""
        seen = []

        def probe(vendors: Collection[str] | None) -> Hardware:
            seen.append(vendors)
            return Hardware()

        decision = bench.decide("plain", "torch", environ={"TORCH_VARIANT": value}, probe=probe)
        assert seen == [{vendor}]
        assert decision.backend
        assert decision.backend.family == value
        assert decision.warnings == (
            f"TORCH_VARIANT requests {value}, but no such device was found",
        )

    def test_auto_asks_everybody(self, bench: Workbench) -> None:
        """Detection looks for everything, once."""
        seen = []

        def probe(vendors: Collection[str] | None) -> Hardware:
            seen.append(vendors)
            return Hardware()

        bench.decide("plain", "torch", probe=probe)
        assert seen == [None]


class TestWhoDecides:
    """The first that names something."""

    @pytest.mark.parametrize(
        ("environ", "table", "decided_by", "backend"),
        [
            ({}, "auto", "detection", "cu126"),
            ({}, "cu121", "tool.torch-variant.backend", "cu121"),
            ({"UV_TORCH_BACKEND": "cu124"}, "cu121", "UV_TORCH_BACKEND", "cu124"),
            ({"UV_TORCH_BACKEND": "x"}, "auto", "detection", "cu126"),
            ({"MINE": "cpu", "UV_TORCH_BACKEND": "cu124"}, "auto", "MINE", "cpu"),
            ({"TORCH_VARIANT": "cu128", "MINE": "cpu"}, "auto", "TORCH_VARIANT", "cu128"),
        ],
    )
    def test_order(
        self, bench: Workbench, environ: dict[str, str], table: str, decided_by: str, backend: str
    ) -> None:
        """Variables stand above the table, and the table above detection."""
        config = bench.config(backend=table, environment_variable="MINE")
        decision = bench.decide("rtx-4090-on-550", "torch", config=config, environ=environ)
        assert (decision.decided_by, str(decision.backend)) == (decided_by, backend)

    def test_extra(self, bench: Workbench) -> None:
        """A backend's extra decides above all, whatever the machine has."""
        config = bench.config("cu124", "rocm70", "cpu")
        environ = {"TORCH_VARIANT": "cpu"}
        decision = bench.decide(
            "plain", "torch", config=config, environ=environ, extras=frozenset({"rocm70"})
        )
        assert (decision.decided_by, str(decision.backend)) == ("extra rocm70", "rocm7.0")

    def test_two_extras(self, bench: Workbench) -> None:
        """Two backends at once are nobody's wish."""
        config = bench.config("cu124", "cpu")
        with pytest.raises(ConfigurationError, match="expected one backend extra, got cu124, cpu"):
            bench.decide("plain", "torch", config=config, extras=frozenset({"cu124", "cpu"}))

    def test_rocm_that_was_never_published(self, bench: Workbench) -> None:
        """rocm6.5 stands for rocm6.4, with a notice."""
        decision = bench.decide("plain", "torch", environ={"TORCH_VARIANT": "rocm65"})
        assert str(decision.backend) == "rocm6.4"
        assert decision.warnings == ("PyTorch never published rocm6.5; using rocm6.4 instead",)


class TestObeyed:
    """What the project, or uv, has settled already."""

    def test_url(self, bench: Workbench) -> None:
        """A URL of torch is left alone, and its members go with it."""
        decision = bench.decide("plain", URL.format("2.5.1%2Bcu124"), "torchvision")
        assert _added(decision) == ["torchvision"]
        assert [str(pin.version) for pin in decision.pins] == ["0.20.1+cu124"]

    @pytest.mark.parametrize("version", ["2.5.0%2Bnv24", "2.5.9%2Bcu124"])
    def test_url_of_another_build(self, bench: Workbench, version: str) -> None:
        """With a torch that the index does not have nothing is added, and nothing fails."""
        decision = bench.decide("plain", URL.format(version), "torchvision")
        assert decision.injected == ()
        assert decision.warnings == (
            "the project requires torch from a URL, and no wheel of the index goes with it",
        )

    def test_url_keeps_other_backends_out(self, bench: Workbench) -> None:
        """An extra that is not the chosen backend stays impossible beside a URL."""
        config = bench.config("cu124", "cpu")
        decision = bench.decide("plain", URL.format("2.5.1%2Bcu124"), config=config)
        assert _added(decision) == ['torch<0 ; extra == "cpu"']

    def test_routed_torch(self, bench: Workbench) -> None:
        """Where uv gets torch from a source of its own, nothing is added."""
        decision = bench.decide(
            "plain", "torch", "torchvision", uv_routed=frozenset({"torch"}), probe=_no_probe
        )
        assert (decision.backend, decision.injected) == (None, ())
        assert decision.warnings == ("uv gets torch from [tool.uv.sources], so nothing is added",)

    def test_routed_member(self, bench: Workbench) -> None:
        """A member that is uv's is not pinned, and the record says so."""
        routed = frozenset({"torchvision"})
        decision = bench.decide("rtx-4090-on-550", "torch", "torchvision", uv_routed=routed)
        assert _added(decision) == ["torch"]
        assert decision.warnings == ("uv gets torchvision from [tool.uv.sources]",)

    def test_constraints(self, bench: Workbench) -> None:
        """A constraint takes part in the choice, of the backend too."""
        constraints = tuple(map(Requirement, ["torch==2.5.1+cu121", "torchaudio<1", "numpy<2"]))
        decision = bench.decide("rtx-4090-on-550", "torch", constraints=constraints)
        assert [str(pin.version) for pin in decision.pins] == ["2.5.1+cu121"]


class TestAdded:
    """What is added, and in which order."""

    def test_torch_first(self, bench: Workbench) -> None:
        """The pin of torch stands in front of its members, and companions go along."""
        requirements = ["torchvision ; python_version > '3'", "numpy", "torch"]
        decision = bench.decide("mi300-rocm-6.4", *requirements)
        assert [one.name for one in decision.injected][:3] == [
            "torch",
            "torchvision",
            "triton-rocm",
        ]
        assert {one.requirement.rpartition(" ; ")[2] for one in decision.injected[:3]} == {
            'python_version > "3"'
        }

    def test_nothing_of_the_family(self, bench: Workbench) -> None:
        """A project without torch gets nothing, and no index is asked."""
        decision = bench.decide("plain", "numpy", index=bench.silent())
        assert decision.injected == ()
        assert decision.warnings == ("this install does not depend on torch",)

    def test_false_marker(self, bench: Workbench) -> None:
        """A requirement that does not hold here gets nothing."""
        decision = bench.decide("plain", "torch ; sys_platform == 'win32'", index=bench.silent())
        assert decision.injected == ()

    def test_family(self, bench: Workbench) -> None:
        """A member that a dependency asks for is pinned though the project does not name it."""
        config = bench.config(family=("torchvision",))
        decision = bench.decide("plain", "timm", config=config)
        assert _added(decision) == ["torch", "torchvision"]

    def test_compatibility(self, bench: Workbench) -> None:
        """The bounds of other libraries go with the torch that was chosen."""
        config = bench.config(compatibility=True)
        requirements = ["torch<2.4", "transformers ; python_version > '3'", "huggingface_hub"]
        decision = bench.decide("plain", *requirements, config=config)
        assert _added(decision)[1:] == [
            'transformers>=4.41.0,<4.50.0 ; python_version > "3"',
            "huggingface_hub>=0.23.0,<0.30.0",
        ]

    def test_hashes(self, bench: Workbench) -> None:
        """A wheel without a hash is passed over where the project insists on hashes."""
        versions = [
            bench.decide("gtx-1080-on-580", "torch<2.7", require_hashes=required).pins[0].version
            for required in (False, True)
        ]
        assert [one.local for one in versions] == ["cu126", "cu124"]

    def test_deterministic(self, bench: Workbench) -> None:
        """The same case is decided the same way."""
        case = ("mi300-rocm-6.4", "torch", "torchaudio", "torchvision")
        assert bench.decide(*case) == bench.decide(*case)
