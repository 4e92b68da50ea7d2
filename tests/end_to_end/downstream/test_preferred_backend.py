"""fixtures/projects/preferred-backend: the application's own configuration prefers a backend."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

VARIABLE = "Ingest_Upscaler__PreferredGpuBackend"


def both(local: str) -> dict[str, str]:
    """Return the pinned family of a backend."""
    return {"torch": f"2.7.0+{local}", "torchvision": f"0.22.0+{local}"}


def start(sandbox: Sandbox) -> str:
    """Start the application; return what it said."""
    return sandbox.run(sandbox.python, "-m", "preferred_backend")


def state(sandbox: Sandbox) -> Any:  # noqa: ANN401 (it is JSON)
    """Return what `status --json` prints."""
    return json.loads(sandbox.run(sandbox.python, "-m", "hatch_torch", "status", "--json"))


def test_preference(checkout: Callable[[str], Sandbox]) -> None:
    """Auto, the configuration and the variable decide; a change rebuilds, and nothing else does."""
    server = checkout("preferred-backend").on("linux-amd-mi300x")
    server.install("pip")
    assert server.versions() == both("rocm6.3")
    assert "ready: 2.7.0+rocm6.3" in start(server)

    settings = server.project / "appsettings.json"
    settings.write_text(settings.read_text("utf-8").replace("Auto", "CPU"), encoding="utf-8")
    state_now = start(server)

    assert f"{VARIABLE} requests cpu, but torch 2.7.0+rocm6.3 is built for rocm6.3" in state_now
    assert server.versions() == both("cpu")
    server.index.forget()
    assert "ready: 2.7.0+cpu" in start(server)
    assert server.fetched() == set()

    desktop = server.on("linux-nvidia-rtx-4090", **{VARIABLE: "CUDA"})
    start(desktop)

    assert server.versions() == both("cu118")
    state_now = state(desktop)
    assert (state_now["backend"], state_now["decided_by"], state_now["findings"]) == (
        "cu118",
        VARIABLE,
        [],
    )
    assert state_now["packages"]["torchvision"] == "0.22.0+cu118"
    assert state_now["created"].startswith("20")
    assert state_now["python"].startswith("3.")
