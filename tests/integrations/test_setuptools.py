"""The setuptools integration, called as setuptools calls it in a build."""

from __future__ import annotations

import json
import sys
import tarfile
from functools import partial
from typing import TYPE_CHECKING
from zipfile import ZipFile

import pytest
from packaging.version import Version
from setuptools import build_meta

from hatch_torch.cli.main import main
from hatch_torch.demo.server import serve
from hatch_torch.integrations import setuptools as integration
from hatch_torch.integrations._common import NOT_IN_SDISTS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.integrations.conftest import CalledBy, Required

    Info = Callable[..., Path]
    Metadata = Callable[[Path], list[str]]

SYSTEM = """
[build-system]
requires = ["setuptools", "hatch-torch"]
build-backend = "setuptools.build_meta"
"""
PROJECT = f"""{SYSTEM}
[project]
name = "my-app"
version = "1.0"
dependencies = ["numpy", "torch>=2.3"]
dynamic = ["optional-dependencies"]
[tool.setuptools]
py-modules = ["my_app"]
[tool.torch-variant.extras.cpu]
"""
SETUP_CFG = """
[metadata]
name = my-app
version = 1.0
[options]
py_modules = my_app
install_requires =
    # a comment
    numpy
    torch>=2.3
[options.extras_require]
vision = torchvision
"""
SETUP_PY = """
from setuptools import setup
setup(
    name="my-app", version="1.0", py_modules=["my_app"], install_requires=["torch>=2.3"],
    extras_require={"vision": ["torchvision"], ":os_name!='x'": ["numpy ; os_name!='y'"]},
)
"""
OWN = ["numpy", "torch>=2.3"]


