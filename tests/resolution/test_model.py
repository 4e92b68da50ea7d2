"""Pins."""

from __future__ import annotations

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.simple_api import Wheel
from hatch_torch.resolution.candidates import Candidate
from hatch_torch.resolution.model import Pin

_URL = "https://download.pytorch.org/whl/cu124/torch-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"
_VERSION = Version("2.6.0+cu124")
_PIN = Pin("torch", _VERSION, _URL, "ab" * 32)


def test_from_candidate() -> None:
    """A candidate is pinned to its wheel."""
    filename = "torch-2.6.0+cu124-cp312-cp312-linux_x86_64.whl"
    wheel = Wheel.from_filename(filename, _URL, sha256="ab" * 32)
    assert Pin.from_candidate(Candidate("torch", wheel, Backend("cuda", (12, 4)))) == _PIN


def test_by_url() -> None:
    """The URL carries the wheel's hash."""
    assert _PIN.requirement == f"torch @ {_URL}#sha256={'ab' * 32}"
    assert Requirement(_PIN.requirement).url == f"{_URL}#sha256={'ab' * 32}"


def test_without_a_hash() -> None:
    """Without a hash the URL has no fragment."""
    assert _PIN._replace(sha256=None).requirement == f"torch @ {_URL}"


def test_by_version() -> None:
    """An installed package, or one without a URL, is pinned by version."""
    expected = "torch==2.6.0+cu124"
    assert _PIN._replace(by_version=True).requirement == expected
    assert Pin("torch", _VERSION).requirement == expected


@pytest.mark.parametrize(
    ("fragment", "sha256", "other"),
    [
        (f"#sha256={'0' * 64}", "0" * 64, None),
        (f"#sha512={'0' * 128}", None, f"sha512={'0' * 128}"),
        ("", None, None),
    ],
)
def test_other_hashes_stay(fragment: str, sha256: str | None, other: str | None) -> None:
    """A URL keeps the hash that it has, whichever it is."""
    pin = Pin.from_url("torch", _VERSION, f"{_URL}{fragment}")
    assert (pin.sha256, pin.other_hash) == (sha256, other)
    assert pin.requirement == f"torch @ {_URL}{fragment}"
