"""The portable metadata: the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given, settings, strategies as st
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config, declared_extras

if TYPE_CHECKING:
    from tests.config.conftest import Read

_LINES = st.lists(
    st.sampled_from(["torch>=2.3", "torch", "Torchvision", "numpy", "xformers; os_name == 'nt'"]),
    max_size=4,
).map(lambda lines: tuple(map(Requirement, lines)))
_EXTRAS = st.lists(
    st.builds(
        lambda name, lines: BackendExtra(name, Backend.parse(name), lines),
        st.sampled_from(["cu124", "rocm70", "cpu"]),
        _LINES,
    ),
    max_size=3,
    unique_by=lambda extra: extra.name,
).map(tuple)


def _spelled(config: Config) -> dict[str, list[str]]:
    return {name: [*map(str, lines)] for name, lines in declared_extras(config).items()}


def test_full_form(read: Read) -> None:
    """Every backend's extra repeats the family's requirements, so that it can be routed."""
    family = ["torch>=2.3", "torchvision"]
    assert {
        "dev": ["pytest"],
        "cu124": family,
        "rocm70": [*family, "torch>=2.10.0.dev0"],
        "rocm65": family,
        "rocm57": [*family, "torch==2.3.1"],
        "cpu": family,
    } == _spelled(read(form="full"))


def test_optional_torch() -> None:
    """Where torch is optional, the lines of the ordinary extras are repeated."""
    config = Config(
        dependencies=(Requirement("numpy"),),
        optional_dependencies={
            "train": (Requirement("torch>=2.3"), Requirement("rich")),
            "all": (Requirement("torch>=2.3"),),
        },
        extras=(BackendExtra("cpu", Backend("cpu")),),
    )
    assert _spelled(config)["cpu"] == ["torch>=2.3"]


@settings(max_examples=60, deadline=None)
@given(dependencies=_LINES, extras=_EXTRAS)
def test_nothing_of_this_machine(
    dependencies: tuple[Requirement, ...], extras: tuple[BackendExtra, ...]
) -> None:
    """Each extra says only what the project wrote, each line once."""
    config = Config(dependencies=dependencies, extras=extras)
    found = declared_extras(config)
    assert [extra.name for extra in extras] == [*found]
    for extra in extras:
        assert {*found[extra.name]} <= {*dependencies, *extra.dependencies}
        assert {*extra.dependencies} <= {*found[extra.name]}
        assert len({*found[extra.name]}) == len(found[extra.name])
