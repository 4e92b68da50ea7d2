"""Which installer a process is."""

from __future__ import annotations

import pytest

from hatch_torch.frontend.installers import identify_installer, load_installers


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("pip install", "pip"),
        ("/usr/bin/pip3.11 install", "pip"),
        ("pip-3.11 install", "pip"),
        ("python -m pip install", "pip"),
        ("python3.13t -I -u -m pip install", "pip"),
        ("python -Im pip install", "pip"),
        ("python -X dev -W error -m pip install", "pip"),
        ("python -m pip.__main__ install", "pip"),
        ("python /x/site-packages/pip install", "pip"),
        ("python /x/site-packages/pip/__main__.py install", "pip"),
        ("python /x/pip/__pip-runner__.py install", "pip"),
        ("python3 /x/pip.pyz install", "pip"),
        (r"C:\Python\python.exe C:\x\Scripts\pip.exe install", "pip"),
        (r"C:\Python\PYTHONW.EXE -m pip install", "pip"),
        ("py -m pip install", "pip"),
        ("pypy3.10 -m pip install", "pip"),
        ("/x/uv pip install", "uv"),
        ("uv.exe pip install", "uv"),
        ("uvx ruff", "uv"),
        ("python -m uv pip install", "uv"),
        ("hatch build", "hatch"),
        ("python -m hatchling build", "hatchling"),
        ("python -m build", "build"),
        ("pyproject-build", "build"),
        ("pip-compile", "pip-tools"),
        ("mamba install x", "conda"),
    ],
)
def test_identified(line: str, expected: str) -> None:
    """An installer is identified however it was started."""
    found = identify_installer(line.split())

    assert found is not None
    assert expected == found[0].name


@pytest.mark.parametrize(
    "line",
    [
        "",
        "python",
        "python -c import pip install",
        "python /x/pip/_vendor/pyproject_hooks/_in_process/_in_process.py build_wheel",
        "python -m http.server pip install",
        "python __main__.py install",
        "python build",
        "sh -c pip",
        "sudo pip install -e .",
        "piper install",
    ],
)
def test_unknown(line: str) -> None:
    """A program that only mentions an installer is not one."""
    assert identify_installer(line.split()) is None


def test_arguments() -> None:
    """The words after the program are its arguments; uvx stands for a sub-command."""
    found = identify_installer(("uvx", "--from", ".", "x"))

    assert found is not None
    assert found[1] == ("tool", "run", "--from", ".", "x")


def test_table() -> None:
    """No program and no module belongs to two installers."""
    names = [name for installer in load_installers() for name in installer.programs]
    modules = [name for installer in load_installers() for name in installer.modules]

    assert len({*names}) == len(names)
    assert len({*modules}) == len(modules)
