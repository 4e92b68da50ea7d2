"""What a user wants `init` to write.

Projects that `init` cannot serve, and what their people can do instead.

The shapes that `init` needs of tables that are not ours, before it edits anything in them.

The whole of `init`: a project's files to the same with our tables, and what to note.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, known_backends, nearest_published
from hatch_torch.config.build_system import Builder
from hatch_torch.config.config import declared_extras, load
from hatch_torch.config.requirements import Line, fixed_backend
from hatch_torch.config.validation import bad_backend, shown, table_at
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.uv_cache import STAMP, is_ignored
from hatch_torch.init.hatch_tables import (
    Files,
    called,
    dynamic,
    names_backends,
    required,
    supported,
)
from hatch_torch.init.toml_edit import values
from hatch_torch.init.uv_tables import cached, conflicting, routed, routed_extras, with_tritons

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.config.config import Config
    from hatch_torch.init.toml_edit import Path


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of the tables, and the backends that the project supports."""

    smallest: bool = False
    """Only the build hook: enough for pip, and the extras stay where they are."""
    backends: tuple[Backend, ...] = ()


def read_backends(text: str, place: str = "--backends") -> tuple[Backend, ...]:
    """Read `cu124,rocm70,cpu`; raises ConfigurationError with every name that is no backend's."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    faults = [*_faults(names, place)] if names else [f"{place}: found {text!r}; allowed is a list"]
    if faults:
        raise ConfigurationError(faults)
    return tuple(dict.fromkeys(map(_meant, names)))


def _meant(name: str) -> Backend:
    """Return the backend, or what stands for a ROCm that PyTorch never published."""
    backend = Backend.parse(name)
    stand_in = nearest_published(backend)
    return stand_in[0] if stand_in else backend


def _faults(names: list[str], place: str) -> Iterator[str]:
    for name in names:
        try:
            Backend.parse(name)
        except ValueError:
            yield bad_backend(name, place, [one.extra for one in known_backends()])


_INSTEAD = """\
What is possible from outside: `hatch-torch install` installs the project and its requirements for \
this machine, and `hatch-torch export` writes them for pip, uv or Poetry. A project in plain \
Python can move to Hatch with these lines:
    [build-system]
    requires = ["hatchling>=1.27"]
    build-backend = "hatchling.build\""""
_NO_PROJECT = "project: not found; {} needs the table [project], with the name at least"


def refusal(pyproject: Mapping[str, Any]) -> str | None:
    """Say why nobody can call us in a project's build, and what can be done; None where it can."""
    builder = Builder.of(pyproject)
    if builder.door == "none" or not builder.name:
        name = builder.name or "another backend"
        found = f"build-system.build-backend: found {builder.backend!r}, so that {name} builds it"
        return f"{found}, where no plugin of ours can add requirements. {_INSTEAD}"
    if "project" not in pyproject and builder.name != "setuptools":
        return _NO_PROJECT.format(builder.name)
    return None


_ARRAYS: tuple[Path, ...] = (
    ("build-system", "requires"),
    ("project", "dynamic"),
    ("tool", "uv", "cache-keys"),
)
_ARRAYS_OF_TABLES: tuple[Path, ...] = (("tool", "uv", "index"), ("tool", "poetry", "source"))
_CONFLICTS = ("tool", "uv", "conflicts")
_TABLES: tuple[Path, ...] = (("project",), ("tool", "uv", "sources"))


def shape_faults(pyproject: Mapping[str, Any]) -> Iterator[str]:
    """Find what is no array or no table where it should be one."""
    for path in _ARRAYS:
        yield from _unless(_is_array(_at(pyproject, path)), pyproject, path, "an array")
    for path in _ARRAYS_OF_TABLES:
        yield from _unless(_are_tables(_at(pyproject, path)), pyproject, path, "an array of tables")
    groups = _at(pyproject, _CONFLICTS)
    fine = groups is None or (_is_array(groups) and all(map(_are_tables, groups)))
    yield from _unless(fine, pyproject, _CONFLICTS, "an array of arrays of tables")
    for path in _TABLES:
        fine = isinstance(_at(pyproject, path), dict | None)
        yield from _unless(fine, pyproject, path, "a table")
    for name, source in table_at(pyproject, "tool", "uv", "sources").items():
        fine = isinstance(source, dict) or _are_tables(source)
        yield from _unless(fine, pyproject, ("tool", "uv", "sources", name), "a table, or several")


def _unless(
    fine: bool,  # noqa: FBT001 (the answer to a question, handed on)
    pyproject: Mapping[str, Any],
    path: Path,
    allowed: str,
) -> Iterator[str]:
    if not fine:
        yield f"{'.'.join(path)}: found {shown(_at(pyproject, path))}; allowed is {allowed}"


def _at(pyproject: Mapping[str, Any], path: Path) -> Any:  # noqa: ANN401 (whatever is there)
    return table_at(pyproject, *path[:-1]).get(path[-1])


def _is_array(value: object) -> bool:
    return value is None or isinstance(value, list)


def _are_tables(value: object) -> bool:
    return value is None or (
        isinstance(value, list) and all(isinstance(one, dict) for one in value)
    )


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
