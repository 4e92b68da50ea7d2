"""pip and uv for Windows install a project for the machine's accelerator."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.windows]

FULL = {"none": "cpu", "rtx-4090": "cu126"}


@pytest.mark.parametrize(
    ("tool", "form", "machine"),
    [  # test_demo has pip without an accelerator
        ("pip", "smallest", "rtx-4090"),
        ("pip", "setuptools", "rtx-4090"),
        ("uv", "full", "none"),
        ("uv", "full", "rtx-4090"),
    ],
)
def test_editable_install(sandbox: Sandbox, tool: str, form: str, machine: str) -> None:
    """`pip install -e .` pins the wheels for Windows, by URL and hash, and records it."""
    sandbox.write(form)

    sandbox.on(machine).install(tool)

    assert {version.partition("+")[2] for version in sandbox.exact().values()} == {FULL[machine]}
    record = sandbox.record()
    assert (record["frontend"], record["purpose"]) == (tool, "install")
    assert all("win_amd64" in wheel["url"] for wheel in record["wheels"])
    assert sandbox.present() == sandbox.fetched()


def test_portable_command(sandbox: Sandbox) -> None:
    """`uv lock` is told apart from an install by its command line: it gets nothing of here."""
    sandbox.on("rtx-4090").uv("lock", "--python", sandbox.python)

    lock = (sandbox.project / "uv.lock").read_text(encoding="utf-8")
    assert "+cu126" not in lock
