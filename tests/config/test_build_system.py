"""The three forms of a downstream project, and the places that Hatch allows for their tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.build_system import BuildBackend, BuildSystem
from hatch_torch.config.config import BackendExtra, Config

if TYPE_CHECKING:
    from tests.config.conftest import Faults, Read

_HATCH = '[build-system]\nbuild-backend = "hatchling.build"\n'
_NUMPY = Requirement("numpy")
_TORCH = Requirement("torch>=2.3")
_HOOK = "[tool.hatch.build.hooks.torch-variant]\n"


def test_smallest(read: Read) -> None:
    """The build hook alone is enough, and leaves everything at its default."""
    assert Config(
        name="my-app",
        dependencies=(_TORCH, Requirement("torchvision"), _NUMPY),
        build_system=BuildSystem(
            build_hook={},
            build_backend=BuildBackend(import_path="hatchling.build", requires_hatch_torch=True),
            static=frozenset({"name", "version", "dependencies"}),
        ),
    ) == read(form="smallest")


def test_defaults() -> None:
    """A project that says nothing gets the documented defaults."""
    config = Config()
    assert {name: getattr(config, name) for name in Config._fields if name != "build_system"} == {
        "name": "",
        "dependencies": (),
        "optional_dependencies": {},
        "backend": "auto",
        "extras": (),
        "family": (),
        "channel": "stable",
        "index_url": None,
        "hosts": (),
        "environment_variable": None,
        "when_no_accelerator": "auto",
        "when_unsupported": "cpu",
        "existing": "auto",
        "companions": {},
        "compatibility": False,
        "require_hashes": False,
        "scope": "tree",
        "build_requires": (),
    }


def test_full(read: Read) -> None:
    """The full form declares ordinary extras and backends beside its static dependencies."""
    config = read(form="full")
    assert config.dependencies[0] == _TORCH
    assert {"dev": (Requirement("pytest"),)} == config.optional_dependencies
    assert (
        BackendExtra("cu124", Backend("cuda", (12, 4))),
        BackendExtra(
            "rocm70",
            Backend("rocm", (7, 0)),
            dependencies=(Requirement("torch>=2.10.0.dev0"),),
            channel="nightly",
        ),
        BackendExtra(
            "rocm65", Backend("rocm", (6, 5)), index_url="https://wheels.example.org/rocm6.5"
        ),
        BackendExtra("rocm57", Backend("rocm", (5, 7)), (Requirement("torch==2.3.1"),)),
        BackendExtra("cpu", Backend("cpu")),
    ) == config.extras


def test_full_build_system(read: Read) -> None:
    """In the full form uv calls both hooks each time, and the extras are declared."""
    build_system = read(form="full").build_system
    assert (build_system.metadata_hook, build_system.build_hook) == ({}, {})
    assert build_system.uv_asks_backend
    assert "optional-dependencies" in build_system.fills_fields
    assert build_system.names_stamp
    assert not build_system.metadata_hook_only


def test_one_table(read: Read) -> None:
    """The table has the project's requirements; the metadata hook alone has to add to them."""
    config = read(form="one table")
    assert config.dependencies == (_TORCH, _NUMPY)
    assert config.build_system.metadata_hook_only


def test_one_table_with_a_build_hook(read: Read) -> None:
    """With a build hook no permission for direct references is needed."""
    config = read(
        """
        [project]
        name = "my-app"
        dynamic = ["dependencies", "optional-dependencies"]
        [tool.hatch.metadata.hooks.torch-variant]
        [tool.hatch.build.hooks.torch-variant]
        [tool.torch-variant]
        dependencies = ["torch>=2.3"]
        """
    )
    assert config.dependencies == (_TORCH,)
    assert not config.build_system.metadata_hook_only


def test_hatch_toml(read: Read) -> None:
    """The tables of hatch.toml replace those of pyproject.toml."""
    hooks = read(
        '[project]\nname = "my-app"\n[tool.hatch.version]\npath = "a.py"\n',
        hatch='[build.hooks.torch-variant]\nbuild-requires = ["torch"]\n',
    )
    assert hooks.build_requires == ("torch",)


def test_hatch_toml_replaces_whole_tables(faults: Faults) -> None:
    """A build table in hatch.toml hides the hooks of pyproject.toml, as for Hatch itself."""
    text = f"{_HATCH}[tool.torch-variant]\nbackend = 'cpu'\n{_HOOK}"
    found = faults(text, hatch="[build.hooks.vcs]\n")
    assert found == [
        (
            "tool.torch-variant: nothing reads this table\n"
            "hint: add [tool.hatch.build.hooks.torch-variant], or run `hatch-torch init`"
        )
    ]


def test_hook_of_the_wheel_target(read: Read) -> None:
    """A build hook of the wheel target takes precedence over the one for all targets."""
    config = read(
        '[project]\nname = "my-app"\n'
        "[tool.hatch.build.targets.wheel.hooks.torch-variant]\n"
        'build-requires = ["torchvision"]\n' + _HOOK
    )
    assert config.build_requires == ("torchvision",)


def test_project_without_hatch_torch(read: Read) -> None:
    """A project without the table and the hooks is read for the command line."""
    config = read('[project]\nname = "other"\ndependencies = ["torch>=2.3"]\n')
    assert config.dependencies == (_TORCH,)


def test_every_key(read: Read) -> None:
    """Every key of the table is in the Config."""
    config = read(
        """
        [tool.torch-variant]
        backend = "CUDA"
        channel = "test"
        compatibility = true
        environment-variable = "My_App__PreferredGpuBackend"
        existing = "replace"
        family = ["TorchVision"]
        hosts = ["wheels.example.org"]
        index-url = "https://mirror.example.org/whl"
        require-hashes = true
        when-no-accelerator = "portable"
        when-unsupported = "error"
        """,
        form="smallest",
    )
    assert (
        Config(
            name="my-app",
            dependencies=config.dependencies,
            backend="CUDA",
            family=("torchvision",),
            channel="test",
            index_url="https://mirror.example.org/whl",
            hosts=("wheels.example.org",),
            environment_variable="My_App__PreferredGpuBackend",
            when_no_accelerator="portable",
            when_unsupported="error",
            existing="replace",
            compatibility=True,
            require_hashes=True,
            build_system=config.build_system,
        )
        == config
    )
