"""The inputs of a decision, from a project, an environment and a request."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.catalog import target as targets
from hatch_torch.config.build_system import BuildSystem
from hatch_torch.errors import ConfigurationError
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.hardware.model import Accelerator, Hardware
from hatch_torch.lock.model import Lock, LockInputs
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs, read_profile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from hatch_torch.catalog.target import Target
    from tests.resolution.conftest import DecisionBench

NO_GPU = '{"accelerators": []}'
PAGE = (
    f"""<a href="torch-2.7.0%2Brocm6.5-cp312-cp312-linux_x86_64.whl#sha256={"0" * 64}">torch</a>"""
)


@pytest.fixture
def environ(bench: DecisionBench, tmp_path: Path) -> dict[str, str]:
    """Return the environment of a run on a machine without accelerator."""
    return {
        "TORCH_VARIANT_CACHE_DIR": str(tmp_path),
        "TORCH_VARIANT_HARDWARE": NO_GPU,
        "TORCH_VARIANT_INDEX_URL": bench.server.torch_index,
    }


@pytest.mark.parametrize(
    ("request_", "seen"),
    [
        (None, True),
        (BuildRequest(purpose="install", site_packages=()), True),
        (BuildRequest(purpose="install"), False),
    ],
)
def test_sees_environment(
    bench: DecisionBench, environ: dict[str, str], request_: BuildRequest | None, *, seen: bool
) -> None:
    """Only an install whose target is unknown does not see the environment."""
    case = collect_inputs(bench.make_config(), environ, request=request_)
    assert case.sees_environment is seen


@pytest.mark.parametrize(
    ("request_", "variables", "lock", "expected"),
    [
        ({}, {}, None, ("torch>=2.3", "rich")),
        ({"upgrade": True}, {}, None, ()),
        ({"offline": True}, {}, None, ()),
        ({"site_packages": None}, {}, None, ()),
        ({}, {"TORCH_VARIANT_UPGRADE": "1"}, None, ()),
        ({}, {"TORCH_VARIANT_OFFLINE": "1"}, None, ()),
        ({}, {}, Lock(LockInputs()), ()),
    ],
)
def test_previous_install(  # noqa: PLR0913, PLR0917 (each is a reason of its own)
    bench: DecisionBench,
    environ: dict[str, str],
    tmp_path: Path,
    request_: dict[str, Any],
    variables: dict[str, str],
    lock: Lock | None,
    expected: tuple[str, ...],
) -> None:
    """The previous install counts, except with a lock, for an upgrade, and offline."""
    (info := tmp_path / "my_app-1.0.dist-info").mkdir()
    lines = ("Metadata-Version: 2.4", "Name: my-app", "Version: 1.0")
    required = ("Requires-Dist: torch>=2.3", "Requires-Dist: rich")
    (info / "METADATA").write_text("\n".join((*lines, *required, "", "")), encoding="utf-8")
    asked = BuildRequest(**{"purpose": "install", "site_packages": (tmp_path,), **request_})

    case = collect_inputs(bench.make_config(), {**environ, **variables}, request=asked, lock=lock)

    assert case.read_previous_requirements() == expected


@pytest.fixture
def own_index() -> Iterator[str]:
    """Serve the folder of an index of the project's own, with a ROCm that PyTorch never had."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """Answer the page of torch."""
            found = self.path == "/rocm6.5/torch/"
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.encode() if found else b"")

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's)
            """Be quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/rocm6.5"
        server.shutdown()
        thread.join()


def test_profile_instead_of_probing(
    bench: DecisionBench, here: Target, environ: dict[str, str]
) -> None:
    """A hardware profile replaces every probe."""
    case = collect_inputs(bench.make_config(), environ, target=here)
    assert case.probe({"nvidia"}) == Hardware()


def test_this_machine(bench: DecisionBench) -> None:
    """By default this machine is probed, and this interpreter is the target."""
    case = collect_inputs(bench.make_config(), {})
    assert case.target.python == targets.running_interpreter().python
    assert [source.probe for source in case.probe({"apple"}).probe_reports]
    assert case.find_installed({"torch"}) == ()


def test_given_probe(bench: DecisionBench, here: Target) -> None:
    """A given probe is used."""
    machine = Hardware(accelerators=(Accelerator("intel", architecture="xe2"),))
    case = collect_inputs(bench.make_config(), {}, target=here, probe=lambda _: machine)
    assert case.probe(None) == machine


@pytest.mark.parametrize(
    ("frontend", "routed"), [("uv", frozenset({"torchvision"})), ("pip", frozenset())]
)
def test_uv_sources(
    bench: DecisionBench, here: Target, frontend: str, routed: frozenset[str]
) -> None:
    """Uv's sources count only under uv."""
    wiring = BuildSystem(build_hook={}, uv_sources={"torchvision": {"index": "mine"}})
    request = BuildRequest(installer=frontend, constraints=("torch<2.7", "-r what.txt"))
    case = collect_inputs(bench.make_config(build_system=wiring), {}, request=request, target=here)
    assert case.uv_routed == routed
    assert [str(one) for one in case.constraints] == ["torch<2.7"]


