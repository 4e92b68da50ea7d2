"""Which backends, Pythons and platforms a lock covers."""

from __future__ import annotations

from typing import Any

import pytest

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import known_backends
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.errors import ConfigurationError
from hatch_torch.lock.model import LockScope
from hatch_torch.lock.scope import expand_scope, list_pythons

# Of the frozen tables; Python 3.15 has wheels since torch 2.13, 3.10 has none since 2.15.
PYTHONS = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")


def project(*names: str, **fields: Any) -> Config:  # noqa: ANN401 (of BackendExtra)
    """Return a project that supports backends."""
    return Config(extras=tuple(BackendExtra(one, Backend.parse(one), **fields) for one in names))


def expand(config: Config, *backends: str) -> set[str]:
    """Return what a lock for one Python covers, as ``cpu linux_x86_64``."""
    scope = LockScope(backends, ("3.12",))
    return {f"{backend} {target.platform}" for backend, target in expand_scope(config, {}, scope)}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PYTHONS),
        (">=3.11", ("3.11", "3.12", "3.13", "3.14", "3.15")),
        (">=3.12.4,<3.13", ("3.12",)),
        ("~=3.10.2", ("3.10",)),
        (">=3.15", ("3.15",)),
        ("banana", PYTHONS),
        (3, PYTHONS),
    ],
)
def test_pythons(text: object, expected: tuple[str, ...]) -> None:
    """`requires-python` admits a Python of the catalog where it admits any of its patches."""
    assert list_pythons({"project": {"requires-python": text}}) == expected


def test_every_backend() -> None:
    """Without extras a project supports everything that PyTorch ever built for a platform."""
    every = expand_scope(Config(), {}, LockScope())
    assert {target.python for _, target in every} == {*PYTHONS}
    for platform in ("linux_x86_64", "win_amd64", "macos_arm64"):
        here = {backend for backend, target in every if target.platform == platform}
        assert here == set(known_backends(platform))


def test_backends_of_a_project() -> None:
    """Extras name the backends; a Mac always has its default wheel too."""
    macs = {"mps macos_arm64", "cpu macos_x86_64"}
    assert expand(project("rocm64")) == {"rocm6.4 linux_x86_64", *macs}
    linux = {"cpu linux_x86_64", "cpu linux_aarch64", "cpu win_amd64"}
    assert expand(project("cpu")) == {*linux, *macs}
    assert expand(project("mps", "cpu")) == {*linux, *macs}


def test_unknown_backend() -> None:
    """Only the index knows the platforms of a new backend, or of the project's own index."""
    platforms = {"linux_x86_64", "linux_aarch64", "win_amd64"}
    new = {f"cu199 {platform}" for platform in platforms}
    assert expand(Config(), "cu199") == new
    assert expand(project("cu199"), "cu199") == new
    own = expand(project("rocm64", index_url="https://rocm.example.org/"), "rocm64")
    assert own == {f"rocm6.4 {platform}" for platform in platforms}


def test_narrowed_scope() -> None:
    """A scope names backends, Pythons and platforms; also Pythons without wheels today."""
    scope = LockScope(("CU126", "cpu"), ("3.13t", "3.9"), ("win_amd64",))
    assert [(str(one), target.python) for one, target in expand_scope(Config(), {}, scope)] == [
        *(("cu126", "3.13t"), ("cpu", "3.13t")),
        *(("cu126", "3.9"), ("cpu", "3.9")),
    ]


@pytest.mark.parametrize(
    ("config", "scope", "expected"),
    [
        (
            Config(),
            LockScope(("cuda",)),
            "--backend: expected a backend such as cu128 or rocm6.4, got 'cuda'",
        ),
        (Config(), LockScope(pythons=("four",)), "got 'four'"),
        (Config(), LockScope(platforms=("amiga",)), "got 'amiga'"),
        (Config(), LockScope(("rocm64",), platforms=("win_amd64",)), "nothing to lock for rocm6.4"),
        (project("cpu"), LockScope(("cu126",)), "for cu126; this project supports cpu"),
        (project("rocm64"), LockScope(platforms=("win_amd64",)), "for these Pythons"),
    ],
)
def test_errors(config: Config, scope: LockScope, expected: str) -> None:
    """The error says what is not possible, and what is."""
    with pytest.raises(ConfigurationError, match=expected):
        expand_scope(config, {}, scope)


def test_newest_python() -> None:
    """A project that only supports the newest Python can be locked."""
    pyproject = {"project": {"requires-python": ">=3.15"}}
    targets = expand_scope(project("cpu"), pyproject, LockScope(platforms=("linux_x86_64",)))
    assert [(str(backend), target.python) for backend, target in targets] == [("cpu", "3.15")]


def test_no_python() -> None:
    """A project for Pythons without wheels has nothing to lock."""
    with pytest.raises(ConfigurationError, match="nothing to lock"):
        expand_scope(Config(), {"project": {"requires-python": "<3.8"}}, LockScope())
