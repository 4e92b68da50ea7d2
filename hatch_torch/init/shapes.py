"""The shapes that `init` needs of tables that are not ours, before it edits anything in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.project.kinds import shown, table_at

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from hatch_torch.init.statements import Path

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
