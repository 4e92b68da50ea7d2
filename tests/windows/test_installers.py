"""pip and uv for Windows install a project for the machine's accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.windows

FULL = {"none": "cpu", "rtx-4090": "cu126"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize("machine", FULL)
def test_editable_install(sandbox: Sandbox, tool: str, machine: str) -> None:
    """`pip install -e .` pins the wheels for Windows, by URL and hash, and records it."""
    sandbox.on(machine).install(tool)

    assert {version.partition("+")[2] for version in sandbox.exact().values()} == {FULL[machine]}
    record = sandbox.record()
    assert (record["frontend"], record["purpose"]) == (tool, "install")
    assert all("win_amd64" in wheel["url"] for wheel in record["wheels"])
    assert sandbox.present() == sandbox.fetched()
