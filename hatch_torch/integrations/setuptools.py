"""setuptools' plugin: an entry point that it calls in *every* build where hatch-torch is installed.

A project that does not opt in pays for a look at its pyproject.toml, and nothing here can fail it:
the rest is imported in the functions.
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
    from hatch_torch.hook import Above


_WORD = b"torch-variant"


def finalize(dist: Distribution) -> None:
    """Have a project that opts in write its metadata by our command.

    setuptools calls it before it reads the project's files, and wants to see something in each
    dynamic field. In `cmdclass` our command would be in the way: commands that a setup.cfg names
    are taken only where there are none yet, and those of a pyproject.toml replace all others.
    """
    if opts_in(Path.cwd()):
        dist.install_requires = getattr(dist, "install_requires", None) or []
        dist.extras_require = getattr(dist, "extras_require", None) or {}
        ask = dist.get_command_class
        ours: Callable[..., type[Command]] = cache(with_additions)

        def get_command_class(command: str) -> type[Command]:
            found: type[Command] = ask(command)
            return ours(found) if command == "egg_info" else found

        dist.get_command_class = get_command_class


def opts_in(root: Path) -> bool:
    """Answer whether a folder's pyproject.toml has our table, and setuptools builds it.

    A file that is at fault in any way opts in to nothing: it is its own builder's to tell.
    """
    with suppress(Exception):
        text = (root / "pyproject.toml").read_bytes()
        return _WORD in text and _opts_in(text.decode())
    return False


def _opts_in(text: str) -> bool:
    from hatch_torch._toml import loads  # noqa: PLC0415 (likewise)
    from hatch_torch.config.build_system import Builder  # noqa: PLC0415 (not for others)
    from hatch_torch.config.validation import table_at  # noqa: PLC0415 (likewise)

    pyproject = loads(text)
    ours = "torch-variant" in table_at(pyproject, "tool")
    return ours and Builder.of(pyproject).name in {"setuptools", ""}


_WHEELS = ("prepare_metadata_for_build_wheel", "build_wheel")
_EDITABLES = ("prepare_metadata_for_build_editable", "build_editable")


def with_additions(base: type[egg_info], above: Above | None = None) -> type[egg_info]:
    """Return a project's command with what we add to it; `base` is the project's own, or not.

    `above` tells which processes the build runs for.
    """
    from hatch_torch.integrations import _common as common  # noqa: PLC0415 (not for others)

    class TorchVariantEggInfo(base):  # type: ignore[misc] # whatever the project has
        """Adds this machine's exact wheels, only to what is being installed here."""

        record: dict[str, Any] | None = None
        done = False

        def run(self) -> None:
            """Write the metadata; a record of an earlier install goes, or into an sdist."""
            folder = Path(self.egg_info, common.RECORD_FOLDER)
            shutil.rmtree(folder, ignore_errors=True)
            kind = type(self)
            if not kind.done:  # in one build it runs several times, as several objects
                kind.record, kind.done = _added(self.distribution, above), True
            super().run()
            if kind.record:
                common.write_record(folder, kind.record)

        def find_sources(self) -> None:
            """Leave out of an sdist what is for the checkout alone."""
            super().find_sources()
            every = self.filelist.files
            self.filelist.files = [one for one in every if one not in common.NOT_IN_SDISTS]

    return TorchVariantEggInfo


def _added(dist: Distribution, above: Above | None) -> dict[str, Any] | None:
    """Set the fields that are left to us, and add the decision; return its record."""
    from hatch_torch.config.pyproject import read_project  # noqa: PLC0415 (not for others)
    from hatch_torch.frontend.process_tree import ancestors  # noqa: PLC0415 (likewise)
    from hatch_torch.hook import run  # noqa: PLC0415 (likewise)
    from hatch_torch.integrations._common import (  # noqa: PLC0415 (likewise)
        plainly,
        put_in_front,
        running,
    )

    stated = {"name": dist.get_name(), **_stated(dist)}
    with plainly():
        config = read_project(Path.cwd(), stated)
        _declare(dist, config)
        # For an editable wheel's metadata setuptools calls its own function for any wheel's.
        editable = bool(running("setuptools.build_meta", *_EDITABLES))
        if not (editable or running("setuptools.build_meta", *_WHEELS)):
            return None
        done = run(
            Path.cwd(), os.environ, editable=editable, stated=stated, above=above or ancestors
        )
    dependencies, extras = [*dist.install_requires], dict(dist.extras_require)
    put_in_front(done.decision, dependencies, extras)
    _set(dist, dependencies, extras)
    return done.record


def _declare(dist: Distribution, config: Config) -> None:
    """Set what is dynamic; what is not stays, each extra under its plain name."""
    from hatch_torch.integrations._common import (  # noqa: PLC0415 (not for others)
        portable_dependencies,
        portable_extras,
    )

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
    from packaging.requirements import Requirement  # noqa: PLC0415 (likewise)

    for line in lines:
        one = Requirement(line)
        own = f"({one.marker}) and " if one.marker and condition else ""
        bare, _, _ = line.partition(";") if condition else (line, "", "")
        yield f"{bare.strip()} ; {own}({condition})" if condition else line
