"""The bounds that the other packages of an install put on the torch family."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.resolution.model import FamilyChoice, Need, Release, TreeConflictError
from hatch_torch.resolution.packages import active_requirements
from hatch_torch.resolution.tree import Install, prefetch, resolve_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from hatch_torch.resolution.model import Tree

    Packages = Mapping[str, Mapping[str, Iterable[str]]]
    """Name -> version -> requirements."""

FAMILY = frozenset({"torch", "torchvision", "torchaudio"})
ENVIRONMENT = {"python_version": "3.12", "sys_platform": "linux"}
PAIRS = {"2.15.0": "0.29.2", "2.12.1": "0.27.1", "2.8.0": "0.23.0", "2.6.0": "0.21.0"}
"""Releases of torch, the newest first, and of torchvision."""


class Universe:
    """Packages in memory, as an index would offer them; counts what is asked together."""

    def __init__(self, packages: Packages) -> None:
        """Take the packages; one without releases is unknown."""
        self.packages = packages
        self.levels: list[set[str]] = []

    def load_releases(self, needs: Iterable[Need]) -> None:
        """Count a level."""
        self.levels.append({need.name for need in needs})

    def load_metadata(self, releases: Iterable[Release]) -> None:
        """Have everything at hand."""

    def releases(self, need: Need) -> Iterator[Release] | None:
        """Return the releases in range, the newest first."""
        if need.name not in self.packages:
            return None
        versions = sorted(map(Version, self.packages[need.name]), reverse=True)
        return (Release(need.name, one) for one in versions if one in need.specifier)

    def admits_python(self, _release: Release) -> bool:
        """Run everywhere."""
        return True

    def requires(self, release: Release) -> list[Requirement]:
        """Return what a release requires."""
        lines = self.packages.get(release.name, {}).get(str(release.version), ())
        return [*map(Requirement, lines)]


def family_choices(
    *requires: str, releases: Mapping[str, str] = PAIRS
) -> Callable[[Mapping[str, SpecifierSet]], Iterator[FamilyChoice]]:
    """Return what offers torch with the torchvision that goes with it."""

    def offer(specifiers: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
        for torch, torchvision in releases.items():
            versions = {"torch": Version(torch), "torchvision": Version(torchvision)}
            if all(name in versions and versions[name] in specifiers[name] for name in specifiers):
                yield FamilyChoice(versions, lambda: map(Requirement, requires))

    return offer


def resolve(packages: Packages, *required: str, requires: tuple[str, ...] = ()) -> Tree:
    """Resolve what a project requires."""
    install = install_of(*required)
    return resolve_tree(install, Universe(packages), family_choices(*requires))


def install_of(*required: str, **constraints: str) -> Install:
    """Return what a project's requirements have an installer resolve."""
    return Install(
        tuple(("my-app", Need.from_requirement(Requirement(one))) for one in required),
        FAMILY,
        ENVIRONMENT,
        {name: SpecifierSet(text) for name, text in constraints.items()},
    )


def torch_of(tree: Tree) -> str:
    """Return the torch that was chosen."""
    assert tree.choice is not None
    return str(tree.choice.versions["torch"])


WHISPERX: Packages = {
    "whisperx": {"3.8.6": ["torch~=2.8.0"], "3.1.0": ["numpy"]},
    "numpy": {"2.4.0": [], "1.26.0": []},
}


def test_the_newest_package_bounds_torch() -> None:
    """Torch is lowered to what the newest whisperx takes; whisperx is not."""
    tree = resolve(WHISPERX, "torch", "whisperx")
    assert torch_of(tree) == "2.8.0"
    assert str(tree.releases["whisperx"]) == "whisperx 3.8.6"


def test_says_who_bounds_torch() -> None:
    """A bound names the package that states it, and what requires that package."""
    packages: Packages = {"app": {"1": ["lerobot"]}, "lerobot": {"0.6.1": ["torch<2.12"]}}
    bounds = resolve(packages, "app").bounds
    assert [*map(str, bounds)] == ["torch <2.12: lerobot 0.6.1, required by app 1"]
    assert bounds[0].path == ("lerobot 0.6.1", "app 1", "my-app")


def test_a_bound_of_the_project() -> None:
    """The project's own requirement is a bound too."""
    (bound,) = resolve({}, "torch<2.9").bounds
    assert str(bound) == "torch <2.9: my-app"


def test_an_older_package_where_no_torch_is_usable() -> None:
    """Where no usable torch meets the newest release, an older one is taken, as pip would."""
    packages: Packages = {"vllm": {"0.33": ["torch==2.14.0"], "0.11": ["torch==2.8.0"]}}
    tree = resolve(packages, "torch", "vllm")
    assert (torch_of(tree), str(tree.releases["vllm"])) == ("2.8.0", "vllm 0.11")
    (passed_over,) = tree.passed_over
    assert str(passed_over) == "vllm 0.11 is taken, since vllm 0.33 requires torch==2.14.0"


