"""`extra`: the name of the project's extra for the decided backend, for scripts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.backend import Backend
from hatch_torch.errors import ConfigurationError, NoAnswerError

if TYPE_CHECKING:
    from hatch_torch.export.subject import Subject


def extra(subject: Subject) -> str:
    """Return the extra's name.

    Raises NoAnswerError where nothing is decided, and ConfigurationError where the project has no
    extra for the backend.
    """
    backend = subject.decision.backend
    if backend is None:
        raise NoAnswerError(f"no extra: {subject.why_portable}")
    found = subject.config.extra_of(backend) or subject.config.extra_of(_plain(backend))
    if found is None:
        table = f"[tool.torch-variant.extras.{backend.extra}]"
        raise ConfigurationError([f"the project has no extra for {backend}; add the table {table}"])
    return f"{found.name}\n"


def _plain(backend: Backend) -> Backend:
    """Return the backend whose extra stands for the plain wheel, where mps is meant."""
    return Backend("cpu") if backend.family == "mps" else backend
