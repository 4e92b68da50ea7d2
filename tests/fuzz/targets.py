"""What is fuzzed: every reader of what others write, with the errors that it may raise."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch._redact import redact
from hatch_torch._toml import loads
from hatch_torch.catalog import target
from hatch_torch.catalog.backend import Backend
from hatch_torch.compatibility.ranking import rank_backends
from hatch_torch.config.config import load_config
from hatch_torch.config.env import Settings
from hatch_torch.environment.packages import parse_version_py
from hatch_torch.errors import ConfigurationError, IndexFaultError
from hatch_torch.frontend.installers import load_installers
from hatch_torch.frontend.process_tree import (
    Process,
    parse_environ,
    parse_ps,
    parse_stat,
    parse_words,
    split_command_line,
)
from hatch_torch.frontend.request import read_build_request
from hatch_torch.frontend.requirements_txt import RequirementsFile, parse_requirements
from hatch_torch.frontend.windows_processes import parse_parameters
from hatch_torch.hardware import (
    amd,
    host,
    intel,
    nvidia,
)
from hatch_torch.hardware.model import Hardware
from hatch_torch.index.http_cache import CachedResponse
from hatch_torch.index.simple_api import Wheel, decode_page, parse_page
from hatch_torch.index.transport import Slice, parse_retry_after
from hatch_torch.index.wheel_metadata import FAULTS, extract_metadata, parse_metadata
from hatch_torch.lock.lockfile import dumps, parse_lock
from hatch_torch.lock.source import LockedSource
from hatch_torch.verification.verify import parse_script_output

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

URL = "https://download.pytorch.org/whl/cu126/torch/"
WHEEL = Wheel.from_filename("torch-2.6.0+cu126-cp312-cp312-linux_x86_64.whl", URL)
LINUX = target.foreign_interpreter("3.12", "linux_x86_64")
NOWHERE = Path("/nonexistent/my-app")
KINDS = ("text/html", "application/vnd.pypi.simple.v1+json", "text/html; charset=utf-16", "")


@dataclass(frozen=True)
class Target:
    """A reader; whatever it is given, it returns, or raises one of its own errors."""

    read: Callable[[bytes], object]
    allowed: tuple[type[Exception], ...] = ()

    def __call__(self, data: bytes) -> None:
        """Read; any other error is a crash."""
        with suppress(*self.allowed):
            self.read(data)


def _of_text(parse: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: parse(data.decode("utf-8", "replace"))


def _every(*parsers: Callable[[str], object], allowed: tuple[type[Exception], ...] = ()) -> Target:
    """Give the same text to several parsers; one that raises does not spare the others."""

    def read(text: str) -> None:
        for parse in parsers:
            with suppress(*allowed):
                parse(text)

    return Target(_of_text(read))


def _page(data: bytes) -> None:
    """Read a page; what it offers is safe in a line of METADATA."""
    kind = KINDS[data[0] % len(KINDS)] if data else ""
    for wheel in parse_page(decode_page(data[1:], kind), kind, URL).wheels:
        assert str(Requirement(f"torch @ {wheel.url}").url) == wheel.url


def _entry(data: bytes) -> object:
    """Read an entry of the cache, whose checksum is right."""
    entry = CachedResponse.deserialize("key", sha256(data).hexdigest().encode() + b"\n" + data)
    return entry.is_fresh(0.0), entry.conditional_headers, entry.serialize("key")


def _config(text: str) -> None:
    """Read a project's tables; what is no TOML is another reader's to tell."""
    try:
        table = loads(text)
    except (ValueError, RecursionError):
        return
    load_config(table, {})


def _headers(data: bytes) -> None:
    """Read what a server says beside the body."""
    text = data.decode("latin-1")
    parse_retry_after(text)
    Slice.from_headers({"content-range": text}, data)
    CachedResponse.from_reply(URL, 200, {"cache-control": text}, b"", 0.0).revalidate(
        {"cache-control": text}, 1.0
    )


def _profile(text: str) -> None:
    """Read a profile, judge by it, and write it again."""
    hardware = Hardware.from_json(text)
    rank_backends(hardware, target=LINUX)


def _lock(data: bytes) -> None:
    """Read a lock; it says the same when it is written again, and its index can be asked."""
    lock = parse_lock(data)
    assert parse_lock(dumps(lock).encode()) == lock
    LockedSource(lock.wheels, URL)


def _request(data: bytes) -> None:
    """Read an installer's command line: its number in the table, then words ended by NUL."""
    program = min(load_installers()[data[0] % len(load_installers())].programs) if data else "pip"
    words = (program, *parse_words(data[1:]))
    environ = {"PIP_CONSTRAINT": words[-1], "UV_CONSTRAINT": words[-1]}
    read_build_request(NOWHERE, (Process(1, words, str(NOWHERE)),), environ, editable=True)


