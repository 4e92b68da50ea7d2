"""What a run of the hook imports over what hatchling imports by itself, and what that costs.

It is measured in an environment where nothing is compiled, as pip (from 25.1 on) and uv leave
those that they build in: Python compiles what it imports, each time anew.
"""

from __future__ import annotations

import json
import os
import subprocess
from io import BytesIO
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING, NamedTuple
from urllib.request import urlopen
from venv import EnvBuilder
from zipfile import ZipFile

from hatch_torch.demo.build_tools import find_build_tools, repack_installed
from hatch_torch.environment.prefix import find_site_packages
from hatch_torch.hardware.model import Hardware
from hatch_torch.resolution.decide import decide
from tests.benchmarks.projects import case
from tests.benchmarks.rows import Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

HERE = Path(__file__).parent
NO_GPU = {"TORCH_VARIANT_HARDWARE": '{"system": "Linux"}'}
"""A machine that is known to have none: nothing is probed."""
_PYPROJECT = """
[build-system]
requires = ["hatchling", "hatch-torch"]
build-backend = "hatchling.build"
[project]
name = "my-app"
version = "1.0"
dependencies = ["torch>=2.3", "torchvision", "torchaudio"]
[tool.hatch.build.hooks.{hook}]
"""
_HOOK = """
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
class Hook(BuildHookInterface):
    pass
"""
_FOR_PLUGINS = ("importlib.metadata", "hatchling.metadata.plugin.interface")
"""What hatchling imports to find a plugin, whatever plugin it is."""
PLAIN = "custom"
_IMPORT = """
import importlib, json, sys, time
before, after = json.loads(sys.stdin.read())
for name in before:
    importlib.import_module(name)
known = {*sys.modules}
start = time.process_time()
for name in after:
    importlib.import_module(name)
print(time.process_time() - start, len({*sys.modules} - known))
"""


class Checkout(NamedTuple):
    """A project to build, an environment to install into, and an index to ask."""

    folder: Path
    torch_index: str

    @property
    def python(self) -> Path:
        """The environment's interpreter; beside it is what building takes, as in a build's own."""
        place = self.folder / "environment"
        if not place.exists():
            EnvBuilder(with_pip=False).create(place)
            (site,) = find_site_packages(place)
            for name in find_build_tools(("hatch-torch", "hatchling", "editables")):
                if wheel := repack_installed(name):
                    ZipFile(BytesIO(wheel[1])).extractall(site)
        return place / "bin" / "python"

    def put_torch(self) -> None:
        """Unpack into the environment what a decision for a machine without GPUs picks."""
        (site,) = find_site_packages(self.python.parents[1])
        inputs = case(self.torch_index, self.folder / "other-cache", hardware=Hardware(python="x"))
        for pin in decide(inputs).pins:
            wheel = self.folder / f"{pin.name}.whl"
            with urlopen(pin.url or "") as reply:  # noqa: S310 (the index on loopback)
                wheel.write_bytes(reply.read())
            ZipFile(wheel).extractall(site)

    def modules(self, hook: str = "torch-variant", **more: str) -> list[str]:
        """Return what a build of the project imports, in its order."""
        return self.built(hook, **more)["modules"]

    def built(
        self, hook: str = "torch-variant", command: str = "install", **more: str
    ) -> dict[str, list[str]]:
        """Return what a build under `pip <command>` imports: when it is asked, and in all."""
        project = self.folder / hook
        project.mkdir(exist_ok=True)
        (project / "pyproject.toml").write_text(_PYPROJECT.format(hook=hook), encoding="utf-8")
        (project / "hatch_build.py").write_text(_HOOK, encoding="utf-8")
        (project / "my_app.py").touch()
        pip = self.folder / "pip"
        copyfile(HERE / "hook_run.py", pip)
        completed = subprocess.run(
            [str(self.python), str(pip), command, "-e", "."],
            cwd=project,
            env={**_plain_environment(), "TORCH_VARIANT_INDEX_URL": self.torch_index, **more}
            | {"TORCH_VARIANT_CACHE_DIR": str(self.folder / "cache")},
            capture_output=True,
            check=True,
        )
        return dict(json.loads(completed.stdout))

    def cost(
        self, before: Iterable[str], after: Iterable[str], rounds: int, *, compiled: bool = False
    ) -> tuple[float, int]:
        """Return the least milliseconds that new processes take to import `after`, and the count.

        `compiled`: Python may keep what it compiles, and finds it in the next round.
        """
        outputs = [
            subprocess.run(
                [str(self.python), "-c", _IMPORT],
                input=json.dumps([[*before], [*after]]),
                cwd=self.folder,
                env=_plain_environment(compiled=compiled),
                capture_output=True,
                text=True,
                check=True,
            ).stdout.split()
            for _ in range(rounds + compiled)
        ]
        return min((float(seconds) * 1000, int(count)) for seconds, count in outputs)


def _plain_environment(*, compiled: bool = False) -> dict[str, str]:
    foreign = ("PIP_", "UV_", "TORCH_VARIANT", "CI", "PYTHON")
    plain = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    return plain | ({} if compiled else {"PYTHONDONTWRITEBYTECODE": "1"})


def rows(folder: Path, index: str, rounds: int) -> Iterator[Row]:
    """Measure each kind of run: an artefact for any machine, torch kept, torch decided."""
    checkout = Checkout(folder, index)
    before = [*checkout.modules(PLAIN), *_FOR_PLUGINS]
    every = {
        "portable": checkout.modules(command="wheel"),
        "decided, nothing cached": checkout.modules(**NO_GPU),
        "decided, all cached": checkout.modules(**NO_GPU),
    }
    checkout.put_torch()
    every["torch already right"] = checkout.modules(**NO_GPU)
    fresh = {kind: checkout.cost(before, after, rounds) for kind, after in every.items()}
    for kind, (spent, count) in fresh.items():
        again, _ = checkout.cost(before, every[kind], rounds, compiled=True)
        note = f"{count} modules; {again:.0f} ms where they are compiled already"
        yield Row(f"import of what a hook needs: {kind}", spent, 25, "ms", note)