@pytest.fixture(autouse=True)
def _restore_argv(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what setuptools changes in its process."""
    monkeypatch.setattr(sys, "argv", ["setup.py"])


@pytest.fixture
def project(folder: Path) -> Path:
    """Make a project that setuptools builds."""
    (folder / "pyproject.toml").write_text(PROJECT, encoding="utf-8")
    return folder


@pytest.fixture
def info(called_by: CalledBy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Info:
    """Return a function that has setuptools write a dist-info folder for a command."""
    original = integration.subclass_egg_info

    def write(*command: str, kind: str = "editable") -> Path:
        changed = partial(original, get_ancestors=called_by(*command))
        monkeypatch.setattr(integration, "subclass_egg_info", changed)
        ask = getattr(build_meta, f"prepare_metadata_for_build_{kind}")
        return tmp_path / str(ask(str(tmp_path)))

    return write


@pytest.fixture
def metadata(required: Required) -> Metadata:
    """Return a function: the requirements in a dist-info folder."""
    return lambda info: required((info / "METADATA").read_text(encoding="utf-8"))


@pytest.mark.usefixtures("project")
@pytest.mark.parametrize("kind", ["editable", "wheel"])
def test_an_install_gets_the_wheel_in_front(info: Info, metadata: Metadata, kind: str) -> None:
    """The exact wheel is in front of the project's requirements, and the record in dist-info."""
    made = info("pip", "install", "-e", ".", kind=kind)
    first, *rest = metadata(made)
    assert first.startswith("torch")
    assert "http://127.0.0.1" in first
    assert rest[:2] == OWN
    record = json.loads((made / "extra_metadata" / "torch-variant.json").read_text("utf-8"))
    assert (record["backend"], record["purpose"]) == ("cpu", "install")


@pytest.mark.usefixtures("project")
@pytest.mark.filterwarnings("ignore::setuptools.warnings.InformationOnly")
def test_one_decision_in_a_build(
    called_by: CalledBy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, required: Required
) -> None:
    """Setuptools runs the command several times in a build; the decision is injected once."""
    changed = partial(
        integration.subclass_egg_info, get_ancestors=called_by("pip", "install", "-e", ".")
    )
    monkeypatch.setattr(integration, "subclass_egg_info", changed)
    with ZipFile(tmp_path / build_meta.build_editable(str(tmp_path))) as wheel:
        found = required(wheel.read("my_app-1.0.dist-info/METADATA").decode())
        assert "my_app-1.0.dist-info/extra_metadata/torch-variant.json" in wheel.namelist()
    assert ["127.0.0.1" in one for one in found] == [True, False, False, True, False]


def test_the_lock_decides(
    project: Path, info: Info, metadata: Metadata, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The locked release is installed, though the index has a newer one."""
    with serve(newest=Version("2.13.0")) as earlier, monkeypatch.context() as then:
        then.setenv("TORCH_VARIANT_INDEX_URL", earlier.torch_index)
        then.setenv("TORCH_VARIANT_CACHE_DIR", str(project / "another-cache"))
        assert main(["lock"]) == 0
    assert "/torch-2.13.0%2Bcpu-" in metadata(info("pip", "install", "-e", "."))[0]


@pytest.mark.usefixtures("project")
def test_a_portable_build(info: Info, metadata: Metadata) -> None:
    """A portable wheel has the extras, and nothing of this machine."""
    made = info("pip", "wheel", ".", kind="wheel")
    assert [one.replace("'", '"') for one in metadata(made)] == [*OWN, 'torch>=2.3; extra == "cpu"']
    assert not [*made.rglob("torch-variant.json")]


def test_stale_record_is_deleted(project: Path) -> None:
    """The next build deletes the record of an earlier install from the checkout."""
    stale = project / "my_app.egg-info" / "extra_metadata" / "torch-variant.json"
    stale.parent.mkdir(parents=True)
    stale.touch()
    build_meta.get_requires_for_build_wheel()
    assert stale.parents[1].exists()
    assert not stale.parent.exists()


def test_an_sdist(
    project: Path, called_by: CalledBy, monkeypatch: pytest.MonkeyPatch, required: Required
) -> None:
    """An sdist is portable for every command, and leaves out the lock and the stamp."""
    changed = partial(integration.subclass_egg_info, get_ancestors=called_by("pip", "install", "."))
    monkeypatch.setattr(integration, "subclass_egg_info", changed)
    (project / "MANIFEST.in").write_text("graft .\n", encoding="utf-8")
    for name in NOT_IN_SDISTS:
        (project / name).touch()
    with tarfile.open(project / "dist" / build_meta.build_sdist("dist")) as sdist:
        assert "my_app-1.0/my_app.py" in sdist.getnames()
        assert {f"my_app-1.0/{name}" for name in NOT_IN_SDISTS}.isdisjoint(sdist.getnames())
        file = sdist.extractfile("my_app-1.0/PKG-INFO")
        assert file
        assert required(file.read().decode())[:2] == OWN


@pytest.mark.parametrize(
    ("file", "own"),
    [
        (("setup.cfg", SETUP_CFG), [*OWN, 'torchvision; extra == "vision"']),
        (
            ("setup.py", SETUP_PY),
            [
                "torch>=2.3",
                'numpy; os_name != "y" and os_name != "x"',
                'torchvision; extra == "vision"',
            ],
        ),
    ],
)
def test_older_files(
    folder: Path, info: Info, metadata: Metadata, file: tuple[str, str], own: list[str]
) -> None:
    """A project without `[project]` keeps its requirements, and gets the backends' extras."""
    table = "[tool.torch-variant.extras]\ncpu = {}\ncu126 = {}\n"
    (folder / "pyproject.toml").write_text(SYSTEM + table, encoding="utf-8")
    name, text = file
    (folder / name).write_text(text, encoding="utf-8")
    found = metadata(info("pip", "install", "-e", "."))
    assert found[0].startswith("torch")
    assert "127.0.0.1" in found[0]
    plainer = [one.replace("'", '"') for one in found]
    assert len(plainer) == len({*plainer})
    assert {*own, 'torch>=2.3; extra == "cu126"'} <= {*plainer}


def test_an_extra_with_a_marker(folder: Path, info: Info, metadata: Metadata) -> None:
    """The exact wheels are in front of an extra whose key has a marker."""
    (folder / "pyproject.toml").write_text(f"{SYSTEM}[tool.torch-variant]\n", encoding="utf-8")
    text = SETUP_PY.replace('"vision"', "\"vision:os_name!='x'\"")
    (folder / "setup.py").write_text(text, encoding="utf-8")
    found = metadata(info("pip", "install", "-e", "."))
    vision = [one.partition(";") for one in found if '"vision"' in one]
    names = [one.partition(" @")[0] for one, _, _ in vision]
    assert names == ["torch", "torchvision", "torchvision"]
    assert {marker for _, _, marker in vision} == {' os_name != "x" and extra == "vision"'}


@pytest.mark.usefixtures("project")
def test_editable_build_without_a_process_tree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, metadata: Metadata
) -> None:
    """Without a process tree, pip's editable install gets its wheels; other builds don't."""
    monkeypatch.setenv("PIP_BUILD_TRACKER", str(tmp_path))
    changed = partial(integration.subclass_egg_info, get_ancestors=lambda: None)
    monkeypatch.setattr(integration, "subclass_egg_info", changed)
    made = build_meta.prepare_metadata_for_build_editable(str(tmp_path))
    assert "127.0.0.1" in metadata(tmp_path / made)[0]
    made = build_meta.prepare_metadata_for_build_wheel(str(tmp_path))
    assert metadata(tmp_path / made)[:2] == OWN


def test_requirements_in_the_table(folder: Path, info: Info, metadata: Metadata) -> None:
    """If the field is dynamic, the requirements may be in `[tool.torch-variant]`."""
    text = PROJECT.replace('dependencies = ["numpy", "torch>=2.3"]\n', "")
    text = text.replace("dynamic = [", 'dynamic = ["dependencies", ')
    text += '[tool.torch-variant]\ndependencies = ["numpy", "torch>=2.3"]\n'
    (folder / "pyproject.toml").write_text(text, encoding="utf-8")
    assert metadata(info("pip", "wheel", ".", kind="wheel"))[:2] == OWN


@pytest.mark.usefixtures("project")
def test_error(info: Info, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is shown without a traceback."""
    monkeypatch.setenv("TORCH_VARIANT", "cu12.8x")
    with pytest.raises(SystemExit, match=r"^error: TORCH_VARIANT: expected"):
        info("pip", "install", "-e", ".")
