"""Which backends a project's extras mean, and which of them cannot be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import backend_for_extra, validate_extras

if TYPE_CHECKING:
    from tests.config.conftest import Faults

_EXTRAS = "tool.torch-variant.extras"


def test_plain() -> None:
    """An extra means the backend that it is called after."""
    assert (Backend("rocm", (7, 0)),) == backend_for_extra("ROCm70", {})


def test_unpublished() -> None:
    """A ROCm that PyTorch never published stands for the one below, with a notice."""
    notice = "PyTorch never published rocm6.5; using rocm6.4 instead"
    assert (Backend("rocm", (6, 4)), notice) == backend_for_extra("rocm65", {})


def test_unpublished_with_an_index() -> None:
    """A project's own index may well have what PyTorch never published."""
    extra = {"index-url": "https://wheels.example.org/rocm6.5"}
    assert (Backend("rocm", (6, 5)),) == backend_for_extra("rocm65", extra)


def test_names_no_backend() -> None:
    """A name of no backend is refused."""
    with pytest.raises(ValueError, match="'gpu' is not a backend"):
        backend_for_extra("gpu", {})


def test_nothing_left(faults: Faults) -> None:
    """An extra's requirement that leaves no version of the project's is told with both lines."""
    found = faults("[tool.torch-variant.extras.rocm56]\ndependencies = ['Torch<2.3']", form="full")
    assert [
        (
            f"{_EXTRAS}.rocm56.dependencies: no version satisfies 'Torch<2.3' "
            "and the project's 'torch>=2.3'"
        )
    ] == found


def test_nothing_left_of_the_table(faults: Faults) -> None:
    """In the one-table form the project's lines are those of the table."""
    more = "extras.cu118.dependencies = ['torch==2.2.*']"
    (found,) = faults(more, form="one table")
    assert f"{_EXTRAS}.cu118.dependencies: no version satisfies 'torch==2.2.*' and" in found


@pytest.mark.parametrize(
    ("own", "line"),
    [
        ("torch==2.3.1", "torch>=2.3"),
        ("numpy<2", "torch>=2.3"),
        ("torch==2.3.1", "torch>=2.6; sys_platform == 'win32'"),
        ("torch==2.3.1; sys_platform == 'linux'", "torch>=2.6; sys_platform == 'win32'"),
        ("torch @ https://wheels.example.org/torch.whl", "torch>=2.6"),
    ],
)
def test_something_left(own: str, line: str) -> None:
    """Requirements of which both can hold, or that never hold together, are no conflict."""
    assert [*validate_extras({"cu121": {"dependencies": [own]}}, [line])] == []


@pytest.mark.parametrize("marker", ["", "; sys_platform == 'linux'"])
def test_nothing_left_under_a_marker(marker: str) -> None:
    """A line that holds wherever the extra's does excludes it there."""
    extras = {"cu121": {"dependencies": ["torch==2.3.1; sys_platform == 'linux'"]}}
    (found,) = validate_extras(extras, [f"torch>=2.6{marker}"])
    assert f"{_EXTRAS}.cu121.dependencies" == found.partition(":")[0]


def test_two_extras_for_one_backend() -> None:
    """Nobody could say which of two extras counts for their backend."""
    extras: dict[str, dict[str, str]] = {"rocm64": {}, "rocm65": {}, "ROCm6.4": {}, "rocm63": {}}
    assert [
        f"{_EXTRAS}.rocm65: {_EXTRAS}.rocm64 means rocm6.4 too; keep one of them",
        f'{_EXTRAS}."ROCm6.4": {_EXTRAS}.rocm64 means rocm6.4 too; keep one of them',
    ] == [*validate_extras(extras, [])]


@pytest.mark.parametrize("extras", [None, [], "cu124", {"gpu": {}}, {"cu124": 7}])
def test_other_shapes(extras: object) -> None:
    """What has another shape is a fault of its own, told elsewhere."""
    assert [*validate_extras(extras, ["torch>=2.6", 7, "?"])] == []
    assert [*validate_extras({"cu124": {"dependencies": ["torch<2", 7]}}, "torch>=2.6")] == []
