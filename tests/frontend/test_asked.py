"""What is asked for a project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.frontend.invocation import Asked, read_asked

if TYPE_CHECKING:
    from pathlib import Path

    from tests.frontend.conftest import ReadCall


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
def test_extras(line: str, expected: set[str], project: Path, call: ReadCall) -> None:
    """The project is found in every spelling, with its extras."""
    (project / "all.txt").write_text("numpy\n-e .[a]\n")
    url = project.as_uri()
    filled = line.format(folder=project, url=url, parent=project.parent.as_uri())
    first, *words = filled.split("|")

    actual = read_asked(call(*first.split(), *words), project)

    assert actual.named
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
def test_not_named(line: str, project: Path, call: ReadCall) -> None:
    """Another's extras are not the project's."""
    assert Asked() == read_asked(call(*line.split()), project)._replace(requirements=())


@pytest.mark.parametrize(
    ("place", "expected"),
    [(".[a]", True), ("./my app[a]", True), ("../x[a]", False), ("./other[a]", False)],
)
def test_unknown_folder(*, place: str, expected: bool, project: Path, call: ReadCall) -> None:
    """Where an installer's folder is unknown, the end of a path is compared."""
    nowhere = call("pip", "install", place)._replace(cwd=None)

    assert expected == read_asked(nowhere, project).named


def test_requirements(project: Path, call: ReadCall) -> None:
    """Constraints and the other requirements take part, the project's own line does not."""
    (project / "limits.txt").write_text("torch<2.6\nnot a requirement\n")
    (project / "more.txt").write_text("numpy<2 --hash=sha256:00\n-c limits.txt\n")

    pip = call("pip", "install", "-e.", "torch>2", f"app @ {project.as_uri()}", "-r", "more.txt")
    uv = call("uv", "pip", "install", "-e.", UV_CONSTRAINT="limits.txt limits.txt")

    assert read_asked(pip, project).requirements == ("numpy<2", "torch<2.6", "torch>2")
    assert read_asked(uv, project).requirements == ("torch<2.6",)


def test_indexes(project: Path, call: ReadCall) -> None:
    """Folders of wheels and the wish for no index are seen, in files too."""
    (project / "wheels").mkdir()
    (project / "off.txt").write_text("--no-index\n")

    actual = read_asked(call("pip", "install", "-roff.txt", "-fwheels", "-fhttps://x.org"), project)

    assert actual.no_index
    assert (str(project / "wheels"), "https://x.org") == actual.find_links
    assert read_asked(call("pip", "install", PIP_NO_INDEX="1"), project).no_index


def test_secrets_stay_out(project: Path, call: ReadCall) -> None:
    """No representation holds a requirement or a link."""
    asked = read_asked(call("pip", "install", "x @ https://me:s3cret@x.org/x.whl"), project)

    assert asked.requirements
    assert "s3cret" not in repr(asked)
