"""Which places a lock is for."""

from __future__ import annotations

from typing import Any

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock.model import Narrowed
from hatch_torch.lock.scope import PYTHONS, admitted, places

LINUX = Narrowed(pythons=("3.12",), platforms=("linux_x86_64",))


def extras(*names: str, **more: Any) -> Config:  # noqa: ANN401 (handed on)
    """Return a project that supports backends."""
    return Config(extras=tuple(BackendExtra(one, Backend.parse(one), **more) for one in names))


def found(config: Config, *backends: str, **narrowed: Any) -> set[str]:  # noqa: ANN401 (handed on)
    """Return the places as ``cpu linux_x86_64``, for one Python."""
    only = Narrowed(backends, ("3.12",), **narrowed)
    return {f"{backend} {target.platform}" for backend, target in places(config, {}, only)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PYTHONS),
        (">=3.11", ("3.11", "3.12", "3.13", "3.14")),
        (">=3.12.4,<3.13", ("3.12",)),
        ("~=3.10.2", ("3.10",)),
        ("banana", PYTHONS),
        (3, PYTHONS),
    ],
)
def test_pythons(text: object, expected: tuple[str, ...]) -> None:
    """`requires-python` admits a Python where it admits any of its patches."""
    assert admitted({"project": {"requires-python": text}}) == expected


def test_every_backend() -> None:
    """Without extras a project supports what PyTorch ever built for a platform."""
    every = places(Config(), {}, Narrowed())
    assert {target.python for _, target in every} == set(PYTHONS)
    for platform in ("linux_x86_64", "win_amd64", "macos_arm64"):
        here = {backend for backend, target in every if target.platform == platform}
        assert here == set(known_backends(platform))


def test_the_backends_of_a_project() -> None:
    """Extras say which backends; a Mac has its plain wheel besides."""
    macs = {"mps macos_arm64", "cpu macos_x86_64"}
    assert found(extras("rocm64")) == {"rocm6.4 linux_x86_64", *macs}
    linux = {"cpu linux_x86_64", "cpu linux_aarch64", "cpu win_amd64"}
    assert found(extras("cpu")) == {*linux, *macs}
    assert found(extras("mps", "cpu")) == {*linux, *macs}


def test_a_backend_that_no_table_knows() -> None:
    """The index has to tell on what a new backend is, or one of an index of the project's own."""
    platforms = {"linux_x86_64", "linux_aarch64", "win_amd64"}
    new = {f"cu199 {one}" for one in platforms}
    assert found(Config(), "cu199") == new
    assert found(extras("cu199"), "cu199") == new
    own = found(extras("rocm64", index_url="https://rocm.example.org/"), "rocm64")
    assert own == {f"rocm6.4 {one}" for one in platforms}


def test_narrowed() -> None:
    """Backends, Pythons and platforms can be narrowed, to any Python that there is."""
    only = Narrowed(("CU126", "cpu"), ("3.13t", "3.9"), ("win_amd64",))
    assert [(str(one), target.python) for one, target in places(Config(), {}, only)] == [
        *(("cu126", "3.13t"), ("cpu", "3.13t")),
        *(("cu126", "3.9"), ("cpu", "3.9")),
    ]


@pytest.mark.parametrize(
    ("config", "narrowed", "expected"),
    [
        (Config(), Narrowed(("cuda",)), "--backend: found 'cuda'"),
        (Config(), Narrowed(pythons=("four",)), "Python 'four'"),
        (Config(), Narrowed(platforms=("amiga",)), "platform 'amiga'"),
        (Config(), Narrowed(("rocm64",), platforms=("win_amd64",)), "nothing to lock of rocm6.4"),
        (extras("cpu"), Narrowed(("cu126",)), "of cu126; this project supports cpu"),
        (extras("rocm64"), Narrowed(platforms=("win_amd64",)), "for these Pythons"),
    ],
)
def test_faults(config: Config, narrowed: Narrowed, expected: str) -> None:
    """What cannot be is told, with what can."""
    with pytest.raises(ConfigurationError, match=expected):
        places(config, {}, narrowed)


def test_no_python_is_left() -> None:
    """A project for Pythons of which there is none has nothing to lock."""
    with pytest.raises(ConfigurationError, match="nothing to lock"):
        places(Config(), {"project": {"requires-python": "<3.8"}}, Narrowed())
