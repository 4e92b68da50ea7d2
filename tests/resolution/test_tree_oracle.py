"""Made-up universes of wheels, with the real pip as the judge of what installs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import HealthCheck, event, given, settings, strategies as st
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from hatch_torch.catalog.target import running_interpreter
from hatch_torch.demo.wheels import Stub, build_wheel
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.project_index import ProjectIndex, ProjectIndexOptions
from hatch_torch.resolution.model import FamilyChoice, Need, TreeConflictError
from hatch_torch.resolution.packages import InstallerPackages, active_requirements
from hatch_torch.resolution.tree import Install, prefetch, resolve_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hatch_torch.resolution.model import Release, Tree

FAMILY = ("torch", "torchvision")
NAMES = ("alpha", "beta", "gamma", "delta")
VERSIONS = ("1.0", "1.1", "2.0", "3.0rc1")
TORCHES = ("1.0", "1.1", "2.0", "3.0")
OPERATORS = ("", "==", "!=", "<", "<=", ">", ">=", "~=")
TARGET = running_interpreter()
PIP = """
import json, os, sys
from pip._internal.cli.main import main
for line in sys.stdin:
    saved = os.dup(1)
    os.dup2(2, 1)
    code = main(["install", "--dry-run", "--ignore-installed", "--no-index", *json.loads(line)])
    sys.stdout.flush()
    os.dup2(saved, 1)
    os.close(saved)
    os.write(1, b"%d\\n" % code)
"""
"""Answers each line, the arguments of an install, with pip's exit code."""


class Universe(NamedTuple):
    """Wheels by name and version, and what a project requires of them."""

    packages: Mapping[tuple[str, str], Stub]
    required: tuple[str, ...]


@st.composite
def requirements(draw: st.DrawFn) -> str:
    """Draw a requirement on a package or on the torch family."""
    name = draw(st.sampled_from((*NAMES, *FAMILY, *FAMILY)))
    operator = draw(st.sampled_from(OPERATORS))
    version = draw(st.sampled_from(TORCHES if name in FAMILY else VERSIONS))
    extra = draw(st.sampled_from(("", "", "[more]"))) if name in NAMES else ""
    marker = draw(
        st.sampled_from(("", "", "", "; python_version < '3'", "; sys_platform != 'none'"))
    )
    return f"{name}{extra}{operator}{version if operator else ''}{marker}"


@st.composite
def stubs(draw: st.DrawFn, name: str, version: str) -> Stub:
    """Draw a release of a package."""
    required = draw(st.lists(requirements(), max_size=2))
    of_extra = [
        one + (" and " if ";" in one else "; ") + "extra == 'more'"
        for one in draw(st.lists(requirements(), max_size=1))
    ]
    return Stub(
        f"{name}-{version}-py3-none-any.whl",
        requires=(*required, *of_extra),
        python=draw(st.sampled_from(("", "", "", ">=3.8", ">=4"))),
        extras=("more",),
    )


@st.composite
def universes(draw: st.DrawFn) -> Universe:
    """Draw a universe, the torch family included."""
    packages = {
        (name, version): draw(stubs(name, version))
        for name in NAMES
        for version in draw(st.sets(st.sampled_from(VERSIONS), min_size=1))
    }
    required = draw(st.lists(requirements(), min_size=1, max_size=3))
    return Universe(packages, tuple(required))


def stub_family(local: str) -> Iterator[Stub]:
    """Yield the wheels of torch, and of the torchvision that goes with each."""
    for version in TORCHES:
        yield Stub(f"torch-{version}{local}-py3-none-any.whl")
        pinned = (f"torch=={version}",)
        yield Stub(f"torchvision-{version}{local}-py3-none-any.whl", requires=pinned)


def offer(specifiers: Mapping[str, SpecifierSet]) -> Iterator[FamilyChoice]:
    """Yield the families in range, the newest first."""
    for version in map(Version, reversed(TORCHES)):
        if all(version in specifier for specifier in specifiers.values()):
            yield FamilyChoice(dict.fromkeys(("torch", *specifiers), version))


