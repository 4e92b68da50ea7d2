"""What the projects of fixtures/projects get, on machines of many kinds, as `explain` tells it."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.catalog.releases import FAMILY
from hatch_torch.catalog.target import foreign_interpreter
from hatch_torch.cli.main import main
from hatch_torch.config.pyproject import read_project
from hatch_torch.demo.server import serve
from hatch_torch.frontend.request import BuildRequest
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.inputs import collect_inputs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Explain = Callable[..., Any]

FIXTURES = Path(__file__).parents[1] / "fixtures"
PREFERENCE = "Ingest_Upscaler__PreferredGpuBackend"


@pytest.fixture(scope="module")
def index() -> Iterator[str]:
    """Serve the embedded index; return the root of what stands for PyTorch's."""
    with serve() as running:
        yield running.torch_index


@pytest.fixture
def explain(
    index: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Explain:
    """Return what asks for a project's decision on a machine with Python 3.11."""
    monkeypatch.setenv("TORCH_VARIANT_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("TORCH_VARIANT_INDEX_URL", index)
    installers = [name for name in os.environ if name.startswith(("PIP_", "UV_"))]
    for name in ("TORCH_VARIANT", *installers):
        monkeypatch.delenv(name, raising=False)

    def run_explain(project: str, machine: str | dict[str, Any], *options: str) -> Any:  # noqa: ANN401 (JSON)
        profile = FIXTURES / "machines" / str(machine) / "expected.json"
        if isinstance(machine, dict):
            profile = tmp_path / "machine.json"
            profile.write_text(json.dumps(machine), encoding="utf-8")
        words = ("--hardware", str(profile), "--python", "3.11", "--platform", "linux_x86_64")
        code = main(["explain", "--json", str(FIXTURES / "projects" / project), *words, *options])
        assert code == 0, capsys.readouterr().err
        return json.loads(capsys.readouterr().out.replace(index, "https://example.org/whl"))

    return run_explain


def versions(decision: Any) -> list[str]:  # noqa: ANN401 (it is JSON)
    """Return the versions of torch and of its family."""
    return [wheel["version"] for wheel in decision["wheels"] if "triton" not in wheel["name"]]


def nvidia(driver: str, cuda: str, *more: dict[str, str]) -> dict[str, Any]:
    """Return a machine with an A100, and more."""
    gpu = {"vendor": "nvidia", "name": "A100", "architecture": "sm_80"}
    return {"accelerators": [gpu, *more], "nvidia": {"driver": driver, "cuda": cuda}}


@pytest.mark.parametrize(
    ("driver", "cuda", "backend"),
    [
        ("610.12", "13.3", "cu124"),
        ("580.65.06", "13.0", "cu124"),
        ("570.86.15", "12.8", "cu124"),
        ("550.54.15", "12.4", "cu124"),
        ("545.23.08", "12.3", "cu121"),
        ("530.30.02", "12.1", "cu121"),
        ("525.60.13", "12.0", "cu118"),
        ("520.61.05", "11.8", "cu118"),
        ("470.82.01", "11.4", "cu118"),
        ("440.33.01", "10.2", "cpu"),
    ],
)
def test_cuda_map(explain: Explain, driver: str, cuda: str, backend: str) -> None:
    """The driver's CUDA, 12.4 and later, 12.1, 11.8, leads to the build of a torch that has all."""
    decision = explain("launcher", nvidia(driver, cuda), "--require", "torch==2.4.1")
    assert (decision["backend"], versions(decision)) == (backend, [f"2.4.1+{backend}"])


@pytest.mark.parametrize(
    ("machine", "backend"),
    [
        ("linux-nvidia-h200", "cu130"),
        ("linux-amd-mi300x", "rocm6.4"),
        ("linux-intel-arc-b580", "xpu"),
        ("linux-plain", "cpu"),
    ],
)
def test_other_vendors(explain: Explain, machine: str, backend: str) -> None:
    """AMD's and Intel's GPUs, and finer steps of CUDA, are backends as any other."""
    assert explain("launcher", machine, "--require", "torch>=2.7")["backend"] == backend


@pytest.mark.parametrize("extra", ["cpu", "cu118", "cu121"])
def test_by_hand(index: str, extra: str, tmp_path: Path) -> None:
    """`pip install -e '.[torch,cu121]'` takes the build that is asked for, on any machine."""
    config, target = (
        read_project(FIXTURES / "projects" / "launcher"),
        foreign_interpreter("3.11", "linux_x86_64"),
    )
    environ = {"TORCH_VARIANT_INDEX_URL": index, "TORCH_VARIANT_CACHE_DIR": str(tmp_path)}
    request = BuildRequest(extras=frozenset({"torch", extra}))
    decision = decide(collect_inputs(config, environ, request=request, target=target))
    assert [pin.name for pin in decision.pins if pin.name in FAMILY] == [*FAMILY[:3]]
    assert {str(pin.version.local) for pin in decision.pins if pin.name in FAMILY} == {extra}


def test_unreadable_cuda(explain: Explain, capsys: pytest.CaptureFixture[str]) -> None:
    """A version that is none is refused, with its place: no build is guessed from it."""
    with pytest.raises(AssertionError, match=r"nvidia\.cuda: expected a release .*, got 'new'"):
        explain("launcher", nvidia("550.54.15", "new"))
    assert capsys.readouterr().out == ""


def test_backend_without_the_range(explain: Explain) -> None:
    """CUDA 12.1's index ends at torch 2.5.1: asked for more, it is refused with what would do."""
    options = ("--require", "torch>=2.7.0", "--backend", "cu121")
    with pytest.raises(
        AssertionError, match=r"(?s)cu121 \(2.2.0 to 2.5.1\).*hint: request cu118 instead of cu121"
    ):
        explain("launcher", "linux-nvidia-rtx-4090", *options)


@pytest.mark.parametrize(
    ("extra", "folder", "torch", "transformers"),
    [
        ("rocm70", "nightly/rocm7.0", "2.10.0.dev20251120+rocm7.0", ">=4.45.0"),
        ("rocm65", "rocm6.4", "2.9.1+rocm6.4", ">=4.43.0"),
        ("rocm57", "rocm5.7", "2.3.1+rocm5.7", ">=4.41.0,<4.50.0"),
    ],
)
def test_generations(
    explain: Explain, extra: str, folder: str, torch: str, transformers: str
) -> None:
    """Each generation has its index, its torch, and the libraries that go with that."""
    decision = explain("rocm-generations", "linux-amd-mi210-rocm-7.0", "--backend", extra)
    assert versions(decision)[0] == torch
    assert decision["wheels"][0]["url"].startswith(f"https://example.org/whl/{folder}/torch-")
    assert f"transformers{transformers}" in decision["added"]
    assert any(line.startswith("numpy<2") for line in decision["added"]) == (extra == "rocm57")
    names = ("transformers", "diffusers", "accelerate", "huggingface_hub")
    assert all(any(line.startswith(name) for line in decision["added"]) for name in names)
    never = "PyTorch never published rocm6.5; using rocm6.4 instead"
    assert (never in decision["warnings"]) == (extra == "rocm65")


def test_rocm_is_in_the_wheel(explain: Explain) -> None:
    """Both releases of the installed ROCm get the newest wheel that has the GPU's code."""
    for machine in ("linux-amd-mi210-rocm-5.7", "linux-amd-mi210-rocm-7.0"):
        assert explain("rocm-generations", machine)["backend"] == "rocm7.0"


@pytest.mark.parametrize(
    ("preference", "machine", "backend"),
    [
        ("Auto", "linux-nvidia-rtx-4090", "cu118"),
        ("Auto", "linux-amd-mi300x", "rocm6.3"),
        ("Auto", "linux-plain", "cpu"),
        ("CUDA", "linux-nvidia-rtx-4090", "cu118"),
        ("CUDA", "linux-plain", "cu118"),
        ("ROCm", "linux-amd-mi300x", "rocm6.3"),
        ("ROCm", "linux-nvidia-rtx-4090", "rocm6.3"),
        ("CPU", "linux-nvidia-rtx-4090", "cpu"),
    ],
)
def test_preferences(
    explain: Explain,
    monkeypatch: pytest.MonkeyPatch,
    preference: str,
    machine: str,
    backend: str,
) -> None:
    """Each preference gets the pinned family of its index; one by name, whatever the machine is."""
    monkeypatch.setenv(PREFERENCE, preference)
    decision = explain("preferred-backend", machine)
    assert versions(decision) == [f"2.7.0+{backend}", f"0.22.0+{backend}"]
    assert decision["decided_by"] == PREFERENCE


def test_preferences_without_a_variable(explain: Explain) -> None:
    """NVIDIA goes before AMD where both are there; a processor of AMD's is no GPU of AMD's."""
    radeon = {"vendor": "amd", "name": "RX 7900 XTX", "architecture": "gfx1100"}
    decision = explain("preferred-backend", nvidia("580.65.06", "13.0", radeon))
    assert (decision["backend"], decision["decided_by"]) == ("cu118", "detection")


def test_a_preference_that_is_none(explain: Explain, monkeypatch: pytest.MonkeyPatch) -> None:
    """A preference that the application does not have is refused with those that it has."""
    monkeypatch.setenv(PREFERENCE, "Vulkan")
    expected = f"{PREFERENCE}: expected .*cu118, rocm63, cpu.*, got 'Vulkan'"
    with pytest.raises(AssertionError, match=expected):
        explain("preferred-backend", "linux-plain")
