"""What we publish: the same bytes whoever builds it, wherever and whenever, and nothing hidden."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

import pytest

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).parents[2]
LEFT_OUT = shutil.ignore_patterns(
    ".*", "__pycache__", "*.egg-info", "build", "dist", "htmlcov", "node_modules"
)
SUFFIXES = {".py", ".pyi", ".json", ".toml", ".typed", ""}


def built(folder: Path, kind: str, when: int, **environ: str) -> Path:
    """Build a copy of this checkout, whose files are of some time, in a folder; return the file."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, dirs_exist_ok=True)
    shutil.copy(ROOT / ".gitignore", folder)
    for path in folder.rglob("*"):
        os.utime(path, (when, when))
    command = (sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", str(folder / "out"))
    subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, check=True, capture_output=True
    )
    (wheel,) = (folder / "out").iterdir()
    return wheel


@pytest.mark.parametrize("kind", ["wheel", "sdist"])
def test_reproducible(tmp_path: Path, kind: str) -> None:
    """Two builds, elsewhere, at another time, under other settings, are the same to the byte."""
    first = built(tmp_path / "one", kind, 10**9, TZ="UTC", PYTHONHASHSEED="1")
    settings = {"TZ": "Asia/Tokyo", "PYTHONHASHSEED": "2", "LC_ALL": "C"}
    second = built(tmp_path / "another folder" / "deeper", kind, 2 * 10**9, **settings)

    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_wheel_holds_source_alone(tmp_path: Path) -> None:
    """The wheel is pure Python and tables: no compiled code, and no .pth that runs by itself."""
    wheel = built(tmp_path, "wheel", 10**9)

    assert wheel.name.endswith("-py3-none-any.whl")
    with ZipFile(wheel) as archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
    tops = {name.partition("/")[0] for name in names}
    assert {top.partition("-")[0] for top in tops} == {"hatch_torch"}
    assert {Path(name).suffix for name in names if name.startswith("hatch_torch/")} <= SUFFIXES
    assert "RECORD" in {Path(name).name for name in names}
