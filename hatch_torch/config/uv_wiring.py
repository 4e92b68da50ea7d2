"""What uv needs of a project, so that it asks the hook, and asks it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.config.backend_request import PORTABLE, read_wish
from hatch_torch.config.build_system import METADATA_HOOK
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.uv_cache import STAMP, has_uv_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_torch.config.config import Config
    from hatch_torch.frontend.request import Request

_KEY = f'cache-keys = [{{ file = "pyproject.toml" }}, {{ file = "{STAMP}" }}]'
_FULL_FORM = """\
uv reads this project's dependencies itself and asks no hook, since nothing of them is dynamic. \
Add these lines to pyproject.toml, or set TORCH_VARIANT=portable:
    [project]
    dynamic = ["optional-dependencies"]"""
_HOOK = f"\n    [{METADATA_HOOK}]"
_MOVE = """
and call [project.optional-dependencies] [tool.torch-variant.optional-dependencies]"""
_STALE = f"uv may repeat an earlier answer; add to [tool.uv] in pyproject.toml:\n    {_KEY}"


def check(
    config: Config, request: Request, project: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Return what an install by uv should note of the project.

    Raises ConfigurationError, with the lines to paste, where uv would install something else than
    was decided: it does not ask, or it shares its answers with a `uv.lock`. What adds nothing,
    because the wish is `portable`, cannot differ.
    """
    if request.frontend != "uv" or request.purpose != "install":
        return ()
    if read_wish(config, request.extras, environ).value == PORTABLE:
        return ()
    if not config.wiring.asked_by_uv:
        hook = _HOOK if config.wiring.hooked else ""
        move = _MOVE if config.wiring.static_extras else ""
        raise ConfigurationError([_FULL_FORM + hook + move])
    if config.wiring.names_stamp:
        return ()
    if has_uv_lock(project):
        raise ConfigurationError([_STALE])
    return (_STALE,)
