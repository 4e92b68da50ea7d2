"""`hatch-torch cache`: show the folder of the cached index pages or its size, or clear it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_torch.cli.render import print_messages
from hatch_torch.index.http_cache import open_cache

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


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `cache`."""
    parser = commands.add_parser(
        "cache", help="show or clear the cache of index pages", epilog=_EXAMPLES
    )
    parser.add_argument(
        "action", choices=("dir", "size", "clear"), help="print its folder or size, or clear it"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Run the action and print one line."""
    cache = open_cache(os.environ)
    if options.action == "dir":
        print(cache.folder or "none")
    elif options.action == "size":
        print(format_size(cache.size()))
    else:
        size = format_size(cache.size())
        print(f"{cache.clear()} entries removed, {size}")
    print_messages("warning", cache.notes)
    return 0


def format_size(size: int) -> str:
    """Return a number of bytes in the largest fitting unit: ``1.5 MiB``."""
    amount, unit = float(size), 0
    while amount >= _STEP and unit < len(_UNITS) - 1:
        amount, unit = amount / _STEP, unit + 1
    return f"{amount:.1f} {_UNITS[unit]}" if unit else f"{size} {_UNITS[0]}"
