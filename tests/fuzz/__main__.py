"""Look for inputs that break a reader: `python -m tests.fuzz --seconds 600 [--only page …]`.

Every target of `targets.py` gets its share of the time, in a process of its own: guided by
coverage where atheris is installed (`pip install atheris`), else by hypothesis. What breaks one is
written into its folder of `corpus/`, where the tests find it from then on.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

CORPUS = Path(__file__).with_name("corpus")
ROOT = Path(__file__).parents[2]
LONGEST = 4096  # bytes of an input


def main(arguments: Sequence[str] | None = None) -> int:
    """Fuzz every target; 1 where one of them breaks."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="for all targets together")
    parser.add_argument("--only", nargs="+", metavar="TARGET", help="these targets alone")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.here:
        return fuzz(options.only[0], options.seconds)
    names = options.only or sorted(path.name for path in CORPUS.iterdir())
    share = str(options.seconds / len(names))
    command = (sys.executable, "-m", "tests.fuzz", "--here", "--seconds", share, "--only")
    codes = {name: subprocess.run((*command, name), cwd=ROOT, check=False) for name in names}
    broken = [name for name, completed in codes.items() if completed.returncode]
    sys.stdout.write(f"fuzzed {', '.join(names)}; broken: {', '.join(broken) or 'none'}\n")
    return 1 if broken else 0


def fuzz(name: str, seconds: float) -> int:
    """Fuzz one target in this process."""
    return (_by_coverage if find_spec("atheris") else _by_chance)(name, seconds)


def _by_coverage(name: str, seconds: float) -> int:
    import atheris  # noqa: PLC0415 - only where it is installed

    with atheris.instrument_imports(include=["hatch_torch"]):
        from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - while its imports are watched

    with tempfile.TemporaryDirectory() as found:
        limits = (f"-max_total_time={max(1, round(seconds))}", f"-max_len={LONGEST}", "-timeout=20")
        places = (f"-artifact_prefix={CORPUS / name}/", found, str(CORPUS / name))
        atheris.Setup([sys.argv[0], "-verbosity=0", *limits, *places], TARGETS[name])
        atheris.Fuzz()  # ends the process
    return 0


def _by_chance(name: str, seconds: float) -> int:
    from hypothesis import (  # noqa: PLC0415 - only where it is what is used
        HealthCheck,
        given,
        settings,
        strategies as st,
    )

    from tests.fuzz.targets import TARGETS  # noqa: PLC0415 - as above, and slow

    seeds = st.sampled_from([path.read_bytes() for path in sorted((CORPUS / name).iterdir())])
    splices = st.builds(_spliced, seeds, seeds, st.integers(0, LONGEST), st.binary(max_size=8))
    end = time.monotonic() + seconds

    @settings(max_examples=1000, deadline=None, database=None, suppress_health_check=[*HealthCheck])
    @given(splices | st.binary(max_size=LONGEST))
    def search(data: bytes) -> None:
        if time.monotonic() < end:
            _keeping(TARGETS[name], CORPUS / name, data)

    while time.monotonic() < end:
        search()
    return 0


def _spliced(first: bytes, second: bytes, at: int, middle: bytes) -> bytes:
    """Put the end of one input behind the beginning of another."""
    cut = at % (len(first) + 1)
    return first[:cut] + middle + second[cut:]


def _keeping(target: Callable[[bytes], None], folder: Path, data: bytes) -> None:
    """Keep what breaks a target; hypothesis makes it smaller, and the last is the smallest."""
    try:
        target(data)
    except Exception:
        (folder / f"crash-{sha256(data).hexdigest()[:16]}").write_bytes(data)
        raise


if __name__ == "__main__":
    sys.exit(main())
