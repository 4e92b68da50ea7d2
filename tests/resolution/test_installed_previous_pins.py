"""An extra's pins of the previous install are used again, without the index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.index.auth import Credentials
from hatch_torch.index.index_config import IndexConfig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.resolution.model import Decision
    from tests.resolution.conftest import DecisionBench

ROOT = "https://download.pytorch.org/whl"
MIRROR = "https://mirror.example.org/whl"
SOUND = "torchaudio-2.6.0%2Bcu124-cp312-cp312-linux_x86_64.whl"
URL = f"https://download-r2.pytorch.org/whl/cu124/{SOUND}"
HASH = "#sha256=" + 64 * "0"
TORCH = "torch==2.6.0+cu124; extra == 'sound'"
METADATA = (
    "torch==2.6.0+cu124",
    "torch>=2.3",
    TORCH,
    f"torchaudio @ {URL}{HASH} ; extra == 'sound'",
    "torchaudio; extra == 'sound'",
    "soundfile==0.13.1; extra == 'sound'",
    "torchvision==0.1; extra == 'vision'",
)
"""The METADATA of the previous install."""
UNSATISFIABLE = {"torch<0"}


def origin(root: str = ROOT, folders: Mapping[Backend, str] | None = None) -> IndexConfig:
    """Return the configuration of an index."""
    return IndexConfig(root, None, folders or {}, Credentials({}), {})


def again(bench: DecisionBench, *metadata: str, line: str = "torchaudio", **more: Any) -> Decision:  # noqa: ANN401 (handed on)
    """Decide for a project that is installed already; the index does not answer."""
    lists = {"sound": (Requirement(line),)}
    facts = {
        "config": bench.make_config(optional_dependencies=lists),
        "installed": (bench.installed_package("torch", "2.6.0+cu124"),),
        "index": bench.unreachable_index(),
        "find_index_config": origin,
        **more,
    }
    earlier = metadata or METADATA
    return bench.decide(
        "rtx-4090-on-550", "torch>=2.3", read_previous_requirements=lambda: earlier, **facts
    )


def sound(decision: Decision) -> set[str]:
    """Return what is injected into the extra."""
    return {one.requirement for one in decision.injected if one.extra == "sound"}


@pytest.mark.parametrize("version", ["torchaudio", "torchaudio>=2.6,<2.7", "torchaudio==2.6.*"])
def test_used_again(bench: DecisionBench, version: str) -> None:
    """The extra's wheel is pinned as before, beside the installed torch."""
    decision = again(bench, line=version)

    assert sound(decision) == {"torch==2.6.0+cu124", f"torchaudio @ {URL}{HASH}"}
    assert decision.warnings == ()


def test_below_the_root(bench: DecisionBench) -> None:
    """A mirror's wheel is used again only while that mirror is configured."""
    url = f"{MIRROR}/cu124/{SOUND}"
    metadata = (TORCH, f"torchaudio @ {url} ; extra == 'sound'")

    assert f"torchaudio @ {url}" in sound(
        again(bench, *metadata, find_index_config=lambda: origin(MIRROR))
    )
    assert sound(again(bench, *metadata)) == UNSATISFIABLE


STALE = {
    "never installed": {"metadata": ("torch>=2.3",)},
    "of another torch": {"installed": "2.5.1+cu124"},
    "of another backend": {"installed": "2.6.0+cu118"},
    "out of range": {"line": "torchaudio<2.6"},
    "another member": {"line": "torchvision"},
    "from a URL of the project": {"line": f"torchaudio @ https://example.org/{SOUND}"},
    "outside a constraint": {"constraints": (Requirement("torchaudio<2.6"),)},
    "of another index": {"find_index_config": lambda: origin(MIRROR)},
    "of a backend with its own index": {
        "find_index_config": lambda: origin(folders={Backend.parse("cu124"): MIRROR})
    },
    "offline": {"find_index_config": lambda: None},
    "kept then, gone now": {"metadata": (TORCH, "torchaudio==2.6.0+cu124; extra == 'sound'")},
    "for another system": {
        "metadata": (
            TORCH,
            f"torchaudio @ {URL} ; sys_platform == 'darwin' and extra == 'sound'",
        )
    },
    "open": {"metadata": (TORCH, "torchaudio>=2.6; extra == 'sound'")},
    "half open": {"metadata": (TORCH, "torchaudio==2.6.*; extra == 'sound'")},
    "no requirement": {"metadata": (TORCH, "torch audio; extra == 'sound'")},
}


@pytest.mark.parametrize("facts", STALE.values(), ids=STALE)
def test_is_stale(bench: DecisionBench, facts: dict[str, Any]) -> None:
    """Stale pins are not used: the extra becomes unsatisfiable without the index."""
    facts = {**facts}
    metadata = facts.pop("metadata", METADATA)
    if version := facts.pop("installed", None):
        facts["installed"] = (bench.installed_package("torch", version),)

    assert sound(again(bench, *metadata, **facts)) == UNSATISFIABLE


@pytest.mark.parametrize(("fragment", "expected"), [(HASH, True), ("", False)])
def test_hashes(bench: DecisionBench, *, fragment: str, expected: bool) -> None:
    """Where hashes are required, a wheel without one is stale."""
    lists = {"sound": (Requirement("torchaudio"),)}
    config = bench.make_config(optional_dependencies=lists, require_hashes=True)
    metadata = (TORCH, f"torchaudio @ {URL}{fragment} ; extra == 'sound'")

    assert (sound(again(bench, *metadata, config=config)) != UNSATISFIABLE) == expected


def test_stale_pin_is_replaced(bench: DecisionBench) -> None:
    """With the index a stale pin is replaced, beside the installed torch."""
    found = again(bench, "torch>=2.3", index=bench.shared_index())

    assert {one.partition(" ")[0] for one in sound(found)} == {"torch==2.6.0+cu124", "torchaudio"}
