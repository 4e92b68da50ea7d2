"""What somebody should know of an exported text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.export.context import elsewhere, remarks
from hatch_torch.frontend.requirements_txt import RequirementsFile

if TYPE_CHECKING:
    from tests.export.conftest import Make

CPU = {"backend": "cpu", "pins": ("torch 2.14.1+cpu",)}


def test_packages_bound_to_torch(make: Make) -> None:
    """A package that is built for one release of torch is left alone, and that is said."""
    subject = make(file=b"torch\nxFormers>=0.0.30\nnumpy\n", **CPU)
    (told,) = remarks(subject)
    assert told.startswith("xFormers>=0.0.30 is left as it is")
    assert told.endswith("take one that goes with 2.14.1")


def test_packages_that_the_project_pins(make: Make) -> None:
    """One that the project counts among the family is pinned, and one without torch is free."""
    assert [*remarks(make("torchao", "torch", family=("torchao",), **CPU))] == []
    assert [*remarks(make("torchao", warnings=("nothing requires torch",)))] == []


def test_options_that_are_left(make: Make) -> None:
    """Another index and hashes are told once, with their lines."""
    file = b"numpy \\\n --hash=sha256:a\n--extra-index-url https://x\ntorch --hash=sha256:b\n"
    found = [*remarks(make(file=file, **CPU))]
    assert [one.split(",")[0].split(" is ")[0] for one in found] == [
        "line 3: --extra-index-url",
        "line 1: with hashes in it",
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
    """Hashes are asked for by an option, not by a comment or a URL."""
    (found,) = RequirementsFile.parse(line.encode(), {}).lines
    assert has == found.has_hash


def test_files_beside_it() -> None:
    """A file that is named by its place beside the original is not found from another folder."""
    text = b"-r https://x/a.txt\n-c /etc/c.txt\n-c c.txt\n-e .\n--find-links wheels\n"
    found = [*elsewhere(RequirementsFile.parse(text, {}))]
    assert [one.split(" names ")[0] for one in found] == ["line 3", "line 5"]
