"""Where uv gets packages: `[tool.uv.sources]`, `[[tool.uv.index]]` and the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch_torch.config.config import load_config
from hatch_torch.config.uv_sources import UvSources, list_requirements, read_uv_sources

if TYPE_CHECKING:
    from pathlib import Path

LINUX = {"sys_platform": "linux", "python_version": "3.12"}


def write(folder: Path, name: str, text: str) -> Path:
    """Write a project, and return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    project = f'[project]\nname = "{name}"\nversion = "1"\n'
    (folder / "pyproject.toml").write_text(project + text, encoding="utf-8")
    return folder


def names(found: UvSources) -> list[str]:
    """Return the names of the local projects."""
    return [config.name for config in found.projects]


def test_indexes(tmp_path: Path) -> None:
    """A package comes from the index that it is routed to; an explicit index has no other."""
    write(
        tmp_path,
        "my-app",
        """
[tool.uv.sources]
Routed = { index = "private" }
lost = { index = "unheard-of" }
on-windows = { index = "private", marker = "sys_platform == 'win32'" }
by-extra = [{ index = "plain", extra = "gpu" }, { index = "private", extra = "cpu" }]
[[tool.uv.index]]
name = "private"
url = "https://private.example/simple"
explicit = true
[[tool.uv.index]]
name = "plain"
url = "https://plain.example/simple"
[[tool.uv.index]]
url = "https://default.example/simple"
default = true
[[tool.uv.index]]
url = "wheels"
format = "flat"
[[tool.uv.index]]
name = "broken"
""",
    )
    found = read_uv_sources(tmp_path, ["gpu"], LINUX)
    assert found == UvSources(
        own_urls=(
            ("routed", "private=https://private.example/simple"),
            ("by-extra", "plain=https://plain.example/simple"),
        ),
        indexes=(
            (False, "plain=https://plain.example/simple"),
            (True, "https://default.example/simple"),
        ),
        find_links=((tmp_path / "wheels").as_uri(),),
    )
    without = read_uv_sources(tmp_path, ["gpu"], LINUX, has_sources=False)
    assert without == found._replace(own_urls=())
    unconfigured = read_uv_sources(tmp_path, ["gpu"], LINUX, has_config=False)
    assert unconfigured == found._replace(indexes=(), find_links=())


def test_unknown_packages(tmp_path: Path) -> None:
    """Nothing is known of a package from git, from a URL, or from a file."""
    sources = """
[tool.uv.sources]
one = { git = "https://git.example/one" }
two = { url = "https://example.org/two-1.whl" }
three = { path = "three-1.whl" }
four = { workspace = true }
"""
    write(tmp_path, "my-app", sources)
    found = read_uv_sources(tmp_path, (), LINUX)
    assert found == UvSources(unknown=frozenset({"one", "two", "three", "four"}))


def test_folders(tmp_path: Path) -> None:
    """A folder's own sources count too; one that cannot be read bounds nothing."""
    app = write(
        tmp_path / "app",
        "my-app",
        '[tool.uv.sources]\nlib = { path = "../lib", editable = true }\n'
        'bad = { path = "../bad" }\n',
    )
    write(tmp_path / "lib", "lib", '[tool.uv.sources]\nbase = { path = "../base" }\n')
    write(tmp_path / "base", "base", '[tool.uv.sources]\nlib = { path = "../lib" }\n')
    write(tmp_path / "bad", "bad", "dependencies = 1\n")
    assert names(read_uv_sources(app, (), LINUX)) == ["lib", "base"]


def test_workspace(tmp_path: Path) -> None:
    """A member is found by its name; sources and indexes of the root hold for every member."""
    write(
        tmp_path,
        "root",
        """
[tool.uv.workspace]
members = ["packages/*", "/absolute/*", 1]
exclude = ["packages/old"]
[tool.uv.sources]
lib = { workspace = true }
old = { workspace = true }
other = { git = "https://git.example/other" }
[[tool.uv.index]]
name = "ours"
url = "https://root.example/simple"
""",
    )
    app = write(
        tmp_path / "packages" / "app",
        "my-app",
        '[tool.uv.sources]\nother = { index = "ours" }\n',
    )
    write(tmp_path / "packages" / "lib", "Lib", 'dependencies = ["torch<2.9"]\n')
    write(tmp_path / "packages" / "old", "old", "")
    (tmp_path / "packages" / "README").touch()
    found = read_uv_sources(app, (), LINUX)
    assert names(found) == ["Lib"]
    assert found.unknown == {"old"}
    assert found.own_urls == (("other", "ours=https://root.example/simple"),)


def test_no_member_of_the_workspace(tmp_path: Path) -> None:
    """A project that its workspace excludes has nothing of it."""
    write(
        tmp_path,
        "root",
        '[tool.uv.workspace]\nmembers = ["packages/*"]\nexclude = ["packages/app"]\n'
        '[tool.uv.sources]\nlib = { git = "https://git.example/lib" }\n',
    )
    app = write(tmp_path / "packages" / "app", "my-app", "")
    assert read_uv_sources(app, (), LINUX) == UvSources()


def test_requirements_of_a_local_project() -> None:
    """Requirements of extras get the marker that METADATA has."""
    project = {
        "name": "lib",
        "dependencies": ["torch<2.9"],
        "optional-dependencies": {
            "Vision": ["timm", "numpy; os_name == 'nt' or os_name == 'posix'"]
        },
    }
    assert [*map(str, list_requirements(load_config({"project": project}, {})))] == [
        "torch<2.9",
        'timm; extra == "vision"',
        'numpy; (os_name == "nt" or os_name == "posix") and extra == "vision"',
    ]
