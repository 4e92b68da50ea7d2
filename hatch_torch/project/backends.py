"""Which backends a project's extras mean, and which of them cannot be as they are written."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from hatch_torch.backend import Backend
from hatch_torch.project.kinds import readable, table_at, under
from hatch_torch.project.schema import TABLE, is_backend
from hatch_torch.ranges import is_empty
from hatch_torch.releases import nearest_published

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from packaging.requirements import Requirement

_EXTRAS = f"{TABLE}.extras"


def meant(name: str, extra: Mapping[str, Any]) -> tuple[Backend] | tuple[Backend, str]:
    """Return the backend that an extra's name means, with a notice where another stands for it.

    Raises ValueError where the name is no backend's.
    """
    backend = Backend.parse(name)
    stand_in = None if "index-url" in extra else nearest_published(backend)
    return stand_in or (backend,)


def conflicts(extras: object, dependencies: object) -> Iterator[str]:
    """Find two extras for one backend, and requirements that leave no version with the project's.

    Takes the tables as they are: what is no table or no requirement is told of elsewhere.
    """
    found = {name: table_at(extra) for name, extra in table_at(extras).items() if is_backend(name)}
    yield from _twice(found)
    for name, extra in found.items():
        path = f"{under(_EXTRAS, name)}.dependencies"
        for own, line in product(readable(extra.get("dependencies")), readable(dependencies)):
            if _exclude_each_other(own, line):
                yield (
                    f"{path}: {str(own)!r} and the project's {str(line)!r} leave no version; "
                    "change one of them"
                )


def _twice(extras: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    names: dict[Backend, str] = {}
    for name, extra in extras.items():
        backend, *_ = meant(name, extra)
        first = names.setdefault(backend, name)
        if first != name:
            yield (
                f"{under(_EXTRAS, name)}: stands for {backend}, and so does "
                f"{under(_EXTRAS, first)}; keep one of them"
            )


def _exclude_each_other(own: Requirement, line: Requirement) -> bool:
    """Answer whether no version is left wherever the extra's requirement holds.

    A line of the project's under another marker may not hold there.
    """
    same = canonicalize_name(own.name) == canonicalize_name(line.name)
    together = line.marker is None or line.marker == own.marker
    return same and together and is_empty(own.specifier & line.specifier)
