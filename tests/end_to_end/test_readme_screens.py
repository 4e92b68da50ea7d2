"""The screens in the documentation are what the commands print; `RECORD_SCREENS=1` records them."""

from __future__ import annotations

import contextlib
import io
import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from hatch_torch.cli.detect import print_detection
from hatch_torch.hardware.detect import detect
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).parents[2]
PAGES = (ROOT / "README.md", ROOT / "docs" / "reference" / "commands.md")
SCREEN = {"COLUMNS": "110", "FORCE_COLOR": "1"}
STYLE = r"\x1b\[[\d;]*m"
IN_CI = {**SCREEN, "CI": "true", "CONDA_OVERRIDE_CUDA": ""}
EXPLAIN = ("explain", "--python", "3.12", "--require", "torch>=2.3")


def hatch_torch(sandbox: Sandbox, *arguments: str) -> str:
    """Run a command in the checkout, with its environment active; return what it printed."""
    here = sandbox.on(VIRTUAL_ENV=str(sandbox.python.parents[1]), **SCREEN)
    completed = subprocess.run(
        [sys.executable, "-m", "hatch_torch", *arguments],
        cwd=sandbox.project,
        env={**here.environ},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=False,
    )
    return completed.stdout


def printed(run: Callable[[], object], environ: Mapping[str, str] = SCREEN) -> str:
    """Return what something prints in this process, with some variables set; it ends well."""
    with (
        pytest.MonkeyPatch.context() as patch,
        contextlib.redirect_stdout(io.StringIO()) as screen,
    ):
        for name, value in environ.items():
            patch.setenv(name, value)
        assert not run()
    return screen.getvalue()


def detected(_world: Sandbox) -> str:
    """Return what `detect` prints on a recorded machine."""
    machine = RecordedMachine(ROOT / "fixtures" / "machines" / "linux-nvidia-rtx-4090")
    return printed(lambda: print_detection(detect(machine)))


def explained(sandbox: Sandbox) -> str:
    """Return what `explain` prints for a machine with an RTX 4090."""
    return hatch_torch(sandbox.on("rtx-4090"), *EXPLAIN)


def judged(sandbox: Sandbox) -> str:
    """Return what `status` prints where a GPU came after the install."""
    sandbox.install("uv")
    return hatch_torch(sandbox.on("rtx-4090"), "status")


def shown(sandbox: Sandbox) -> str:
    """Return what `demo` prints in a CI job without accelerator, from the tables of today."""
    completed = subprocess.run(
        [sys.executable, "-m", "hatch_torch", "demo"],
        cwd=sandbox.folder,
        env={**os.environ, **IN_CI},
        stdout=subprocess.PIPE,
        encoding="utf-8",
        check=True,
    )
    return completed.stdout


SCREENS: dict[str, Callable[[Sandbox], str]] = {
    "detect": detected,
    "explain": explained,
    "status": judged,
    "demo": shown,
}


def as_written(screen: str, sandbox: Sandbox) -> str:
    """Replace what differs from run to run: the index's port, hashes, folders, seconds.

    Nobody has to name PyTorch's own index, for which the embedded one stands.
    """
    text = re.sub(STYLE, "", screen).replace(
        sandbox.index.torch_index, "https://download.pytorch.org/whl"
    )
    text = re.sub(r"\n  index .*, by TORCH_VARIANT_INDEX_URL", "", text)
    text = re.sub(r"sha256=[0-9a-f]{64}", "sha256=…", text).replace(str(sandbox.folder), "~")
    text = re.sub(r"\d+\.\d( *)$", r"…\1", text, flags=re.MULTILINE)
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")


@pytest.mark.skipif(
    sys.version_info < (3, 11) or sys.platform != "linux" or platform.machine() != "x86_64",
    reason="recorded on Linux x86_64, with the newest torch",
)
@pytest.mark.parametrize("name", SCREENS)
def test_is_what_the_command_prints(sandbox: Sandbox, name: str) -> None:
    """The block below `hatch-torch NAME` in the documentation is that command's screen."""
    screen = f"```console\n$ hatch-torch {name}\n{as_written(SCREENS[name](sandbox), sandbox)}\n```"
    block = re.compile(rf"```console\n\$ hatch-torch {name}\n.*?```", re.DOTALL)
    (page,) = (page for page in PAGES if block.search(page.read_text("utf-8")))
    if os.environ.get("RECORD_SCREENS"):
        page.write_text(block.sub(lambda _: screen, page.read_text("utf-8")), "utf-8")
    assert screen in page.read_text("utf-8")