def test_an_older_package_for_another_reason() -> None:
    """An older release that torch has nothing to do with is not worth a word."""
    packages: Packages = {
        "app": {"2": ["lib>=2", "torch"], "1": ["lib"]},
        "lib": {"1": []},
        "other": {"1": ["lib<2"]},
    }
    tree = resolve(packages, "torch", "app", "other")
    assert (str(tree.releases["app"]), tree.passed_over) == ("app 1", ())


def test_members_bound_torch() -> None:
    """A bound on torchvision lowers torch to the release that goes with it."""
    packages: Packages = {"lmdeploy": {"0.18.0": ["torchvision<=0.27.1"]}}
    tree = resolve(packages, "torch", "lmdeploy")
    assert torch_of(tree) == "2.12.1"


def test_requirements_of_torch_itself() -> None:
    """A torch whose own requirements exclude what the tree needs is passed over."""

    def offer(_: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
        for torch, sympy in (("2.15.0", ">=1.13.3"), ("2.6.0", "==1.13.1")):
            lines = [Requirement(f"sympy{sympy}")]
            yield FamilyChoice({"torch": Version(torch)}, lines.copy)

    universe = Universe({"pkg": {"1": ["sympy<1.13.2", "torch"]}, "sympy": {"1.13.1": []}})
    tree = resolve_tree(install_of("pkg"), universe, offer)
    assert torch_of(tree) == "2.6.0"


def test_nothing_requires_torch() -> None:
    """A project of which nothing leads to torch gets none."""
    tree = resolve({"rich": {"15.0": []}}, "rich")
    assert (tree.choice, tree.bounds) == (None, ())


def test_conflict() -> None:
    """Where nothing fits, the requirements that take part are named."""
    packages: Packages = {"allennlp": {"2.10.1": ["torch<1.13,>=1.10"]}}
    with pytest.raises(TreeConflictError, match=r"torch <1.13,>=1.10: allennlp 2.10.1"):
        resolve(packages, "torch", "allennlp")


def test_conflict_of_the_others() -> None:
    """A conflict that torch takes no part in names no bound on it."""
    packages: Packages = {"a": {"1": ["c<2"]}, "b": {"1": ["c>=2"]}, "c": {"1": [], "2": []}}
    with pytest.raises(TreeConflictError) as error:
        resolve(packages, "a", "b", "torch")
    assert error.value.bounds == ()


def test_unknown_packages_bound_nothing() -> None:
    """A package of which nothing can be known meets every requirement."""
    tree = resolve({}, "private-package>=3", "torch")
    assert torch_of(tree) == "2.15.0"
    assert str(tree.releases["private-package"]) == "private-package"


@pytest.mark.parametrize(
    ("extras", "expected"),
    [
        (set(), ["numpy"]),
        ({"vision"}, ["numpy", "torchvision"]),
        ({"all"}, ["numpy", "torchvision", "torchaudio"]),
    ],
)
def test_extras(extras: set[str], expected: list[str]) -> None:
    """Requirements of an extra count where it is asked for, also by another extra."""
    lines = [
        "numpy",
        'colorama; sys_platform == "win32"',
        'torchvision; extra == "vision"',
        "torchaudio; extra == 'audio'",
        'pkg[vision,audio]; extra == "all"',
    ]
    release = Release("pkg", Version("1"), frozenset(extras))
    active = active_requirements(map(Requirement, lines), release, ENVIRONMENT)
    assert [one.name for one in active] == expected


def test_extras_that_come_later() -> None:
    """A package that is chosen already is chosen anew for more extras."""
    packages: Packages = {
        "a": {"1": ["b[x]"]},
        "b": {"2": ["torch<2.9; extra == 'x'"]},
        "c": {"1": ["a"]},
    }
    assert torch_of(resolve(packages, "torch", "b", "c")) == "2.8.0"


def test_a_cycle() -> None:
    """Packages that require each other are read once."""
    packages: Packages = {"a": {"1": ["b"]}, "b": {"1": ["a", "torch<2.9"]}}
    assert torch_of(resolve(packages, "a")) == "2.8.0"


def test_constraints() -> None:
    """A constraint bounds what is required, and requires nothing."""
    install = install_of("whisperx", whisperx="<3.8", torch="<2")
    tree = resolve_tree(install, Universe(WHISPERX), family_choices())
    assert str(tree.releases["whisperx"]) == "whisperx 3.1.0"
    assert tree.choice is None


def test_prefetch_reads_level_by_level() -> None:
    """Pages are read together, a level of the tree at a time, and none of the family's."""
    packages: Packages = {"a": {"1": ["c"]}, "b": {"1": ["c", "torch"]}, "c": {"1": []}}
    universe = Universe(packages)
    assert prefetch(install_of("a", "b"), universe)
    assert universe.levels == [{"a", "b"}, {"c"}]


def test_prefetch_without_torch() -> None:
    """It says where nothing requires the family."""
    assert not prefetch(install_of("rich"), Universe({"rich": {"1": []}}))
