"""What each kind of run imports: a wing that a run does not need is not entered.

A hook runs in a new environment every time, under uv without compiled files, so every module
costs. The rule: what not every run needs is imported in the function that enters it.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import is_dataclass
from importlib import import_module

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
CALLED = """
import contextlib, sys
from hatch_torch.cli.main import main
with contextlib.suppress(SystemExit):
    main([sys.argv[1], "--help"])
room = "hatch_torch.cli."
print(*(name.removeprefix(room) for name in sys.modules if name.startswith(room)))
"""
MOST = {"asked": 5, "portable": 50, "kept": 86, "cached": 102}
"""Modules of ours, with a few to spare; whoever needs more than that measures first."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """Build a project as each kind of run does; return what it imports over hatchling."""
    with serve() as index:
        checkout = Checkout(tmp_path_factory.mktemp("checkout"), index.torch_index)
        before = checkout.modules(PLAIN)
        portable = checkout.built(command="wheel")
        found = {"asked": portable["first"], "portable": portable["modules"]}
        checkout.modules(**NO_GPU)
        found["cached"] = checkout.modules(**NO_GPU)
        checkout.put_torch()
        found["kept"] = checkout.modules(**NO_GPU)
    return {kind: {*after} - {*before} for kind, after in found.items()}


@pytest.mark.parametrize(
    ("kind", "wings"),
    [
        ("asked", (*DECIDING, *INDEX, *NETWORK, *NEVER, "hatch_torch.config", "logging")),
        ("portable", (*DECIDING, *INDEX, *NETWORK, *NEVER)),
        ("kept", (*INDEX, *NETWORK, *NEVER)),
        ("cached", (*NETWORK, *NEVER)),
    ],
)
def test_no_wing_without_need(runs: dict[str, set[str]], kind: str, wings: tuple[str, ...]) -> None:
    """A question costs no more than the door, a portable run decides nothing, and so on."""
    entered = {
        one for one in runs[kind] if f"{one}.".startswith(tuple(f"{name}." for name in wings))
    }
    assert entered == set()


@pytest.mark.parametrize("kind", MOST)
def test_few_modules(runs: dict[str, set[str]], kind: str) -> None:
    """A run imports no more modules than it did when its time was measured."""
    assert "hatch_torch.integrations.hatch" in runs[kind]
    assert len([one for one in runs[kind] if one.startswith("hatch_torch")]) <= MOST[kind]


def test_no_dataclass(runs: dict[str, set[str]]) -> None:
    """Values are named tuples: a dataclass takes half a millisecond to make, in every build."""
    ours = [import_module(one) for one in sorted(runs["cached"]) if one.startswith("hatch_torch.")]
    made = [one for module in ours for one in vars(module).values() if isinstance(one, type)]
    assert [one for one in made if is_dataclass(one)] == []


@pytest.mark.parametrize("command", [one for one in COMMANDS if one != "completion"])
def test_a_command_imports_no_other(command: str) -> None:
    """What a command needs of others' modules is no command's, but for sync and verify's status."""
    done = subprocess.run(
        [sys.executable, "-c", CALLED, command], capture_output=True, text=True, check=True
    )
    called = {command, "status"} if command in {"sync", "verify"} else {command}
    assert {*COMMANDS} & {*done.stdout.splitlines()[-1].split()} == called
