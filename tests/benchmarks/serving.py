"""The embedded index in a process of its own, so that serving costs the measured one nothing."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from hatch_torch.demo.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_torch.demo.server import Response


class Served(NamedTuple):
    """An index that is being served: where, and the pipes to the process that serves it."""

    url: str
    asked: IO[str]
    told: IO[str]

    @property
    def torch_index(self) -> str:
        """The root of what stands for PyTorch's index."""
        return f"{self.url}/whl"

    @property
    def default_index(self) -> str:
        """What stands for PyPI."""
        return f"{self.url}/simple"

    def counted(self) -> Any:  # noqa: ANN401 (it is JSON)
        """Return how many requests there were since the last call, and how many whole wheels."""
        self.asked.write("\n")
        self.asked.flush()
        return json.loads(self.told.readline())


@contextmanager
def served(latency: float = 0.0) -> Iterator[Served]:
    """Serve the embedded index; `latency` is added to each answer, in seconds."""
    command = [sys.executable, "-m", "tests.benchmarks.serving", str(latency)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8") as process:
        assert process.stdin
        assert process.stdout
        yield Served(process.stdout.readline().strip(), process.stdin, process.stdout)
        process.terminate()


def main(latency: float) -> None:
    """Serve until nobody listens, and count when asked."""
    with serve() as index:
        respond = index.respond

        def late(method: str, path: str, *, whole: bool) -> Response:
            time.sleep(latency)
            return respond(method, path, whole=whole)

        index.respond = late  # type: ignore[method-assign]
        print(index.url, flush=True)
        for _ in sys.stdin:
            counted = {"requests": len(index.requests), "wheels": len(index.wheels_fetched)}
            print(json.dumps(counted), flush=True)
            index.forget()


if __name__ == "__main__":
    main(float(sys.argv[1]))
