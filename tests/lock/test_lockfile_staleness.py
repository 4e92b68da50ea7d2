"""A project that was edited after its lock was written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock import LOCK
from hatch_torch.lock.lockfile import dumps, read_current_lock, staleness, write_lock
from hatch_torch.lock.model import Lock, LockInputs

if TYPE_CHECKING:
    from pathlib import Path


def parse_all(*texts: str) -> tuple[Requirement, ...]:
    """Return requirements."""
    return tuple(map(Requirement, texts))


CONFIG = Config(
    name="my-app",
    dependencies=parse_all("torch>=2.4", "numpy", "torchvision ; python_version > '3.9'"),
    optional_dependencies={"sound": parse_all("torchaudio", "torchaudio ; os_name == 'nt'")},
    extras=(BackendExtra("rocm64", Backend("rocm", (6, 4)), parse_all("torch<2.9")),),
)


def test_lock_inputs() -> None:
    """A lock is made for all requirements, each with its extra, and for the backends."""
    assert LockInputs.from_config(CONFIG) == LockInputs(
        requirements=(
            "numpy",
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
        (
            {"dependencies": parse_all("torch>=2.5", *map(str, CONFIG.dependencies[1:]))},
            "torch>=2.5",
        ),
        (
            {"dependencies": (*CONFIG.dependencies, *parse_all("timm"))},
            "made for nothing, but the project now has timm",
        ),
        ({"optional_dependencies": {}}, "but the project now has nothing"),
        ({"extras": (*CONFIG.extras, BackendExtra("cpu", Backend("cpu")))}, "cpu"),
        ({"family": ("torchdata",)}, "made for nothing, but the project now has torchdata"),
        ({"channel": "nightly"}, "made for stable, but the project now has nightly"),
    ],
)
def test_stale(changes: dict[str, Any], expected: str) -> None:
    """The reason names what was edited."""
    reason = staleness(Lock(LockInputs.from_config(CONFIG)), CONFIG._replace(**changes)) or ""
    assert reason.startswith(f"{LOCK} is out of date: made for ")
    assert expected in reason


@pytest.mark.parametrize(
    "changes",
    [
        {"dependencies": CONFIG.dependencies[::-1]},
        {"index_url": "https://mirror.example.org/whl"},
        {"backend": "cpu"},
    ],
)
def test_not_stale(changes: dict[str, Any]) -> None:
    """What does not affect the wheels does not make a lock stale."""
    assert staleness(Lock(LockInputs.from_config(CONFIG)), CONFIG._replace(**changes)) is None


def test_scope_of_the_project() -> None:
    """Where the project's own requirements decide, those outside the family do not count."""
    config = CONFIG._replace(scope="project")
    changed = config._replace(dependencies=(*config.dependencies, *parse_all("timm")))
    assert "numpy" not in LockInputs.from_config(config).requirements
    assert staleness(Lock(LockInputs.from_config(config)), changed) is None


def test_read_current_lock(tmp_path: Path) -> None:
    """A project has a lock, or none, or a stale one, which is an error that names the command."""
    assert read_current_lock(tmp_path, CONFIG) is None
    lock = Lock(LockInputs.from_config(CONFIG))
    write_lock(tmp_path, dumps(lock))
    assert read_current_lock(tmp_path, CONFIG) == lock
    with pytest.raises(ConfigurationError, match=r"out of date.*\nhint: run `hatch-torch lock`"):
        read_current_lock(tmp_path, CONFIG._replace(channel="test"))


def test_has_wheel(lock: Lock) -> None:
    """A version is locked with its local part, for any backend."""
    assert lock.has_wheel("torch", Version("2.9.1+cpu"))
    assert not lock.has_wheel("torch", Version("2.9.1"))
    assert not lock.has_wheel("torchvision", Version("2.9.1+cpu"))
