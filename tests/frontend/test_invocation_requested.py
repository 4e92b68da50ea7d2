"""What a command line requests for a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.invocation import RequestedInstall, parse_requested
from hatch_torch.frontend.resolver_options import ResolverOptions

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontend.conftest import ReadInvocation


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install|-e|.[cu124]", {"cu124"}),
        ("pip install|.", set()),
        ("pip install|.[Dev_All, cu124]", {"dev-all", "cu124"}),
        ("pip install|-e|../my app[a]", {"a"}),
        ("pip install|{folder}[a] ; python_version > '3'", {"a"}),
        ("pip install|{url}", set()),
        ("pip install|{url}[a]", {"a"}),
        ("pip install|-e|{url}#egg=my-app[a]", {"a"}),
        ("pip install|-e|file:..#subdirectory=my app", set()),
        ("pip install|my-app[a] @ {url}", {"a"}),
        ("pip install|my-app @ {parent}#subdirectory=my%20app", set()),
        ("pip install|.[]", set()),
        ("uv pip install|-e|.|--extra|a|--extra=b", {"a", "b"}),
        ("uv pip install|-r|pyproject.toml|--extra|a", {"a"}),
        ("uv pip install|-r|../my app/pyproject.toml", set()),
        ("uv pip sync|all.txt", {"a"}),
        ("pip install|-rall.txt", {"a"}),
        ("uvx|--from|.[a]|tool", {"a"}),
        ("uvx|--with|numpy,.[a,b]|tool", {"a", "b"}),
        ("uv tool run|--with-editable|../my app|tool", set()),
        ("uv tool install|-e|.[a]", {"a"}),
    ],
)
def test_extras(line: str, expected: set[str], project: Path, invoke: ReadInvocation) -> None:
    """The project is recognized in every spelling, with its extras."""
    (project / "all.txt").write_text("numpy\n-e .[a]\n")
    url = project.as_uri()
    filled = line.format(folder=project, url=url, parent=project.parent.as_uri())
    first, *words = filled.split("|")

    actual = parse_requested(invoke(*first.split(), *words), project)

    assert actual.names_project
    assert expected == actual.extras


@pytest.mark.parametrize(
    "line",
    [
        "pip install other[a]",
        "pip install ./other[a]",
        "pip install ../other[a]",
        "pip install https://x.org/my-app[a]",
        "pip install -e git+https://x.org/app#egg=app[a]",
        "pip install x@https://x.org/a.whl",
        "pip install -r missing.txt",
        "uv pip install --extra a other",
        "uv tool install -e",
        "pip wheel .[a]",
    ],
)
def test_other_project(line: str, project: Path, invoke: ReadInvocation) -> None:
    """The extras of another project are not the project's."""
    requested = parse_requested(invoke(*line.split()), project)
    assert RequestedInstall() == requested._replace(requirements=(), resolver=ResolverOptions())


@pytest.mark.parametrize(
    ("place", "expected"),
    [(".[a]", True), ("./my app[a]", True), ("../x[a]", False), ("./other[a]", False)],
)
def test_unknown_folder(
    *, place: str, expected: bool, project: Path, invoke: ReadInvocation
) -> None:
    """If an installer's folder is unknown, a path is compared with the end of the project's."""
    nowhere = invoke("pip", "install", place)._replace(cwd=None)

    assert expected == parse_requested(nowhere, project).names_project


def test_requirements(project: Path, invoke: ReadInvocation) -> None:
    """Constraints and other requirements are collected, the project's own line is not."""
    (project / "limits.txt").write_text("torch<2.6\nnot a requirement\n")
    (project / "more.txt").write_text("numpy<2 --hash=sha256:00\n-c limits.txt\n")

    pip = invoke("pip", "install", "-e.", "torch>2", f"app @ {project.as_uri()}", "-r", "more.txt")
    uv = invoke("uv", "pip", "install", "-e.", UV_CONSTRAINT="limits.txt limits.txt")

    assert parse_requested(pip, project).requirements == ("numpy<2", "torch<2.6", "torch>2")
    assert parse_requested(uv, project).requirements == ("torch<2.6",)


def test_indexes(project: Path, invoke: ReadInvocation) -> None:
    """`--find-links` and `--no-index` are recognized, in files too."""
    (project / "wheels").mkdir()
    (project / "off.txt").write_text("--no-index\n")

    actual = parse_requested(
        invoke("pip", "install", "-roff.txt", "-fwheels", "-fhttps://x.org"), project
    )

    assert actual.no_index
    assert (str(project / "wheels"), "https://x.org") == actual.find_links
    assert parse_requested(invoke("pip", "install", PIP_NO_INDEX="1"), project).no_index


def test_secrets_stay_out(project: Path, invoke: ReadInvocation) -> None:
    """No representation holds a requirement or a link."""
    asked = parse_requested(invoke("pip", "install", "x @ https://me:s3cret@x.org/x.whl"), project)

    assert asked.requirements
    assert "s3cret" not in repr(asked)
