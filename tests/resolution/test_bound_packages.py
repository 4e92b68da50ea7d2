"""Packages that are compiled for one torch: from PyTorch's index, from PyPI, or from their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.package_index import write_page
from tests.support.sandbox import DRIVER_550, pins

if TYPE_CHECKING:
    from hatch_torch.hardware.model import Nvidia
    from tests.support.package_index import Packages
    from tests.support.sandbox import Sandbox

FLASH_ATTN: Packages = {"flash-attn": {"2.8.3": ()}}


def test_from_pytorch_index(sandbox: Sandbox) -> None:
    """Xformers comes from the folder of torch's backend, the release that is built for it."""
    builds = {"0.0.35": ["torch>=2.10"], "0.0.33": ["torch==2.9.0"], "0.0.31": ["torch==2.7.1"]}
    sandbox.publish("cu130", {"xformers": builds})
    decision = sandbox.decide({"xformers": builds}, "torch<2.10", "xformers")
    assert pins(decision) == {
        "torch": "torch-2.9.0%2Bcu130-py3-none-any.whl",
        "xformers": "xformers-0.0.33%2Bcu130-py3-none-any.whl",
    }
    assert decision.pins[1].sha256
    assert any(one.name == "xformers" for one in decision.injected)


def test_an_exact_release_of_it(sandbox: Sandbox) -> None:
    """Its exact torch bounds ours, and its wheel is that of the backend."""
    builds = {"0.0.33": ["torch==2.9.0"], "0.0.31": ["torch==2.7.1"]}
    sandbox.publish("cu128", {"xformers": builds})
    decision = sandbox.decide({"xformers": builds}, "torch>=2.4", "xformers==0.0.31")
    assert pins(decision)["torch"] == "torch-2.7.1%2Bcu128-py3-none-any.whl"
    assert pins(decision)["xformers"] == "xformers-0.0.31%2Bcu128-py3-none-any.whl"
    assert str(decision.bounds[-1]) == "torch ==2.7.1: xformers 0.0.31, required by my-app"


def test_wheels_that_do_not_fit_the_install(sandbox: Sandbox) -> None:
    """A wheel whose own requirements the install excludes is passed over."""
    newest = {"2.13.0": ["torch<2.14,>=2.13", "tensorrt-cu13>=11.1"]}
    other = {"2.13.0": ["torch<2.14,>=2.13", "tensorrt-cu13>=12"]}
    sandbox.publish("cu130", {"torch-tensorrt": other})
    pypi: Packages = {"torch-tensorrt": newest, "tensorrt-cu13": {"11.1": ()}}
    decision = sandbox.decide(pypi, "torch-tensorrt")
    assert pins(decision) == {"torch": "torch-2.13.0%2Bcu130-py3-none-any.whl"}
    assert decision.warnings == ()


@pytest.mark.parametrize("package", ["torchcodec", "fbgemm-gpu", "torchrec"])
def test_a_pairing_bounds_torch(sandbox: Sandbox, package: str) -> None:
    """A release that says nothing of torch bounds it by the table."""
    version, torch = {
        "torchcodec": ("0.9.1", "2.9.0"),
        "fbgemm-gpu": ("1.5.0", "2.10.0"),
        "torchrec": ("1.4.0", "2.9.0"),
    }[package]
    decision = sandbox.decide({package: {version: ()}}, "torch", package)
    assert pins(decision)["torch"].startswith(f"torch-{torch}%2B")
    assert pins(decision)[package] == f"{package}=={version}"


def test_an_older_release_for_this_torch(sandbox: Sandbox) -> None:
    """Where torch is bounded otherwise, the release that is compiled for it is pinned."""
    releases: dict[str, tuple[str, ...]] = {"0.17.0": (), "0.8.0": (), "0.7.0": ()}
    sandbox.publish("cu126", {"torchcodec": releases})
    decision = sandbox.decide({"torchcodec": releases}, "torch==2.8.0", "torchcodec")
    assert pins(decision)["torch"] == "torch-2.8.0%2Bcu128-py3-none-any.whl"
    assert pins(decision)["torchcodec"] == "torchcodec==0.7.0"


def test_a_pairing_never_changes_other_packages(sandbox: Sandbox) -> None:
    """What a package does not say itself makes no other package older; the record warns."""
    pypi: Packages = {
        "app": {"2.0": ["torch==2.8.0", "torchcodec>=0.14"], "1.0": ["torch==2.6.0"]},
        "torchcodec": {"0.17.0": ()},
    }
    decision = sandbox.decide(pypi, "app")
    assert pins(decision) == {"torch": "torch-2.8.0%2Bcu128-py3-none-any.whl"}
    (warning,) = decision.warnings
    assert warning.startswith("torchcodec 0.17.0 is compiled for torch >=2.11, not for 2.8.0")


def test_no_pairing_that_works(sandbox: Sandbox) -> None:
    """Where no release is compiled for the torch that the project pins, the record warns."""
    decision = sandbox.decide({"torchcodec": {"0.17.0": ()}}, "torch==2.8.0", "torchcodec")
    assert [*pins(decision)] == ["torch"]
    assert "torchcodec 0.17.0 is compiled for torch >=2.11" in decision.warnings[0]


