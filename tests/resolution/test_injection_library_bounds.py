"""The bounds of libraries that go with a release of torch."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.resolution.injection import get_library_bounds, inject_library_bounds

OLDEST = {
    "transformers": ">=4.35.0,<4.45.0",
    "diffusers": ">=0.25.0,<0.30.0",
    "accelerate": ">=0.25.0,<0.30.0",
    "huggingface-hub": ">=0.20.0,<0.25.0",
}


@pytest.mark.parametrize(
    ("release", "transformers"),
    [
        ("2.2.2", ">=4.35.0,<4.45.0"),
        ("2.3.1+rocm5.7", ">=4.41.0,<4.50.0"),
        ("2.4.0", ">=4.43.0"),
        ("2.9.1", ">=4.43.0"),
        ("2.10.0+rocm7.0", ">=4.45.0"),
        ("2.10.0.dev20251120+rocm7.0", ">=4.45.0"),
        ("2.10.0rc3", ">=4.45.0"),
        ("2.16.0.dev20261120", ">=4.45.0"),
    ],
)
def test_bounds(release: str, transformers: str) -> None:
    """Each span of releases has its bounds, and the newest has no end."""
    assert get_library_bounds(Version(release))["transformers"] == transformers


def test_every_library() -> None:
    """Four libraries have bounds."""
    assert get_library_bounds(Version("2.0.1")) == OLDEST


def test_too_old() -> None:
    """Releases older than the table have no bounds."""
    assert get_library_bounds(Version("1.13.1")) == {}
    assert list(inject_library_bounds([Requirement("transformers")], Version("1.13.1"))) == []


def test_bounded() -> None:
    """A required library is bounded, as it is spelled and under its own marker."""
    lines = ["Transformers>4 ; python_version > '3'", "numpy", "huggingface.hub"]
    added = inject_library_bounds(map(Requirement, lines), Version("2.2.0"))
    assert [one.requires_dist for one in added] == [
        'Transformers>=4.35.0,<4.45.0 ; python_version > "3"',
        "huggingface.hub>=0.20.0,<0.25.0",
    ]
