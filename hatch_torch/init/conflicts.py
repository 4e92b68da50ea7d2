"""What lets uv lock backends side by side: that no two of them are installed together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hatch_torch.init.edits import add_item, put
from hatch_torch.init.statements import values
from hatch_torch.init.written import column, inline, row
from hatch_torch.project.kinds import table_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from hatch_torch.init.statements import Path

    Group = list[Mapping[str, Any]]

_CONFLICTS: Path = ("tool", "uv", "conflicts")


def conflicting(text: str, extras: Sequence[str]) -> str:
    """Name the extras as conflicting; groups of some of them alone become the one of all."""
    there: list[Group] = table_at(values(text), "tool", "uv").get("conflicts", [])
    if len(extras) < 2 or any(set(extras) <= {*_extras(group)} for group in there):  # noqa: PLR2004 (one alone conflicts with nothing)
        return text
    ours = row(inline({"extra": name}) for name in extras)
    staying = [group for group in there if not _only_of(group, extras)]
    if staying == there:
        return add_item(text, _CONFLICTS, ours)
    return put(text, _CONFLICTS, column([*(row(map(inline, group)) for group in staying), ours]))


def _extras(group: Group) -> list[str]:
    """Return the extras of a group that are the project's own, not another member's."""
    return [one["extra"] for one in group if one.keys() == {"extra"}]


def _only_of(group: Group, extras: Sequence[str]) -> bool:
    return len(_extras(group)) == len(group) and {*_extras(group)} <= {*extras}
