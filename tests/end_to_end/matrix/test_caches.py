"""pip's and uv's caches, and our own: one machine's answer is never another's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

FOUND = {"rtx-4090": "2.14.1+cu126", "mi300x": "2.10.0+rocm7.0", "none": "2.14.1+cpu"}


@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.parametrize("way", [("-e", "."), (".",), ("-r", "requirements.txt")], ids=" ".join)
def test_one_home_for_many_machines(sandbox: Sandbox, tool: str, way: tuple[str, ...]) -> None:
    """A home on a network drive: the caches and the checkout are shared, the machines are not."""
    sandbox.add("requirements.txt", "-e .\n")
    backends = {}
    for machine in (*FOUND, *FOUND):
        there = sandbox.on(machine).on(UV_LINK_MODE="copy")
        there.run(there.python, "-m", "pip", "uninstall", "--yes", "torch", "torchvision", "my-app")
        there.pip("install", *way) if tool == "pip" else there.uv("pip", "install", *way)
        backends[machine] = there.versions()["torch"]

    assert backends == FOUND


def test_from_a_repository(sandbox: Sandbox) -> None:
    """Pip keeps the wheel of a commit, which is portable."""
    git = ("git", "-c", "user.name=me", "-c", "user.email=me@example.org")
    sandbox.run("git", "init", "--quiet")
    sandbox.run("git", "add", "pyproject.toml", "my_app.py")
    sandbox.run(*git, "commit", "--quiet", "--message", "Begin")
    commit = sandbox.run("git", "rev-parse", "HEAD").strip()

    sandbox.on("rtx-4090").pip("install", f"my-app @ git+{sandbox.project.as_uri()}@{commit}")

    assert not [line for line in sandbox.requirements() if "://" in line or "+" in line]
