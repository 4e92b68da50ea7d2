"""Decisions to export, written by hand: no index is asked and no machine is probed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

from hatch_torch.catalog import target
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY
from hatch_torch.config.config import BackendExtra, Config
from hatch_torch.config.requirements import collect_family_requirements
from hatch_torch.export.context import ExportContext
from hatch_torch.frontend.requirements_txt import RequirementsFile
from hatch_torch.hardware.model import Hardware
from hatch_torch.resolution.injection import inject
from hatch_torch.resolution.model import Decision, Pin

if TYPE_CHECKING:
    from collections.abc import Callable

    MakeContext = Callable[..., ExportContext]

TARGET = target.foreign_interpreter("3.12", "linux_x86_64")
ROOT = "https://download.pytorch.org/whl"


def make_pin(text: str, backend: Backend | None) -> Pin:
    """Return a pin of `torch 2.14.1+cu126`: by URL, or without a backend by version."""
    name, version = text.split()
    if backend is None:
        return Pin(name, Version(version))
    filename = (
        f"{name.replace('-', '_')}-{version.replace('+', '%2B')}-cp312-cp312-linux_x86_64.whl"
    )
    return Pin(name, Version(version), f"{ROOT}/{backend.folder}/{filename}", "0" * 8 + name)


@pytest.fixture
def make_context() -> MakeContext:
    """Return a function that makes a context: of requirements, a backend and pins."""

    def make(*requirements: str, **fields: Any) -> ExportContext:  # noqa: ANN401 (of Config, and of the test)
        backend = Backend.parse(fields.pop("backend")) if "backend" in fields else None
        by_url = backend if fields.pop("by_url", True) else None
        pins = tuple(make_pin(text, by_url) for text in fields.pop("pins", ()))
        text, warnings = fields.pop("file", None), fields.pop("warnings", ())
        file = None if text is None else RequirementsFile.parse(text, {})
        lines = map(str, file.requirements) if file else ()
        config = Config(dependencies=tuple(map(Requirement, (*lines, *requirements))), **fields)
        own = (
            one
            for one in collect_family_requirements(config, TARGET.environment)
            if one.extra is None
        )
        added = tuple(inject(own, pins, {*FAMILY, *config.family}))
        decision = Decision(
            *(backend, "detection", Hardware()), pins=pins, injected=added, warnings=warnings
        )
        return ExportContext(
            config, decision, TARGET, lambda backend: f"{ROOT}/{backend.folder}/", file
        )

    return make


@pytest.fixture
def make_extras() -> Callable[..., tuple[BackendExtra, ...]]:
    """Return a function that makes backend extras: of names, or with requirements of their own."""

    def make(*names: str, **requirements: str) -> tuple[BackendExtra, ...]:
        lines = {**dict.fromkeys(names, ""), **requirements}
        return tuple(
            BackendExtra(name, Backend.parse(name), tuple(map(Requirement, line.split())))
            for name, line in lines.items()
        )

    return make
