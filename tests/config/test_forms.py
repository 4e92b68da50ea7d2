"""The three forms of a downstream project, and where Hatch lets their tables stand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from hatch_torch.catalog.backend import Backend
from hatch_torch.config.build_system import Builder, Wiring
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
        wiring=Wiring(
            build_hook={},
            builder=Builder(backend="hatchling.build", requires_us=True),
            static=frozenset({"name", "version", "dependencies"}),
        ),
    ) == read(form="smallest")


def test_defaults() -> None:
    """The defaults are those of the contract's table of keys."""
    config = Config()
    assert {name: getattr(config, name) for name in Config._fields if name != "wiring"} == {
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
        "compatibility": False,
        "require_hashes": False,
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


def test_full_wiring(read: Read) -> None:
    """In the full form uv asks both hooks, again each time, and the extras are declared."""
    wiring = read(form="full").wiring
    assert (wiring.metadata_hook, wiring.build_hook) == ({}, {})
    assert wiring.asked_by_uv
    assert "optional-dependencies" in wiring.sets
    assert wiring.names_stamp
    assert not wiring.one_table


def test_one_table(read: Read) -> None:
    """The requirements of the table are the project's; without a build hook one hook does all."""
    config = read(form="one table")
    assert config.dependencies == (_TORCH, _NUMPY)
    assert config.wiring.one_table


def test_one_table_with_a_build_hook(read: Read) -> None:
    """With a build hook the additions need no permission for direct references."""
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
    assert not config.wiring.one_table


def test_hatch_toml(read: Read) -> None:
    """The tables of hatch.toml stand in place of those of pyproject.toml."""
    hooks = read(
        '[project]\nname = "my-app"\n[tool.hatch.version]\npath = "a.py"\n',
        hatch='[build.hooks.torch-variant]\nbuild-requires = ["torch"]\n',
    )
    assert hooks.build_requires == ("torch",)


def test_hatch_toml_replaces_whole_tables(faults: Faults) -> None:
    """A hook of pyproject.toml is gone where hatch.toml has a build table, as for Hatch itself."""
    text = f"{_HATCH}[tool.torch-variant]\nbackend = 'cpu'\n{_HOOK}"
    found = faults(text, hatch="[build.hooks.vcs]\n")
    assert found == [
        (
            "tool.torch-variant: nothing reads this table; "
            "add [tool.hatch.build.hooks.torch-variant], or see the README's full form"
        )
    ]


def test_hook_of_the_wheel_target(read: Read) -> None:
    """A build hook may stand under the wheel target, and counts before the one for all targets."""
    config = read(
        '[project]\nname = "my-app"\n'
        "[tool.hatch.build.targets.wheel.hooks.torch-variant]\n"
        'build-requires = ["torchvision"]\n' + _HOOK
    )
    assert config.build_requires == ("torchvision",)


def test_project_without_us(read: Read) -> None:
    """A project that has neither our table nor our hooks is read for the command line."""
    config = read('[project]\nname = "other"\ndependencies = ["torch>=2.3"]\n')
    assert config.dependencies == (_TORCH,)


def test_every_key(read: Read) -> None:
    """Every key of the table arrives where it is used."""
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
            wiring=config.wiring,
        )
        == config
    )
