"""Keyring: called as pip and uv call it, and only where their variables allow it."""

from __future__ import annotations

import pytest

from hatch_torch.index.auth import Keyring, is_keyring_allowed

INDEX = "https://x.org:8443/whl"
CREDS = ("--mode", "creds")


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, True),
        ({"PIP_KEYRING_PROVIDER": "auto"}, True),
        ({"PIP_KEYRING_PROVIDER": "disabled"}, False),
        ({"UV_KEYRING_PROVIDER": "disabled"}, False),
        ({"UV_KEYRING_PROVIDER": "subprocess"}, True),
        ({"PIP_NO_INPUT": "1"}, False),
        ({"PIP_NO_INPUT": "0"}, True),
        ({"PIP_NO_INPUT": "1", "PIP_KEYRING_PROVIDER": "import"}, True),
    ],
)
def test_allowed(environ: dict[str, str], *, expected: bool) -> None:
    """The installers' variables switch the keyring off."""
    assert is_keyring_allowed(environ) == expected


@pytest.mark.parametrize(
    ("user", "answers", "expected", "lookups"),
    [
        ("me", ["secret\n"], ("me", "secret"), [(INDEX, "me")]),
        ("me", [None, "secret\n"], ("me", "secret"), [(INDEX, "me"), ("x.org:8443", "me")]),
        ("", ["you\nsecret\n"], ("you", "secret"), [(INDEX, *CREDS)]),
        ("", ["half\n", None], None, [(INDEX, *CREDS), ("x.org:8443", *CREDS)]),
        ("me", ["", None], None, [(INDEX, "me"), ("x.org:8443", "me")]),
    ],
)
def test_find(
    user: str,
    answers: list[str | None],
    expected: tuple[str, str] | None,
    lookups: list[tuple[str, ...]],
) -> None:
    """The index is looked up, then its host; without a user, the keyring's own."""
    seen: list[tuple[str, ...]] = []

    def run(*words: str) -> str | None:
        seen.append(words)
        return answers[len(seen) - 1]

    assert Keyring(run).find(INDEX, user) == expected
    assert seen == [("get", *words) for words in lookups]
