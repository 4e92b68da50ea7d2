"""What `hatch-torch init` changes in a project: the files with hatch-torch's tables, and notes.

The files are validated first: what hatch-torch cannot be added to is an error with the other ways.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_torch._toml import format_path, loads
from hatch_torch.catalog.backend import Backend
from hatch_torch.catalog.releases import FAMILY, nearest_published
from hatch_torch.config.build_system import BuildBackend
from hatch_torch.config.config import declared_extras, load_config
from hatch_torch.config.requirements import FamilyRequirement, fixed_backend
from hatch_torch.config.validation import describe_mismatch, get_table, unknown_backend_message
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.uv_cache import STAMP, ignores_stamp
from hatch_torch.init.hatch_tables import (
    ProjectFiles,
    add_build_requires,
    add_extras,
    add_hooks,
    has_foreign_backends,
    make_dynamic,
)
from hatch_torch.init.uv_tables import (
    add_cache_key,
    add_conflicts,
    add_sources,
    add_tritons,
    collect_routed_extras,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from hatch_torch.config.config import Config
    from hatch_torch.init.toml_edit import TomlPath

_ALTERNATIVES = """\
hint: `hatch-torch install` installs the project and its requirements for this machine, and \
`hatch-torch export` writes them for pip, uv or Poetry. A pure Python project can switch to \
Hatch with these lines:
    [build-system]
    requires = ["hatchling>=1.27"]
    build-backend = "hatchling.build\""""


@dataclass(frozen=True, slots=True)
class InitOptions:
    """The form of the tables, and the backends that the project supports."""

    smallest: bool = False
    """Add the build hook only: enough for pip, and the extras stay where they are."""
    backends: tuple[Backend, ...] = ()


@dataclass(frozen=True, slots=True)
class InitPlan:
    """The files with hatch-torch's tables, and what the user should know."""

    files: ProjectFiles
    notes: tuple[str, ...] = ()


def parse_backends(text: str, place: str = "--backends") -> tuple[Backend, ...]:
    """Return the backends of a list such as `cu124,rocm70,cpu`.

    A ROCm version that PyTorch never published stands for the nearest published one below it.
    Raises ConfigurationError with every unknown name.
    """
    names = [name.strip() for name in text.split(",") if name.strip()]
    errors = [] if names else [describe_mismatch("a list such as cu128,rocm64,cpu", text, place)]
    backends = []
    for name in names:
        try:
            backend = Backend.parse(name)
        except ValueError:
            errors.append(unknown_backend_message(name, place, ("cpu",)))
        else:
            nearest = nearest_published(backend)
            backends.append(nearest[0] if nearest else backend)
    if errors:
        raise ConfigurationError(errors)
    return tuple(dict.fromkeys(backends))


def plan_init(files: ProjectFiles, options: InitOptions) -> InitPlan:
    """Return the files with the tables that they lack; what they say already stays as it is.

    Raises ConfigurationError if no plugin can add requirements to the project's builds, if a file
    is not valid TOML, or if the project's own tables are invalid.
    """
    _validate(files)
    if _is_crlf(files.pyproject):
        plan = plan_init(replace(files, pyproject=files.pyproject.replace("\r\n", "\n")), options)
        pyproject = plan.files.pyproject.replace("\n", "\r\n")
        return replace(plan, files=replace(plan.files, pyproject=pyproject))
    plan = _add_tables(files, options)
    _load_config(plan.files)
    return plan


def _is_crlf(text: str) -> bool:
    return 0 < text.count("\n") == text.count("\r\n")


def _load_config(files: ProjectFiles) -> Config:
    return load_config(loads(files.pyproject), files.hatch_tables)


def _validate(files: ProjectFiles) -> None:
    for name, text in (("pyproject.toml", files.pyproject), ("hatch.toml", files.hatch or "")):
        try:
            loads(text)
        except ValueError as error:
            raise ConfigurationError([f"{name}: {error}"]) from None
    pyproject = loads(files.pyproject)
    if reason := unsupported_reason(pyproject):
        raise ConfigurationError([reason])
    if errors := [*find_shape_errors(pyproject)]:
        raise ConfigurationError(errors)
    load_config({"project": get_table(pyproject, "project")}, {})


def unsupported_reason(pyproject: Mapping[str, Any]) -> str | None:
    """Return why no hook can run in a project's builds, with the alternatives; None if one can."""
    backend = BuildBackend.from_pyproject(pyproject)
    if backend.integration == "none" or not backend.name:
        return (
            f"build-system.build-backend: {backend.name or 'an unknown build backend'} "
            f"({backend.import_path!r}) does not let plugins add requirements\n{_ALTERNATIVES}"
        )
    if "project" not in pyproject and backend.name != "setuptools":
        return f"project: not found; {backend.name} needs the table [project] with at least a name"
    return None


