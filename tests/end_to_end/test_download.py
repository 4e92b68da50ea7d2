"""A wheelhouse that `hatch-torch download` fills, for a machine without a network."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

HERE = ("--python", "{}.{}".format(*sys.version_info), "--platform", "linux_x86_64")


def test_a_wheelhouse_installs(sandbox: Sandbox) -> None:
    """What is downloaded, and what the printed line adds, is all that an install needs."""
    wheels = sandbox.folder / "wheels"
    command = ("download", "-d", wheels, "--backend", "cu126", *HERE)

    output = sandbox.run(sys.executable, "-m", "hatch_torch", *command)
    names = {path.name.split("-")[0] for path in wheels.iterdir()}
    assert names == {"torch", "torchvision", "torchaudio"}  # the last one for an extra
    pip, *rest = shlex.split(output.splitlines()[-1])
    assert pip == "pip"
    sandbox.pip(*rest)
    sandbox.index.forget()
    nobody = "http://127.0.0.1:9/"
    there = sandbox.on("rtx-4090", TORCH_VARIANT_INDEX_URL=nobody, PIP_INDEX_URL=nobody)
    there.install("pip", "--no-index", "--find-links", wheels)

    assert there.versions() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    assert there.index.requests == []
