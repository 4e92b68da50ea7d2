"""Whole installs, with the plugin and without, over the embedded index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.demo.server import serve
from tests.benchmarks.paired import Compared, compare
from tests.benchmarks.rows import Row
from tests.end_to_end.conftest import World, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUDGETS = {"pip": 1.10, "uv": 1.15}
_PLUGIN = ', "hatch-torch"'
_TABLE = "[tool.torch-variant"


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Measure pip and uv: torch is there and right in both environments."""
    with serve() as index:
        world = World(folder, index, environment(folder)).on("none").over(index)
        for tool in BUDGETS:
            yield from _of_tool(tool, world.elsewhere(f"{tool}-ours"), rounds)


def _of_tool(tool: str, ours: World, rounds: int) -> Iterator[Row]:
    ours.write("full")
    ours.install(tool)
    bare = _without_plugin(ours, tool)
    wheels = [one["url"] for one in ours.record()["wheels"]]
    _put(bare, tool, *wheels)
    bare.install(tool)
    ours.install(tool)
    ours.index.forget()
    compared = compare(_install(ours, tool), _install(bare, tool), rounds)
    yield Row(
        f"`{'uv ' * (tool == 'uv')}pip install -e .`, torch already right, against no plugin",
        compared.ratio,
        BUDGETS[tool],
        "times",
        _told(compared),
    )
    fetched = len(ours.fetched())
    yield Row(f"wheels of the family fetched again, by {tool}", fetched, 0, "")


def _told(compared: Compared) -> str:
    return (
        f"{compared.ours:.2f} s and {compared.theirs:.2f} s; "
        f"{compared.cpu_ratio:.2f} times the processor's time"
    )


def _without_plugin(ours: World, tool: str) -> World:
    """Return the same project without the plugin: bare hatchling, in an environment of its own."""
    bare = ours.elsewhere(f"../{tool}-bare")
    text = (ours.project / "pyproject.toml").read_text(encoding="utf-8")
    kept = [one for one in text.split("\n\n") if _TABLE not in one and "hooks.torch" not in one]
    plain = (
        "\n\n".join(kept).replace(_PLUGIN, "").replace('dynamic = ["optional-dependencies"]', "")
    )
    bare.add("pyproject.toml", plain.partition("[tool.uv]")[0])
    bare.add("my_app.py", '"""An app."""\n')
    return bare


def _put(world: World, tool: str, *wheels: str) -> None:
    if tool == "uv":
        world.uv("pip", "install", *wheels)
    else:
        world.pip("install", *wheels)


def _install(world: World, tool: str) -> Callable[[], object]:
    """Return an install of a project that was just edited, so that uv builds it too."""

    def run() -> None:
        (world.project / "pyproject.toml").touch()
        world.install(tool)

    return run