def test_torchao_lowers_no_torch(sandbox: Sandbox) -> None:
    """Torchao works with any torch; the wheel with its kernels is taken where there is one."""
    releases: dict[str, tuple[str, ...]] = {"0.18.0": (), "0.14.0": ()}
    sandbox.publish("cu128", {"torchao": releases})
    decision = sandbox.decide({"torchao": releases}, "torch==2.9.0", "torchao", backend="cu128")
    assert pins(decision)["torchao"] == "torchao-0.14.0%2Bcu128-py3-none-any.whl"


def test_torchao_without_its_kernels(sandbox: Sandbox) -> None:
    """Where there is no torchao for the torch that is chosen, the record warns."""
    decision = sandbox.decide({"torchao": {"0.9.0": ()}}, "torch", "torchao")
    assert pins(decision) == {"torch": "torch-2.13.0%2Bcu130-py3-none-any.whl"}
    assert "torchao 0.9.0 is compiled for torch <2.7.1,>=2.6" in decision.warnings[0]


def test_the_cuda_of_pypi(sandbox: Sandbox) -> None:
    """The wheel of vllm on PyPI is built for CUDA 12, as PyPI's torch 2.9.0 is; so torch is too."""
    decision = sandbox.decide({"vllm": {"0.11.1": ["torch==2.9.0"]}}, "torch", "vllm")
    assert pins(decision) == {"torch": "torch-2.9.0%2Bcu128-py3-none-any.whl"}
    assert decision.warnings == ()


def test_the_cuda_of_its_requirements(sandbox: Sandbox) -> None:
    """A package that requires libraries of CUDA 12 gets a torch for CUDA 12."""
    pypi: Packages = {
        "torch-tensorrt": {"2.9.0": ["torch<2.10,>=2.9.0", "tensorrt-cu12>=10"]},
        "tensorrt-cu12": {"10.1": ()},
    }
    decision = sandbox.decide(pypi, "torch", "torch-tensorrt")
    assert pins(decision)["torch"] == "torch-2.9.0%2Bcu128-py3-none-any.whl"


@pytest.mark.parametrize(
    ("nvidia", "backend"), [(DRIVER_550, "cu126"), (None, "cpu")], ids=["old driver", "no gpu"]
)
def test_another_cuda_than_pypi(sandbox: Sandbox, nvidia: Nvidia | None, backend: str) -> None:
    """Where the machine runs no torch for PyPI's CUDA, the record warns."""
    pypi: Packages = {
        "torch-tensorrt": {"2.13.0": ["torch<2.14,>=2.13", "tensorrt-cu13>=11"]},
        "tensorrt-cu13": {"11.1": ()},
    }
    decision = sandbox.decide(pypi, "torch", "torch-tensorrt", nvidia=nvidia)
    assert str(decision.backend) == backend
    assert f"built for CUDA 13, but the chosen backend is {backend}" in decision.warnings[-1]


def test_an_older_release_because_of_torch(sandbox: Sandbox) -> None:
    """The record says where an older release of another package was taken because of torch."""
    pypi: Packages = {"vllm": {"0.40": ["torch==2.99.0"], "0.11.0": ["torch==2.8.0"]}}
    decision = sandbox.decide(pypi, "torch", "vllm")
    assert pins(decision)["torch"] == "torch-2.8.0%2Bcu128-py3-none-any.whl"
    assert decision.warnings == ("vllm 0.11.0 is taken, since vllm 0.40 requires torch==2.99.0",)


def test_nothing_says_which_torch(sandbox: Sandbox) -> None:
    """The record warns of a package that is compiled where it is installed."""
    decision = sandbox.decide(FLASH_ATTN, "torch", "flash-attn")
    assert [*pins(decision)] == ["torch"]
    (warning,) = decision.warnings
    assert warning == (
        "nothing says which torch flash-attn 2.8.3 is compiled for; "
        "set tool.torch-variant.companions.flash-attn to an index of its wheels"
    )


def test_an_unknown_release_of_the_backend(sandbox: Sandbox) -> None:
    """A release that no table knows still comes from the backend's folder, for its CUDA."""
    sandbox.publish("cu130", {"fbgemm-gpu": {"99.0": (), "98.0": ()}})
    decision = sandbox.decide({"fbgemm-gpu": {"99.0": ()}}, "torch", "fbgemm-gpu")
    assert pins(decision)["fbgemm-gpu"] == "fbgemm_gpu-99.0%2Bcu130-py3-none-any.whl"
    assert "nothing says which torch fbgemm-gpu 99.0+cu130" in decision.warnings[0]


