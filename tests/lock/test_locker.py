"""Locks that are created from the embedded index."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.index.client import Client
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.pytorch_index import PyTorchIndex
from hatch_torch.lock.locker import LockResult, create_lock
from hatch_torch.lock.model import LockScope
from hatch_torch.lock.scope import expand_scope
from hatch_torch.lock.target import LockRequest
from hatch_torch.resolution.candidates import CandidateFinder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.demo.server import EmbeddedIndex

TWELVE = (
    *("cpu", "cu118", "cu121", "cu124", "cu126", "cu128", "cu129", "cu130"),
    *("rocm63", "rocm64", "rocm70", "xpu"),
)
LINUX_312 = LockScope(pythons=("3.12",), platforms=("linux_x86_64",))


def project(*requirements: str, extras: tuple[str, ...] = (), **fields: Any) -> Config:  # noqa: ANN401 (of Config)
    """Return a project with requirements and backends."""
    backends = tuple(BackendExtra(name, Backend.parse(name)) for name in extras)
    return Config(dependencies=tuple(map(Requirement, requirements)), extras=backends, **fields)


def lock_project(
    server: EmbeddedIndex,
    config: Config,
    scope: LockScope = LINUX_312,
    previous: Mapping[str, str] | None = None,
    **arguments: Any,  # noqa: ANN401 (of create_lock)
) -> LockResult:
    """Return a lock of the embedded index."""
    fetcher = Client(Cache(None), {}, timeout=60)
    index = PyTorchIndex(server.torch_index, fetcher)
    finder = CandidateFinder(index, targets.foreign_interpreter("3.12", "linux_x86_64"))
    releases = {Backend.parse(name): Version(release) for name, release in (previous or {}).items()}
    request = LockRequest(
        config, expand_scope(config, {}, scope), scope, server.torch_index, releases
    )
    try:
        return create_lock(request, finder, **arguments)
    finally:
        fetcher.close()


def releases(found: LockResult) -> dict[str, str]:
    """Return the locked release of each backend."""
    return {str(backend): str(part.torch) for backend, part in found.lock.backends.items()}


def count_requests(server: EmbeddedIndex) -> Counter[str]:
    """Return how often each page, of whatever backend, and each other file was requested."""
    return Counter(path.rstrip("/").rpartition("/")[2] for _, path in server.requests)


def test_twelve_backends(server: EmbeddedIndex) -> None:
    """Twelve backends are locked for all Pythons and four platforms, with one request per page."""
    server.forget()
    progress: list[tuple[str, int, int]] = []
    platforms = ("linux_x86_64", "linux_aarch64", "win_amd64", "macos_arm64")
    config = project("torch>=2.4", "torchvision", extras=TWELVE)

    found = lock_project(
        server,
        config,
        LockScope(platforms=platforms),
        report_progress=lambda *step: progress.append(step),
    )

    assert releases(found) == {
        "cu118": "2.7.1",
        "cu121": "2.5.1",
        "cu124": "2.5.1",
        "cu126": "2.11.0",
        "cu128": "2.11.0",
        "cu129": "2.11.0",
        "cu130": "2.11.0",
        "rocm6.3": "2.9.1",
        "rocm6.4": "2.9.1",
        "rocm7.0": "2.10.0",
        "xpu": "2.11.0",
        "mps": "2.11.0",
        "cpu": "2.11.0",
    }
    torches = Counter(
        wheel.filename.split("-")[2]
        for wheel in found.lock.backends[Backend("cpu")].wheels
        if wheel.name == "torch"
    )
    assert torches == dict.fromkeys(("cp310", "cp311", "cp312", "cp313", "cp314"), 3)
    assert set(Counter(server.requests).values()) == {1}
    assert (
        count_requests(server)["torch"] == count_requests(server)["torchvision"] == 12
    )  # mps has that of cpu
    # The catalog pairs the others with their torch, so their METADATA is not read.
    assert {
        name.split("-")[0] for name in count_requests(server) if name.endswith(".metadata")
    } == {
        "torch",
        "pytorch_triton_rocm",
        "triton_rocm",
        "triton_xpu",
    }
    assert [step for step in progress if step[0] == "pages"] == [
        ("pages", 0, 26),
        ("pages", 16, 26),
        ("pages", 26, 26),
    ]
    assert progress[-1] == ("backends", 13, 13)


def test_locked_wheel(server: EmbeddedIndex) -> None:
    """A wheel has its path, its hash, and the requirements that only this index serves."""
    lock = lock_project(server, project("torch", extras=("rocm64",))).lock
    triton, torch = lock.backends[Backend("rocm", (6, 4))].wheels
    assert torch.path == "rocm6.4/torch-2.9.1%2Brocm6.4-cp312-cp312-manylinux_2_28_x86_64.whl"
    assert len(torch.sha256 or "") == 64
    (requirement,) = map(Requirement, torch.requires)
    assert (requirement.name, str(requirement.specifier)) == ("pytorch-triton-rocm", "==3.5.1")
    assert triton.path.startswith("pytorch_triton_rocm-3.5.1-cp312-")
    assert triton.requires == ()


def test_without_extras(server: EmbeddedIndex) -> None:
    """A project that names no backends gets those that have the newest release."""
    found = lock_project(server, project("torch<2.11"))
    assert releases(found) == dict.fromkeys(
        ("cu126", "cu128", "cu129", "cu130", "rocm7.0", "rocm7.1", "xpu", "cpu"), "2.10.0"
    )


def test_requested_backend(server: EmbeddedIndex) -> None:
    """A backend that lacks the newest release is locked where it is requested by name."""
    scope = LINUX_312._replace(backends=("cu124", "cpu"))
    assert releases(lock_project(server, project("torch"), scope)) == {
        "cu124": "2.6.0",
        "cpu": "2.11.0",
    }


def test_prefers_most_pythons(server: EmbeddedIndex) -> None:
    """An older release that has wheels for every Python is preferred to one that lacks some."""
    scope = LockScope(("cpu",), ("3.10", "3.14"), ("linux_x86_64",))
    config = project("torch>=2.8", "torchvision")
    found = lock_project(server, config, scope)
    assert releases(found) == {"cpu": "2.11.0"}
    older = lock_project(server, project("torch<2.9", "torchvision"), scope)
    assert releases(older) == {"cpu": "2.8.0"}
    assert older.notes == ()


def test_keeps_previous_releases(server: EmbeddedIndex) -> None:
    """Locked releases stay while they are in range; a new backend gets the same."""
    config = project("torch>=2.6", extras=("cpu", "cu126", "cu128"))
    previous = {"cpu": "2.8.0", "cu126": "2.8.0"}
    assert releases(lock_project(server, config, previous=previous)) == {
        "cu126": "2.8.0",
        "cu128": "2.8.0",
        "cpu": "2.8.0",
    }
    newer = project("torch>=2.9", extras=("cpu",))
    assert releases(lock_project(server, newer, previous=previous)) == {"cpu": "2.11.0"}


def test_packages_of_an_extra(server: EmbeddedIndex) -> None:
    """Packages that only an extra requires are locked too; a note says where there are none."""
    sound = {"sound": (Requirement("torchaudio"),)}
    found = lock_project(server, project("torch", extras=("cpu",), optional_dependencies=sound))
    assert [wheel.name for wheel in found.lock.backends[Backend("cpu")].wheels] == [
        "torch",
        "torchaudio",
    ]

    other = {"sound": (Requirement("torchaudio<2"),)}
    found = lock_project(
        server, project("torch>=2.9", extras=("cpu",), optional_dependencies=other)
    )
    assert releases(found) == {"cpu": "2.11.0"}
    assert found.notes == (
        "cpu has no torchaudio, which an extra requires, for linux_x86_64 (3.12)",
    )


def test_nothing_fits(server: EmbeddedIndex) -> None:
    """Where no release is in range or has its whole family, nothing is locked."""
    assert releases(lock_project(server, project("torch<2", extras=("cpu",)))) == {}
    config = project("torch>=2.4", "torchvision<0.17", extras=("cpu",))
    assert releases(lock_project(server, config)) == {}


def test_gaps(server: EmbeddedIndex) -> None:
    """A note names the Pythons that a kept release has no wheels for."""
    scope = LockScope(("cpu",), ("3.12", "3.14"), ("linux_x86_64", "win_amd64"))
    found = lock_project(server, project("torch"), scope, previous={"cpu": "2.8.0"})
    assert found.notes == (
        "cpu has no torch 2.8.0 with its family for linux_x86_64 (3.14), win_amd64 (3.14)",
    )


@pytest.mark.parametrize("family", [("torchvision",), ()])
def test_family_of_a_project(server: EmbeddedIndex, family: tuple[str, ...]) -> None:
    """What the project's `family` key names is locked though no requirement names it."""
    found = lock_project(server, project("torch", extras=("cpu",), family=family))
    names = {wheel.name for wheel in found.lock.backends[Backend("cpu")].wheels}
    assert names == {"torch", *family}
