"""The processes of Windows, by calls of kernel32 and ntdll; loaded on Windows alone.

A snapshot of Toolhelp has each process's number and its parent's. The command line, the working
directory and the environment are read from the process's own memory, as psutil does: from its
process environment block (winternl.h: `PEB`, `RTL_USER_PROCESS_PARAMETERS`), which is possible for
processes of the same user. Nothing is run, which at PowerShell's start takes seconds.
"""

from __future__ import annotations

import ctypes
import struct
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Read = Callable[[int, int], bytes]
    """Reads a number of bytes at an address; raises OSError."""

_MAX_BYTES = 2**20  # of a string: a command line has at most 65,536, an environment no limit
_SNAPSHOT_PROCESSES = 2  # TH32CS_SNAPPROCESS
_QUERY_AND_READ = 0x0410  # PROCESS_QUERY_INFORMATION | PROCESS_VM_READ
_BASIC_INFORMATION = 0  # ProcessBasicInformation


class _Layout(NamedTuple):
    """Offsets in bytes, for one size of pointers."""

    pointer: str
    parameters: int
    """Of the pointer `ProcessParameters` in the PEB."""
    folder: int
    """Of the string `CurrentDirectory.DosPath` in the parameters, and so on."""
    command_line: int
    environment: int


_LAYOUTS = {
    8: _Layout("<Q", 0x20, 0x38, 0x70, 0x80),
    4: _Layout("<I", 0x10, 0x24, 0x40, 0x48),
}


class Parameters(NamedTuple):
    """What a process was started with."""

    command_line: str = ""
    folder: str | None = None
    environment: str = ""
    """`NAME=value`, each ending with a NUL."""


def parse_parameters(block: int, read: Read, size: int = struct.calcsize("P")) -> Parameters:
    """Return the parameters in the memory of a process, whose PEB is at an address.

    `size` is that of a pointer. Raises OSError or ValueError if they are not there.
    """
    layout = _LAYOUTS[size]
    address = _read_pointer(read, layout, block + layout.parameters)
    folder = _read_string(read, layout, address + layout.folder)
    environment = _read_pointer(read, layout, address + layout.environment)
    return Parameters(
        _read_string(read, layout, address + layout.command_line),
        folder if folder.endswith(":\\") else folder.rstrip("\\") or None,
        _read_environment(read, environment),
    )


def _read_pointer(read: Read, layout: _Layout, address: int) -> int:
    (pointer,) = struct.unpack(layout.pointer, read(address, struct.calcsize(layout.pointer)))
    return int(pointer)


def _read_string(read: Read, layout: _Layout, address: int) -> str:
    """Return a UNICODE_STRING: its length in bytes, its capacity, and a pointer to it."""
    (length,) = struct.unpack("<H", read(address, 2))
    pointer = _read_pointer(read, layout, address + struct.calcsize(layout.pointer))
    return _decode(read(pointer, length))


def _read_environment(read: Read, address: int) -> str:
    """Return the block of variables, which an empty string ends; the block has no length."""
    text, chunk = "", 4096
    with suppress(OSError):  # behind the block the memory may end
        while "\0\0" not in text and len(text) < _MAX_BYTES:
            # A page at a time, since a read over the end of the last page fails as a whole.
            count = chunk - (address + 2 * len(text)) % chunk
            text += _decode(read(address + 2 * len(text), count))
    return text.partition("\0\0")[0]


def _decode(data: bytes) -> str:
    return data.decode("utf-16-le", "surrogatepass")


class ProcessInfo(NamedTuple):
    """A process of the snapshot, as far as it can be read."""

    created: int
    """When it was started, in 100 ns since 1601; 0 if that can't be read."""
    parameters: Parameters


def walk_ancestors(
    pid: int, parents: Mapping[int, int], describe: Callable[[int], ProcessInfo]
) -> Iterator[tuple[int, Parameters]]:
    """Yield a process and its ancestors, nearest first, with their parameters.

    Windows keeps the number of a parent that has ended, and gives the number to a new process: an
    ancestor that was started after its child is none.
    """
    seen: set[int] = set()
    newest = None
    while pid in parents and pid not in seen:
        created, parameters = describe(pid)
        if newest and created > newest:
            return
        yield pid, parameters
        seen.add(pid)
        newest = created or newest
        pid = parents[pid]


