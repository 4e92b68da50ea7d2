"""What `--backends` writes for people who use uv, and the notes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch._toml import loads
from hatch_torch.init.hatch_tables import IndexFolder, parse_index_url

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Plan

HERE = Path(__file__).parent
PLAIN = 'numpy", "torch>=2.6,<2.13'
TRITON = "sys_platform == 'linux' and platform_machine == 'x86_64'"


def uv(text: str) -> Any:  # noqa: ANN401 (it is TOML)
    """Return uv's tables."""
    return loads(text)["tool"]["uv"]


def test_from_nothing(plan: Plan, read_project: Callable[[str], str]) -> None:
    """A plain project gets every table, below its own."""
    expected = (HERE / "written" / "plain.toml").read_text(encoding="utf-8")
    assert plan(read_project("plain"), "cu126,rocm64,cpu").files.pyproject == expected


@pytest.mark.parametrize(
    ("backend", "wanted", "expected"),
    [
        ("rocm64", "torch", f"pytorch-triton-rocm>2.1.0; {TRITON}"),
        ("rocm72", "torch", f"triton-rocm>3.0.0; {TRITON}"),
        ("xpu", "torch<2.10", f"pytorch-triton-xpu>3.0.0; {TRITON}"),
        ("xpu", "torch", f"triton-xpu>3.0.0; {TRITON} or sys_platform == 'win32'"),
        ("rocm99.1", "torch", f"triton-rocm>3.0.0; {TRITON}"),
        ("rocm5.2", "torch", None),
        ("cu126", "torch", None),
        ("rocm64", "torch ; extra == 'x'", f"pytorch-triton-rocm>2.1.0; {TRITON}"),
        ("rocm64", "scipy", None),
    ],
)
def test_tritons(
    plan: Plan,
    read_project: Callable[[str], str],
    backend: str,
    wanted: str,
    expected: str | None,
) -> None:
    """A backend's extra requires the triton of the newest torch that it can have."""
    result = plan(read_project("plain").replace(PLAIN, wanted), backend)
    (extra,) = loads(result.files.pyproject)["tool"]["torch-variant"]["extras"].values()
    assert extra == ({"dependencies": [expected]} if expected else {})
    assert any("it is not on PyPI" in note for note in result.notes) == bool(expected)


def test_extra_with_triton(plan: Plan, read_project: Callable[[str], str]) -> None:
    """An extra that names a triton itself gets no second one."""
    text = read_project("plain").replace(PLAIN, "torch") + (
        '[project.optional-dependencies]\nrocm64 = ["pytorch-triton-rocm"]\n'
    )
    result = loads(plan(text).files.pyproject)["tool"]
    assert result["torch-variant"]["extras"]["rocm64"] == {"dependencies": ["pytorch-triton-rocm"]}
    assert "pytorch-triton-rocm" in result["uv"]["sources"]


def test_index_urls(plan: Plan, read_project: Callable[[str], str]) -> None:
    """Uv gets the same mirror, channel and extra index that the hooks use."""
    text = read_project("plain").replace(PLAIN, "torch").replace(
        'version = "1"', 'version = "1"\ndynamic = ["optional-dependencies"]'
    ) + (
        '[tool.torch-variant]\nindex-url = "https://mirror.example.org/whl/"\n'
        '[tool.torch-variant.extras.cu130]\nchannel = "nightly"\n'
        '[tool.torch-variant.extras.rocm65]\nindex-url = "https://wheels.example.org/rocm6.5"\n'
        "[tool.hatch.metadata.hooks.torch-variant]\n"
        '[[tool.uv.index]]\nname = "pytorch-cpu"\nurl = "https://pypi.example.org"\n'
    )
    assert [
        (index["name"], index["url"]) for index in uv(plan(text, "cpu").files.pyproject)["index"]
    ] == [
        ("pytorch-cpu", "https://pypi.example.org"),
        ("pytorch-cu130", "https://mirror.example.org/whl/nightly/cu130"),
        ("pytorch-rocm65", "https://wheels.example.org/rocm6.5"),
        ("torch-variant-cpu", "https://mirror.example.org/whl/cpu"),
    ]


