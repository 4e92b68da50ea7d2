"""A torch that PyTorch did not build (a vendor's, conda's, one from the sources) stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.deciding import keep
from hatch_torch.deciding.answer import Answer, complete
from hatch_torch.deciding.courses import plain
from hatch_torch.deciding.offers import TORCH
from hatch_torch.errors import IndexFaultError, NoAnswerError
from hatch_torch.project.wants import ranges

if TYPE_CHECKING:
    from collections.abc import Collection

    from hatch_torch.deciding.case import Case
    from hatch_torch.environment.installed import Installed
    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.project.wants import Line
    from hatch_torch.project.wish import Wish

_REPLACE = 'set existing = "replace" in [tool.torch-variant] to have PyTorch\'s own build instead'
_UNSEEN = (
    "this image holds its vendor's own build of torch, and it can't be told which environment is "
    f"installed to; name it (uv pip install --python /path/to/environment), or {_REPLACE}"
)


def keep_foreign(
    case: Case, wish: Wish, hardware: Hardware, lines: Collection[Line]
) -> Answer | None:
    """Pin the torch that somebody else built, so that nothing moves it; None where there is none.

    Raises NoAnswerError where it is out of range, where a member that goes with it is missing, and
    where there is one somewhere in a vendor's image.
    """
    obeys_request = case.config.existing == "auto" and wish.explicit
    if case.config.existing == "replace" or obeys_request:
        return None
    if "vendor-image" in hardware.signs and not case.sees_environment:
        raise NoAnswerError(_UNSEEN)
    found = case.find_installed(case.family)
    torch = keep.foreign(found)
    return _kept(case, torch, found, lines) if torch else None


def _kept(
    case: Case, torch: Installed, found: Collection[Installed], lines: Collection[Line]
) -> Answer:
    backend = torch.backend or plain(case.target)
    here = case.target.environment
    wants = ranges(lines, here, None, case.config.family, case.constraints)
    what = (
        f"torch {torch.version}, which is installed and not PyTorch's own build ({torch.builder})"
    )
    if not wants[TORCH].contains(torch.version, prereleases=True):
        raise NoAnswerError(f"{what}, is not in the range torch{wants[TORCH]}; {_REPLACE}")
    pins = tuple(keep.pinned(one) for one in found if one.name in wants)
    missing = wants.keys() - {pin.name for pin in pins}
    if missing:
        names = ", ".join(sorted(missing))
        try:
            completed = complete(case, backend, pins, wants)
        except IndexFaultError as fault:
            raise NoAnswerError(f"{names}: not installed beside {what}, and {fault}") from fault
        if completed is None:
            raise NoAnswerError(f"{names}: not installed, and none goes with {what}; {_REPLACE}")
        pins = completed
    return Answer(backend, pins, (f"kept: {what}",))
