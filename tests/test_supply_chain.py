"""What every build of every user has to load: few pure dependencies that do nothing on import."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch._toml import loads

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[1]
# Each required dependency, and why it is worth the time that it costs in every build.
REASONS = {
    "hatchling": "the build backend whose hooks these are; it is there in any case",
    "nvidia-ml-py": "NVIDIA's own binding to the driver's library, which knows the GPUs best",
    "packaging": "versions, markers, tags and METADATA as the standards have them",
    "platformdirs": "where each system keeps caches",
    "resolvelib": "the resolver that pip has, so that solutions are those that pip would find",
    "tomli": "the standard library's reader of TOML, for Python 3.10, which lacks it",
    "truststore": "the system's certificates, a company's own included, as pip and uv trust them",
    "urllib3": "HTTP with limits of time, kept connections, proxies and certificates",
}
IMPORT_ALL = """
import importlib, json, os, pkgutil, sys
import hatch_torch

seen = []
SIDE_EFFECTS = ("socket.", "subprocess.", "os.system", "os.exec", "os.fork", "os.posix_spawn",
    "os.spawn", "os.startfile", "urllib.", "http.", "ftplib.", "smtplib.", "shutil.", "tempfile.",
    "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.chmod",
    "os.putenv", "webbrowser.", "pty.")
HARMLESS = {"socket.__new__"} if sys.platform == "win32" else set()

def is_in(function, frame):
    return frame and (frame.f_code.co_name == function or is_in(function, frame.f_back))

def watch(event, arguments):
    writes = event == "open" and (arguments[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
    acts = event.startswith(SIDE_EFFECTS) and event not in HARMLESS
    # urllib3 looks whether a socket can be bound to ::1, and connects it to nothing.
    if (writes or acts) and not is_in("_has_ipv6", sys._getframe()):
        seen.append([event, repr(arguments)[:200]])

absent = []
sys.addaudithook(watch)
for module in pkgutil.walk_packages(hatch_torch.__path__, "hatch_torch."):
    try:
        importlib.import_module(module.name)
    except ImportError as error:
        absent.append([module.name, error.name])
print(json.dumps([seen, absent, len(sys.modules)]))
"""


def iter_required(name: str, seen: set[str]) -> Iterator[str]:
    """Yield the names of all distributions that one requires here, directly or not."""
    for line in distribution(name).requires or ():
        requirement = Requirement(line)
        here = requirement.marker is None or requirement.marker.evaluate({"extra": ""})
        if here and requirement.name not in seen:
            seen.add(requirement.name)
            yield requirement.name
            yield from iter_required(requirement.name, seen)


def test_required_dependencies_are_counted() -> None:
    """Each required dependency has its reason here, and there is no other."""
    table = loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    names = [Requirement(line).name for line in table["project"]["dependencies"]]
    assert sorted(REASONS) == sorted(names)


def test_nothing_native_comes_along() -> None:
    """What an installation pulls in is pure Python, to the last dependency."""
    native = []
    for name in iter_required("hatch-torch", set()):
        wheel = distribution(name).read_text("WHEEL") or ""
        if wheel and "-none-any" not in wheel:
            native.append(name)
    assert native == []


def test_importing_does_nothing() -> None:
    """No module opens a connection, starts a process, or writes a file when it is imported."""
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    completed = subprocess.run(
        (sys.executable, "-W", "ignore", "-c", IMPORT_ALL),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert completed.returncode == 0, completed.stderr
    seen, absent, count = json.loads(completed.stdout)
    assert seen == []
    assert [module for module, lacks in absent if str(lacks).startswith("hatch_torch")] == []
    assert count > 200
