"""The other packages of an install, in lock files and in requirements files with hashes."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch._toml import loads
from hatch_torch.errors import IndexFaultError, NoAnswerError
from hatch_torch.export.context import collect_notices
from hatch_torch.export.formats import render_requirements
from hatch_torch.export.pylock import render_pylock
from hatch_torch.export.whole_install import NO_PACKAGES, OtherPackages, find_other_packages
from hatch_torch.index.project_index import ReleaseFile
from hatch_torch.resolution.inputs import collect_inputs
from hatch_torch.resolution.model import Bound, Need, Release, TreeConflictError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_torch.index.simple_api import Wheel
    from hatch_torch.resolution.model import FamilyChoice
    from tests.export.conftest import MakeContext

NUMPY = ReleaseFile(
    "numpy-2.0-py3-none-any.whl",
    "numpy",
    Version("2.0"),
    "https://files.example/numpy-2.0-py3-none-any.whl",
    "aa",
)
ODD = ReleaseFile(
    "odd-1.0.tar.gz", "odd", Version("1.0"), "https://files.example/odd-1.0.tar.gz", "bb"
)


class Index:
    """The torch index, which has the METADATA of every wheel, or of none."""

    def __init__(self, *requires: str, fault: bool = False) -> None:
        """Take what torch requires."""
        self._requires = requires
        self._fault = fault

    def get_wheels(self, *_: object) -> tuple[Wheel, ...]:
        """Return no wheel: those of a lock are on no page that was read."""
        if self._fault:
            raise IndexFaultError("https://index.example", "away")
        return ()

    def read_requirements(self, wheel: Wheel) -> tuple[Requirement, ...] | None:
        """Return the requirements of torch; None of others."""
        return tuple(map(Requirement, self._requires)) if wheel.name == "torch" else None


class Tree:
    """A whole install with these files; it keeps what the wheels require."""

    def __init__(self, *files: ReleaseFile, conflict: TreeConflictError | None = None) -> None:
        """Take the files of the releases, and the conflict that completing it ends in."""
        self.files = {file.name: file for file in files}
        self.required: list[str] = []
        self._conflict = conflict

    def complete(self, choice: FamilyChoice) -> Mapping[str, Release]:
        """Return the releases, and one that nobody knows."""
        self.required = [str(one) for one in choice.requires()]
        if self._conflict:
            raise self._conflict
        found = {name: Release(name, file.version) for name, file in self.files.items()}
        return {**found, "mine": Release("mine")}

    def find_file(self, release: Release) -> ReleaseFile | None:
        """Return the file of a release."""
        return self.files.get(release.name)


def find(make_context: MakeContext, tree: Tree | None, index: Index) -> OtherPackages:
    """Return the other packages of a project that requires torch with an extra."""
    context = make_context("torch[fast]", backend="cpu", pins=("torch 2.6.0+cpu",))
    inputs = collect_inputs(context.config, {}, target=context.target)
    inputs = inputs._replace(open_tree=lambda *_: tree)  # type: ignore[arg-type] # less than an install
    return find_other_packages(inputs, context.decision, index)  # type: ignore[arg-type] # of a source


def test_finds_what_the_wheels_require(make_context: MakeContext) -> None:
    """Torch's requirements here count, those of the extras that are requested too."""
    tree = Tree(ODD, NUMPY)
    others = find(
        make_context,
        tree,
        Index("numpy", "odd; extra == 'fast'", "dev; extra == 'dev'", "win; os_name == 'nt'"),
    )
    assert tree.required == ["numpy", 'odd; extra == "fast"']
    assert others.files == (NUMPY, ODD)
    assert others.notices == ("mine is left out: no index has a file of it that can be read",)


def test_hashes(make_context: MakeContext, tmp_path: Path) -> None:
    """A file in a folder is hashed; one without a hash, or with a secret, is left out."""
    local = tmp_path / "local-1.0-py3-none-any.whl"
    local.write_bytes(b"a wheel")
    here = NUMPY._replace(name="local", url=local.as_uri(), sha256=None)
    gone = NUMPY._replace(name="gone", url=(tmp_path / "gone.whl").as_uri(), sha256=None)
    bare = NUMPY._replace(name="bare", sha256=None)
    secret = NUMPY._replace(name="secret", url=f"{NUMPY.url}?token=hush")
    others = find(make_context, Tree(here, gone, bare, secret), Index())
    assert [file.sha256 for file in others.files] == [sha256(b"a wheel").hexdigest()]
    assert others.notices == (
        "bare 2.0 is left out: its index gives no hash",
        "gone 2.0 is left out: its index gives no hash",
        "mine is left out: no index has a file of it that can be read",
        "secret 2.0 is left out: its URL has a query, which may be a secret",
    )


