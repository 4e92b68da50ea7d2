"""A run of Hatch's hook in this very process, which looks like `pip install -e .`.

It prints what is imported at its end, as JSON. The file is copied and called `pip`: the hook reads
the command lines of processes.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from hatchling.build import build_editable


def main() -> None:
    """Build the project in the current folder, as an installer would."""
    said, sys.stdout = sys.stdout, sys.stderr
    with TemporaryDirectory() as folder:
        build_editable(folder)
    modules = [name for name in sys.modules if name != "__main__"]
    said.write(json.dumps({"modules": modules, "folder": str(Path.cwd())}))


main()
