"""A project that was edited after its lock was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import current_lock, spell, staleness, write_lock
from hatch_torch.lock.model import Lock, MadeFor

if TYPE_CHECKING:
    from pathlib import Path


def lines(*texts: str) -> tuple[Requirement, ...]:
    """Return requirements."""
    return tuple(map(Requirement, texts))


CONFIG = Config(
    name="my-app",
    dependencies=lines("torch>=2.4", "numpy", "torchvision ; python_version > '3.9'"),
    optional_dependencies={"sound": lines("torchaudio", "torchaudio ; os_name == 'nt'")},
    extras=(BackendExtra("rocm64", Backend("rocm", (6, 4)), lines("torch<2.9")),),
)


def test_what_it_is_made_for() -> None:
    """The lines on the family count, each with its extra, and the backends by their names."""
    assert MadeFor.of(CONFIG) == MadeFor(
        requirements=(
            'torch<2.9 ; extra == "rocm64"',
            "torch>=2.4",
            'torch>=2.4 ; extra == "rocm64"',
            'torchaudio ; extra == "sound"',
            'torchaudio; os_name == "nt" and extra == "sound"',
            'torchvision; python_version > "3.9"',
            'torchvision; python_version > "3.9" and extra == "rocm64"',
        ),
        backends=("rocm6.4",),
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"dependencies": lines("torch>=2.5", *map(str, CONFIG.dependencies[1:]))}, "torch>=2.5"),
        ({"optional_dependencies": {}}, "where the project now has nothing"),
        ({"extras": (*CONFIG.extras, BackendExtra("cpu", Backend("cpu")))}, "cpu"),
        ({"family": ("torchdata",)}, "made for nothing, where the project now has torchdata"),
        ({"channel": "nightly"}, "made for stable, where the project now has nightly"),
    ],
)
def test_stale(changes: dict[str, Any], expected: str) -> None:
    """What was edited is named."""
    told = staleness(Lock(MadeFor.of(CONFIG)), CONFIG._replace(**changes)) or ""
    assert told.startswith(f"{LOCK} is stale: it was made for ")
    assert expected in told


@pytest.mark.parametrize(
    "changes",
    [
        {"dependencies": CONFIG.dependencies[::-1]},
        {"dependencies": (*CONFIG.dependencies, *lines("transformers"))},
        {"index_url": "https://mirror.example.org/whl"},
        {"backend": "cpu"},
    ],
)
def test_not_stale(changes: dict[str, Any]) -> None:
    """What does not change the wheels does not make a lock stale."""
    assert staleness(Lock(MadeFor.of(CONFIG)), CONFIG._replace(**changes)) is None


def test_current(tmp_path: Path) -> None:
    """A checkout's lock is there, or not there, or stale, which is an error that helps."""
    assert current_lock(tmp_path, CONFIG) is None
    lock = Lock(MadeFor.of(CONFIG))
    write_lock(tmp_path, spell(lock))
    assert current_lock(tmp_path, CONFIG) == lock
    with pytest.raises(ConfigurationError, match="; renew it with `hatch-torch lock`"):
        current_lock(tmp_path, CONFIG._replace(channel="test"))


def test_holds(lock: Lock) -> None:
    """A version is locked with its local part, whatever the backend."""
    assert lock.holds("torch", Version("2.9.1+cpu"))
    assert not lock.holds("torch", Version("2.9.1"))
    assert not lock.holds("torchvision", Version("2.9.1+cpu"))
