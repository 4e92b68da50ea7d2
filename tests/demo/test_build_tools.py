"""Installed packages become wheels again."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from packaging.utils import parse_wheel_filename

from hatch_torch.demo.build_tools import find_build_tools, repack_installed

if TYPE_CHECKING:
    from pathlib import Path


def _names(data: bytes) -> list[str]:
    with ZipFile(io.BytesIO(data)) as archive:
        return archive.namelist()


def _install(folder: Path, name: str, files: dict[str, str]) -> None:
    """Lay out a dist-info folder as an installer does."""
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    texts = {
        "METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n",
        "WHEEL": "Wheel-Version: 1.0\nTag: py2-none-any\nTag: py3-none-any\n",
        "INSTALLER": "pip\n",
        "direct_url.json": "{}",
    }
    for file, text in texts.items():
        (info / file).write_text(text, encoding="utf-8")
    for file, text in files.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_text(text, encoding="utf-8")
    listed = [*files, "../../bin/tool", *(f"{info.name}/{file}" for file in [*texts, "RECORD"])]
    (info / "RECORD").write_text("".join(f"{path},,\n" for path in listed), encoding="utf-8")


class TestRepacked:
    """The wheel of an installed package."""

    def test_is_what_was_installed(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """It has the package's files and metadata, without what the installer wrote."""
        _install(tmp_path, "packed_one", {"packed_one/__init__.py": "x = 1\n"})
        monkeypatch.syspath_prepend(str(tmp_path))
        wheel = repack_installed("packed-one")
        assert wheel
        filename, data, metadata = wheel
        info = "packed_one-1.0.dist-info"
        expected = [f"{info}/METADATA", f"{info}/WHEEL", "packed_one/__init__.py", f"{info}/RECORD"]
        assert ("packed_one-1.0-py2.py3-none-any.whl", expected) == (filename, _names(data))
        assert b"Name: packed_one" in metadata

    def test_editable(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """An editable install gives the folder that it points to."""
        source = tmp_path / "source"
        (source / "editable_one").mkdir(parents=True)
        (source / "editable_one" / "__init__.py").write_text("x = 1\n", encoding="utf-8")
        (source / "editable_one" / "old.pyc").write_bytes(b"")
        _install(tmp_path / "site", "editable_one", {"_editable_one.pth": str(source)})
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.syspath_prepend(str(source))
        wheel = repack_installed("editable-one")
        assert wheel
        assert {"editable_one/__init__.py", "_editable_one.pth"} & set(_names(wheel[1])) == {
            "editable_one/__init__.py"
        }

    def test_editable_that_points_nowhere(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Metadata without a package gives a wheel without one."""
        _install(tmp_path, "lonely_one", {})
        monkeypatch.syspath_prepend(str(tmp_path))
        wheel = repack_installed("lonely-one")
        assert wheel
        assert all(name.startswith("lonely_one-1.0.dist-info/") for name in _names(wheel[1]))

    def test_absent(self) -> None:
        """A package that is not installed has no wheel."""
        assert repack_installed("not-installed-anywhere") is None


class TestTools:
    """What building takes."""

    def test_come_with_what_they_require(self) -> None:
        """With hatchling comes pluggy, and what is not installed is left out."""
        tools = find_build_tools(("hatchling", "not-installed-anywhere"))
        assert {"hatchling", "packaging", "pathspec", "pluggy", "trove-classifiers"} <= tools
        assert "not-installed-anywhere" not in tools

    @pytest.mark.parametrize("name", sorted(find_build_tools()))
    def test_each_is_a_wheel(self, name: str) -> None:
        """Each of them can be served."""
        wheel = repack_installed(name)
        assert wheel
        assert name == parse_wheel_filename(wheel[0])[0]
