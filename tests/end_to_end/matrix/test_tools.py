"""The tools that people have around pip and uv: those that install, and those that package."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.matrix.conftest import Tool

pytestmark = [pytest.mark.end_to_end, pytest.mark.matrix]

THIS_MACHINES = re.compile(r"(\+|%2B)(cu|cpu|rocm|xpu)")
SHOW = "import torch; print('torch', torch.__version__)"
SCRIPT = '\n[project.scripts]\nmy-app = "my_app:main"\n'
MAIN = "import torch\ndef main(): print('torch', torch.__version__)\n"
NOX = f"""
import nox

@nox.session(venv_backend="{{}}")
def tests(session):
    session.install("-e", ".")
    session.run("python", "-c", {SHOW!r})
"""
TOX = f"""
[testenv]
{{}}
pass_env = *
commands = python -c "{SHOW}"
"""


@pytest.fixture
def cuda(sandbox: Sandbox) -> Sandbox:
    """Return the sandbox on a machine with an RTX 4090, where every tool keeps to its folder."""
    folders = ("HATCH_DATA_DIR", "HATCH_CACHE_DIR", "PIPX_HOME", "PIPX_BIN_DIR")
    own = {name: str(sandbox.folder / name.lower()) for name in folders}
    return sandbox.on("rtx-4090", HATCH_CONFIG=str(sandbox.folder / "hatch.toml"), **own)


def torch_told(text: str) -> list[str]:
    """Return the versions of torch that a program said it has."""
    return re.findall(r"^torch (\S+)$", text, re.MULTILINE)


@pytest.mark.parametrize("installer", ["pip", "uv"])
def test_hatch_run(cuda: Sandbox, tool: Tool, installer: str) -> None:
    """An environment of Hatch installs the project as a developer does: with the exact wheel."""
    more = f'\n[tool.hatch.envs.default]\ninstaller = "{installer}"\n'
    cuda.write("full", more=more)
    (cuda.folder / "hatch.toml").touch()

    output = cuda.run(tool("hatch") / "hatch", "run", "python", "-c", SHOW)

    assert torch_told(output) == ["2.14.1+cu126"]


@pytest.mark.parametrize(
    "command",
    [("hatch", "hatch", "build"), ("build", "pyproject-build", "--outdir", "dist")],
    ids=lambda command: command[0],
)
def test_packaging(cuda: Sandbox, tool: Tool, command: tuple[str, ...]) -> None:
    """`hatch build` and `python -m build` are portable."""
    package, program, *arguments = command
    (cuda.folder / "hatch.toml").touch()

    cuda.run(tool(package) / program, *arguments)

    (wheel,) = (cuda.project / "dist").glob("*.whl")
    with zipfile.ZipFile(wheel) as opened:
        text = opened.read("my_app-1.0.dist-info/METADATA").decode()
    assert "Requires-Dist: torch<2.15,>=2.3" in text
    assert "://" not in text
    assert not THIS_MACHINES.search(text)


def test_pip_compile(cuda: Sandbox, tool: Tool) -> None:
    """A file that pip-tools writes is for any machine."""
    programs = tool("pip-tools")

    cuda.run(programs / "pip-compile", "--output-file", "requirements.txt", "pyproject.toml")

    text = (cuda.project / "requirements.txt").read_text(encoding="utf-8")
    assert "torch==2.14.1\n" in text
    assert not THIS_MACHINES.search(text)


@pytest.mark.parametrize("backend", ["virtualenv", "uv"])
def test_nox(cuda: Sandbox, tool: Tool, backend: str) -> None:
    """A session of Nox that installs the checkout gets the exact wheel."""
    cuda.add("noxfile.py", NOX.format(backend))

    output = cuda.run(tool("nox", "uv") / "nox")

    assert torch_told(output) == ["2.14.1+cu126"]


@pytest.mark.parametrize("options", [(), ("--editable",)], ids=" ".join)
def test_pipx(cuda: Sandbox, tool: Tool, wheels: Tool, options: tuple[str, ...]) -> None:
    """`pipx install .` gives the application this machine's torch."""
    cuda.write("full", more=SCRIPT)
    cuda.add("my_app.py", MAIN)

    # pipx gives itself the newest pip, which the embedded index does not have.
    pipx = cuda.on(PIP_FIND_LINKS=str(wheels("pip")))
    pipx.run(tool("pipx") / "pipx", "install", *options, ".")

    assert torch_told(cuda.run(cuda.folder / "pipx_bin_dir" / "my-app")) == ["2.14.1+cu126"]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        # So says torch of the wheel on PyPI, whose own version is 2.14.1.
        ("package = wheel", "2.14.1+cu130"),
        ("package = editable", "2.14.1+cu130"),
        ("package = skip\ndeps = -e .", "2.14.1+cu126"),
    ],
    ids=["wheel", "editable", "deps"],
)
def test_tox(cuda: Sandbox, tool: Tool, lines: str, expected: str) -> None:
    """Tox's own packaging is portable; `deps = -e .` gets the exact wheel."""
    cuda.add("tox.ini", TOX.format(lines))

    output = cuda.run(tool("tox") / "tox", "-e", "py")

    assert torch_told(output) == [expected]