def test_channel_of_an_extra(bench: DecisionBench, here: Target, environ: dict[str, str]) -> None:
    """An extra of another channel has its own folder there, and its pre-releases."""
    nightly = bench.backend("rocm70", "torch>=2.10.0.dev0", channel="nightly")
    stable = bench.backend("cu124", channel="stable")
    config = bench.make_config(nightly, stable, "cpu")
    asked = BuildRequest(extras=frozenset({"rocm70"}))
    case = collect_inputs(
        bench.with_dependencies(config, "torch>=2.3"), environ, request=asked, target=here
    )
    assert str(decide(case).pins[0].version) == "2.10.0.dev20251120+rocm7.0"


@pytest.mark.parametrize(
    ("channel", "path"), [("stable", "/cu126/"), ("nightly", "/nightly/cu126/")]
)
def test_channel_of_the_project(
    bench: DecisionBench, here: Target, environ: dict[str, str], channel: str, path: str
) -> None:
    """A stable extra of a nightly project comes from the stable folder."""
    extra = bench.backend("cu126", channel=channel)
    config = bench.make_config(extra, "cpu", channel="nightly")
    asked = BuildRequest(extras=frozenset({"cu126"}))
    case = collect_inputs(
        bench.with_dependencies(config, "torch"), environ, request=asked, target=here
    )
    url = decide(case).pins[0].url or ""
    assert f"/whl{path}torch-" in url


def test_own_index(
    bench: DecisionBench, here: Target, environ: dict[str, str], own_index: str
) -> None:
    """A ROCm that PyTorch never published comes from the project's own index."""
    extra = bench.backend("rocm6.5", index_url=own_index)
    config = bench.with_dependencies(bench.make_config(extra, "cpu"), "torch>=2.3")
    environ["TORCH_VARIANT_HARDWARE"] = '{"rocm": {"version": "6.5.0"}}'
    decision = decide(collect_inputs(config, environ, target=here))
    assert str(decision.pins[0].version) == "2.7.0+rocm6.5"
    assert (decision.pins[0].url or "").startswith(own_index)


def test_installer_cannot_log_in(
    bench: DecisionBench, here: Target, environ: dict[str, str]
) -> None:
    """Where only the hook could log in, the error shows the netrc line to write."""
    config = bench.with_dependencies(bench.make_config("cpu"), "torch>=2.3")
    environ["TORCH_VARIANT_INDEX_URL"] = bench.server.torch_index.replace("//", "//me:secret@")
    with pytest.raises(ConfigurationError, match=r"machine 127\.0\.0\.1 login USER") as fault:
        decide(collect_inputs(config, environ, target=here))
    assert len(fault.value.faults) == 1
    assert "secret@" not in str(fault.value)


def test_index_origin(bench: DecisionBench, here: Target, environ: dict[str, str]) -> None:
    """The decision has the index's root and what configured it."""
    config = bench.with_dependencies(bench.make_config("cpu"), "torch>=2.3")
    decision = decide(collect_inputs(config, environ, target=here))
    assert decision.index_origin == (bench.server.torch_index, "TORCH_VARIANT_INDEX_URL")


@pytest.mark.parametrize("text", ["{", "[]", "/no/such/file.json"])
def test_bad_profile(text: str) -> None:
    """The error about an unreadable profile names the option."""
    with pytest.raises(ConfigurationError, match=r"^--hardware x: "):
        read_profile(text, "--hardware x")


def test_huge_profile(tmp_path: Path) -> None:
    """Of a huge file only as much is read as shows that it is no profile."""
    path = tmp_path / "machine.json"
    path.write_text(" " * 3_000_000, encoding="utf-8")
    with pytest.raises(
        ConfigurationError, match="expected at most 1048576 characters, got 3000000"
    ):
        read_profile(str(path), "--hardware")
    with pytest.raises(ConfigurationError) as fault:
        read_profile("x" * 100_000, "--hardware")
    assert len(str(fault.value)) < 300


def test_profile_in_a_file(tmp_path: Path) -> None:
    """A profile may be a file."""
    path = tmp_path / "machine.json"
    path.write_text('{"system": "Linux"}', encoding="utf-8")
    assert read_profile(str(path), "--hardware") == Hardware(system="Linux")
