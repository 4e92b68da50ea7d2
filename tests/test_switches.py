"""Whether a variable switches something on."""

from __future__ import annotations

import pytest

from hatch_torch._env import is_on, is_yes


@pytest.mark.parametrize(
    ("value", "on", "yes"),
    [
        ("", False, False),
        ("0", False, False),
        (" False ", False, False),
        ("n", False, False),
        ("no", False, False),
        ("OFF", False, False),
        ("1", True, True),
        ("True", True, True),
        ("yes", True, True),
        (" y ", True, True),
        ("on", True, True),
        ("github", True, False),
    ],
)
def test_words(*, value: str, on: bool, yes: bool) -> None:
    """A no is one for everybody; what is neither yes nor no is a yes where anything may stand."""
    assert is_on(value) == on
    assert is_yes(value) == yes


def test_unset() -> None:
    """What is not set is off."""
    assert not is_on(None)
