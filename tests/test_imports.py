"""What each kind of hook run imports: modules that a run does not need are not imported.

A hook runs in a new environment every time, under uv without compiled files, so every line costs.
The rule: what not every run needs is imported in the function that needs it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import is_dataclass
from importlib import import_module
from pathlib import Path

import pytest

from hatch_torch.cli.main import COMMANDS
from hatch_torch.demo.server import serve
from tests.benchmarks.imports import NO_GPU, PLAIN, Checkout

DECIDING = ("hatch_torch.resolution", "hatch_torch.hardware.model")
INDEX = (
    "hatch_torch.index.client",
    "hatch_torch.index.pytorch_index",
    "hatch_torch.index.simple_api",
    "packaging.metadata",
    "resolvelib",
)
NETWORK = ("hatch_torch.index.http", "urllib3", "ssl", "http.client")
NEVER = ("hatch_torch.api", "hatch_torch.cli", "hatch_torch.demo", "hatch_torch.init", "rich")
SHOW_HELP = """
import contextlib, sys
from hatch_torch.cli.main import main
with contextlib.suppress(SystemExit):
    main([sys.argv[1], "--help"])
package = "hatch_torch.cli."
print(*(name.removeprefix(package) for name in sys.modules if name.startswith(package)))
"""
MAX_LINES = {"requirements": 200, "portable": 4200, "installed": 9000, "cached": 11200}
"""Lines of the package that each kind of run may import; tests/benchmarks measures the time."""


@pytest.fixture(scope="module")
def imported_modules(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Return the modules that each kind of run imports beyond what hatchling does by itself.

    requirements: the installer asks what the build requires. portable: a wheel for any machine.
    installed: the right torch is installed already. cached: the pages of the index are cached.
    """
    with serve() as index:
        checkout = Checkout(tmp_path_factory.mktemp("checkout"), index.torch_index)
        without_plugin = checkout.modules(PLAIN)
        portable = checkout.built(command="wheel")
        modules = {"requirements": portable["first"], "portable": portable["modules"]}
        checkout.modules(**NO_GPU)
        modules["cached"] = checkout.modules(**NO_GPU)
        checkout.put_torch()
        modules["installed"] = checkout.modules(**NO_GPU)
    return {kind: {*names} - {*without_plugin} for kind, names in modules.items()}


@pytest.mark.parametrize(
    ("kind", "unneeded"),
    [
        ("requirements", (*DECIDING, *INDEX, *NETWORK, *NEVER, "hatch_torch.config", "logging")),
        ("portable", (*DECIDING, *INDEX, *NETWORK, *NEVER)),
        ("installed", (*INDEX, *NETWORK, *NEVER)),
        ("cached", (*NETWORK, *NEVER)),
    ],
)
def test_imports_nothing_unneeded(
    imported_modules: dict[str, set[str]], kind: str, unneeded: tuple[str, ...]
) -> None:
    """A portable run decides nothing, a run with cached pages opens no connection, and so on."""
    prefixes = tuple(f"{name}." for name in unneeded)
    assert {name for name in imported_modules[kind] if f"{name}.".startswith(prefixes)} == set()


@pytest.mark.parametrize("kind", MAX_LINES)
def test_lines(imported_modules: dict[str, set[str]], kind: str) -> None:
    """A run compiles no more lines of the package than its budget allows."""
    names = {name for name in imported_modules[kind] if name.partition(".")[0] == "hatch_torch"}
    assert "hatch_torch.integrations.hatch" in names
    files = [Path(str(import_module(name).__file__)) for name in names]
    assert sum(len(file.read_text("utf-8").splitlines()) for file in files) <= MAX_LINES[kind]


def test_no_dataclass(imported_modules: dict[str, set[str]]) -> None:
    """Values are named tuples: creating a dataclass takes half a millisecond in every build."""
    names = sorted(imported_modules["cached"])
    modules = [import_module(name) for name in names if name.startswith("hatch_torch.")]
    classes = [
        value for module in modules for value in vars(module).values() if isinstance(value, type)
    ]
    assert [value for value in classes if is_dataclass(value)] == []


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "completion"])
def test_a_command_imports_no_other(command: str) -> None:
    """Every command starts without the modules of the others."""
    completed = subprocess.run(
        [sys.executable, "-c", SHOW_HELP, command], capture_output=True, text=True, check=True
    )
    assert {*COMMANDS} & {*completed.stdout.splitlines()[-1].split()} == {command}
