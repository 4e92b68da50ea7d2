"""The stages of a decision: the request, the probes, what is injected."""

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
    from tests.resolution.conftest import DecisionBench

URL = "torch @ https://wheels.example.org/torch-{}-cp312-cp312-linux_x86_64.whl"


def _added(decision: Decision) -> list[str]:
    """Return what is injected; for a URL only the name."""
    lines = [requirement.requires_dist for requirement in decision.injected]
    return [line if "://" not in line else line.partition(" ")[0] for line in lines]


def _no_probe(_vendors: Collection[str] | None) -> Hardware:
    pytest.fail("the machine was looked at")


class TestProbe:
    """Which hardware is probed."""

    @pytest.mark.parametrize("value", ["cu124", "CPU", "rocm6.4", "portable"])
    def test_a_backend_needs_none(self, bench: DecisionBench, value: str) -> None:
        """A backend requested by name is chosen without a probe."""
        environ = {"TORCH_VARIANT": value}
        decision = bench.decide("plain", "torch", environ=environ, probe=_no_probe)
        expected = None if value == "portable" else Backend.parse(value)
        assert (decision.backend, decision.decided_by) == (expected, "TORCH_VARIANT")

    def test_a_requirement_that_names_its_backend(self, bench: DecisionBench) -> None:
        """A requirement with a local version requests that backend."""
        decision = bench.decide("plain", "torch==2.6.0+cu124", probe=_no_probe)
        assert decision.decided_by == "the requirement torch==2.6.0+cu124"

    def test_an_option_overrides_a_requirement(self, bench: DecisionBench) -> None:
        """An option on the command line overrides a requirement."""
        with pytest.raises(NoAnswerError, match="no torch in range"):
            bench.decide(
                "plain", "torch==2.6.0+cu124", backend_option=("--backend", "cpu"), probe=_no_probe
            )

    @pytest.mark.parametrize(
        ("value", "vendor"), [("cuda", "nvidia"), ("rocm", "amd"), ("xpu", "intel")]
    )
    def test_a_family_probes_its_vendor(
        self, bench: DecisionBench, value: str, vendor: str
    ) -> None:
        """A request for a family probes only its vendor."""
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

    def test_auto_probes_every_vendor(self, bench: DecisionBench) -> None:
        """Without a request every vendor is probed, once."""
        seen = []

        def probe(vendors: Collection[str] | None) -> Hardware:
            seen.append(vendors)
            return Hardware()

        bench.decide("plain", "torch", probe=probe)
        assert seen == [None]


class TestPrecedence:
    """The order of precedence of backend requests."""

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
        self,
        bench: DecisionBench,
        environ: dict[str, str],
        table: str,
        decided_by: str,
        backend: str,
    ) -> None:
        """Variables override the table, and the table overrides detection."""
        config = bench.make_config(backend=table, environment_variable="MINE")
        decision = bench.decide("rtx-4090-on-550", "torch", config=config, environ=environ)
        assert (decision.decided_by, str(decision.backend)) == (decided_by, backend)

    def test_extra(self, bench: DecisionBench) -> None:
        """A requested backend extra overrides variables and hardware."""
        config = bench.make_config("cu124", "rocm70", "cpu")
        environ = {"TORCH_VARIANT": "cpu"}
        decision = bench.decide(
            "plain", "torch", config=config, environ=environ, extras=frozenset({"rocm70"})
        )
        assert (decision.decided_by, str(decision.backend)) == ("extra rocm70", "rocm7.0")

    def test_two_extras(self, bench: DecisionBench) -> None:
        """Two backend extras at once are an error."""
        config = bench.make_config("cu124", "cpu")
        with pytest.raises(ConfigurationError, match="expected one backend extra, got cu124, cpu"):
            bench.decide("plain", "torch", config=config, extras=frozenset({"cu124", "cpu"}))

    def test_rocm_that_was_never_published(self, bench: DecisionBench) -> None:
        """rocm6.5, never published, becomes rocm6.4 with a warning."""
        decision = bench.decide("plain", "torch", environ={"TORCH_VARIANT": "rocm65"})
        assert str(decision.backend) == "rocm6.4"
        assert decision.warnings == ("PyTorch never published rocm6.5; using rocm6.4 instead",)


