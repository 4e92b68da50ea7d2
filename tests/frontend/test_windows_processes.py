"""The processes of Windows: memory laid out as winternl.h has it, and chains of parents."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.windows_processes import (
    Parameters,
    ProcessInfo,
    parse_parameters,
    walk_ancestors,
)

if TYPE_CHECKING:
    from collections.abc import Callable

BLOCK, PARAMETERS, STRINGS = 0x1000, 0x2000, 0x3000
OFFSETS = {8: ("<Q", 0x20, 0x38, 0x70, 0x80), 4: ("<I", 0x10, 0x24, 0x40, 0x48)}


def lay_out(size: int, folder: str, line: str, environment: str) -> Callable[[int, int], bytes]:
    """Return a reader of a process's memory, which ends behind the environment."""
    pointer, in_block, *in_parameters = OFFSETS[size]
    memory = bytearray(STRINGS)

    def place(address: int, target: int) -> None:
        struct.pack_into(pointer, memory, address, target)

    place(BLOCK + in_block, PARAMETERS)
    for offset, text in zip(in_parameters[:2], (folder, line), strict=True):
        data = text.encode("utf-16-le")
        struct.pack_into("<H", memory, PARAMETERS + offset, len(data))
        place(PARAMETERS + offset + size, len(memory))
        memory.extend(data)
    place(PARAMETERS + in_parameters[2], len(memory))
    memory.extend(environment.encode("utf-16-le"))
    memory.extend(bytes(-len(memory) % 4096))

    def read(address: int, count: int) -> bytes:
        if address + count > len(memory):
            raise OSError("there is no such memory")
        return bytes(memory[address : address + count])

    return read


@pytest.mark.parametrize("size", [8, 4])
def test_parameters(size: int) -> None:
    """Command line, working directory and environment are read from the process's memory."""
    environment = "=C:=C:\\\0A=é\0Path=C:\\bin\0\0"
    read = lay_out(size, "C:\\my app\\", '"C:\\a b\\pip.exe" install -e .', environment)

    expected = Parameters(
        '"C:\\a b\\pip.exe" install -e .', "C:\\my app", "=C:=C:\\\0A=é\0Path=C:\\bin"
    )
    assert parse_parameters(BLOCK, read, size) == expected


@pytest.mark.parametrize(
    ("folder", "expected"), [("C:\\", "C:\\"), ("\\\\host\\share\\", "\\\\host\\share"), ("", None)]
)
def test_folder(folder: str, expected: str | None) -> None:
    """The root of a drive keeps its backslash; a process may have no folder."""
    assert parse_parameters(BLOCK, lay_out(8, folder, "a", "\0\0"), 8).folder == expected


def test_long_environment() -> None:
    """An environment over several pages is read whole; one without an end, to the last page."""
    variables = "\0".join(f"NAME{number}=value" for number in range(2000))

    whole = parse_parameters(BLOCK, lay_out(8, "", "", variables + "\0\0"), 8)
    endless = parse_parameters(BLOCK, lay_out(8, "", "", "A=" + "b" * 3000), 8)

    assert whole.environment == variables
    assert endless.environment.startswith("A=" + "b" * 2000)


def test_unreadable() -> None:
    """Memory that can't be read is an error."""
    with pytest.raises(OSError, match="no such memory"):
        parse_parameters(1 << 20, lay_out(8, "", "", ""), 8)


def walk(parents: dict[int, int], starts: dict[int, int]) -> list[int]:
    """Return the numbers of process 1 and its ancestors."""
    found = walk_ancestors(1, parents, lambda pid: ProcessInfo(starts[pid], Parameters()))
    return [pid for pid, _ in found]


def test_ancestors() -> None:
    """The nearest come first, up to a parent that has ended."""
    assert walk({1: 2, 2: 3, 3: 9}, {1: 30, 2: 20, 3: 10}) == [1, 2, 3]


def test_unknown_start() -> None:
    """A process of another user, whose start can't be read, counts."""
    assert walk({1: 2, 2: 3, 3: 0}, {1: 30, 2: 0, 3: 10}) == [1, 2, 3]


def test_reused_number() -> None:
    """A process that was started after its child is not its parent."""
    assert walk({1: 2, 2: 3, 3: 0}, {1: 30, 2: 0, 3: 40}) == [1, 2]


def test_cycle() -> None:
    """A cycle ends."""
    assert walk({1: 2, 2: 1}, {1: 0, 2: 0}) == [1, 2]
