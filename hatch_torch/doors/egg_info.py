"""setuptools' command that writes a project's metadata, with the additions in front."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement

from hatch_torch.doors.fields import portable_dependencies, portable_extras
from hatch_torch.doors.placing import RECORD_FOLDER, put_in_front, write_record
from hatch_torch.doors.plainly import plainly
from hatch_torch.doors.stack import running
from hatch_torch.hardware.processes import ancestors
from hatch_torch.install import run
from hatch_torch.lock import LOCK
from hatch_torch.project.files import read_project

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

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
            """Leave the lock out of an sdist, which is for any machine."""
            super().find_sources()
            self.filelist.files = [one for one in self.filelist.files if one != LOCK]

    return TorchVariantEggInfo


def _added(dist: Distribution, above: Above) -> dict[str, Any] | None:
    """Set the fields that are left to us, and add the decision; return its record."""
    stated = {"name": dist.get_name(), **_stated(dist)}
    with plainly():
        config = read_project(Path.cwd(), stated)
        _declare(dist, config)
        if not (kind := running("setuptools.build_meta", *_WHEELS, *_EDITABLES)):
            return None
        editable = kind in _EDITABLES
        done = run(Path.cwd(), os.environ, editable=editable, stated=stated, above=above)
    dependencies, extras = [*dist.install_requires], dict(dist.extras_require)
    put_in_front(done.decision, dependencies, extras)
    _set(dist, dependencies, extras)
    return done.record


def _declare(dist: Distribution, config: Config) -> None:
    sets = config.wiring.sets
    dependencies = portable_dependencies(config) if "dependencies" in sets else []
    extras = portable_extras(config) if "optional-dependencies" in sets else {}
    _set(dist, dependencies or [*dist.install_requires], {**dist.extras_require, **extras})


def _set(dist: Distribution, dependencies: list[str], extras: dict[str, list[str]]) -> None:
    """Set the requirements anew, and let setuptools hand them on to what it writes."""
    dist.install_requires = dependencies
    dist.extras_require = {key: [*lines] for key, lines in extras.items()}
    dist._finalize_requires()  # noqa: SLF001 (setuptools' own plugins have no other word for it)


def _stated(dist: Distribution) -> dict[str, Any]:
    """Return the requirements that setuptools found, by the keys of `[project]`; empty is none."""
    lists: dict[str, list[str]] = {}
    for extra, line in _extra_lines(dist.extras_require):
        lists.setdefault(extra, []).append(line)
    own = lists.pop("", [])
    found = {"dependencies": [*dist.install_requires, *own], "optional-dependencies": lists}
    return {key: value for key, value in found.items() if value}


def _extra_lines(extras: Mapping[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Yield each extra's lines; setuptools knows keys like `extra:marker`, and `:marker` alone."""
    for key, lines in extras.items():
        extra, _, condition = key.partition(":")
        for line in lines:
            one = Requirement(line)
            own = f"({one.marker}) and " if one.marker and condition else ""
            bare, _, _ = line.partition(";") if condition else (line, "", "")
            yield extra, f"{bare.strip()} ; {own}({condition})" if condition else line
