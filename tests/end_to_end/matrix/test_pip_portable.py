"""What pip makes for any machine, and what it only reports, with every pip."""

from __future__ import annotations

import json
import re
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import WithPip

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

THIS_MACHINES = re.compile(r"\+(cu|cpu|rocm|xpu)")


def metadata(wheel: Path) -> str:
    """Return the METADATA of a wheel."""
    with zipfile.ZipFile(wheel) as opened:
        (name,) = (name for name in opened.namelist() if name.endswith(".dist-info/METADATA"))
        return opened.read(name).decode()


def test_wheel(pips: Sandbox, tmp_path: Path) -> None:
    """`pip wheel` writes what the project wrote, and fetches torch as for any other package."""
    pips.pip("wheel", ".", "-w", tmp_path / "out")

    (wheel,) = (tmp_path / "out").glob("my_app-1.0-*.whl")
    text = metadata(wheel)
    assert "://" not in text
    assert not THIS_MACHINES.search(text)
    assert {"torch-2.14.1", "torchvision-0.29.2"} <= pips.fetched()
    assert not any(THIS_MACHINES.search(name) for name in pips.fetched())


def test_download(pips: Sandbox, tmp_path: Path) -> None:
    """`pip download` is portable."""
    pips.pip("download", ".", "-d", tmp_path / "out")

    assert {"torch-2.14.1", "torchvision-0.29.2"} <= pips.fetched()
    assert not any(THIS_MACHINES.search(name) for name in pips.fetched())


def test_report(pips: Sandbox, tmp_path: Path) -> None:
    """A report of what would be installed names the exact wheels, and changes nothing."""
    path = tmp_path / "report.json"

    pips.pip("install", "-e", ".", "--dry-run", "--report", path)

    report = json.loads(path.read_text(encoding="utf-8"))
    urls = {item["metadata"]["name"]: item["download_info"]["url"] for item in report["install"]}
    assert urls["torch"].startswith(f"{pips.index.torch_index}/cu126/torch-2.14.1")
    assert pips.versions() == {}


@pytest.mark.parametrize("version", ["25.3", "newest"])
def test_lock(with_pip: WithPip, version: str, tmp_path: Path) -> None:
    """`pip lock`, which is young, is portable."""
    sandbox = with_pip(version).on("rtx-4090")

    sandbox.pip("lock", ".", "-o", tmp_path / "pylock.toml")

    text = (tmp_path / "pylock.toml").read_text(encoding="utf-8")
    assert 'name = "torch"\nversion = "2.14.1"\n' in text
    assert sandbox.index.torch_index not in text
    assert not THIS_MACHINES.search(text)
