"""setuptools' plugin: an entry point that runs in *every* setuptools build beside hatch-torch.

Imports are inside of the functions, so that a project that does not opt in pays for one look at
its pyproject.toml. Nothing here may fail such a build.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from setuptools import Command, Distribution
    from setuptools.command.egg_info import egg_info

    from hatch_torch.config.config import Config
    from hatch_torch.hook import GetAncestors


_TABLE_NAME = b"torch-variant"
_WHEEL_HOOKS = ("prepare_metadata_for_build_wheel", "build_wheel")
_EDITABLE_HOOKS = ("prepare_metadata_for_build_editable", "build_editable")


def finalize(dist: Distribution) -> None:
    """Replace the `egg_info` command of a project that opts in: the entry point."""
    if not opts_in(Path.cwd()):
        return
    # setuptools calls this before it reads the project's files, and needs a value in each field
    # that is dynamic.
    dist.install_requires = getattr(dist, "install_requires", None) or []
    dist.extras_require = getattr(dist, "extras_require", None) or {}
    # Not in `cmdclass`: setuptools reads setup.cfg's commands only if there are none yet, and a
    # pyproject.toml's replace all others.
    original = dist.get_command_class
    add_injection: Callable[..., type[Command]] = cache(subclass_egg_info)

    def get_command_class(command: str) -> type[Command]:
        command_class: type[Command] = original(command)
        return add_injection(command_class) if command == "egg_info" else command_class

    dist.get_command_class = get_command_class


def opts_in(root: Path) -> bool:
    """Return whether a pyproject.toml has `[tool.torch-variant]`, and setuptools builds it.

    An invalid file opts in to nothing: the build backend reports it.
    """
    with suppress(Exception):
        content = (root / "pyproject.toml").read_bytes()
        return _TABLE_NAME in content and _has_table(content.decode())
    return False


def _has_table(text: str) -> bool:
    from hatch_torch._toml import loads
    from hatch_torch.config.build_system import BuildBackend
    from hatch_torch.config.validation import get_table

    pyproject = loads(text)
    backend = BuildBackend.from_pyproject(pyproject)
    return "torch-variant" in get_table(pyproject, "tool") and backend.name in {"setuptools", ""}


def subclass_egg_info(
    base: type[egg_info], get_ancestors: GetAncestors | None = None
) -> type[egg_info]:
    """Return a subclass of setuptools' or the project's own command, which injects requirements.

    `get_ancestors` returns the processes above this one.
    """
    from hatch_torch.integrations import _common as common

    class TorchVariantEggInfo(base):  # type: ignore[misc] # whatever the project has
        """Injects the exact wheels for this machine, only into what is being installed here."""

        record: dict[str, Any] | None = None
        has_run = False

        def run(self) -> None:
            """Write the metadata; delete a stale record so it does not end up in an sdist."""
            folder = Path(self.egg_info, common.RECORD_FOLDER)
            shutil.rmtree(folder, ignore_errors=True)
            command = type(self)
            if not command.has_run:  # one build runs it several times, in several objects
                command.record = _inject(self.distribution, get_ancestors)
                command.has_run = True
            super().run()
            if command.record:
                common.write_record(folder, command.record)

        def find_sources(self) -> None:
            """Leave the files of the checkout out of an sdist."""
            super().find_sources()
            files = self.filelist.files
            self.filelist.files = [path for path in files if path not in common.NOT_IN_SDISTS]

    return TorchVariantEggInfo


def _inject(dist: Distribution, get_ancestors: GetAncestors | None) -> dict[str, Any] | None:
    """Fill the dynamic fields, insert the injected requirements, and return the record."""
    from hatch_torch.config.pyproject import read_project
    from hatch_torch.frontend import process_tree
    from hatch_torch.hook import run_hook
    from hatch_torch.integrations._common import active_hook, prepend_requirements, report_errors

    overrides = {"name": dist.get_name(), **_read_requirements(dist)}
    with report_errors():
        config = read_project(Path.cwd(), overrides)
        _fill_dynamic_fields(dist, config)
        # First: for an editable wheel's metadata setuptools calls its function for any wheel's.
        editable = bool(active_hook("setuptools.build_meta", *_EDITABLE_HOOKS))
        if not (editable or active_hook("setuptools.build_meta", *_WHEEL_HOOKS)):
            return None
        run = run_hook(
            Path.cwd(),
            os.environ,
            editable=editable,
            metadata_overrides=overrides,
            get_ancestors=get_ancestors or process_tree.get_ancestors,
        )
    dependencies, extras = [*dist.install_requires], dict(dist.extras_require)
    prepend_requirements(run.decision, dependencies, extras)
    _set_requirements(dist, dependencies, extras)
    return run.record


def _fill_dynamic_fields(dist: Distribution, config: Config) -> None:
    from hatch_torch.integrations._common import portable_dependencies, portable_extras

    dependencies, extras = _get_requirements(dist)
    if "dependencies" in config.build_system.fills_fields:
        dependencies = portable_dependencies(config) or dependencies
    if "optional-dependencies" in config.build_system.fills_fields:
        extras |= portable_extras(config)
    _set_requirements(dist, dependencies, extras)


def _set_requirements(
    dist: Distribution, dependencies: list[str], extras: dict[str, list[str]]
) -> None:
    dist.install_requires = dependencies
    dist.extras_require = {extra: [*requirements] for extra, requirements in extras.items()}
    # setuptools' own plugins have no other way to pass changes on to what it writes.
    dist._finalize_requires()  # noqa: SLF001 (see above)


def _read_requirements(dist: Distribution) -> dict[str, Any]:
    """Return the requirements that setuptools found, by the keys of `[project]`, unless empty."""
    dependencies, extras = _get_requirements(dist)
    fields = {"dependencies": dependencies, "optional-dependencies": extras}
    return {key: value for key, value in fields.items() if value}


def _get_requirements(dist: Distribution) -> tuple[list[str], dict[str, list[str]]]:
    """Return the dependencies and the extras, whose keys may be `extra:marker` in setuptools."""
    extras: dict[str, list[str]] = {"": [*dist.install_requires]}
    for key, requirements in dist.extras_require.items():
        extra, _, marker = key.partition(":")
        extras.setdefault(extra, []).extend(_add_marker(requirements, marker))
    return extras.pop(""), extras


def _add_marker(requirements: Iterable[str], marker: str) -> Iterator[str]:
    from packaging.requirements import Requirement

    for text in requirements:
        if not marker:
            yield text
            continue
        own = Requirement(text).marker
        without_marker, _, _ = text.partition(";")
        both = f"({own}) and ({marker})" if own else f"({marker})"
        yield f"{without_marker.strip()} ; {both}"
