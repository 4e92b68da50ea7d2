"""METADATA beside and inside of wheels, from a real server."""

from __future__ import annotations

import io
import zipfile
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.index.simple_api import Wheel
from hatch_torch.index.wheel_metadata import (
    Metadata,
    parse_metadata,
    read_all_metadata,
    read_metadata,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from hatch_torch.index.client import Client
    from hatch_torch.index.urls import AllowedHosts
    from tests.index.conftest import Server

NAME = "torch-2.6.0+rocm6.2-cp312-cp312-linux_x86_64.whl"
CONTENT = b"""Metadata-Version: 2.1
Name: Torch
Version: 2.6.0+rocm6.2
Requires-Python: >=3.9
Requires-Dist: pytorch-triton-rocm==3.2.0; platform_system == "Linux"
Requires-Dist: not a requirement !
Requires-Dist: sympy==1.13.1

Tensors.
"""
REQUIRES = ['pytorch-triton-rocm==3.2.0; platform_system == "Linux"', "sympy==1.13.1"]
OTHER = CONTENT.replace(b"Torch", b"numpy")
PATH = "torch-2.6.0+rocm6.2.dist-info/METADATA"


def wheel_at(url: str, *, sha256: str | None = None, core_metadata: str | None = None) -> Wheel:
    """Return a wheel on a server."""
    wheel = Wheel.from_filename(NAME, f"{url}/{NAME}", sha256=sha256)
    return wheel._replace(core_metadata=core_metadata)


def archive(files: dict[str, bytes]) -> bytes:
    """Return a large zip file whose last members are these."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive_file:
        archive_file.writestr(zipfile.ZipInfo("torch/lib/libtorch.so"), bytes(1_000_000))
        for name, content in files.items():
            archive_file.writestr(name, content)
    return buffer.getvalue()


def lines(metadata: Metadata | None) -> list[str] | None:
    """Return the requirements as text."""
    return None if metadata is None else [str(line) for line in metadata.requires]


class TestParse:
    """Parsing METADATA."""

    def test_requirements(self) -> None:
        """Valid requirements and Requires-Python are read."""
        metadata = parse_metadata(CONTENT, wheel_at(""))
        assert lines(metadata) == REQUIRES
        assert str(metadata.requires_python) == ">=3.9"

    def test_odd_range(self) -> None:
        """An invalid Requires-Python excludes no Python."""
        content = CONTENT.replace(b">=3.9", b"three")
        assert parse_metadata(content, wheel_at("")).requires_python is None

    @pytest.mark.parametrize(
        "line",
        [
            b"triton==" + b"9" * 5000,
            b"triton; " + b"(" * 990,
            b"triton; " + b"(" * 9000,
            b"triton @ https://x.org/ ; banana",
        ],
    )
    def test_hostile_requirements(self, line: bytes) -> None:
        """A hostile requirement is skipped."""
        content = CONTENT.replace(b"sympy==1.13.1", line)
        assert lines(parse_metadata(content, wheel_at(""))) == REQUIRES[:1]

    def test_hostile_range(self) -> None:
        """A hostile Requires-Python excludes no Python."""
        content = CONTENT.replace(b">=3.9", b">=" + b"9" * 5000)
        assert parse_metadata(content, wheel_at("")).requires_python is None

    @pytest.mark.parametrize("content", [OTHER, CONTENT.replace(b"2.6.0", b"2.7.0")])
    def test_of_another_wheel(self, content: bytes) -> None:
        """METADATA of another package or version is refused."""
        with pytest.raises(ValueError, match="its METADATA is that of"):
            parse_metadata(content, wheel_at(""))

    @pytest.mark.parametrize("version", [b"Version: banana", b""])
    def test_without_version(self, version: bytes) -> None:
        """METADATA must name its version."""
        with pytest.raises(ValueError, match="has an invalid version"):
            parse_metadata(CONTENT.replace(b"Version: 2.6.0+rocm6.2", version), wheel_at(""))

    @settings(max_examples=100, deadline=None)
    @given(st.binary(), st.binary())
    def test_never_raises_anything_else(self, head: bytes, tail: bytes) -> None:
        """Any content is parsed or raises ValueError."""
        for content in (head, CONTENT + tail, CONTENT[:60] + head + CONTENT[60:]):
            try:
                parse_metadata(content, wheel_at(""))
            except ValueError:
                continue


class TestRead:
    """Reading METADATA from a server."""

    @pytest.mark.parametrize("digest", ["", sha256(CONTENT).hexdigest()])
    def test_beside(self, server: Server, client: Client, hosts: AllowedHosts, digest: str) -> None:
        """Only the METADATA file beside the wheel is requested."""
        server.page(f"/{NAME}.metadata", CONTENT)
        metadata = read_metadata(wheel_at(server.url, core_metadata=digest), client, hosts)
        assert lines(metadata) == REQUIRES
        assert server.requested == [f"/{NAME}.metadata"]

    def test_inside(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Without a METADATA file, the end of the wheel is read."""
        server.file(f"/{NAME}", archive({PATH: CONTENT}))
        assert lines(read_metadata(wheel_at(server.url), client, hosts)) == REQUIRES
        assert [headers["range"] for headers in server.headers] == ["bytes=-65536"]

    @pytest.mark.parametrize(
        ("beside", "note"),
        [
            (CONTENT + b"Checksum", "its METADATA file does not match the hash on the index page"),
            (None, "the index page lists a METADATA file that does not exist"),
        ],
    )
    def test_falls_back(
        self, server: Server, client: Client, hosts: AllowedHosts, beside: bytes | None, note: str
    ) -> None:
        """A wrong or missing METADATA file is noted, and the wheel is read instead."""
        if beside:
            server.page(f"/{NAME}.metadata", beside)
        server.file(f"/{NAME}", archive({PATH: CONTENT}))
        wheel = wheel_at(server.url, core_metadata=sha256(CONTENT).hexdigest())
        assert lines(read_metadata(wheel, client, hosts)) == REQUIRES
        assert client.notes == [f"{NAME}: {note}"]

    def test_kept(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """METADATA is requested once where the page gives its hash."""
        server.file(f"/{NAME}", archive({PATH: CONTENT}))
        server.page(f"/{NAME}.metadata", CONTENT)
        wheel = wheel_at(server.url, core_metadata=sha256(CONTENT).hexdigest())
        for _ in range(2):
            assert lines(read_metadata(wheel, new_client(), hosts)) == REQUIRES
        assert len(server.requested) == 1

    @pytest.mark.parametrize("core_metadata", [None, ""])
    def test_not_kept_without_its_hash(
        self,
        server: Server,
        new_client: Callable[..., Client],
        hosts: AllowedHosts,
        core_metadata: str | None,
    ) -> None:
        """METADATA that no hash confirms counts for one run, whatever hash the wheel has."""
        server.file(f"/{NAME}", archive({PATH: CONTENT}))
        server.page(f"/{NAME}.metadata", CONTENT)
        wheel = wheel_at(server.url, sha256="1" * 64, core_metadata=core_metadata)
        for _ in range(2):
            assert lines(read_metadata(wheel, new_client(), hosts)) == REQUIRES
        assert len(server.requested) == 2

    def test_kept_for_its_hash(
        self, server: Server, new_client: Callable[..., Client], hosts: AllowedHosts
    ) -> None:
        """A cached METADATA is used only for the same hash."""
        server.file(f"/{NAME}", archive({PATH: CONTENT}))
        for digit in "12":
            read_metadata(wheel_at(server.url, sha256=digit * 64), new_client(), hosts)
        assert len(server.requested) == 2

    @pytest.mark.parametrize(
        ("files", "note"),
        [
            ({}, "it has 0 METADATA files (expected 1)"),
            ({PATH: CONTENT, f"x{PATH}": CONTENT}, "it has 2 METADATA files (expected 1)"),
            ({PATH: OTHER}, "its METADATA is that of 'numpy' '2.6.0+rocm6.2'"),
            (
                {PATH: bytes(2**20 + 1)},
                "its METADATA is too large (expected at most 1048576 bytes)",
            ),
            (
                {PATH: CONTENT.replace(b"\n\n", b"\nRequires-Dist: a" * 1001 + b"\n\n")},
                "its METADATA has more than 1000 requirements",
            ),
        ],
    )
    def test_odd_wheels(
        self,
        server: Server,
        client: Client,
        hosts: AllowedHosts,
        files: dict[str, bytes],
        note: str,
    ) -> None:
        """A wheel without its own METADATA is noted."""
        server.file(f"/{NAME}", archive(files))
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert client.notes == [f"{NAME}: {note}"]

    @pytest.mark.parametrize("compression", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_packed_without_limits(
        self, server: Server, client: Client, hosts: AllowedHosts, compression: int
    ) -> None:
        """METADATA with a compression that zipfile does not limit is not read."""
        with zipfile.ZipFile(buffer := io.BytesIO(), "w", compression) as archive_file:
            archive_file.writestr(PATH, CONTENT)
        server.file(f"/{NAME}", buffer.getvalue())
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert client.notes == [
            f"{NAME}: its METADATA has an unsupported compression (expected deflate)"
        ]

    def test_encrypted(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Encrypted METADATA is noted."""
        content = bytearray(archive({PATH: CONTENT}))
        content[content.rindex(b"PK\x01\x02") + 8] |= 1
        content[content.index(PATH.encode()) - 24] |= 1
        server.file(f"/{NAME}", bytes(content))
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert "encrypted" in client.notes[0]

    @pytest.mark.parametrize("content", [b"no zip file", archive({PATH: CONTENT})[:-9]])
    def test_no_archive(
        self, server: Server, client: Client, hosts: AllowedHosts, content: bytes
    ) -> None:
        """A file that is not a zip archive is noted."""
        server.file(f"/{NAME}", content)
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert client.notes == [f"{NAME}: File is not a zip file"]

    def test_corrupt_member(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """Corrupt METADATA is noted."""
        content = bytearray(archive({PATH: CONTENT}))
        at = content.index(PATH.encode()) + len(PATH)
        content[at : at + 40] = bytes(range(40))
        server.file(f"/{NAME}", bytes(content))
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert len(client.notes) == 1

    def test_no_ranges(self, server: Server, client: Client, hosts: AllowedHosts) -> None:
        """A server without ranges does not send the whole wheel."""
        server.page(f"/{NAME}", bytes(10_000_000))
        assert read_metadata(wheel_at(server.url), client, hosts) is None
        assert client.notes == [f"{NAME}: the server does not support range requests"]


def test_several_wheels(server: Server, client: Client, hosts: AllowedHosts) -> None:
    """Several wheels are read in parallel; one that cannot be read is None."""
    server.page(f"/a/{NAME}.metadata", CONTENT)
    server.page(f"/b/{NAME}.metadata", OTHER)
    one, other = (wheel_at(f"{server.url}/{folder}", core_metadata="") for folder in "ab")
    found = read_all_metadata([one, other], client, hosts)
    assert [lines(found[one]), found[other]] == [REQUIRES, None]
    assert "its METADATA is that of 'numpy' '2.6.0+rocm6.2'" in client.notes[0]


def test_threads_read_together() -> None:
    """Several threads parse requirements with markers at once."""

    def read(number: int) -> int:
        lines = (f'Requires-Dist: a{number}{one}; python_version < "3.{one}"' for one in range(60))
        content = "\n".join(["Metadata-Version: 2.1", "Name: torch", "Version: 1.0", *lines])
        wheel = Wheel.from_filename("torch-1.0-py3-none-any.whl", "http://127.0.0.1/torch.whl")
        return len(parse_metadata(content.encode(), wheel).requires)

    with ThreadPoolExecutor(8) as pool:
        assert [*pool.map(read, range(32))] == [60] * 32
