"""Pages with pre-releases, with hashes other than sha256 or none, and with cut METADATA."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.errors import NoAnswerError
from hatch_torch.index.simple_api import Wheel

if TYPE_CHECKING:
    from hatch_torch.index.pytorch_index import PyTorchIndex
    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import DecisionBench

CPU = Backend.parse("cpu")
FOLDER = "https://download.pytorch.org/whl/cpu"


def _wheel(name: str, version: str, **more: Any) -> Wheel:  # noqa: ANN401 (handed to Wheel)
    filename = f"{name}-{version}-cp312-cp312-manylinux_2_28_x86_64.whl"
    url = f"{FOLDER}/{filename.replace('+', '%2B')}"
    return Wheel.from_filename(filename, url)._replace(**{"sha256": "a" * 64, **more})


class _Index:
    """The embedded index with other pages, or other METADATA, in some places."""

    def __init__(
        self,
        index: PyTorchIndex,
        pages: dict[str, list[Wheel]] | None = None,
        requires: tuple[str, ...] = (),
        hashed: str | None = None,
    ) -> None:
        self._index, self._pages, self._requires, self._hashed = index, pages, requires, hashed

    def __getattr__(self, name: str) -> object:
        return getattr(self._index, name)

    def get_wheels(self, backend: Backend, name: str) -> tuple[Wheel, ...]:
        """Return the wheels of a page."""
        if self._pages is not None:
            return tuple(self._pages.get(name, ())) if backend == CPU else ()
        wheels = self._index.get_wheels(backend, name)
        return tuple(wheel._replace(core_metadata=self._hashed) for wheel in wheels)

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return what a wheel requires."""
        return tuple(map(Requirement, self._requires)) if wheel.name == "torch" else ()


def _decide(bench: DecisionBench, pages: dict[str, list[Wheel]], *requirements: str) -> Decision:
    index: Any = _Index(bench.new_index(), pages)
    return bench.decide("plain", *requirements, index=index)


class TestPreReleases:
    """Pre-releases beside finals, by the installers' rules."""

    @pytest.mark.parametrize(
        ("requirement", "expected"),
        [
            ("torch", "2.15.0+cpu"),
            ("torch>=2.4", "2.15.0+cpu"),
            ("torch>=2.4,<99", "2.15.0+cpu"),
            ("torch!=2.15.0", "2.14.1+cpu"),
            ("torch>=9.9.9a1", "9.9.9rc1+cpu"),
            ("torch==9.9.9a1", "9.9.9a1+cpu"),
            ("torch>=2.16", "9.9.9rc1+cpu"),
        ],
    )
    def test_of_torch(self, bench: DecisionBench, requirement: str, expected: str) -> None:
        """One is taken only where the range names one, or nothing else is in range."""
        versions = ("2.14.1+cpu", "9.9.9rc1+cpu", "2.15.0+cpu", "9.9.9a1+cpu", "9.9.9.dev1+cpu")
        pages = {"torch": [_wheel("torch", one) for one in versions]}
        assert str(_decide(bench, pages, requirement).pins[0].version) == expected

    @pytest.mark.parametrize(
        ("requirement", "expected"),
        [
            ("torchvision", "0.30.0+cpu"),
            ("torchvision>=0.20", "0.30.0+cpu"),
            ("torchvision>=0.30.1rc1", "0.30.1rc1+cpu"),
        ],
    )
    def test_of_a_member(self, bench: DecisionBench, requirement: str, expected: str) -> None:
        """The same holds for the other members of the family."""
        vision = [_wheel("torchvision", one) for one in ("0.30.1rc1+cpu", "0.30.0+cpu")]
        pages = {"torch": [_wheel("torch", "2.15.0+cpu")], "torchvision": vision}
        pins = {pin.name: pin for pin in _decide(bench, pages, "torch", requirement).pins}
        assert str(pins["torchvision"].version) == expected


class TestHashes:
    """What a page gives is used, and what it lacks is said."""

    @pytest.mark.parametrize("name", ["md5", "sha1", "sha224", "sha384", "sha512"])
    def test_other_than_sha256(self, bench: DecisionBench, name: str) -> None:
        """A hash that installers check in the fragment is added."""
        pages = {
            "torch": [_wheel("torch", "2.15.0+cpu", sha256=None, other_hashes=((name, "ab"),))]
        }
        decision = _decide(bench, pages, "torch")
        assert decision.injected[0].requirement.endswith(f".whl#{name}=ab")
        assert not any("hash" in one for one in decision.warnings)

    def test_none(self, bench: DecisionBench) -> None:
        """A wheel without a hash is named, since a changed one would not be noticed."""
        pages = {"torch": [_wheel("torch", "2.15.0+cpu", sha256=None)]}
        decision = _decide(bench, pages, "torch")
        warning = "the index gives no hash for the wheel of torch 2.15.0+cpu"
        assert warning in decision.warnings
        with pytest.raises(NoAnswerError, match="no torch"):
            bench.decide(
                "plain", "torch", index=_Index(bench.new_index(), pages), require_hashes=True
            )


class TestCutMetadata:
    """METADATA of ROCm's torch without its triton, which only PyTorch's index has."""

    def test_without_a_hash(self, bench: DecisionBench) -> None:
        """It does not outweigh the table: a stranger could publish that triton elsewhere."""
        index: Any = _Index(bench.new_index(), requires=("filelock",), hashed=None)
        with pytest.raises(NoAnswerError, match="cannot read its METADATA, which names the triton"):
            bench.decide("mi300-rocm-6.4", "torch==2.9.1", index=index)

    def test_with_its_hash(self, bench: DecisionBench) -> None:
        """What the page's hash confirms is believed."""
        index: Any = _Index(bench.new_index(), requires=("filelock",), hashed="a" * 64)
        decision = bench.decide("mi300-rocm-6.4", "torch==2.9.1", index=index)
        assert [pin.name for pin in decision.pins] == ["torch"]