def find_shape_errors(pyproject: Mapping[str, Any]) -> Iterator[str]:
    """Yield an error for each array or table that `init` may edit and that is something else."""
    sources: TomlPath = ("tool", "uv", "sources")
    source_shapes = [
        ((*sources, name), _is_source, "a table or an array of tables")
        for name in get_table(pyproject, *sources)
    ]
    for path, is_valid, description in (*_SHAPES, *source_shapes):
        value = get_table(pyproject, *path[:-1]).get(path[-1])
        if value is not None and not is_valid(value):
            yield describe_mismatch(description, value, format_path(path))


def _is_array(value: object) -> bool:
    return isinstance(value, list)


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_table_array(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_table, value))


def _is_nested_array(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_table_array, value))


def _is_source(value: object) -> bool:
    return _is_table(value) or _is_table_array(value)


_SHAPES: tuple[tuple[TomlPath, Callable[[object], bool], str], ...] = (
    (("build-system", "requires"), _is_array, "an array"),
    (("project",), _is_table, "a table"),
    (("project", "dynamic"), _is_array, "an array"),
    (("tool", "uv", "cache-keys"), _is_array, "an array"),
    (("tool", "uv", "index"), _is_table_array, "an array of tables"),
    (("tool", "uv", "conflicts"), _is_nested_array, "an array of arrays of tables"),
    (("tool", "uv", "sources"), _is_table, "a table"),
    (("tool", "poetry", "source"), _is_table_array, "an array of tables"),
)


def _add_tables(files: ProjectFiles, options: InitOptions) -> InitPlan:
    files = add_build_requires(files)
    system = files.build_system
    if options.smallest:
        # A provider may add to dynamic fields only.
        needs_dynamic = system.build_backend.integration == "provider"
        return _with_notes(add_hooks(make_dynamic(files) if needs_dynamic else files, "build"))
    # The one-table form: the metadata hook adds the requirements itself.
    is_one_table = system.metadata_hook_only and "dependencies" in system.dynamic
    if is_one_table and not options.backends:
        return _with_notes(files)
    has_backends = bool(options.backends) or has_foreign_backends(files.pyproject)
    files = replace(files, pyproject=add_extras(files.pyproject, options.backends))
    files = add_hooks(make_dynamic(files), "metadata", "build")
    pyproject, gitignore = add_cache_key(files.pyproject), _ignore_stamp(files.gitignore)
    files = replace(files, pyproject=pyproject, gitignore=gitignore)
    return _add_uv_routes(files) if has_backends else _with_notes(files)


def _add_uv_routes(files: ProjectFiles) -> InitPlan:
    text, triton_notes = add_tritons(files.pyproject, _load_config(files))
    config = _load_config(replace(files, pyproject=text))
    text, source_notes = add_sources(text, config)
    text = add_conflicts(text, collect_routed_extras(text, config))
    return _with_notes(replace(files, pyproject=text), *triton_notes, *source_notes)


def _ignore_stamp(gitignore: str | None) -> str | None:
    """Add the stamp to a .gitignore; None, where the project is not in git, stays None."""
    if gitignore is None or ignores_stamp(gitignore):
        return gitignore
    return "\n".join((*gitignore.splitlines(), STAMP, ""))


def _with_notes(files: ProjectFiles, *notes: str) -> InitPlan:
    return InitPlan(files, (*notes, *_requirement_notes(_load_config(files))))


def _requirement_notes(config: Config) -> Iterator[str]:
    system = config.build_system
    if not system.standard:
        yield "there is no [project]; setuptools reads the requirements from setup.cfg or setup.py"
        return
    if system.build_backend.integration == "provider":
        yield f"[[tool.dynamic-metadata]] needs {system.build_backend.name} 1.0 or later"
    extras = declared_extras(config).values()
    requirements = [
        *config.dependencies,
        *(requirement for extra in extras for requirement in extra),
    ]
    names = {canonicalize_name(requirement.name) for requirement in requirements}
    if names.isdisjoint({*FAMILY, *config.family}):
        yield "this project does not depend on torch; add it to the project's dependencies"
    if fixed := fixed_backend(map(FamilyRequirement, config.dependencies)):
        yield f"{str(fixed[1])!r} names {fixed[0]} itself, so no other backend can be chosen"
