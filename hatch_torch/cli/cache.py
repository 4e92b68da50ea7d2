"""`hatch-torch cache`: where index pages are kept, how much that is, and away with them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from hatch_torch.index.http_cache import Cache, cache_of

if TYPE_CHECKING:
    import argparse

_EXAMPLES = """\
examples:
  hatch-torch cache dir           # where it is
  hatch-torch cache size          # how much it holds
  hatch-torch cache clear         # remove every entry, and nothing else
"""
_UNITS = ("bytes", "KiB", "MiB", "GiB")
_STEP = 1024


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "cache", help="the kept index pages: dir, size or clear", epilog=_EXAMPLES
    )
    parser.add_argument(
        "action", choices=_ACTIONS, help="print its folder or its size, or clear it"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Do it, and print one line."""
    cache = cache_of(os.environ)
    print(_ACTIONS[options.action](cache))
    for note in cache.notes:
        print(f"hatch-torch: {note}", file=sys.stderr)
    return 0


def _folder(cache: Cache) -> str:
    return str(cache.folder or "none")


def _size(cache: Cache) -> str:
    return in_words(cache.size())


def _clear(cache: Cache) -> str:
    size = in_words(cache.size())
    return f"{cache.clear()} entries removed, {size}"


def in_words(size: int) -> str:
    """Return a number of bytes as people read it: ``1.5 MiB``."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} {_UNITS[0]}"


_ACTIONS = {"dir": _folder, "size": _size, "clear": _clear}
