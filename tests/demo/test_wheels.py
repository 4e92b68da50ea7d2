"""A stub is a real wheel, and always the same bytes."""

from __future__ import annotations

import csv
import hashlib
import io
from base64 import urlsafe_b64encode
from email import message_from_string
from zipfile import ZipFile

import pytest

from hatch_torch.demo.wheels import Stub, build_metadata, build_wheel

_STUB = Stub(
    "my_pkg-1.0+cu126-2-cp312-cp312-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    (("my_pkg/__init__.py", "answer = 42\n"),),
    ("numpy", "torch==2.9.1"),
    ">=3.10",
    ("gpu",),
)


def _read(stub: Stub, name: str) -> str:
    with ZipFile(io.BytesIO(build_wheel(stub))) as archive:
        return archive.read(f"{stub.info}/{name}").decode()


class TestMetadata:
    """Its METADATA."""

    def test_fields(self) -> None:
        """It says name, version, Pythons, extras and requirements."""
        metadata = message_from_string(build_metadata(_STUB).decode())
        assert (
            metadata["Name"],
            metadata["Version"],
            metadata["Requires-Python"],
        ) == ("my-pkg", "1.0+cu126", ">=3.10")
        assert metadata.get_all("Requires-Dist") == ["numpy", "torch==2.9.1"]
        assert metadata.get_all("Provides-Extra") == ["gpu"]

    def test_is_inside_the_wheel(self) -> None:
        """The wheel has the same METADATA as the file beside it."""
        assert build_metadata(_STUB).decode() == _read(_STUB, "METADATA")

    def test_without_python(self) -> None:
        """A stub that names no Python has no such field."""
        assert b"Requires-Python" not in build_metadata(Stub("a-1-py3-none-any.whl"))


class TestWheel:
    """Its bytes."""

    def test_are_always_the_same(self) -> None:
        """Its hash can stand on a page before it is asked for."""
        first = build_wheel(_STUB)
        build_wheel.cache_clear()
        assert first == build_wheel(_STUB)

    def test_tags(self) -> None:
        """WHEEL has a line for each tag, and the build tag."""
        assert _read(_STUB, "WHEEL").splitlines() == [
            "Wheel-Version: 1.0",
            "Generator: hatch-torch demo",
            "Root-Is-Purelib: false",
            "Tag: cp312-cp312-manylinux_2_17_x86_64",
            "Tag: cp312-cp312-manylinux2014_x86_64",
            "Build: 2",
        ]

    @pytest.mark.parametrize(
        ("filename", "expected"),
        [("a-1-py3-none-any.whl", "true"), ("a-1-py3-none-win_amd64.whl", "false")],
    )
    def test_pure(self, filename: str, expected: str) -> None:
        """A wheel for any platform is pure."""
        assert f"Root-Is-Purelib: {expected}" in _read(Stub(filename), "WHEEL").splitlines()

    def test_record(self) -> None:
        """RECORD has every file with its hash and size, and itself without."""
        rows = list(csv.reader(_read(_STUB, "RECORD").splitlines()))
        with ZipFile(io.BytesIO(build_wheel(_STUB))) as archive:
            expected = [
                [name, *_hash_and_size(archive.read(name))]
                for name in archive.namelist()
                if not name.endswith("RECORD")
            ]
        assert [*expected, [f"{_STUB.info}/RECORD", "", ""]] == rows


def _hash_and_size(data: bytes) -> tuple[str, str]:
    digest = urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
    return f"sha256={digest}", str(len(data))
