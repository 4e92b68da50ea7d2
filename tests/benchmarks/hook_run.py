"""A run of Hatch's hook in this very process, which looks like `pip install -e .`.

It prints what is imported after its first question and at its end, as JSON. The file is copied and
called `pip`: the hook reads the command lines of processes.
"""

from __future__ import annotations

import json
import sys
from tempfile import TemporaryDirectory

from hatchling.build import build_editable, get_requires_for_build_editable


def main() -> None:
    """Ask what a build requires, and build the project in the current folder, as installers do."""
    stdout, sys.stdout = sys.stdout, sys.stderr
    get_requires_for_build_editable()
    first = [*sys.modules]
    with TemporaryDirectory() as folder:
        build_editable(folder)
    modules = [name for name in sys.modules if name != "__main__"]
    stdout.write(json.dumps({"first": first, "modules": modules}))


main()
