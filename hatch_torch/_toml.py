"""TOML to values, by the standard library where that can (since Python 3.11)."""

import sys

if sys.version_info >= (3, 11):
    from tomllib import loads
else:
    from tomli import loads  # pragma: no cover - Python 3.10 alone gets here

__all__ = ["loads"]
