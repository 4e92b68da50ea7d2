"""How every door tells a user what is wrong."""

from __future__ import annotations

import logging
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hatch_torch.errors import HatchTorchError

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def plainly() -> Iterator[None]:
    """Show a user what is wrong, without a traceback, and every step to who asks for that."""
    if os.environ.get("TORCH_VARIANT_LOG") == "debug":
        logging.basicConfig(format="hatch-torch: %(message)s", stream=sys.stderr)
        logging.getLogger("hatch_torch").setLevel(logging.DEBUG)
    try:
        yield
    except HatchTorchError as error:
        sys.exit(f"hatch-torch: {error}")