def _windows_process(text: str) -> None:
    """Read the parameters in a process's memory, whose block is at its start."""
    memory = text.encode()

    def read(address: int, count: int) -> bytes:
        if address + count > len(memory):
            raise OSError("no such memory")
        return memory[address : address + count]

    parse_parameters(0, read)


def _nvidia(text: str) -> None:
    """Read what the child process says of NVIDIA's libraries."""
    answer = nvidia.parse_answer(text)
    if "fault" not in answer:
        nvidia.parse_gpus(answer)
        nvidia.parse_versions(answer, None)


def _redaction(text: str) -> None:
    """Hide what is private; what was hidden once stays as it is."""
    hidden = redact(text, "/home/ada", ["ada"])
    assert redact(hidden, "/home/ada", ["ada"]) == hidden


TARGETS: Mapping[str, Target] = {
    "amd": _every(
        amd.parse_properties,
        amd.parse_version,
        lambda text: amd.parse_product(text, "744c", "c8"),
        amd.parse_enumerator,
        amd.parse_rocminfo,
        amd.parse_smi,
    ),
    "apple": Target(_of_text(host.parse_sysctl)),
    "backend": Target(_of_text(Backend.parse), (ValueError,)),
    "cache": Target(_entry, (ValueError, KeyError, TypeError, AttributeError)),
    "config": Target(_of_text(_config), (ConfigurationError,)),
    "headers": Target(_headers),
    "installed": _every(parse_version_py, parse_script_output),
    "intel": Target(_of_text(intel.parse_level_zero), (ValueError,)),
    "lock": Target(_lock, (ConfigurationError,)),
    "metadata": Target(lambda data: parse_metadata(data, WHEEL), (ValueError,)),
    "nvidia": _every(
        nvidia.parse_information,
        nvidia.parse_nvrm,
        nvidia.parse_windows_driver,
        nvidia.parse_smi_header,
        lambda text: nvidia.parse_smi_rows(text, nvidia.SMI_FIELDS),
        _nvidia,
        allowed=(ValueError,),
    ),
    "page": Target(_page, (IndexFaultError,)),
    "processes": _every(
        parse_ps,
        parse_stat,
        split_command_line,
        lambda text: parse_environ(text.encode()),
        _windows_process,
        allowed=(OSError, ValueError),
    ),
    "profile": Target(_of_text(_profile), (ValueError,)),
    "redaction": Target(_of_text(_redaction)),
    "request": Target(_request),
    "requirements": Target(lambda data: RequirementsFile.parse(data, {}), (ValueError,)),
    "requirements-lines": Target(_of_text(lambda text: parse_requirements(text, {}))),
    "settings": Target(
        _of_text(lambda text: Settings.of({"TORCH_VARIANT_TIMEOUT": text})), (ConfigurationError,)
    ),
    "wheel": Target(lambda data: extract_metadata(io.BytesIO(data)), FAULTS),
}
