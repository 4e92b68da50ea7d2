"""Whole installs, with the plugin and without, over the embedded index on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.demo.server import serve
from tests.benchmarks.nothing import NAME, CountingIndex
from tests.benchmarks.paired import Compared, compare
from tests.benchmarks.rows import Row
from tests.end_to_end.conftest import Sandbox, environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BUDGETS = {"pip": 1.10, "uv": 1.15}
_PLUGIN = ', "hatch-torch"'
_DYNAMIC = 'dynamic = ["optional-dependencies"]'
_TABLE = "[tool.torch-variant"


def rows(folder: Path, rounds: int) -> Iterator[Row]:
    """Measure pip and uv: torch is there and right in all environments."""
    with serve(index=CountingIndex) as index:
        sandbox = Sandbox(folder, index, environment(folder)).on("none").over(index)
        for tool in BUDGETS:
            yield from _of_tool(tool, sandbox.elsewhere(f"{tool}-ours"), rounds)


def _of_tool(tool: str, ours: Sandbox, rounds: int) -> Iterator[Row]:
    assert isinstance(ours.index, CountingIndex)
    ours.write("full")
    ours.install(tool)
    bare, nothing = _bare(ours, f"{tool}-bare"), _with_nothing(ours, f"{tool}-nothing")
    for other in (bare, nothing):
        _put(other, tool, *(wheel["url"] for wheel in ours.record()["wheels"]))
        other.install(tool)
    ours.install(tool)
    ours.index.forget()
    compared = compare(_install(ours, tool), _install(bare, tool), rounds)
    fetched = ours.index.bytes_of_wheels
    least = compare(_install(nothing, tool), _install(bare, tool), rounds)
    yield Row(
        f"`{'uv ' * (tool == 'uv')}pip install -e .`, torch already right, against no plugin",
        compared.ratio,
        BUDGETS[tool],
        "times",
        f"{_told(compared)}; {least.ratio:.2f} times with a plugin that does nothing",
    )
    yield Row(f"the family's wheels fetched again, by {tool}", fetched, 0, "bytes")


def _told(compared: Compared) -> str:
    return (
        f"{compared.ours:.2f} s and {compared.theirs:.2f} s; "
        f"{compared.cpu_ratio:.2f} times the processor's time"
    )


def _bare(ours: Sandbox, name: str) -> Sandbox:
    """Return the same project without the plugin: bare hatchling, in an environment of its own."""
    bare = ours.elsewhere(f"../{name}")
    bare.add("pyproject.toml", _without_plugin(ours).replace(_DYNAMIC, ""))
    bare.add("my_app.py", '"""An app."""\n')
    return bare


def _with_nothing(ours: Sandbox, name: str) -> Sandbox:
    """Return the same project with a plugin that does nothing."""
    nothing = ours.elsewhere(f"../{name}")
    text = _without_plugin(ours).replace('"]\nbuild-b', f'", "{NAME}"]\nbuild-b')
    hooks = "".join(f"\n[tool.hatch.{kind}.hooks.nothing]\n" for kind in ("metadata", "build"))
    nothing.add("pyproject.toml", text + hooks)
    nothing.add("my_app.py", '"""An app."""\n')
    return nothing


def _without_plugin(ours: Sandbox) -> str:
    text = (ours.project / "pyproject.toml").read_text(encoding="utf-8")
    paragraphs = [
        paragraph
        for paragraph in text.split("\n\n")
        if _TABLE not in paragraph and "hooks.torch" not in paragraph
    ]
    return "\n\n".join(paragraphs).replace(_PLUGIN, "").partition("[tool.uv]")[0]


def _put(sandbox: Sandbox, tool: str, *wheels: str) -> None:
    if tool == "uv":
        sandbox.uv("pip", "install", *wheels)
    else:
        sandbox.pip("install", *wheels)


def _install(sandbox: Sandbox, tool: str) -> Callable[[], object]:
    """Return an install of a project that was just edited, so that uv builds it too."""

    def run() -> None:
        (sandbox.project / "pyproject.toml").touch()
        sandbox.install(tool)

    return run
