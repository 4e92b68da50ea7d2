"""The Hatch integration, called as hatchling calls it."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from hatchling.builders.wheel import WheelBuilder
from hatchling.metadata.core import ProjectMetadata
from hatchling.plugin.manager import PluginManager

from hatch_torch.config.build_system import HOOK
from hatch_torch.frontend.process_tree import Process
from hatch_torch.frontend.uv_cache import STAMP
from hatch_torch.integrations import hatch as integration
from hatch_torch.integrations.hatch import TorchVariantBuildHook, TorchVariantMetadataHook

SMALLEST = """
[build-system]
requires = ["hatchling", "hatch-torch"]
build-backend = "hatchling.build"
[project]
name = "my-app"
version = "1.0"
dependencies = ["numpy", "torch>=2.3"]
optional-dependencies = { vision = ["torchvision"] }
[tool.hatch.build.hooks.torch-variant]
build-requires = ["torch"]
"""
EXTRA = "[tool.torch-variant.extras.cpu]\n"
ONE_TABLE = """
[project]
name = "my-app"
version = "1.0"
dynamic = ["dependencies", "optional-dependencies"]
[tool.hatch.metadata]
allow-direct-references = true
[tool.hatch.metadata.hooks.torch-variant]
[tool.torch-variant]
dependencies = ["torch>=2.3"]
extras = { cpu = {}, cu126 = {} }
"""


@pytest.fixture
def project(folder: Path) -> Path:
    """Make a project of the smallest form."""
    (folder / "pyproject.toml").write_text(SMALLEST, encoding="utf-8")
    return folder


def called_by(project: Path, *command: str) -> Any:  # noqa: ANN401 (a hook's attribute)
    """Return what a hook sees as its ancestors if a command runs in the project."""
    return staticmethod(lambda: (Process(1, command, str(project), {}),))


def build_hook(project: Path, *command: str, target: str = "wheel") -> TorchVariantBuildHook:
    """Make the build hook as hatchling does, below a command."""
    kind = type("Hook", (TorchVariantBuildHook,), {"get_ancestors": called_by(project, *command)})
    manager = PluginManager()
    metadata = ProjectMetadata(str(project), manager)
    builder = WheelBuilder(str(project), plugin_manager=manager, metadata=metadata)
    config = builder.config.hook_config.get(HOOK, {})
    made: TorchVariantBuildHook = kind(
        str(project), config, builder.config, metadata, str(project / "dist"), target
    )
    return made


def test_registers_both_hooks() -> None:
    """Hatch learns of the two hooks, under one name."""
    assert integration.hatch_register_build_hook() is TorchVariantBuildHook
    assert integration.hatch_register_metadata_hook() is TorchVariantMetadataHook
    assert TorchVariantBuildHook.PLUGIN_NAME == TorchVariantMetadataHook.PLUGIN_NAME == HOOK


def test_an_install_gets_the_wheel_in_front(project: Path) -> None:
    """The exact wheel is in front of the project's requirement, and the record is written."""
    hook = build_hook(project, "pip", "install", "-e", ".")
    build_data: dict[str, Any] = {"extra_metadata": {}}
    hook.initialize("editable", build_data)
    first, *rest = hook.metadata.core.dependencies
    assert first.startswith("torch @ http://127.0.0.1")
    assert rest == ["numpy", "torch>=2.3"]
    assert hook.metadata.core.optional_dependencies["vision"][-1] == "torchvision"
    ((path, name),) = build_data["extra_metadata"].items()
    record = json.loads(Path(path).read_text("utf-8"))
    assert (name, record["backend"], record["purpose"]) == ("torch-variant.json", "cpu", "install")
    hook.finalize("editable", build_data, "")
    assert not Path(path).exists()


def test_a_portable_build_gets_nothing(project: Path) -> None:
    """`pip wheel` leaves the requirements as they are, and writes no record."""
    hook = build_hook(project, "pip", "wheel", ".")
    build_data: dict[str, Any] = {"extra_metadata": {}}
    hook.initialize("standard", build_data)
    hook.finalize("standard", build_data, "")
    assert build_data == {"extra_metadata": {}}
    assert hook.metadata.core.dependencies == ["numpy", "torch>=2.3"]


def test_an_sdist_is_never_touched(project: Path) -> None:
    """Hatchling writes what a hook adds into PKG-INFO, so an sdist gets nothing."""
    hook = build_hook(project, "pip", "install", "-e", ".", target="sdist")
    build_data: dict[str, Any] = {"extra_metadata": {}}
    hook.initialize("standard", build_data)
    assert hook.metadata.core.dependencies == ["numpy", "torch>=2.3"]
    assert hook.dependencies() == []


def test_the_build_environment_gets_the_same_wheel(project: Path) -> None:
    """`build-requires` becomes the install's wheel, or the project's requirement if portable."""
    (install,) = build_hook(project, "pip", "install", "-e", ".").dependencies()
    assert install.startswith("torch @ http://127.0.0.1")
    assert build_hook(project, "pip", "wheel", ".").dependencies() == ["torch>=2.3"]


