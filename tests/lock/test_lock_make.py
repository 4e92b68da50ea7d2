"""Locks of the embedded index."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog import target as targets
from hatch_torch.catalog.backend import Backend
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.index.client import Fetcher
from hatch_torch.index.http_cache import Cache
from hatch_torch.index.pytorch_index import Index
from hatch_torch.lock.locker import Made, Order, make
from hatch_torch.lock.model import Narrowed
from hatch_torch.lock.scope import places
from hatch_torch.resolution.candidates import Offers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.demo.server import EmbeddedIndex

TWELVE = (
    *("cpu", "cu118", "cu121", "cu124", "cu126", "cu128", "cu129", "cu130"),
    *("rocm63", "rocm64", "rocm70", "xpu"),
)
ONE = Narrowed(pythons=("3.12",), platforms=("linux_x86_64",))


def project(*requirements: str, extras: tuple[str, ...] = (), **more: Any) -> Config:  # noqa: ANN401 (handed on)
    """Return a project with requirements and backends."""
    backends = tuple(BackendExtra(one, Backend.parse(one)) for one in extras)
    return Config(dependencies=tuple(map(Requirement, requirements)), extras=backends, **more)


def made(
    server: EmbeddedIndex,
    config: Config,
    narrowed: Narrowed = ONE,
    kept: Mapping[str, str] | None = None,
    **more: Any,  # noqa: ANN401 (handed on)
) -> Made:
    """Make a lock over the embedded index."""
    fetcher = Fetcher(Cache(None), {}, seconds=60)
    index = Index(server.torch_index, fetcher)
    offers = Offers(index, targets.of("3.12", "linux_x86_64"))
    releases = {Backend.parse(one): Version(release) for one, release in (kept or {}).items()}
    order = Order(config, places(config, {}, narrowed), narrowed, server.torch_index, releases)
    try:
        return make(order, offers, **more)
    finally:
        fetcher.close()


def releases(found: Made) -> dict[str, str]:
    """Return the release of each backend."""
    return {str(backend): str(part.torch) for backend, part in found.lock.parts.items()}


def asked(server: EmbeddedIndex) -> Counter[str]:
    """Return how often each page was asked for, whatever the backend, and each other file."""
    return Counter(path.rstrip("/").rpartition("/")[2] for _, path in server.requests)


def test_twelve_backends(server: EmbeddedIndex) -> None:
    """Twelve backends, five Pythons and four platforms are locked, each page asked for once."""
    server.forget()
    told: list[tuple[str, int, int]] = []
    platforms = ("linux_x86_64", "linux_aarch64", "win_amd64", "macos_arm64")
    config = project("torch>=2.4", "torchvision", extras=TWELVE)

    found = made(server, config, Narrowed(platforms=platforms), tell=lambda *one: told.append(one))

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
        one.filename.split("-")[2]
        for one in found.lock.parts[Backend("cpu")].wheels
        if one.name == "torch"
    )
    assert torches == dict.fromkeys(("cp310", "cp311", "cp312", "cp313", "cp314"), 3)
    assert set(Counter(server.requests).values()) == {1}
    assert asked(server)["torch"] == asked(server)["torchvision"] == 12  # mps has that of cpu
    # The table pairs members with their torch: nobody reads their METADATA.
    assert {name.split("-")[0] for name in asked(server) if name.endswith(".metadata")} == {
        "torch",
        "pytorch_triton_rocm",
        "triton_rocm",
        "triton_xpu",
    }
    assert [one for one in told if one[0] == "pages"] == [
        ("pages", 0, 26),
        ("pages", 16, 26),
        ("pages", 26, 26),
    ]
    assert told[-1] == ("backends", 13, 13)


def test_one_wheel_is_whole(server: EmbeddedIndex) -> None:
    """A wheel has its path, its hash, and what only this index serves beside it."""
    lock = made(server, project("torch", extras=("rocm64",))).lock
    triton, torch = lock.parts[Backend("rocm", (6, 4))].wheels
    assert torch.path == "rocm6.4/torch-2.9.1%2Brocm6.4-cp312-cp312-manylinux_2_28_x86_64.whl"
    assert len(torch.sha256 or "") == 64
    (triton_only,) = map(Requirement, torch.requires)
    assert (triton_only.name, str(triton_only.specifier)) == ("pytorch-triton-rocm", "==3.5.1")
    assert triton.path.startswith("pytorch_triton_rocm-3.5.1-cp312-")
    assert triton.requires == ()


def test_without_extras(server: EmbeddedIndex) -> None:
    """A project that names no backend gets those that have the one newest release."""
    found = made(server, project("torch<2.11"))
    assert releases(found) == dict.fromkeys(
        ("cu126", "cu128", "cu129", "cu130", "rocm7.0", "rocm7.1", "xpu", "cpu"), "2.10.0"
    )


def test_a_backend_that_is_asked_for(server: EmbeddedIndex) -> None:
    """A backend that lacks the newest release is locked where it is asked for by name."""
    narrowed = ONE._replace(backends=("cu124", "cpu"))
    assert releases(made(server, project("torch"), narrowed)) == {"cu124": "2.6.0", "cpu": "2.11.0"}


def test_the_most_pythons(server: EmbeddedIndex) -> None:
    """A release that leaves out a Python gives way to an older one that has them all."""
    narrowed = Narrowed(("cpu",), ("3.10", "3.14"), ("linux_x86_64",))
    config = project("torch>=2.8", "torchvision")
    found = made(server, config, narrowed)
    assert releases(found) == {"cpu": "2.11.0"}
    older = made(server, project("torch<2.9", "torchvision"), narrowed)
    assert releases(older) == {"cpu": "2.8.0"}
    assert older.notes == ()


def test_kept(server: EmbeddedIndex) -> None:
    """Locked releases stay while they are in range; a new backend joins them."""
    config = project("torch>=2.6", extras=("cpu", "cu126", "cu128"))
    kept = {"cpu": "2.8.0", "cu126": "2.8.0"}
    assert releases(made(server, config, kept=kept)) == {
        "cu126": "2.8.0",
        "cu128": "2.8.0",
        "cpu": "2.8.0",
    }
    newer = project("torch>=2.9", extras=("cpu",))
    assert releases(made(server, newer, kept=kept)) == {"cpu": "2.11.0"}


def test_what_an_extra_asks_for(server: EmbeddedIndex) -> None:
    """Members that only an extra asks for are locked too; where there are none, that is said."""
    sound = {"sound": (Requirement("torchaudio"),)}
    found = made(server, project("torch", extras=("cpu",), optional_dependencies=sound))
    assert [one.name for one in found.lock.parts[Backend("cpu")].wheels] == ["torch", "torchaudio"]

    other = {"sound": (Requirement("torchaudio<2"),)}
    found = made(server, project("torch>=2.9", extras=("cpu",), optional_dependencies=other))
    assert releases(found) == {"cpu": "2.11.0"}
    assert found.notes == (
        "cpu has no torchaudio, which an extra asks for, for linux_x86_64 (3.12)",
    )


def test_nothing_fits(server: EmbeddedIndex) -> None:
    """Where no release is in range, or none has its family, nothing is locked."""
    assert releases(made(server, project("torch<2", extras=("cpu",)))) == {}
    config = project("torch>=2.4", "torchvision<0.17", extras=("cpu",))
    assert releases(made(server, config)) == {}


def test_gaps(server: EmbeddedIndex) -> None:
    """A Python for which a kept release has nothing is named."""
    narrowed = Narrowed(("cpu",), ("3.12", "3.14"), ("linux_x86_64", "win_amd64"))
    found = made(server, project("torch"), narrowed, kept={"cpu": "2.8.0"})
    assert found.notes == (
        "cpu has no torch 2.8.0 with its family for linux_x86_64 (3.14), win_amd64 (3.14)",
    )


@pytest.mark.parametrize("family", [("torchvision",), ()])
def test_the_family_of_a_project(server: EmbeddedIndex, family: tuple[str, ...]) -> None:
    """What the project's table counts to the family is locked though no line asks for it."""
    found = made(server, project("torch", extras=("cpu",), family=family))
    names = {one.name for one in found.lock.parts[Backend("cpu")].wheels}
    assert names == {"torch", *family}