def test_another_source_of_torch(plan: Plan, read_project: Callable[[str], str]) -> None:
    """A source for all installs stays, with a note."""
    source = '[tool.uv.sources]\ntorch = { index = "corp" }\n'
    result = plan(read_project("plain").replace(PLAIN, "torch") + source, "cpu")
    assert uv(result.files.pyproject)["sources"] == {"torch": {"index": "corp"}}
    assert result.notes == ("tool.uv.sources.torch: left as it is; uv takes torch from there",)


def test_sources_of_other_extras(plan: Plan, read_project: Callable[[str], str]) -> None:
    """An extra that names no backend keeps its index and conflicts with the backends."""
    text = read_project("plain") + (
        '[project.optional-dependencies]\ngpu = ["torch", "torchaudio"]\ncpu = ["torch"]\n'
        '[tool.uv.sources]\ntorch = [{ index = "a", extra = "gpu" }, '
        '{ index = "b", extra = "cpu" }]\ntorchaudio = { index = "a", extra = "gpu" }\n'
        '[[tool.uv.index]]\nname = "a"\nurl = "https://download.pytorch.org/whl/cu128"\n'
        '[[tool.uv.index]]\nname = "b"\nurl = "https://download.pytorch.org/whl/cpu"\n'
    )
    tables = uv(plan(text).files.pyproject)
    assert tables["sources"]["torch"] == [
        {"index": "a", "extra": "gpu"},
        {"index": "b", "extra": "cpu"},
        {"index": "a", "extra": "cu128"},
    ]
    assert tables["conflicts"] == [[{"extra": "cpu"}, {"extra": "cu128"}, {"extra": "gpu"}]]


def test_index_without_name(plan: Plan, read_project: Callable[[str], str]) -> None:
    """An index without a name gets one and becomes explicit."""
    index = '[[tool.uv.index]]\nurl = "https://download.pytorch.org/whl/cu128"  # all of it\n'
    result = plan(read_project("plain") + index).files.pyproject
    assert f'{index}name = "pytorch-cu128"\nexplicit = true\n' in result
    (found,) = uv(result)["index"]
    assert uv(result)["sources"]["torch"] == [{"index": found["name"], "extra": "cu128"}]


def test_default_index(plan: Plan, read_project: Callable[[str], str]) -> None:
    """A default index stays the default."""
    index = (
        '[[tool.uv.index]]\nname = "all"\nurl = "https://download.pytorch.org/whl/cpu"\n'
        "default = true\n"
    )
    assert index in plan(read_project("plain") + index).files.pyproject


def test_one_backend_needs_no_conflicts(plan: Plan, read_project: Callable[[str], str]) -> None:
    """A single backend needs no conflicts."""
    assert "conflicts" not in uv(plan(read_project("plain"), "cpu").files.pyproject)


@pytest.mark.parametrize(
    ("wanted", "note"),
    [
        ("numpy", "this project does not depend on torch; add it to the project's dependencies"),
        ("torch==2.6.0+cu124", "names cu124 itself, so no other backend can be chosen"),
    ],
)
def test_notes(plan: Plan, read_project: Callable[[str], str], wanted: str, note: str) -> None:
    """Requirements that leave nothing to choose are noted."""
    (found,) = plan(read_project("plain").replace(PLAIN, wanted), smallest=True).notes
    assert found.endswith(note)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://download.pytorch.org/whl", "None stable"),
        ("https://download.pytorch.org/whl/cu124/", "cu124 stable"),
        ("https://download.pytorch.org/whl/nightly/rocm6.4", "rocm6.4 nightly"),
        ("https://download.pytorch.org/whl/test/cpu", "cpu test"),
        ("https://download.pytorch.org/models", None),
        ("https://pypi.example.org/simple", None),
        ("https://[download.pytorch.org/whl", None),
        (None, None),
    ],
)
def test_parse_index_url(url: str | None, expected: str | None) -> None:
    """PyTorch's index is recognized by its URL."""
    found = parse_index_url(url)
    assert (found and f"{found.backend} {found.channel}") == expected
    assert found is None or isinstance(found, IndexFolder)
