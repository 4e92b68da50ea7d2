"""fixtures/projects/inference-server: ONNX is its core, and its torch comes with an extra."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import URLError
from urllib.request import ProxyHandler, Request, build_opener

import pytest
from uv import find_uv_bin

from hatch_torch.demo.build_tools import find_build_tools, repack_installed

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

PROJECT = Path(__file__).parents[3] / "fixtures" / "projects" / "inference-server"
CORE = {"fastapi", "numpy", "onnx", "onnx-ir", "onnxruntime", "pillow", "uvicorn"}
APPLE = {"vendor": "apple", "name": "Apple M2", "architecture": "apple-m"}
HELLO = {"model": "tiny-text-ONNX/INT8", "messages": [{"role": "user", "content": "Hello"}]}


@pytest.fixture
def server(checkout: Callable[[str], Sandbox]) -> Sandbox:
    """Return the sandbox of this project."""
    return checkout("inference-server")


def test_core(server: Sandbox) -> None:
    """A plain install on a machine with a GPU adds nothing, and no torch comes with it."""
    server.on("rtx-4090").install("pip")

    assert server.present() == server.fetched() == set()
    required = {line.partition(">=")[0] for line in server.requirements() if ";" not in line}
    assert required == CORE


@pytest.mark.parametrize(
    ("tool", "machine", "torch"),
    [
        ("pip", "rtx-4090", "2.14.1+cu126"),
        ("uv", "mi300x", "2.14.1+rocm7.2"),
        ("uv", "none", "2.15.0+cpu"),
    ],
)
def test_extra(server: Sandbox, tool: str, machine: str, torch: str) -> None:
    """The extra brings in the machine's torch, and what goes with it."""
    server.on(machine).install(tool, what=".[torch]")

    assert server.exact() == {"torch": torch}
    assert server.record()["backend"] == torch.partition("+")[2]
    assert server.present() == server.fetched()


def test_dockerfile(server: Sandbox) -> None:
    """The Dockerfile's install takes the backend that its argument names, whatever builds it."""
    lines = (server.project / "Dockerfile").read_text(encoding="utf-8").splitlines()
    (install,) = (line.removeprefix("RUN ") for line in lines if line.startswith("RUN "))
    path = f"{server.python.parent}:{os.environ['PATH']}"

    server.on("mi300x", TORCH_VERSION="cu118", PATH=path).run("sh", "-c", install)

    assert server.exact() == {"torch": "2.7.1+cu118"}
    assert server.record()["decided_by"] == "TORCH_VARIANT"


def test_dockerfile_of_before(server: Sandbox) -> None:
    """A backend that ended before the torch that the project needs is refused by name."""
    output = server.on(TORCH_VARIANT="cu121").refusal("uv", what=".[torch]")

    assert "cu121" in output
    assert "torch>=2.6" in output


def test_mac(server: Sandbox) -> None:
    """A Mac's torch is the plain wheel: no extra of its own is needed."""
    machine = server.add("m2.json", json.dumps({"accelerators": [APPLE]}))
    there = ("--hardware", machine, "--platform", "macos_arm64", "--python", "3.12")

    output = server.run(
        *(sys.executable, "-m", "hatch_torch", "explain", ".", "--json"),
        *(*there, "--require", "torch>=2.6"),
    )

    (wheel,) = json.loads(output)["wheels"]
    assert (wheel["version"], json.loads(output)["backend"]) == ("2.15.0", "mps")


@pytest.fixture(scope="module")
def fetched(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an environment with the real packages that the core and its tests require."""
    table = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))
    tests = table["tool"]["torch-variant"]["optional-dependencies"]["test"]
    venv = tmp_path_factory.mktemp("inference-server") / "environment"
    create = ["venv", "--quiet", "--python", sys.executable, str(venv)]
    install = ["pip", "install", "--quiet", "--python", str(venv)]
    for command in (create, [*install, *table["project"]["dependencies"], *tests]):
        completed = subprocess.run(
            [find_uv_bin(), *command], stderr=subprocess.PIPE, encoding="utf-8", check=False
        )
        if completed.returncode:
            pytest.skip(f"uv can't fetch what the core requires: {completed.stderr}")
    return venv


@pytest.fixture
def core(server: Sandbox, fetched: Path) -> Sandbox:
    """Install the project into that environment, as its users do; only this much is ours."""
    wheels = server.folder / "wheels"
    wheels.mkdir()
    for name in find_build_tools():
        if found := repack_installed(name):
            (wheels / found[0]).write_bytes(found[1])
    alone = ("--no-index", "--find-links", str(wheels))
    active = server.on("rtx-4090", VIRTUAL_ENV=str(fetched))
    active.run(active.uv_program, "pip", "install", *alone, "-e", ".[test]")
    return active


def test_core_passes_its_tests(core: Sandbox, fetched: Path) -> None:
    """The core, installed without torch, passes the project's own tests."""
    output = core.run(fetched / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")

    assert " passed" in output.splitlines()[-1]
    assert not list(fetched.rglob("torch-*.dist-info"))


def test_server(core: Sandbox, fetched: Path) -> None:
    """The command serves: a quantized model answers, and the status says how to get torch."""
    port = free_port()
    environ = {**core.environ, "INFERENCE_SERVER_MODELS": str(core.folder / "models")}
    command = [str(fetched / "bin" / "inference-server"), "--port", str(port)]
    with subprocess.Popen(command, env=environ, stderr=subprocess.DEVNULL) as running:
        try:
            answer = asked(f"http://127.0.0.1:{port}/v1/chat/completions", HELLO)
            status = asked(f"http://127.0.0.1:{port}/backends")
        finally:
            running.terminate()

    assert answer["choices"][0]["message"]["content"].startswith("Hello! I am a tiny model")
    assert status["backends"]["pytorch"]["install"] == "pip install -e '.[torch]'"
    assert status["torch_variant"] is None


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def asked(url: str, question: object = None) -> Any:  # noqa: ANN401 (it is JSON)
    """Return what a server on loopback answers, as soon as it is up."""
    data = json.dumps(question).encode() if question else None
    request = Request(url, data, {"Content-Type": "application/json"})  # noqa: S310 (loopback)
    until = time.monotonic() + 60
    while True:
        try:
            with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
                return json.load(answer)
        except URLError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)