def test_error(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error is shown without a traceback."""
    monkeypatch.setenv("TORCH_VARIANT", "cu12.8x")
    hook = build_hook(project, "pip", "install", "-e", ".")
    with pytest.raises(SystemExit, match=r"^error: TORCH_VARIANT: expected"):
        hook.initialize("editable", {"extra_metadata": {}})


def test_the_metadata_hook_is_portable(project: Path) -> None:
    """It fills requirements and every backend's extra, and only dynamic fields."""
    (project / "pyproject.toml").write_text(ONE_TABLE, encoding="utf-8")
    metadata: dict[str, Any] = {"dynamic": ["dependencies", "optional-dependencies"]}
    TorchVariantMetadataHook(str(project), {}).update(metadata)
    assert metadata["dependencies"] == ["torch>=2.3"]
    assert metadata["optional-dependencies"] == {"cpu": ["torch>=2.3"], "cu126": ["torch>=2.3"]}
    untouched: dict[str, Any] = {"dynamic": []}
    TorchVariantMetadataHook(str(project), {}).update(untouched)
    assert untouched == {"dynamic": []}


def test_the_metadata_hook_injects_without_a_build_hook(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a build hook it adds the wheels itself, when hatchling builds an editable wheel."""
    (project / "pyproject.toml").write_text(ONE_TABLE, encoding="utf-8")
    monkeypatch.setattr(
        TorchVariantMetadataHook, "get_ancestors", called_by(project, "pip", "install", "-e", ".")
    )
    from hatchling.build import build_editable  # noqa: PLC0415 (its functions depend on the environment)

    name = build_editable(str(project / "dist"))
    assert "my_app-1.0" in name


@pytest.mark.parametrize("value", ["debug", ""])
def test_debug_log(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    """Only `TORCH_VARIANT_LOG=debug` prints each step, and logging is as before afterwards."""
    logger = logging.getLogger("hatch_torch")
    before = (logger.level, logger.propagate, [*logger.handlers], [*logging.root.handlers])
    monkeypatch.setenv("TORCH_VARIANT_LOG", value)
    hook = build_hook(project, "pip", "install", "-e", ".[vision]")
    hook.initialize("editable", {"extra_metadata": {}})
    hook.finalize("editable", {}, "")
    lines = capsys.readouterr().err.splitlines()
    after = (logger.level, logger.propagate, [*logger.handlers], [*logging.root.handlers])
    assert before == after
    if not value:
        assert lines == []
        return
    assert lines[0] == "hatch-torch: installer pip: pip install"
    assert "hatch-torch: extras vision" in lines
    assert "hatch-torch: cpu usable: runs everywhere" in lines
    assert any(line.startswith("hatch-torch: add torch @ http") for line in lines)


@pytest.mark.parametrize(("version", "injected"), [("editable", True), ("standard", False)])
def test_without_a_process_tree(
    project: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, injected: bool
) -> None:
    """Without a process tree, pip's editable wheel gets the exact wheel; other wheels don't."""
    monkeypatch.setenv("PIP_BUILD_TRACKER", str(project))
    hook = build_hook(project)
    monkeypatch.setattr(type(hook), "get_ancestors", staticmethod(lambda: None))
    hook.initialize(version, {"extra_metadata": {}})
    hook.finalize(version, {}, "")
    assert ("127.0.0.1" in hook.metadata.core.dependencies[0]) is injected


def test_extras_are_found_by_their_normalized_names(project: Path) -> None:
    """Hatchling normalizes the names of extras, and so do the injected requirements."""
    path = project / "pyproject.toml"
    path.write_text(SMALLEST.replace("vision =", '"Vision.2" ='), encoding="utf-8")
    hook = build_hook(project, "pip", "install", "-e", ".")
    hook.initialize("editable", {"extra_metadata": {}})
    hook.finalize("editable", {}, "")
    *added, own = hook.metadata.core.optional_dependencies["vision-2"]
    assert own == "torchvision"
    assert [one.partition(" @ ")[0] for one in added] == ["torch", "torchvision"]


def test_uv_runs_the_hook_again(project: Path) -> None:
    """Each run under uv writes the stamp; a project whose hook uv does not run is an error."""
    hook = build_hook(project, "uv", "pip", "install", "-e", ".")
    with pytest.raises(SystemExit, match="does not run the build hook"):
        hook.initialize("editable", {"extra_metadata": {}})
    assert (project / STAMP).read_text("ascii")


def test_invalid_exclude_is_left_to_hatchling(project: Path) -> None:
    """An `exclude` that is not a list is left as it is: hatchling reports it."""
    hook = build_hook(project, "hatchling", "build", target="sdist")
    hook.build_config.target_config["exclude"] = "/docs"
    hook.initialize("standard", {})
    assert hook.build_config.target_config["exclude"] == "/docs"


def test_field_that_is_also_static(project: Path) -> None:
    """If hatchling ever allows both (PEP 808), what is static stays, first and in order."""
    both = 'dynamic = ["dependencies", "optional-dependencies"]\n[tool.hatch.metadata.hooks'
    text = SMALLEST.replace(
        "[tool.hatch.build.hooks", f"{both}.torch-variant]\n[tool.hatch.build.hooks"
    )
    (project / "pyproject.toml").write_text(text + EXTRA, encoding="utf-8")
    own = {
        "dependencies": ["numpy", "torch>=2.3"],
        "optional-dependencies": {"vision": ["torchvision"]},
    }
    metadata: dict[str, Any] = {**own, "dynamic": ["dependencies", "optional-dependencies"]}
    TorchVariantMetadataHook(str(project), {}).update(metadata)
    assert metadata["dependencies"] == own["dependencies"]
    assert metadata["optional-dependencies"] == {"vision": ["torchvision"], "cpu": ["torch>=2.3"]}
