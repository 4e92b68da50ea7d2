"""What a user reads in pip's output when something is wrong: a sentence, never a traceback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

CLOSED = "http://127.0.0.1:9/whl"
METADATA_HOOK = "[tool.hatch.metadata.hooks.torch-variant]"
TABLE = """
[tool.torch-variant]
backends = "cuda"
require-hashes = "yes"
dependencies = ["torch"]
"""


def test_every_fault_of_a_table(sandbox: Sandbox) -> None:
    """All faults are reported at once, each with its path, what is expected and what was given."""
    changes = (("extras.cu128]", "extras.cu12x]"), ('["torchaudio"]', '["torchaudio >> 2"]'))
    sandbox.write("full", *changes, more=TABLE)

    output = sandbox.refusal("pip")

    assert "error: tool.torch-variant" in output
    assert "tool.torch-variant.backends: unknown key; expected one of backend, build-" in output
    assert "did you mean 'backend'?" in output
    assert "tool.torch-variant.require-hashes: expected true or false, got 'yes'" in output
    place = "tool.torch-variant.optional-dependencies.sound[0]"
    assert f"{place}: 'torchaudio >> 2' is not a valid requirement" in output
    assert "tool.torch-variant.extras.cu12x: expected a backend such as cu128" in output
    assert "tool.torch-variant.dependencies: project.dependencies is set too" in output
    assert sandbox.versions() == {}


def test_extras_that_nothing_declares(sandbox: Sandbox) -> None:
    """Backend extras without the metadata hook are told, with the table to add."""
    sandbox.write("full", (f"{METADATA_HOOK}\n", ""))

    output = sandbox.refusal("pip")

    assert "tool.torch-variant.optional-dependencies: nothing reads it" in output
    place = "tool.torch-variant.extras.cu126"
    assert f"{place}: nothing declares this extra hint: add" in output
    assert f"to project.dynamic and the table {METADATA_HOOK}" in output


def test_hook_that_is_never_called(sandbox: Sandbox) -> None:
    """A metadata hook without a dynamic field is told, since Hatch would not call it."""
    sandbox.write("full", ('dynamic = ["optional-dependencies"]', ""))

    output = sandbox.refusal("pip")

    assert "Hatch calls this hook only for dynamic fields" in output
    assert 'add "optional-dependencies" to project.dynamic' in output


def test_direct_references(sandbox: Sandbox) -> None:
    """The metadata hook alone needs Hatch's leave to name URLs: the lines to paste are shown."""
    leave = "[tool.hatch.metadata]\nallow-direct-references = true\n"
    sandbox.write("one-hook", (leave, ""))

    assert " ".join(leave.split()) in sandbox.refusal("pip")


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_two_backend_extras(sandbox: Sandbox, tool: str) -> None:
    """Two backends at once can't be."""
    output = sandbox.refusal(tool, what=".[cpu,cu126]")

    assert "expected one backend extra, got cu126, cpu" in output


def test_unknown_backend_by_variable(sandbox: Sandbox) -> None:
    """A backend outside the project's extras is an error that lists the good ones."""
    output = sandbox.on(TORCH_VARIANT="cu12.7").refusal("pip")

    expected = "TORCH_VARIANT: expected a backend of this project (auto, portable, cu126, cu128,"
    assert expected in output
    assert "did you mean 'cu12" in output


def test_index_down(sandbox: Sandbox) -> None:
    """Nothing stands in for an index that is down where the accelerator needs its wheels."""
    output = sandbox.on("mi300x", TORCH_VARIANT_INDEX_URL=CLOSED).refusal("pip")

    assert f"{CLOSED}/rocm7.0/torch/: connection refused" in output
    assert "or set TORCH_VARIANT=portable" in output


def test_index_down_and_a_backend_asked_for(sandbox: Sandbox) -> None:
    """A backend that was asked for by name is not replaced by another one."""
    output = sandbox.on(TORCH_VARIANT_INDEX_URL=CLOSED).refusal("pip", what=".[cpu]")

    assert f"{CLOSED}/cpu/torch/: connection refused" in output
    assert "or set TORCH_VARIANT=portable" in output
    assert sandbox.versions() == {}


def test_index_down_where_the_plain_wheel_runs(sandbox: Sandbox) -> None:
    """The newest plain wheel that runs here stands in for an index that is down, and is noted."""
    sandbox.on("rtx-4090", TORCH_VARIANT_INDEX_URL=CLOSED).install("uv")

    assert sandbox.versions() == {"torch": "2.10.0", "torchvision": "0.25.0"}
    assert sandbox.record()["backend"] == "cu128"
    assert CLOSED in sandbox.record()["warnings"][0]


def test_index_down_without_an_accelerator(sandbox: Sandbox) -> None:
    """Without an accelerator nothing is added where the index is down, and that is noted."""
    sandbox.on(TORCH_VARIANT_INDEX_URL=CLOSED).install("uv")

    assert sandbox.versions()["torch"] == "2.14.1"
    assert (sandbox.record()["backend"], sandbox.record()["added"]) == (None, [])
    assert "nothing is added" in sandbox.record()["warnings"][0]


def test_no_wheel_for_this_python(sandbox: Sandbox) -> None:
    """Where nothing fits, the error has the range, the Python, the GPU and what to do."""
    sandbox.write("full", ("torch>=2.3,<2.15", "torch<2"))

    output = sandbox.on("mi300x").refusal("pip")

    assert "no torch fits this project: required torch<2, torchvision for Python 3." in output
    assert "accelerator AMD Instinct MI300X (gfx942)" in output
    assert "no torch in range for this Python and platform" in output
    assert "hint: set TORCH_VARIANT=portable" in output