class TestCompanions:
    """`[tool.torch-variant.companions]`: an index of a package's own."""

    def publish(self, sandbox: Sandbox, page: str, **options: bool) -> None:
        """Write a page with wheels of flash-attn for two Pythons."""
        file = sandbox.folder / "own" / page
        for tag in ("cp312-cp312-linux_x86_64", "cp39-cp39-linux_x86_64"):
            write_page(file, {"flash-attn": {"2.8.3+cu12torch2.8": ()}}, tag, **options)
            if tag.startswith("cp312"):
                text = file.read_text(encoding="utf-8")
        file.write_text(text, encoding="utf-8")

    @pytest.mark.parametrize(
        ("page", "url"),
        [
            ("torch-2.8.0+cu128.html", "torch-{torch}+{backend}.html"),
            ("cu12-torch2.8/flash-attn/index.html", "{backend}-torch{torch}/"),
            ("cp312/linux_x86_64/index.html", "{python}/{platform}/"),
        ],
    )
    def test_pages(self, sandbox: Sandbox, page: str, url: str) -> None:
        """A page of links and a folder are read; releases and backends may be abbreviated."""
        self.publish(sandbox, page)
        decision = sandbox.decide(
            FLASH_ATTN,
            "torch==2.8.0",
            "flash-attn",
            companions={"Flash_Attn": {"url": f"{sandbox.url}/own/{url}"}},
        )
        wheel = "flash_attn-2.8.3%2Bcu12torch2.8-cp312-cp312-linux_x86_64.whl"
        assert pins(decision)["flash-attn"] == wheel
        assert decision.pins[-1].sha256

    def test_a_wheel(self, sandbox: Sandbox) -> None:
        """The URL of a wheel is pinned where it exists, with the hash of its fragment."""
        self.publish(sandbox, "index.html")
        wheel = "flash_attn-2.8.3+cu12torch{torch}-{python}-{python}-{platform}.whl"
        url = f"{sandbox.url}/own/{wheel}#sha256={'ab' * 32}"
        decision = sandbox.decide(
            {}, "torch==2.8.0", "flash-attn", companions={"flash-attn": {"url": url}}
        )
        assert "torch2.8-cp312" in pins(decision)["flash-attn"]
        assert decision.pins[-1].sha256 == "ab" * 32

    @pytest.mark.parametrize("require_hashes", [True, False])
    def test_without_a_hash(self, sandbox: Sandbox, *, require_hashes: bool) -> None:
        """`require-hashes` refuses a wheel of which the page gives no hash."""
        self.publish(sandbox, "index.html", hashes=False)
        decision = sandbox.decide(
            FLASH_ATTN,
            "torch==2.8.0",
            "flash-attn",
            companions={"flash-attn": {"url": f"{sandbox.url}/own/"}},
            **{"require-hashes": require_hashes},  # type: ignore[arg-type] # one of the table's keys
        )
        assert ("flash-attn" in pins(decision)) is not require_hashes
        refused = [one for one in decision.warnings if "has no wheel of flash-attn without" in one]
        assert bool(refused) is require_hashes

    def test_another_host(self, sandbox: Sandbox) -> None:
        """A link to a host that is not listed is refused, and the record says so."""
        page = sandbox.folder / "own" / "index.html"
        page.parent.mkdir()
        name = "flash_attn-2.8.3-py3-none-any.whl"
        page.write_text(f'<a href="https://files.example.org/{name}#sha256={"ab" * 32}">x</a>')
        arguments: Any = (FLASH_ATTN, "torch", "flash-attn")
        url = f"{sandbox.url}/own/"
        refused = sandbox.decide(*arguments, companions={"flash-attn": {"url": url}})
        assert [*pins(refused)] == ["torch"]
        assert any(
            "files.example.org, which tool.torch-variant.companions.flash-attn.hosts" in one
            for one in refused.warnings
        )

    def test_allowed_host(self, sandbox: Sandbox) -> None:
        """`hosts` allows further hosts."""
        page = sandbox.folder / "own" / "index.html"
        page.parent.mkdir()
        name = "flash_attn-2.8.3-py3-none-any.whl"
        page.write_text(f'<a href="https://files.example.org/{name}#sha256={"ab" * 32}">x</a>')
        own = {"url": f"{sandbox.url}/own/", "hosts": ["files.example.org"]}
        decision = sandbox.decide({}, "torch", "flash-attn", companions={"flash-attn": own})
        assert pins(decision)["flash-attn"] == name

    @pytest.mark.parametrize(
        "url", ["nowhere/", "nowhere/flash_attn-1-py3-none-any.whl", "not.whl"]
    )
    def test_no_wheel(self, sandbox: Sandbox, url: str) -> None:
        """An index without a wheel for this torch leaves the package to the installer."""
        companions = {"flash-attn": {"url": f"{sandbox.url}/own/{url}"}}
        decision = sandbox.decide({}, "torch", "flash-attn", companions=companions)
        assert [*pins(decision)] == ["torch"]
        assert any(
            "the index has no wheel of flash-attn for torch 2.13.0" in one
            for one in decision.warnings
        )

    def test_an_index_that_does_not_answer(self, sandbox: Sandbox) -> None:
        """Its failure is in the record, and torch is installed."""
        companions = {"flash-attn": {"url": "http://127.0.0.1:9/"}}
        decision = sandbox.decide({}, "torch", "flash-attn", companions=companions)
        assert [*pins(decision)] == ["torch"]
        assert any("127.0.0.1:9" in one for one in decision.warnings)
