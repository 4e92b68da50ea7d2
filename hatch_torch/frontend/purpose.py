"""The purpose of a build: an install on this machine, or an artefact for any."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hatch_torch.frontend.calls import Call

Purpose = Literal["install", "portable"]

PIP_TRACKER = "PIP_BUILD_TRACKER"
"""The variable that pip sets for every build that it runs."""

_COPY = "The source is an unpacked archive or an installer's copy."
_UNSEEN = "The processes above this build cannot be read;"


def judge(call: Call | None, *, in_place: bool) -> tuple[Purpose, str]:
    """Return the purpose and the reason, one plain sentence."""
    if not in_place:
        return "portable", _COPY
    if call is None:
        return "portable", "No installer that is known runs this build."
    if _fills_build_environment(call):
        return "portable", "pip needs this project only to build another one."
    if call.installs:
        return "install", f"{call.name} installs this project."
    return "portable", f"{call.name} is portable: what it makes must fit any machine."


def judge_unseen(
    environ: Mapping[str, str], *, in_place: bool, editable: bool
) -> tuple[Purpose, str]:
    """Return the same where no process can be read: nobody ships what pip builds as editable."""
    if not in_place:
        return "portable", _COPY
    if editable and PIP_TRACKER in environ:
        return "install", f"{_UNSEEN} it is an editable build under pip."
    return "portable", f"{_UNSEEN} it is not an editable build under pip."


def _fills_build_environment(call: Call) -> bool:
    """Tell whether pip runs itself, for what a build requires (its `build_env.py`)."""
    prefix = call.value("--prefix") or ""
    return bool(re.search(r"[/\\]pip-build-env-\w+[/\\]", prefix))
