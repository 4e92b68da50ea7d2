"""Windows' registry."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from hatch_torch.hardware.machine import read_subkeys

KEY = r"SYSTEM\Class"
Tree = dict[str, Any]


class Opened:
    """An open key: its values or its subkeys."""

    def __init__(self, tree: Tree) -> None:
        """Take the content."""
        self.tree = tree

    def close(self) -> None:
        """Close it."""


class Registry:
    """A fake of winreg, over a tree of values."""

    HKEY_LOCAL_MACHINE = Opened(
        {
            KEY: {
                "0000": {"DriverDesc": "GPU", "Size": 8, "Blob": b"\0"},
                "Properties": None,
                "0001": {"DriverDesc": "Other"},
            }
        }
    )

    def OpenKey(self, opened: Opened, name: str) -> closing[Opened]:  # noqa: N802 - winreg's name
        """Open a key, unless it is closed to users."""
        if opened.tree.get(name) is None:
            raise PermissionError(name)
        return closing(Opened(opened.tree[name]))

    def QueryInfoKey(self, opened: Opened) -> tuple[int, int]:  # noqa: N802 - winreg's name
        """Return the number of subkeys and of values."""
        return len(opened.tree), len(opened.tree)

    def EnumKey(self, opened: Opened, number: int) -> str:  # noqa: N802 - winreg's name
        """Return the name of a subkey."""
        return list(opened.tree)[number]

    def EnumValue(self, opened: Opened, number: int) -> tuple[str, object, int]:  # noqa: N802 - winreg's name
        """Return a value."""
        name = list(opened.tree)[number]
        return name, opened.tree[name], 0


def test_subkeys() -> None:
    """The texts and numbers of each subkey are read; closed subkeys and other kinds are skipped."""
    expected = ({"DriverDesc": "GPU", "Size": "8"}, {"DriverDesc": "Other"})
    assert expected == read_subkeys(KEY, Registry())


def test_no_such_key() -> None:
    """A missing key has no subkeys."""
    assert read_subkeys("other", Registry()) == ()


def test_no_registry() -> None:
    """Other systems have no registry."""
    pytest.importorskip("posix", reason="a system without a registry")
    assert read_subkeys(KEY) == ()