@contextmanager
def running_pip() -> Iterator[Callable[..., bool]]:
    """Yield what says whether pip can install something, from one process for all."""
    environ = {"PIP_CONFIG_FILE": "/dev/null", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    with subprocess.Popen(
        [sys.executable, "-c", PIP],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environ,
    ) as process:
        assert process.stdin
        assert process.stdout

        def installs(*arguments: str) -> bool:
            assert process.stdin
            assert process.stdout
            process.stdin.write(json.dumps(arguments) + "\n")
            process.stdin.flush()
            return process.stdout.readline() == "0\n"

        yield installs
        process.stdin.close()


def resolve(universe: Universe, folder: Path) -> Tree:
    """Resolve what a universe's project requires, as a hook run does."""
    needs = (
        Need.from_requirement(requirement)
        for requirement in map(Requirement, universe.required)
        if requirement.marker is None or requirement.marker.evaluate()
    )
    roots = tuple(("my-app", need) for need in needs)
    install = Install(roots, frozenset(FAMILY), TARGET.environment)
    client = Client(Cache(folder / "cache"), timeout=15)
    options = ProjectIndexOptions(urls=(), find_links=(str(folder),))
    source = InstallerPackages(
        lambda: ProjectIndex(client, options, TARGET), installed={}, local={}
    )
    prefetch(install, source)
    return resolve_tree(install, source, offer)


def find_newest_torch(universe: Universe) -> str | None:
    """Return the highest torch where the newest release of everything admits one, else None."""
    bounds: dict[str, SpecifierSet] = {}
    extras: dict[str, frozenset[str]] = {}
    chosen: dict[str, Version] = {}
    todo = [*map(Requirement, universe.required)]
    while todo:
        requirement = todo.pop()
        name = requirement.name
        if requirement.marker and not requirement.marker.evaluate({"extra": ""}):
            continue
        bounds[name] = bounds.get(name, SpecifierSet()) & requirement.specifier
        known = extras.get(name)
        extras[name] = (known or frozenset()) | requirement.extras
        if name in FAMILY or extras[name] == known:
            continue
        release = find_newest(universe, name)
        if release is None:
            return None
        chosen[name] = release.version or Version("0")
        lines = universe.packages[name, str(release.version)].requires
        asked = release._replace(extras=extras[name])
        for one in active_requirements(map(Requirement, lines), asked, TARGET.environment):
            one.marker = None
            todo.append(one)
    if any(version not in bounds[name] for name, version in chosen.items()):
        return None
    families = offer({name: bounds[name] for name in FAMILY if name in bounds})
    newest = next(families, None) if bounds.keys() & {*FAMILY} else None
    return str(newest.versions["torch"]) if newest else None


def find_newest(universe: Universe, name: str) -> Release | None:
    """Return the newest final release of a package that this Python admits."""
    from hatch_torch.resolution.model import Release  # noqa: PLC0415 (a value of this test)

    versions = [
        Version(version)
        for (one, version), stub in universe.packages.items()
        if one == name and stub.python != ">=4" and not Version(version).is_prerelease
    ]
    return Release(name, max(versions)) if versions else None


def check(universe: Universe, installs: Callable[..., bool]) -> None:
    """Hold the properties for a universe."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        own, plain, chosen = folder / "own", folder / "plain", folder / "chosen"
        families = ((plain, stub_family("")), (chosen, stub_family("+cu1")))
        for place, wheels in ((own, universe.packages.values()), *families):
            place.mkdir()
            for stub in wheels:
                (place / stub.filename).write_bytes(build_wheel(stub))
        links = ("--find-links", str(own), "--find-links", str(plain))
        is_installable = installs(*links, *universe.required)
        try:
            tree = resolve(universe, own)
        except TreeConflictError:
            event("conflict")
            assert not is_installable
            return
        versions = tree.choice.versions if tree.choice else {}
        pins = [
            f"{name} @ {(chosen / f'{name}-{version}+cu1-py3-none-any.whl').as_uri()}"
            for name, version in versions.items()
        ]
        if is_installable:
            event("with torch" if pins else "without torch")
            assert installs(*links, *pins, *universe.required)
        if expected := find_newest_torch(universe):
            event("newest")
            assert str(versions["torch"]) == expected


@pytest.mark.parametrize(
    "examples", [10, pytest.param(250, marks=pytest.mark.matrix)], ids=["few", "many"]
)
def test_what_installs_with_pip_installs_with_the_pins(examples: int) -> None:
    """An install that pip can do is possible with our torch, the highest that the tree admits."""
    with running_pip() as installs:

        @settings(
            max_examples=examples,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        )
        @given(universes())
        def hold(universe: Universe) -> None:
            check(universe, installs)

        hold()
