"""Notices about an exported text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.export.context import collect_notices, find_relocated_references
from hatch_torch.frontend.requirements_txt import RequirementsFile

if TYPE_CHECKING:
    from tests.export.conftest import MakeContext

CPU = {"backend": "cpu", "pins": ("torch 2.14.1+cpu",)}


def test_packages_bound_to_torch(make_context: MakeContext) -> None:
    """A package that is built for one release of torch is unchanged, which a notice says."""
    context = make_context(file=b"torch\nxFormers>=0.0.30\nnumpy\n", **CPU)
    (notice,) = collect_notices(context)
    assert notice.startswith("xFormers>=0.0.30 is unchanged")
    assert notice.endswith("choose a version for torch 2.14.1")


def test_packages_that_the_project_pins(make_context: MakeContext) -> None:
    """There is no notice about a package of the project's `family`, nor without torch."""
    assert [*collect_notices(make_context("torchao", "torch", family=("torchao",), **CPU))] == []
    assert [*collect_notices(make_context("torchao", warnings=("nothing requires torch",)))] == []


def test_unchanged_options(make_context: MakeContext) -> None:
    """There is a notice for another index, and one for hashes, with their lines."""
    file = b"numpy \\\n --hash=sha256:a\n--extra-index-url https://x\ntorch --hash=sha256:b\n"
    notices = [*collect_notices(make_context(file=file, **CPU))]
    assert [notice.split(",")[0].split(" is ")[0] for notice in notices] == [
        "line 3: --extra-index-url",
        "line 1: pip requires hashes for every package of a file that has any",
    ]


@pytest.mark.parametrize(
    ("line", "has"),
    [
        ("--require-hashes", True),
        ("torch # --hash=sha256:a", False),
        ("torch @ https://x/a.whl#sha256=a", False),
    ],
)
def test_hashes(line: str, *, has: bool) -> None:
    """An option sets a hash; a comment or a URL does not."""
    (parsed,) = RequirementsFile.parse(line.encode(), {}).lines
    assert has == parsed.has_hash


def test_relocated_references() -> None:
    """Each line with a relative path is named, since it breaks in another folder."""
    text = b"-r https://x/a.txt\n-c /etc/c.txt\n-c c.txt\n-e .\n--find-links wheels\n"
    notices = [*find_relocated_references(RequirementsFile.parse(text, {}))]
    assert [notice.split(" has ")[0] for notice in notices] == ["line 3", "line 5"]
