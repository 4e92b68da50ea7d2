"""What `--backends` writes for people who use uv, and what is noted."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from hatch_torch.init.hatch_tables import Folder, folder
from hatch_torch.init.toml_edit import values

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.init.conftest import Written

HERE = Path(__file__).parent
PLAIN = 'numpy", "torch>=2.6,<2.13'
TRITON = "sys_platform == 'linux' and platform_machine == 'x86_64'"


def uv(text: str) -> Any:  # noqa: ANN401 (it is TOML)
    """Return uv's tables."""
    return values(text)["tool"]["uv"]


def test_from_nothing(written: Written, project: Callable[[str], str]) -> None:
    """A plain project gets all of it, below what it has."""
    expected = (HERE / "written" / "plain.toml").read_text(encoding="utf-8")
    assert written(project("plain"), "cu126,rocm64,cpu").files.pyproject == expected


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
    written: Written,
    project: Callable[[str], str],
    backend: str,
    wanted: str,
    expected: str | None,
) -> None:
    """A backend's extra names the triton of the newest torch that it can have."""
    made = written(project("plain").replace(PLAIN, wanted), backend)
    (extra,) = values(made.files.pyproject)["tool"]["torch-variant"]["extras"].values()
    assert extra == ({"dependencies": [expected]} if expected else {})
    assert any("PyPI does not have it" in note for note in made.notes) == bool(expected)


def test_triton_that_is_named(written: Written, project: Callable[[str], str]) -> None:
    """An extra that names a triton itself gets no other."""
    text = project("plain").replace(PLAIN, "torch") + (
        '[project.optional-dependencies]\nrocm64 = ["pytorch-triton-rocm"]\n'
    )
    made = values(written(text).files.pyproject)["tool"]
    assert made["torch-variant"]["extras"]["rocm64"] == {"dependencies": ["pytorch-triton-rocm"]}
    assert "pytorch-triton-rocm" in made["uv"]["sources"]


def test_addresses(written: Written, project: Callable[[str], str]) -> None:
    """A mirror, a channel and an index of one backend lead uv where the hooks look."""
    text = project("plain").replace(PLAIN, "torch").replace(
        'version = "1"', 'version = "1"\ndynamic = ["optional-dependencies"]'
    ) + (
        '[tool.torch-variant]\nindex-url = "https://mirror.example.org/whl/"\n'
        '[tool.torch-variant.extras.cu130]\nchannel = "nightly"\n'
        '[tool.torch-variant.extras.rocm65]\nindex-url = "https://wheels.example.org/rocm6.5"\n'
        "[tool.hatch.metadata.hooks.torch-variant]\n"
        '[[tool.uv.index]]\nname = "pytorch-cpu"\nurl = "https://pypi.example.org"\n'
    )
    assert [
        (one["name"], one["url"]) for one in uv(written(text, "cpu").files.pyproject)["index"]
    ] == [
        ("pytorch-cpu", "https://pypi.example.org"),
        ("pytorch-cu130", "https://mirror.example.org/whl/nightly/cu130"),
        ("pytorch-rocm65", "https://wheels.example.org/rocm6.5"),
        ("torch-variant-cpu", "https://mirror.example.org/whl/cpu"),
    ]


def test_another_source_of_torch(written: Written, project: Callable[[str], str]) -> None:
    """A source that leads elsewhere stays, and the user is told that it decides."""
    source = '[tool.uv.sources]\ntorch = { index = "corp" }\n'
    made = written(project("plain").replace(PLAIN, "torch") + source, "cpu")
    assert uv(made.files.pyproject)["sources"] == {"torch": {"index": "corp"}}
    assert made.notes == ("tool.uv.sources.torch: stays as it is, so under uv it decides",)


def test_sources_of_other_extras(written: Written, project: Callable[[str], str]) -> None:
    """An extra with a name of its own keeps its index, and is locked apart from the backends."""
    text = project("plain") + (
        '[project.optional-dependencies]\ngpu = ["torch", "torchaudio"]\ncpu = ["torch"]\n'
        '[tool.uv.sources]\ntorch = [{ index = "a", extra = "gpu" }, '
        '{ index = "b", extra = "cpu" }]\ntorchaudio = { index = "a", extra = "gpu" }\n'
        '[[tool.uv.index]]\nname = "a"\nurl = "https://download.pytorch.org/whl/cu128"\n'
        '[[tool.uv.index]]\nname = "b"\nurl = "https://download.pytorch.org/whl/cpu"\n'
    )
    tables = uv(written(text).files.pyproject)
    assert tables["sources"]["torch"] == [
        {"index": "a", "extra": "gpu"},
        {"index": "b", "extra": "cpu"},
        {"index": "a", "extra": "cu128"},
    ]
    assert tables["conflicts"] == [[{"extra": "cpu"}, {"extra": "cu128"}, {"extra": "gpu"}]]


def test_index_without_name(written: Written, project: Callable[[str], str]) -> None:
    """An index that served everything gets a name, and serves what names it."""
    index = '[[tool.uv.index]]\nurl = "https://download.pytorch.org/whl/cu128"  # all of it\n'
    made = written(project("plain") + index).files.pyproject
    assert f'{index}name = "pytorch-cu128"\nexplicit = true\n' in made
    (found,) = uv(made)["index"]
    assert uv(made)["sources"]["torch"] == [{"index": found["name"], "extra": "cu128"}]


def test_index_in_place_of_pypi(written: Written, project: Callable[[str], str]) -> None:
    """An index that is the default stays it."""
    index = (
        '[[tool.uv.index]]\nname = "all"\nurl = "https://download.pytorch.org/whl/cpu"\n'
        "default = true\n"
    )
    assert index in written(project("plain") + index).files.pyproject


def test_one_backend_conflicts_with_none(written: Written, project: Callable[[str], str]) -> None:
    """A single backend needs no conflicts."""
    assert "conflicts" not in uv(written(project("plain"), "cpu").files.pyproject)


@pytest.mark.parametrize(
    ("wanted", "note"),
    [
        ("numpy", "nothing here requires torch; add it to the project's dependencies"),
        ("torch==2.6.0+cu124", "names cu124 itself, so that no other can be chosen"),
    ],
)
def test_notes(written: Written, project: Callable[[str], str], wanted: str, note: str) -> None:
    """Requirements that leave nothing to choose are told of."""
    (found,) = written(project("plain").replace(PLAIN, wanted), smallest=True).notes
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
def test_folders(url: str | None, expected: str | None) -> None:
    """PyTorch's index is known by its address."""
    found = folder(url)
    assert (found and f"{found.backend} {found.channel}") == expected
    assert found is None or isinstance(found, Folder)