def read_ancestors(pid: int) -> Iterator[tuple[int, Parameters]]:  # pragma: no cover - Windows
    """Yield a process and its ancestors on this machine. Raises OSError."""
    kernel = _Kernel()
    return walk_ancestors(pid, kernel.list_parents(), kernel.describe)


class _Kernel:  # pragma: no cover - Windows; `tests/windows` runs it
    """Calls of kernel32 and ntdll."""

    def __init__(self) -> None:
        """Load the libraries and declare what is wider than an `int`."""
        windll: Any = getattr(ctypes, "WinDLL", None)
        if windll is None:
            raise OSError("this is not Windows")
        self._kernel32 = windll("kernel32", use_last_error=True)
        self._query = windll("ntdll").NtQueryInformationProcess
        handle, size = ctypes.c_void_p, ctypes.c_size_t
        self._query.argtypes = (handle, ctypes.c_int, handle, ctypes.c_ulong, handle)
        for name, result, arguments in (
            ("CreateToolhelp32Snapshot", handle, (ctypes.c_uint32, ctypes.c_uint32)),
            ("Process32FirstW", ctypes.c_int, (handle, handle)),
            ("Process32NextW", ctypes.c_int, (handle, handle)),
            ("OpenProcess", handle, (ctypes.c_uint32, ctypes.c_int, ctypes.c_uint32)),
            ("GetProcessTimes", ctypes.c_int, (handle, *(4 * (handle,)))),
            ("ReadProcessMemory", ctypes.c_int, (handle, handle, handle, size, handle)),
            ("CloseHandle", ctypes.c_int, (handle,)),
        ):
            function = self._kernel32[name]
            function.restype, function.argtypes = result, arguments

    def list_parents(self) -> dict[int, int]:
        """Return the number of each process's parent."""
        parents: dict[int, int] = {}
        entry = _Entry(size=ctypes.sizeof(_Entry))
        snapshot = self._kernel32.CreateToolhelp32Snapshot(_SNAPSHOT_PROCESSES, 0)
        with self._close(snapshot):
            has_entry = self._kernel32.Process32FirstW(snapshot, ctypes.byref(entry))
            while has_entry:
                parents[entry.pid] = entry.parent
                has_entry = self._kernel32.Process32NextW(snapshot, ctypes.byref(entry))
        return parents

    def describe(self, pid: int) -> ProcessInfo:
        """Return what can be read of a process: nothing of another user's."""
        handle = self._kernel32.OpenProcess(_QUERY_AND_READ, 0, pid)
        if not handle:
            return ProcessInfo(0, Parameters())
        with self._close(handle):
            try:
                parameters = parse_parameters(self._find_block(handle), self._reader(handle))
            except (OSError, ValueError):
                parameters = Parameters()
            return ProcessInfo(self._get_start(handle), parameters)

    def _find_block(self, handle: int) -> int:
        """Return the address of the PEB, the second field of PROCESS_BASIC_INFORMATION."""
        information = (ctypes.c_size_t * 6)()
        size = ctypes.sizeof(information)
        if self._query(handle, _BASIC_INFORMATION, ctypes.byref(information), size, None):
            raise OSError("NtQueryInformationProcess fails")
        return int(information[1])

    def _reader(self, handle: int) -> Read:
        def read(address: int, count: int) -> bytes:
            buffer = ctypes.create_string_buffer(count)
            if not self._kernel32.ReadProcessMemory(handle, address, buffer, count, None):
                raise OSError("ReadProcessMemory fails")
            return buffer.raw

        return read

    def _get_start(self, handle: int) -> int:
        times = [ctypes.c_uint64() for _ in range(4)]
        is_known = self._kernel32.GetProcessTimes(handle, *map(ctypes.byref, times))
        return times[0].value if is_known else 0

    @contextmanager
    def _close(self, handle: int) -> Iterator[None]:
        try:
            yield
        finally:
            self._kernel32.CloseHandle(handle)


class _Entry(ctypes.Structure):
    """PROCESSENTRY32W (tlhelp32.h)."""

    _fields_ = (
        ("size", ctypes.c_uint32),
        ("usage", ctypes.c_uint32),
        ("pid", ctypes.c_uint32),
        ("heap", ctypes.c_size_t),
        ("module", ctypes.c_uint32),
        ("threads", ctypes.c_uint32),
        ("parent", ctypes.c_uint32),
        ("priority", ctypes.c_int32),
        ("flags", ctypes.c_uint32),
        ("program", ctypes.c_uint16 * 260),
    )
