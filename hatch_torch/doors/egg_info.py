"""setuptools' command that writes a project's metadata, with the additions in front."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from hatch_torch.doors.fields import portable_dependencies, portable_extras
from hatch_torch.doors.placing import NOT_IN_SDISTS, RECORD_FOLDER, put_in_front, write_record
from hatch_torch.doors.plainly import plainly
from hatch_torch.doors.stack import running
from hatch_torch.hardware.processes import ancestors
from hatch_torch.install import run
from hatch_torch.project.files import read_project

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from setuptools import Distribution
    from setuptools.command.egg_info import egg_info

    from hatch_torch.install import Above
    from hatch_torch.project.config import Config

_WHEELS = ("prepare_metadata_for_build_wheel", "build_wheel")
_EDITABLES = ("prepare_metadata_for_build_editable", "build_editable")


def with_additions(base: type[egg_info], above: Above = ancestors) -> type[egg_info]:
    """Return a project's command with what we add to it; `base` is the project's own, or not.

    `above` tells which processes the build runs for.
    """

    class TorchVariantEggInfo(base):  # type: ignore[misc] # whatever the project has
        """Adds this machine's exact wheels, only to what is being installed here."""

        record: dict[str, Any] | None = None
        done = False

        def run(self) -> None:
            """Write the metadata; a record of an earlier install goes, or into an sdist."""
            folder = Path(self.egg_info, RECORD_FOLDER)
            shutil.rmtree(folder, ignore_errors=True)
            kind = type(self)
            if not kind.done:  # in one build it runs several times, as several objects
                kind.record, kind.done = _added(self.distribution, above), True
            super().run()
            if kind.record:
                write_record(folder, kind.record)

        def find_sources(self) -> None:
            """Leave out of an sdist what is for the checkout alone."""
            super().find_sources()
            every = self.filelist.files
            self.filelist.files = [one for one in every if one not in NOT_IN_SDISTS]

    return TorchVariantEggInfo


def _added(dist: Distribution, above: Above) -> dict[str, Any] | None:
    """Set the fields that are left to us, and add the decision; return its record."""
    stated = {"name": dist.get_name(), **_stated(dist)}
    with plainly():
        config = read_project(Path.cwd(), stated)
        _declare(dist, config)
        # For an editable wheel's metadata setuptools calls its own function for any wheel's.
        editable = bool(running("setuptools.build_meta", *_EDITABLES))
        if not (editable or running("setuptools.build_meta", *_WHEELS)):
            return None
        done = run(Path.cwd(), os.environ, editable=editable, stated=stated, above=above)
    dependencies, extras = [*dist.install_requires], dict(dist.extras_require)
    put_in_front(done.decision, dependencies, extras)
    _set(dist, dependencies, extras)
    return done.record


def _declare(dist: Distribution, config: Config) -> None:
    """Set what is dynamic; what is not stays, each extra under its plain name."""
    dependencies, extras = _folded(dist)
    if "dependencies" in config.wiring.sets:
        dependencies = portable_dependencies(config) or dependencies
    if "optional-dependencies" in config.wiring.sets:
        extras |= portable_extras(config)
    _set(dist, dependencies, extras)


def _set(dist: Distribution, dependencies: list[str], extras: dict[str, list[str]]) -> None:
    """Set the requirements anew, and let setuptools hand them on to what it writes."""
    dist.install_requires = dependencies
    dist.extras_require = {key: [*lines] for key, lines in extras.items()}
    dist._finalize_requires()  # noqa: SLF001 (setuptools' own plugins have no other word for it)


def _stated(dist: Distribution) -> dict[str, Any]:
    """Return the requirements that setuptools found, by the keys of `[project]`; empty is none."""
    dependencies, extras = _folded(dist)
    found = {"dependencies": dependencies, "optional-dependencies": extras}
    return {key: value for key, value in found.items() if value}


def _folded(dist: Distribution) -> tuple[list[str], dict[str, list[str]]]:
    """Return the dependencies and the extras, each under its plain name."""
    extras: dict[str, list[str]] = {"": [*dist.install_requires]}
    for key, lines in dist.extras_require.items():
        extra, _, condition = key.partition(":")
        extras.setdefault(extra, []).extend(_on_condition(lines, condition))
    return extras.pop(""), extras


def _on_condition(lines: Iterable[str], condition: str) -> Iterator[str]:
    """Yield lines with a further marker; setuptools knows keys `extra:marker`, and `:marker`."""
    for line in lines:
        one = Requirement(line)
        own = f"({one.marker}) and " if one.marker and condition else ""
        bare, _, _ = line.partition(";") if condition else (line, "", "")
        yield f"{bare.strip()} ; {own}({condition})" if condition else line
