"""The last way to go: no accelerator was found, or no wheel in range runs on what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.deciding.courses import Course, plain, plain_course
from hatch_torch.errors import NoAnswerError
from hatch_torch.tables import rows

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from hatch_torch.choose import Verdict
    from hatch_torch.hardware.facts import Hardware
    from hatch_torch.project.config import Config
    from hatch_torch.project.wish import Wish
    from hatch_torch.target import Target


def last_courses(
    config: Config, wish: Wish, hardware: Hardware, judged: Collection[Verdict], target: Target
) -> Iterator[Course]:
    """Yield the plain wheel's course, one without backends (portable), or nothing.

    It is what `when-unsupported` says where an accelerator is there, and what
    `when-no-accelerator` says where none is. Nothing where the plain wheel is none of the
    project's backends, or does not run here. Raises NoAnswerError where `when-no-accelerator`
    is "error".
    """
    if wish.family and (wish.explicit or not has_accelerator(hardware, judged)):
        return
    refused = [one for one in judged if one.backend == plain(target) and not one.usable]
    if has_accelerator(hardware, judged):
        if config.when_unsupported == "cpu" and not refused:
            yield plain_course(wish, target, "no wheel in range runs on the accelerator here")
        return
    policy, why = _policy(config, hardware)
    if policy == "error":
        raise NoAnswerError(f'{why}, and when-no-accelerator = "error" asks for one')
    if policy == "portable":
        yield Course((), warnings=(why,))
    elif not refused:
        yield plain_course(wish, target, why)


def has_accelerator(hardware: Hardware, judged: Collection[Verdict]) -> bool:
    """Answer whether there is anything that torch could have computed on.

    Intel's graphics count only where they run XPU at all: nearly every office machine has some.
    """
    others = any(one.vendor != "intel" for one in hardware.accelerators)
    usable = any(one.usable and one.backend.family != "cpu" for one in judged)
    return others or usable


def effect(signs: Collection[str]) -> tuple[str, str]:
    """Return what the signs ask for, `cpu` or `portable`, and a sentence that says why.

    The table's rows are in the order of their weight; a plain host, without any sign, is `cpu`.
    """
    for row in rows("signs"):
        if row["sign"] in signs and row.get("effect"):
            return row["effect"], f"no accelerator was found, and this is {row['meaning']}"
    return "cpu", "no accelerator was found"


def _policy(config: Config, hardware: Hardware) -> tuple[str, str]:
    if config.when_no_accelerator == "auto":
        return effect(hardware.signs)
    return config.when_no_accelerator, "no accelerator was found"
