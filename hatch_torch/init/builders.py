"""Who builds a project, and what people whose projects Hatch does not build can do instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.project.kinds import table_at

if TYPE_CHECKING:
    from collections.abc import Mapping

_BUILDERS = {
    "setuptools": "setuptools",
    "poetry": "Poetry",
    "flit_core": "Flit",
    "flit": "Flit",
    "pdm": "PDM",
    "uv_build": "uv",
    "mesonpy": "meson-python",
    "maturin": "Maturin",
    "scikit_build_core": "scikit-build-core",
}
_INSTEAD = """\
What is possible without a hook: `hatch-torch install` installs the project's requirements for \
this machine, and `hatch-torch export` writes them for pip, uv or Poetry. A project in plain \
Python can move to Hatch with these lines:
    [build-system]
    requires = ["hatchling>=1.27"]
    build-backend = "hatchling.build\""""


def refusal(pyproject: Mapping[str, Any]) -> str | None:
    """Say why Hatch's hooks cannot work in a project, and what can; None where they can."""
    system = table_at(pyproject, "build-system")
    backend = system.get("build-backend")
    if backend == "hatchling.build":
        return None if "project" in pyproject else _NO_PROJECT
    if backend is None:
        return f"build-system.build-backend: not found, so that setuptools builds it; {_why()}"
    builder = _BUILDERS.get(str(backend).split(".")[0].split(":")[0], "another backend")
    return f"build-system.build-backend: found {backend!r}, so that {builder} builds it; {_why()}"


_NO_PROJECT = "project: not found; Hatch needs the table [project], with the name at least"


def _why() -> str:
    return f"a Hatch plugin works in what Hatch builds (hatchling.build). {_INSTEAD}"
