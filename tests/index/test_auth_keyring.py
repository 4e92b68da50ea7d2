"""A keyring is asked as pip and uv ask it, and only where the user lets it be asked."""

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
    """A user switches it off by the installers' variables, and says who may be asked at all."""
    assert is_keyring_allowed(environ) == expected


@pytest.mark.parametrize(
    ("user", "answers", "expected", "asked"),
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
    asked: list[tuple[str, ...]],
) -> None:
    """The index is looked up, then its host; without a user, whoever the keyring has."""
    seen: list[tuple[str, ...]] = []

    def run(*words: str) -> str | None:
        seen.append(words)
        return answers[len(seen) - 1]

    assert Keyring(run).find(INDEX, user) == expected
    assert seen == [("get", *words) for words in asked]
