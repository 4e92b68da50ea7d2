"""What happens inside one process, by pytest-benchmark; each names its budget in milliseconds."""

from __future__ import annotations

import os
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from hatch_torch.hardware.detect import detect
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.nvidia import ask_nvml
from hatch_torch.hardware.probe import run_probes
from hatch_torch.lock.locker import create_lock
from hatch_torch.lock.model import LockScope
from hatch_torch.lock.scope import expand_scope
from hatch_torch.lock.target import LockRequest
from hatch_torch.resolution.decide import decide
from tests.benchmarks.nightly import offered, page, read
from tests.benchmarks.projects import case
from tests.benchmarks.serving import Served, served
from tests.hardware.conftest import library
from tests.lock.test_locker import TWELVE, project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from pytest_benchmark.fixture import BenchmarkFixture

    from hatch_torch.lock.model import Lock
    from hatch_torch.resolution.candidates import CandidateFinder

__all__ = ["library"]

PROCESSOR = pytest.mark.benchmark(timer=time.process_time)
"""Counts the processor's time of this process, for nothing here waits for anything else."""
GPUS = 8
LINKS = 20_000
LATENCY = 0.02
ROUND_TRIPS = 3


@pytest.fixture(scope="session")
def near() -> Iterator[Served]:
    """Serve the embedded index without any delay."""
    with served() as index:
        yield index


def budget(benchmark: BenchmarkFixture, what: str, limit: float, unit: str = "ms") -> None:
    """Write the budget beside the figures."""
    benchmark.extra_info.update(what=what, budget=limit, unit=unit)


@PROCESSOR
def bench_detection_of_nothing(benchmark: BenchmarkFixture) -> None:
    """Where no accelerator is, detection costs some look-ups of files, and no process."""
    budget(benchmark, "detection without accelerators, no process", 2)
    found = benchmark(lambda: detect(Machine()))
    if found.accelerators or found.nvidia:
        pytest.skip("this machine has an accelerator")


def bench_detection_by_nvml(benchmark: BenchmarkFixture, library: Callable[..., Path]) -> None:
    """Eight GPUs, asked in a child process; the library answers at once."""
    budget(benchmark, "detection by NVML, 8 GPUs, child process included", 80)
    environ = {**os.environ, "LD_LIBRARY_PATH": str(library(f"-DGPUS={GPUS}")), "NVML_CASE": ""}

    found = benchmark(lambda: run_probes(Machine(environ), [ask_nvml]))
    assert len(found.accelerators) == GPUS


@PROCESSOR
def bench_decision_cached(benchmark: BenchmarkFixture, near: Served, tmp_path: Path) -> None:
    """Every page is in the cache, as for the second install of a day."""
    budget(benchmark, "decision, everything cached", 15)
    decide(case(near.torch_index, tmp_path))
    assert benchmark(lambda: decide(case(near.torch_index, tmp_path))).backend


def bench_decision_cold(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Nothing is cached, and each answer takes 20 ms to come."""
    limit = (ROUND_TRIPS * LATENCY + 0.02) * 1000
    budget(benchmark, "decision, nothing cached, 20 ms a round trip", limit)
    with served(LATENCY) as far:
        decide(case(far.torch_index, tmp_path / "warm-up"))
        far.counted()
        folders = iter(range(10**6))
        decided = benchmark.pedantic(
            lambda: decide(case(far.torch_index, tmp_path / str(next(folders)))), rounds=9
        )
        assert decided.backend
        benchmark.extra_info.update(requests=far.counted()["requests"] / 9, most_requests=8)


@PROCESSOR
def bench_decision_locked(benchmark: BenchmarkFixture, near: Served, tmp_path: Path) -> None:
    """Ask no index where a lock decides."""
    budget(benchmark, "decision, locked", 8)
    held = locked(near, tmp_path)
    near.counted()
    assert benchmark(lambda: decide(case(near.torch_index, tmp_path, lock=held))).backend
    benchmark.extra_info.update(requests=near.counted()["requests"], most_requests=0)


def locked(index: Served, cache: Path) -> Lock:
    """Lock the family for one Python and one platform."""
    narrowed = LockScope(pythons=("3.12",), platforms=("linux_x86_64",))
    config = project("torch>=2.3", "torchvision", "torchaudio")
    order = LockRequest(config, expand_scope(config, {}, narrowed), narrowed, index.torch_index)
    return create_lock(order, offers_of(index, cache)).lock


def offers_of(index: Served, cache: Path) -> CandidateFinder:
    """Return what the index offers, with a cache of its own."""
    return case(index.torch_index, cache).finder


@PROCESSOR
def bench_long_page(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    """Read a nightly page out of the cache and filter it; count the memory that it takes."""
    budget(benchmark, f"a page of {LINKS:,} links, read and filtered", 120)
    body = page(LINKS)
    found = benchmark.pedantic(read, setup=lambda: ((offered(tmp_path, body),), {}), rounds=9)
    assert len(found) == LINKS // 15
    index = offered(tmp_path, body)
    tracemalloc.start()
    read(index)
    benchmark.extra_info["megabytes"] = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()


def bench_lock(benchmark: BenchmarkFixture, near: Served, tmp_path: Path) -> None:
    """Twelve backends on five Pythons and four platforms, with nothing cached."""
    budget(benchmark, "lock of 12 backends, 5 Pythons and 4 platforms, loopback", 2000)
    narrowed = LockScope(platforms=("linux_x86_64", "linux_aarch64", "win_amd64", "macos_arm64"))
    config = project("torch>=2.3", "torchvision", "torchaudio", extras=TWELVE)
    order = LockRequest(config, expand_scope(config, {}, narrowed), narrowed, near.torch_index)
    folders = iter(range(10**6))
    create_lock(order, offers_of(near, tmp_path / "warm-up"))
    benchmark.pedantic(
        lambda: create_lock(order, offers_of(near, tmp_path / str(next(folders)))), rounds=3
    )