def test_unreadable_metadata(make_context: MakeContext) -> None:
    """What torch requires is unknown where its METADATA cannot be read, and that is said."""
    others = find(make_context, Tree(NUMPY), Index(fault=True))
    assert others.files == (NUMPY,)
    message = "what torch 2.6.0+cpu requires is left out: cannot read its METADATA"
    assert others.notices[0] == message


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ((), "the other packages are left out: they conflict"),
        (
            (Bound(Need("torch"), ("pkg 1.0",)),),
            f"the other packages are left out: they conflict: {Bound(Need('torch'), ('pkg 1.0',))}",
        ),
    ],
)
def test_conflict(make_context: MakeContext, bounds: tuple[Bound, ...], expected: str) -> None:
    """Where the other packages conflict none of them is there."""
    tree = Tree(conflict=TreeConflictError(bounds))
    assert find(make_context, tree, Index()) == OtherPackages((), (expected,))


def test_nothing_is_known(make_context: MakeContext) -> None:
    """Without a decision, and where nothing of the install can be known, there are none."""
    assert find(make_context, None, Index()) == NO_PACKAGES
    context = make_context("torch")
    inputs = collect_inputs(context.config, {}, target=context.target)
    assert find_other_packages(inputs, context.decision, Index()) == NO_PACKAGES  # type: ignore[arg-type] # of a source


def test_formats(make_context: MakeContext) -> None:
    """Both formats have every package; an sdist is no wheel."""
    others = OtherPackages((NUMPY, ODD), ("mine is left out: why",))
    made = make_context("torch", backend="cpu", pins=("torch 2.6.0+cpu",))
    context = replace(made, others=others, hashes=True)
    packages = loads(render_pylock(context))["packages"]
    assert [package["name"] for package in packages] == ["numpy", "odd", "torch"]
    assert packages[1]["sdist"] == {
        "name": ODD.filename,
        "url": ODD.url,
        "hashes": {"sha256": "bb"},
    }
    header, torch, *lines = render_requirements(context).splitlines()
    assert header.startswith("# hatch-torch export: cpu")
    assert torch.startswith("torch @ https://")
    assert torch.endswith(" --hash=sha256:00000000torch")
    assert lines == ["numpy==2.0 --hash=sha256:aa", "odd==1.0 --hash=sha256:bb"]
    assert [*collect_notices(context)] == ["mine is left out: why"]


def test_other_hashes(make_context: MakeContext) -> None:
    """A wheel whose page gives another hash than SHA-256 is locked by that one."""
    made = make_context("torch", backend="cpu", pins=("torch 2.6.0+cpu",))
    pins = tuple(pin._replace(sha256=None, other_hash="sha512=cc") for pin in made.decision.pins)
    decision = made.decision._replace(pins=pins)
    context = replace(made, decision=decision, hashes=True)
    (package,) = loads(render_pylock(context))["packages"]
    assert package["wheels"][0]["hashes"] == {"sha512": "cc"}
    assert render_requirements(context).endswith(" --hash=sha512:cc\n")


def test_nothing_to_hash(make_context: MakeContext) -> None:
    """Without a decision there is nothing to hash; a wheel without a hash is an error."""
    context = replace(make_context("torch", warnings=("no accelerator",)), hashes=True)
    with pytest.raises(NoAnswerError, match="there is nothing to hash: no accelerator"):
        render_requirements(context)
    context = make_context("torch", backend="cpu", pins=("torch 2.6.0+cpu",))
    pins = tuple(pin._replace(sha256=None) for pin in context.decision.pins)
    decision = context.decision._replace(pins=pins)
    with pytest.raises(NoAnswerError, match="the hash of the wheel of torch"):
        render_requirements(replace(context, decision=decision, hashes=True))
