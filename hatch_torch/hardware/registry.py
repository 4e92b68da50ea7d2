"""Windows' registry: the values of a key's subkeys."""

from __future__ import annotations

from contextlib import suppress
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST = 256  # subkeys and values that are read


def subkeys(key: str, winreg: Any = None) -> tuple[dict[str, str], ...]:  # noqa: ANN401 - a module
    """Return the values of each subkey of a key in HKEY_LOCAL_MACHINE, in their order.

    Empty where there is no such key, or no registry. `winreg` is the standard module of that
    name, which only Windows has.
    """
    try:
        winreg = winreg or import_module("winreg")
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, key) as opened:
            return tuple(_each(winreg, opened))
    except (ImportError, OSError):
        return ()


def _each(winreg: Any, opened: Any) -> Iterator[dict[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(opened)[0]
    for number in range(min(count, _MOST)):
        # Some subkeys (`Properties`) are closed to users.
        with suppress(OSError), winreg.OpenKey(opened, winreg.EnumKey(opened, number)) as subkey:
            yield dict(_values(winreg, subkey))


def _values(winreg: Any, subkey: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - from winreg
    count = winreg.QueryInfoKey(subkey)[1]
    for number in range(min(count, _MOST)):
        name, value, _ = winreg.EnumValue(subkey, number)
        if isinstance(value, (str, int)):
            yield name, str(value)
