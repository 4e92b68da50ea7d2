"""Which function of a build backend runs: few of them tell a plugin what they build."""

from __future__ import annotations

from traceback import walk_stack


def running(module: str, *names: str) -> str | None:
    """Return the first of a module's functions that is on the call stack; None: none of them."""
    return next(
        (
            frame.f_code.co_name
            for frame, _ in walk_stack(None)
            if frame.f_globals.get("__name__") == module and frame.f_code.co_name in names
        ),
        None,
    )