class TestAlreadyResolved:
    """Requirements that the project or uv has already resolved."""

    def test_url(self, bench: DecisionBench) -> None:
        """A torch required by URL is not pinned, and members match it."""
        decision = bench.decide("plain", URL.format("2.5.1%2Bcu124"), "torchvision")
        assert _added(decision) == ["torchvision"]
        assert [str(pin.version) for pin in decision.pins] == ["0.20.1+cu124"]

    @pytest.mark.parametrize("version", ["2.5.0%2Bnv24", "2.5.9%2Bcu124"])
    def test_url_of_another_build(self, bench: DecisionBench, version: str) -> None:
        """Nothing is injected beside a torch that the index lacks, and the install goes on."""
        decision = bench.decide("plain", URL.format(version), "torchvision")
        assert decision.injected == ()
        assert decision.warnings == (
            "the project requires torch from a URL, and no wheel of the index goes with it",
        )

    def test_url_keeps_other_backends_out(self, bench: DecisionBench) -> None:
        """Extras of other backends are unsatisfiable beside a URL too."""
        config = bench.make_config("cu124", "cpu")
        decision = bench.decide("plain", URL.format("2.5.1%2Bcu124"), config=config)
        assert _added(decision) == ['torch<0 ; extra == "cpu"']

    def test_torch_from_uv_source(self, bench: DecisionBench) -> None:
        """Nothing is injected where uv gets torch from its own source."""
        decision = bench.decide(
            "plain", "torch", "torchvision", uv_routed=frozenset({"torch"}), probe=_no_probe
        )
        assert (decision.backend, decision.injected) == (None, ())
        assert decision.warnings == ("uv gets torch from [tool.uv.sources], so nothing is added",)

    def test_member_from_uv_source(self, bench: DecisionBench) -> None:
        """A member that uv gets from its own source is not pinned, and a warning says so."""
        routed = frozenset({"torchvision"})
        decision = bench.decide("rtx-4090-on-550", "torch", "torchvision", uv_routed=routed)
        assert _added(decision) == ["torch"]
        assert decision.warnings == ("uv gets torchvision from [tool.uv.sources]",)

    def test_constraints(self, bench: DecisionBench) -> None:
        """Constraints limit the versions and the backends."""
        constraints = tuple(map(Requirement, ["torch==2.5.1+cu121", "torchaudio<1", "numpy<2"]))
        decision = bench.decide("rtx-4090-on-550", "torch", constraints=constraints)
        assert [str(pin.version) for pin in decision.pins] == ["2.5.1+cu121"]


class TestInjected:
    """What is injected, and in which order."""

    def test_torch_first(self, bench: DecisionBench) -> None:
        """Torch comes first, then the members and the companions, under the marker."""
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

    def test_nothing_of_the_family(self, bench: DecisionBench) -> None:
        """A project without torch gets nothing, and no index is requested."""
        decision = bench.decide("plain", "numpy", index=bench.unreachable_index())
        assert decision.injected == ()
        assert decision.warnings == ("this install does not depend on torch",)

    def test_false_marker(self, bench: DecisionBench) -> None:
        """A requirement whose marker does not apply gets nothing."""
        decision = bench.decide(
            "plain", "torch ; sys_platform == 'win32'", index=bench.unreachable_index()
        )
        assert decision.injected == ()

    def test_family(self, bench: DecisionBench) -> None:
        """Packages of the `family` key are pinned although the project does not require them."""
        config = bench.make_config(family=("torchvision",))
        decision = bench.decide("plain", "timm", config=config)
        assert _added(decision) == ["torch", "torchvision"]

    def test_compatibility(self, bench: DecisionBench) -> None:
        """`compatibility` injects the bounds of other libraries for the chosen torch."""
        config = bench.make_config(compatibility=True)
        requirements = ["torch<2.4", "transformers ; python_version > '3'", "huggingface_hub"]
        decision = bench.decide("plain", *requirements, config=config)
        assert _added(decision)[1:] == [
            'transformers>=4.41.0,<4.50.0 ; python_version > "3"',
            "huggingface_hub>=0.23.0,<0.30.0",
        ]

    def test_hashes(self, bench: DecisionBench) -> None:
        """Wheels without a hash are skipped where hashes are required."""
        versions = [
            bench.decide("gtx-1080-on-580", "torch<2.7", require_hashes=required).pins[0].version
            for required in (False, True)
        ]
        assert [one.local for one in versions] == ["cu126", "cu124"]

    def test_deterministic(self, bench: DecisionBench) -> None:
        """The same inputs lead to the same decision."""
        case = ("mi300-rocm-6.4", "torch", "torchaudio", "torchvision")
        assert bench.decide(*case) == bench.decide(*case)
