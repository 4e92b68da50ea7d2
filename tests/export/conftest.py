"""Decisions to be exported, made by hand: no index, no machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog import target
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.config.requirements import family_lines
from hatch_torch.export.context import Subject
from hatch_torch.frontend.requirements_txt import RequirementsFile
from hatch_torch.hardware.model import Hardware
from hatch_torch.resolution.injection import additions
from hatch_torch.resolution.model import Decision, Pin

if TYPE_CHECKING:
    from collections.abc import Callable

    Make = Callable[..., Subject]

HERE = target.of("3.12", "linux_x86_64")
ROOT = "https://download.pytorch.org/whl"


def pinned(text: str, backend: Backend | None) -> Pin:
    """Return a pin: `torch 2.14.1+cu126` with a URL, without a backend by its version."""
    name, version = text.split()
    if backend is None:
        return Pin(name, Version(version))
    file = f"{name.replace('-', '_')}-{version.replace('+', '%2B')}-cp312-cp312-linux_x86_64.whl"
    return Pin(name, Version(version), f"{ROOT}/{backend.folder}/{file}", "0" * 8 + name)


@pytest.fixture
def make() -> Make:
    """Return a function that makes what is exported: requirements, a backend, and pins."""

    def subject(*written: str, **more: Any) -> Subject:  # noqa: ANN401 (of Config, and of the test)
        backend = Backend.parse(more.pop("backend")) if "backend" in more else None
        by_url = backend if more.pop("by_url", True) else None
        pins = tuple(pinned(one, by_url) for one in more.pop("pins", ()))
        text, warnings = more.pop("file", None), more.pop("warnings", ())
        file = None if text is None else RequirementsFile.parse(text, {})
        lines = map(str, file.requirements) if file else ()
        config = Config(dependencies=tuple(map(Requirement, (*lines, *written))), **more)
        own = (one for one in family_lines(config, HERE.environment) if one.extra is None)
        added = tuple(additions(own, pins, {*FAMILY, *config.family}))
        decision = Decision(
            *(backend, "detection", Hardware()), pins=pins, additions=added, warnings=warnings
        )
        return Subject(config, decision, HERE, lambda one: f"{ROOT}/{one.folder}/", file)

    return subject


@pytest.fixture
def extras() -> Callable[..., tuple[BackendExtra, ...]]:
    """Return a function that makes a project's backends: names, with requirements of their own."""

    def made(*names: str, **own: str) -> tuple[BackendExtra, ...]:
        every = {**dict.fromkeys(names, ""), **own}
        return tuple(
            BackendExtra(name, Backend.parse(name), tuple(map(Requirement, line.split())))
            for name, line in every.items()
        )

    return made
