"""Measure everything and print it; `--write` puts it into the documentation."""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
from datetime import datetime, timezone
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING

from tests.benchmarks import growth, imports, peers, trees, whole
from tests.benchmarks.rows import Peer, Row, peers_table, table
from tests.benchmarks.serving import served

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).parents[2]
BEGIN, END = "<!-- benchmarks -->", "<!-- end of benchmarks -->"
PARTS = ("imports", "inside", "growth", "trees", "whole", "peers")


def main(words: Sequence[str] | None = None) -> None:
    """Run the parts that are asked for, all by default."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument(
        "--write", action="store_true", help="put the tables into the documentation"
    )
    parser.add_argument(
        "--rounds", type=int, default=7, help="of each measure; 1 to see that it runs"
    )
    parser.add_argument("--only", nargs="+", choices=[*PARTS])
    options = parser.parse_args(words)
    text = report(options.only or PARTS, options.rounds)
    print(text)
    if options.write:
        write(text)


def report(parts: Sequence[str], rounds: int) -> str:
    """Measure, and return the tables with the machine above them."""
    found: list[Row] = []
    compared: list[Peer] = []
    with TemporaryDirectory(prefix="hatch-torch-benchmarks-") as place, served() as index:
        folders = {part: Path(place, part) for part in parts}
        for folder in folders.values():
            folder.mkdir()
        if "imports" in parts:
            found += imports.rows(folders["imports"], index.torch_index, rounds)
        if "inside" in parts:
            found += inside(folders["inside"] / "inside.json", quick=rounds == 1)
        if "growth" in parts:
            found += growth.rows(folders["growth"], index.torch_index, rounds)
        if "trees" in parts:
            found += trees.rows(folders["trees"], index.torch_index, rounds)
        if "whole" in parts:
            found += whole.rows(folders["whole"], rounds)
        if "peers" in parts:
            compared, rows = peers.measure(folders["peers"], rounds)
            found += rows
    tables = [table(found), peers_table(compared) if compared else ""]
    return "\n\n".join([machine(), *filter(None, tables)])


def inside(results: Path, *, quick: bool) -> Iterator[Row]:
    """Run what pytest-benchmark measures, in a process of its own."""
    names = ["-o", "python_files=bench_*.py", "-o", "python_functions=bench_*"]
    brief = ["--benchmark-min-rounds=1", "--benchmark-max-time=0.1"] if quick else []
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "-q", *names, *brief]
    subprocess.run(
        [*command, f"--benchmark-json={results}"], cwd=ROOT, check=True, stdout=sys.stderr
    )
    for result in json.loads(results.read_text(encoding="utf-8"))["benchmarks"]:
        info = result["extra_info"]
        yield Row(info["what"], result["stats"]["min"] * 1000, info["budget"], info["unit"])
        if "requests" in info:
            yield Row(f"requests: {info['what']}", info["requests"], info["most_requests"], "")
        if "megabytes" in info:
            yield Row(f"more memory: {info['what']}", info["megabytes"], 30, "MB")


def machine() -> str:
    """Name the machine, where its files lie, and how busy it is."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        match = re.search(r"model name\s*: (.+)", cpuinfo.read_text(encoding="utf-8"))
        model = match[1] if match else model
    load = os.getloadavg()[0]
    day = datetime.now(timezone.utc).date()
    python = platform.python_version()
    files = file_system(Path(gettempdir()))
    return (
        f"{os.cpu_count()} processors, {model}, Python {python}, files on {files}, "
        f"load {load:.1f}, {day}."
    )


def file_system(folder: Path) -> str:
    """Name the kind of file system that a folder lies on (proc_mounts(5)), where that is told."""
    mounts = Path("/proc/mounts")
    lines = mounts.read_text(encoding="utf-8").splitlines() if mounts.is_file() else []
    kinds = {Path(point): kind for _, point, kind, *_ in map(str.split, lines)}
    return next(
        (kinds[parent] for parent in (folder, *folder.parents) if parent in kinds), "a disk"
    )


def write(text: str) -> None:
    """Put the tables between the page's two marks."""
    path = ROOT / "docs" / "explanation" / "performance.md"
    old = path.read_text(encoding="utf-8")
    before, rest = old.split(BEGIN)
    after = rest.split(END)[1]
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
