"""Real pip and uv run a build backend that reads its own build request, without network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import hatch_torch

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.end_to_end
# Not by importing pip, after which setuptools' distutils cannot be imported in this process.
needs_pip = pytest.mark.skipif(not [*distributions(name="pip")], reason="no pip in here")

PYPROJECT = """
[build-system]
requires = []
build-backend = "probe"
backend-path = ["."]
[project]
name = "my-app"
version = "1.0"
optional-dependencies = { cu124 = [] }
"""
# The backend finds hatch_torch by the path, for its isolated environment holds nothing.
BACKEND = """
import json, os, sys, zipfile
from pathlib import Path
sys.path += {path!r}
from hatch_torch.frontend.request import read_build_request
from hatch_torch.frontend.process_tree import get_ancestors

def build_editable(folder, config_settings=None, metadata_directory=None):
    request = read_build_request(Path.cwd(), get_ancestors(), os.environ, editable=True)
    answer = {{name: getattr(request, name) for name in {names!r}}}
    answer |= {{"extras": [*request.extras], "target": [*map(str, request.site_packages or ())]}}
    Path({answer!r}).write_text(json.dumps(answer))
    with zipfile.ZipFile(Path(folder) / "my_app-1.0-py3-none-any.whl", "w") as wheel:
        for name, text in {files!r}.items():
            wheel.writestr("my_app-1.0.dist-info/" + name, text)
    return "my_app-1.0-py3-none-any.whl"

def build_wheel(folder, config_settings=None, metadata_directory=None):
    return build_editable(folder)
"""
NAMES = ("command", "purpose", "names_project", "allows_version_pins")
FILES = {
    "METADATA": "Metadata-Version: 2.1\nName: my-app\nVersion: 1.0\nProvides-Extra: cu124\n",
    "WHEEL": "Wheel-Version: 1.0\nGenerator: probe\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "RECORD": "".join(
        f"my_app-1.0.dist-info/{name},,\n" for name in ("METADATA", "WHEEL", "RECORD")
    ),
}
SITE = sysconfig.get_path("purelib")


@pytest.fixture
def app(project: Path) -> Path:
    """Return a project whose build backend writes its build request to a file."""
    path = [str(Path(hatch_torch.__file__).parents[1]), SITE]
    backend = BACKEND.format(
        path=path, answer=str(project / "answer.json"), files=FILES, names=NAMES
    )
    (project / "pyproject.toml").write_text(PYPROJECT)
    (project / "probe.py").write_text(backend)
    return project


def _environ(folder: Path) -> Iterator[tuple[str, str]]:
    """Yield an environment without the configuration of pip and uv on this machine."""
    yield from ((n, v) for n, v in os.environ.items() if not n.startswith(("PIP_", "UV_")))
    yield from {"PIP_CONFIG_FILE": os.devnull, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}.items()
    yield from {"UV_NO_CONFIG": "1", "UV_OFFLINE": "1", "UV_CACHE_DIR": f"{folder}/cache"}.items()


def _answer(app: Path, *command: str) -> dict[str, Any]:
    """Run an installer next to the project; return the build request that was read."""
    environ = dict(_environ(app.parent))
    done = subprocess.run(
        command, cwd=app.parent, env=environ, capture_output=True, check=False, text=True
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads((app / "answer.json").read_text())
    return answer


@needs_pip
def test_pip_install(app: Path) -> None:
    """`pip install -e` is an install into this very environment."""
    command = ("-m", "pip", "install", "--dry-run", "--no-deps", "-e", f"./{app.name}[cu124]")

    actual = _answer(app, sys.executable, *command)

    assert str(Path(SITE).resolve()) in actual.pop("target")
    expected = {"command": "pip install", "purpose": "install", "extras": ["cu124"]}
    assert {**expected, "names_project": True, "allows_version_pins": True} == actual


@needs_pip
def test_pip_wheel(app: Path) -> None:
    """`pip wheel` is portable."""
    actual = _answer(app, sys.executable, "-m", "pip", "wheel", "--no-deps", f"./{app.name}")

    assert (actual["command"], actual["purpose"]) == ("pip wheel", "portable")


def test_uv_pip_install(app: Path) -> None:
    """`uv pip install -e` is an install into the target that its command line names."""
    target = app.parent / "target"
    command = ("-m", "uv", "pip", "install", "-p", sys.executable, "--target", str(target))

    actual = _answer(app, sys.executable, *command, "-e", f"./{app.name}[cu124]")

    expected = {"command": "uv pip install", "purpose": "install", "extras": ["cu124"]}
    rest = {"names_project": True, "allows_version_pins": False, "target": [str(target)]}
    assert {**expected, **rest} == actual


def test_uv_build(app: Path) -> None:
    """`uv build` is portable."""
    command = ("-m", "uv", "build", "--wheel", "-p", sys.executable, f"./{app.name}")

    actual = _answer(app, sys.executable, *command)

    assert (actual["command"], actual["purpose"]) == ("uv build", "portable")
