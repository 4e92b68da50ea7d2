"""Whether an environment variable switches something on."""

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
    """The words for no are shared; another word is on where any value is accepted."""
    assert is_on(value) == on
    assert is_yes(value) == yes


def test_unset() -> None:
    """An unset variable is off."""
    assert not is_on(None)
