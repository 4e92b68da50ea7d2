"""`pip install -e .` and `uv pip install -e .`, no flags: each machine gets its own wheels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

BACKENDS = {
    "none": "cpu",
    "rtx-4090": "cu126",
    "gtx-1080-ti": "cu126",
    "mi300x": "rocm7.2",
    "arc-b580": "xpu",
}
COMPANIONS = {"mi300x": ["triton_rocm"], "arc-b580": ["triton_xpu"]}
RECORD = {
    *("schema", "backend", "decided_by", "hardware", "candidates", "wheels", "index", "added"),
    "bounds",
    "warnings",
    *("created", "extras", "python", "frontend", "purpose", "hatch_torch"),
}
WRITTEN = ["numpy", "torch<2.15,>=2.3", "torchaudio", "torchvision"]
IMPORT = "import torch; print(torch.__version__, torch.version.cuda, torch.version.hip)"


def family(backend: str | None) -> dict[str, str]:
    """Return the newest family in range, as a backend has it."""
    newest = {"torch": "2.14.1", "torchaudio": "2.11.0", "torchvision": "0.29.2"}
    return {name: f"{version}+{backend}" for name, version in newest.items()} if backend else {}


@pytest.mark.parametrize(
    ("tool", "form", "machine"),
    [
        *(("pip", "smallest", machine) for machine in ("none", "mi300x")),
        *(("pip", "one-table", machine) for machine in ("gtx-1080-ti",)),
        *(("pip", "one-hook", machine) for machine in ("arc-b580",)),
        *(("uv", "one-table", machine) for machine in BACKENDS),
        *(("uv", "one-hook", machine) for machine in ("rtx-4090", "mi300x")),
    ],
)
def test_machine(sandbox: Sandbox, tool: str, form: str, machine: str) -> None:
    """A machine gets its wheels by URL and hash, nothing else is fetched, nothing rewritten."""
    sandbox.write(form)

    sandbox.on(machine).install(tool)

    assert family(BACKENDS[machine]) == sandbox.exact()
    assert sandbox.present() == sandbox.fetched()
    companions = [name.split("-")[0] for name in sandbox.present() if name.startswith("triton_")]
    assert COMPANIONS.get(machine, []) == companions
    assert [line for line in sandbox.requirements() if " @ " not in line] == WRITTEN


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_full_form(sandbox: Sandbox, tool: str) -> None:
    """A project picks among its own backends, and the torch that it gets can be imported."""
    sandbox.on("mi300x").install(tool)

    assert sandbox.exact() == {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
    assert sandbox.present() == sandbox.fetched()
    version, cuda, hip = sandbox.run(sandbox.python, "-c", IMPORT).split()
    assert (version, cuda, hip[:3]) == ("2.10.0+rocm7.0", "None", "7.0")
    assert "No broken requirements" in sandbox.pip("check")


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_record(sandbox: Sandbox, tool: str) -> None:
    """The decision is recorded beside the installed project, and is what stands in front."""
    sandbox.on("rtx-4090").install(tool)

    record = sandbox.record()
    assert record.keys() == RECORD
    summary = {key: record[key] for key in ("backend", "decided_by", "frontend", "purpose")}
    expected = {"backend": "cu126", "decided_by": "detection", "purpose": "install"}
    assert {**expected, "frontend": tool} == summary
    wheels = [
        f"{wheel['name']} @ {wheel['url']}#sha256={wheel['sha256']}" for wheel in record["wheels"]
    ]
    assert {"torch", "torchvision"} == {wheel["name"] for wheel in record["wheels"]}
    assert {wheel["name"]: wheel["version"] for wheel in record["wheels"]} == sandbox.exact()
    assert wheels == record["added"][:2] == sandbox.requirements()[:2]


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_not_editable(sandbox: Sandbox, tool: str) -> None:
    """`pip install .` in the checkout is an install as well."""
    cuda = sandbox.on("rtx-4090")

    if tool == "pip":
        cuda.pip("install", ".")
    else:
        cuda.uv("pip", "install", ".")

    assert sandbox.exact() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}


def test_tool(sandbox: Sandbox) -> None:
    """`uv tool install .` is an install, into an environment of the tool's own."""
    scripts = '[project.scripts]\nmy-app = "my_app:main"\n[tool.hatch.metadata'
    sandbox.write("full", ("[tool.hatch.metadata", scripts))
    tools = sandbox.folder / "tools"

    sandbox.on("rtx-4090", UV_TOOL_DIR=str(tools)).uv("tool", "install", ".")

    (torch,) = tools.rglob("torch-*.dist-info")
    assert torch.name == "torch-2.14.1+cu126.dist-info"


def test_metadata_hook_alone_leaves_no_record(sandbox: Sandbox) -> None:
    """Without a build hook there is nobody to write a record."""
    sandbox.write("one-hook")

    sandbox.on("rtx-4090").install("uv")

    assert family("cu126") == sandbox.exact()
    assert not [*sandbox.venv.rglob("torch-variant.json")]


def test_metadata_hook_alone_is_for_editable_builds(sandbox: Sandbox) -> None:
    """Without a build hook an install that is not editable is portable."""
    sandbox.write("one-hook")

    sandbox.on("rtx-4090").uv("pip", "install", ".")

    assert sandbox.versions() == {
        "torch": "2.14.1",
        "torchaudio": "2.11.0",
        "torchvision": "0.29.2",
    }
    assert sandbox.exact() == {}


def test_the_machine_at_hand(sandbox: Sandbox) -> None:
    """Without a recorded machine the real one is looked at, whatever it is."""
    sandbox.write("one-table")

    sandbox.on(TORCH_VARIANT_HARDWARE="").install("uv")

    assert sandbox.record()["hardware"]["system"]
    assert family(sandbox.record()["backend"]) == sandbox.exact()
    assert sandbox.versions().keys() == family("any").keys()
