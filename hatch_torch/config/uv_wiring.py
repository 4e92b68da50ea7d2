"""Whether uv runs the build hook of a project, and runs it again for each install."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.config.backend_request import PORTABLE, read_backend_request
from hatch_torch.config.build_system import METADATA_HOOK
from hatch_torch.errors import ConfigurationError, with_hint
from hatch_torch.frontend.uv_cache import STAMP, has_uv_lock

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from hatch_torch.config.config import Config
    from hatch_torch.frontend.request import BuildRequest

_KEY = f'cache-keys = [{{ file = "pyproject.toml" }}, {{ file = "{STAMP}" }}]'
_NOT_ASKED = """\
uv reads this project's dependencies from pyproject.toml and does not run the build hook first, \
because no dependency field is dynamic"""
_FULL_FORM = """\
add these lines to pyproject.toml, or set TORCH_VARIANT=portable:
    [project]
    dynamic = ["optional-dependencies"]"""
_HOOK = f"\n    [{METADATA_HOOK}]"
_MOVE = """
and rename [project.optional-dependencies] to [tool.torch-variant.optional-dependencies]"""
_STALE = with_hint(
    "uv may reuse an earlier result of the build hook",
    f"add this to [tool.uv] in pyproject.toml:\n    {_KEY}",
)


def check_uv_wiring(
    config: Config, request: BuildRequest, project: Path, environ: Mapping[str, str]
) -> tuple[str, ...]:
    """Return the warnings about an install by uv, for the record.

    Raises ConfigurationError, with the lines to paste, if uv would install something other than
    the decision: it does not run the hook, or a cached result would get into a `uv.lock`. With
    TORCH_VARIANT=portable the hook adds nothing, so the two cannot differ.
    """
    if request.installer != "uv" or request.purpose != "install":
        return ()
    if read_backend_request(config, request.extras, environ).value == PORTABLE:
        return ()
    if not config.build_system.uv_asks_backend:
        hook = _HOOK if config.build_system.has_hatch_hook else ""
        move = _MOVE if config.build_system.static_extras else ""
        raise ConfigurationError([_NOT_ASKED], hint=_FULL_FORM + hook + move)
    if config.build_system.names_stamp:
        return ()
    if has_uv_lock(project):
        raise ConfigurationError([_STALE])
    return (_STALE,)
