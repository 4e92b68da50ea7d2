"""A bug report as Markdown, without what is private."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PREFIXES = (
    *("TORCH_VARIANT", "PIP_", "UV_", "CONDA_OVERRIDE_"),
    *("CUDA_", "HIP_", "HSA_", "ROCM_", "ROCR_"),
)
"""How the variables begin that change what is decided or installed."""


def markdown(sections: Iterable[tuple[str, str]]) -> str:
    """Return sections, each a title and a text that is shown word for word."""
    return "\n".join(f"### {title}\n\n{_fenced(text)}\n" for title, text in sections)


def variables(environ: Mapping[str, str]) -> str:
    """Return the variables that matter, a line each, by name."""
    names = sorted(name for name in environ if name.startswith(PREFIXES))
    return "\n".join(f"{name}={environ[name]}" for name in names) or "none"


def _fenced(text: str) -> str:
    """Fence a text with more backticks than it has in a row."""
    fence = "```"
    while fence in text:
        fence += "`"
    return f"{fence}\n{text.rstrip()}\n{fence}"
