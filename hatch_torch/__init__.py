"""Install the PyTorch build that fits the machine, with a plain ``pip install -e .``.

The functions of `hatch_torch.api` are available here: `detect`, `decide`, `status`,
`compatible_versions`, `index_url` and `install_command`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_API = ("compatible_versions", "decide", "detect", "index_url", "install_command", "status")


def __getattr__(name: str) -> Any:  # noqa: ANN401 (__init__.pyi has the types)
    """Import an API function on first use: a build hook needs none of them."""
    if name in _API:
        return getattr(import_module(f"{__name__}.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """List the API functions too."""
    return sorted({*globals(), *_API})
