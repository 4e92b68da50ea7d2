"""Requirements files."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.frontend.installers import POSITIONAL, Option
from hatch_torch.frontend.requirements_txt import (
    CONSTRAINT,
    expand_files,
    parse_requirements,
    to_local_path,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("# all\n\ntorch>=2  # why\n", [(POSITIONAL, "torch>=2")]),
        ("torch\\\n>=2", [(POSITIONAL, "torch>=2")]),
        ("torch==2 \\\n  --hash=sha256:ab \\\n  --hash=sha256:cd", [(POSITIONAL, "torch==2")]),
        ("-e ./app[x] # y", [("--editable", "./app[x]")]),
        ("-e './my app'", [("--editable", "./my app")]),
        ("--constraint=c.txt", [("--constraint", "c.txt")]),
        ("-r more.txt", [("--requirement", "more.txt")]),
        ("--no-index\n-f wheels", [("--no-index", ""), ("--find-links", "wheels")]),
        ("${HERE}/app ${MISSING}", [(POSITIONAL, "/home/me/app ${MISSING}")]),
        ("x#y", [(POSITIONAL, "x#y")]),
        ("-e 'unended", []),
    ],
)
def test_parse(text: str, expected: list[tuple[str, str]]) -> None:
    """Each line is parsed as pip parses it."""
    actual = parse_requirements(text, {"HERE": "/home/me"})

    assert [Option(*pair) for pair in expected] == [*actual]


@settings(max_examples=100, deadline=None)
@given(st.text())
def test_parse_anything(text: str) -> None:
    """Any text can be parsed."""
    assert isinstance(parse_requirements(text, {}), tuple)


def test_expand(tmp_path: Path) -> None:
    """Files include files, relative to their own folder and each only once."""
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "wheels").mkdir()
    (tmp_path / "all.txt").write_text("-r sub/more.txt\nnumpy\n-r all.txt\n")
    (tmp_path / "sub" / "more.txt").write_text("\ufefftorch\n-c limits.txt\n-f wheels\n")
    (tmp_path / "sub" / "limits.txt").write_text("torch<2.6\n-c missing.txt\n--pre\n")

    actual = expand_files([Option("--requirement", "all.txt"), Option("-U")], tmp_path, {})

    expected = [
        Option(POSITIONAL, "torch"),
        Option(CONSTRAINT, "torch<2.6"),
        Option("--pre"),
        Option("--find-links", str(tmp_path / "sub" / "wheels")),
        Option(POSITIONAL, "numpy"),
        Option("-U"),
    ]
    assert expected == [*actual]


def test_expand_not_files(tmp_path: Path) -> None:
    """A URL, a pyproject.toml and a path with an unknown base folder are left as they are."""
    options = [Option("--requirement", "pyproject.toml"), Option(CONSTRAINT, "https://x.org/c.txt")]
    unknown = Option(CONSTRAINT, "c.txt")

    assert options == [*expand_files(options, tmp_path, {})]
    assert [unknown] == [*expand_files([unknown], None, {})]


def test_expand_unreadable(tmp_path: Path) -> None:
    """A folder, a pipe and an impossible name have no contents, like a missing file."""
    (tmp_path / "folder").mkdir()
    names = ("folder", "/dev/null", "with\0nul", "x" * 5000)
    assert [*expand_files([Option(CONSTRAINT, name) for name in names], tmp_path, {})] == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", Path("/home/me/a/b")),
        ("/a", Path("/a")),
        ("file:///a%20b", Path("/a b")),
        ("file:a", Path("/home/me/a")),
        ("https://x.org/a", None),
        ("file://[cpu/a", None),
    ],
)
def test_to_local_path(text: str, expected: Path | None) -> None:
    """Paths and file URLs are local, other URLs are not."""
    assert expected == to_local_path(text, Path("/home/me"))


def test_files_that_name_each_other(tmp_path: Path) -> None:
    """Each of many files is read once as requirements and once as constraints."""
    names = [f"r{number}.txt" for number in range(30)]
    text = "".join(f"-r {name}\n-c {name}\n" for name in names)
    for name in names:
        (tmp_path / name).write_text(f"package-{name[:-4]}\n{text}", encoding="utf-8")
    start = time.monotonic()
    options = [*expand_files([Option("--requirement", names[0])], tmp_path, {})]
    assert time.monotonic() - start < 5
    assert len({(one.name, one.value) for one in options}) == len(options) == 2 * len(names)


def test_files_in_files(tmp_path: Path) -> None:
    """Thousands of nested files end the reading, not the program."""
    for number in range(3000):
        (tmp_path / f"{number}.txt").write_text(f"-r {number + 1}.txt\n", encoding="utf-8")
    assert [*expand_files([Option("--requirement", "0.txt")], tmp_path, {})] == []
