"""The whole of `init`: a project's files to the same with our tables, and what to note."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.companions import FAMILY
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.stamp import STAMP, is_ignored
from hatch_torch.init.builders import refusal
from hatch_torch.init.conflicts import conflicting
from hatch_torch.init.extras import names_backends, supported
from hatch_torch.init.form import Files, called, dynamic, required
from hatch_torch.init.shapes import shape_faults
from hatch_torch.init.statements import values
from hatch_torch.init.tritons import with_tritons
from hatch_torch.init.uv import cached, routed, routed_extras
from hatch_torch.project.config import load
from hatch_torch.project.kinds import table_at
from hatch_torch.project.portable import declared_extras
from hatch_torch.project.wants import Line, fixed_backend

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.init.wanted import Wanted
    from hatch_torch.project.config import Config


@dataclass(frozen=True, slots=True)
class SetUp:
    """The files as they should be, and what the user should know."""

    files: Files
    notes: tuple[str, ...] = ()


def set_up(files: Files, wanted: Wanted) -> SetUp:
    """Write the tables that a project lacks; what is there stays word for word.

    Raises ConfigurationError where Hatch does not build the project, where the files are no TOML,
    and where its own tables are at fault.
    """
    _check(files)
    if _is_crlf(files.pyproject):
        made = set_up(replace(files, pyproject=files.pyproject.replace("\r\n", "\n")), wanted)
        pyproject = made.files.pyproject.replace("\n", "\r\n")
        return replace(made, files=replace(made.files, pyproject=pyproject))
    made = _made(files, wanted)
    _config(made.files)
    return made


def _check(files: Files) -> None:
    for name, text in (("pyproject.toml", files.pyproject), ("hatch.toml", files.hatch or "")):
        try:
            values(text)
        except ValueError as error:
            raise ConfigurationError([f"{name}: {error}"]) from None
    pyproject = values(files.pyproject)
    if reason := refusal(pyproject):
        raise ConfigurationError([reason])
    if faults := [*shape_faults(pyproject)]:
        raise ConfigurationError(faults)
    load({"project": table_at(pyproject, "project")}, {})


def _is_crlf(text: str) -> bool:
    return 0 < text.count("\n") == text.count("\r\n")


def _made(files: Files, wanted: Wanted) -> SetUp:
    files = required(files)
    if wanted.smallest:
        return _noted(_smallest(files))
    if _is_one_table(files) and not wanted.backends:
        return _noted(files)
    routes = bool(wanted.backends) or names_backends(files.pyproject)
    files = replace(files, pyproject=supported(files.pyproject, wanted.backends))
    files = called(dynamic(files), "metadata", "build")
    files = replace(files, pyproject=cached(files.pyproject), gitignore=_ignored(files.gitignore))
    return _routed(files) if routes else _noted(files)


def _smallest(files: Files) -> Files:
    """Have us called and no more; a provider may add only to what is dynamic."""
    return called(dynamic(files) if files.wiring.builder.door == "provider" else files, "build")


def _is_one_table(files: Files) -> bool:
    """Answer whether the metadata hook makes the additions itself, which is a form of its own."""
    return files.wiring.one_table and "dependencies" in files.wiring.dynamic


def _routed(files: Files) -> SetUp:
    text, tritons = with_tritons(files.pyproject, _config(files))
    config = _config(replace(files, pyproject=text))
    text, staying = routed(text, config)
    text = conflicting(text, routed_extras(text, config))
    return _noted(replace(files, pyproject=text), *tritons, *staying)


def _noted(files: Files, *notes: str) -> SetUp:
    config = _config(files)
    if not config.wiring.standard:
        return SetUp(
            files, (*notes, "the requirements are not in [project]: setuptools tells them")
        )
    return SetUp(files, (*notes, *_of_builder(config), *_of_requirements(config)))


def _of_builder(config: Config) -> Iterator[str]:
    if config.wiring.builder.door == "provider":
        yield f"{config.wiring.builder.name} reads [[tool.dynamic-metadata]] since 1.0"


def _of_requirements(config: Config) -> Iterator[str]:
    """Say where the project's requirements leave nothing to choose."""
    extras = declared_extras(config).values()
    lines = [*config.dependencies, *(one for own in extras for one in own)]
    if {canonicalize_name(one.name) for one in lines}.isdisjoint({*FAMILY, *config.family}):
        yield "nothing here requires torch; add it to the project's dependencies"
    if fixed := fixed_backend(map(Line, config.dependencies)):
        yield f"{str(fixed[1])!r} names {fixed[0]} itself, so that no other can be chosen"


def _config(files: Files) -> Config:
    return load(values(files.pyproject), files.hatch_tables)


def _ignored(text: str | None) -> str | None:
    """Let git ignore the stamp, where there is git."""
    if text is None or is_ignored(text):
        return text
    return "\n".join((*text.splitlines(), STAMP, ""))
