"""Running a vendor's tool."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from hatch_torch.hardware.process import LIMIT, Ran, find, run

POSIX = pytest.mark.skipif(os.name != "posix", reason="the tools are shell scripts")
ENVIRON = {"PATH": os.environ["PATH"]}


def tool(folder: Path, name: str, script: str) -> str:
    """Write an executable shell script."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


class TestFind:
    """Which program a name means."""

    def test_first_on_path(self, tmp_path: Path) -> None:
        """Folders of PATH are looked through in their order."""
        first, second = tool(tmp_path / "a", "smi", ""), tool(tmp_path / "b", "smi", "")
        path = os.pathsep.join([str(tmp_path / "b"), str(tmp_path / "a")])
        assert second == find("smi", path, Path("/project"))
        assert first == find("smi", str(tmp_path / "a"), Path("/project"))

    def test_not_from_the_project(self, tmp_path: Path) -> None:
        """A tool in the current folder, below it, or in a relative one is no tool."""
        tool(tmp_path, "smi", "")
        tool(tmp_path / "bin", "smi", "")
        for path in (str(tmp_path), str(tmp_path / "bin"), ".", "", "bin"):
            assert find("smi", path, tmp_path) is None

    @POSIX
    def test_not_by_a_link(self, tmp_path: Path) -> None:
        """A link out of the project or into it makes no tool of what lies there."""
        project, outside = tmp_path / "project", tmp_path / "outside"
        planted, real = tool(project / "bin", "smi", ""), tool(outside, "real", "")
        (project / "linked").symlink_to(outside)
        (tmp_path / "other-name").symlink_to(project)
        (outside / "smi").symlink_to(planted)
        for path in (outside, tmp_path / "other-name" / "bin", outside / ".." / "project" / "bin"):
            assert find("smi", str(path), project) is None
            assert find("smi", str(path), tmp_path / "other-name") is None
        assert find("real", str(project / "linked"), project) is None
        assert real == find("real", str(outside), project)

    def test_in_the_root(self, tmp_path: Path) -> None:
        """Below the root of the system everything is; only the root itself is left out."""
        expected = tool(tmp_path, "smi", "")
        assert expected == find("smi", str(tmp_path), Path(tmp_path.anchor))

    def test_absolute(self, tmp_path: Path) -> None:
        """An absolute name is itself, where it is a program."""
        expected = tool(tmp_path, "smi", "")
        assert expected == find(expected, "", tmp_path)
        assert find(str(tmp_path / "other"), "", tmp_path) is None

    def test_suffix(self, tmp_path: Path) -> None:
        """On Windows programs end with .exe."""
        expected = tool(tmp_path, "smi.exe", "")
        assert expected == find("smi", str(tmp_path), Path("/project"), suffix=".exe")


@POSIX
class TestRun:
    """How a tool ends."""

    def test_answers(self, tmp_path: Path) -> None:
        """What it writes to its standard output is kept, its standard error is not."""
        path = tool(tmp_path, "smi", "echo GPU; echo noise >&2; exit 3")
        assert Ran("GPU\n", 3) == run([path], ENVIRON, 5)

    def test_not_there(self) -> None:
        """What cannot be started is None."""
        assert run(["/not/there"], ENVIRON, 5) is None

    def test_hangs(self, tmp_path: Path) -> None:
        """It is killed after its time, with what it started."""
        path = tool(tmp_path, "smi", "echo GPU; sleep 60 & sleep 60")
        start = time.monotonic()
        assert Ran("GPU\n", None) == run([path], ENVIRON, 0.3)
        assert time.monotonic() - start < 2

    def test_closes_its_output_and_hangs(self, tmp_path: Path) -> None:
        """The end of the output is not the end of the tool."""
        path = tool(tmp_path, "smi", "exec >&-; sleep 60")
        assert Ran("", None) == run([path], ENVIRON, 0.3)

    def test_floods(self, tmp_path: Path) -> None:
        """Of an endless output the beginning is read."""
        ran = run([tool(tmp_path, "smi", "while :; do echo yyyyyyyyyyyyyyyy; done")], ENVIRON, 10)
        assert ran is not None
        assert len(ran.out) == LIMIT

    def test_foreign_bytes(self, tmp_path: Path) -> None:
        """Bytes of another encoding are replaced."""
        path = tool(tmp_path, "smi", r"printf '\377ok'")
        assert Ran("\ufffdok") == run([path], ENVIRON, 5)

    def test_no_input_and_no_project(self, tmp_path: Path) -> None:
        """It reads nothing of ours, and does not run in the project's folder."""
        path = tool(tmp_path, "smi", "cat; pwd")
        assert Ran("/\n") == run([path], ENVIRON, 5)

    def test_outlives_its_end(self) -> None:
        """One that ended just now has no group to be killed."""
        code = "import os; os.setpgid(0, 0) if os.getpgid(0) != os.getpid() else None; print(1)"
        assert Ran("1\n") == run([sys.executable, "-c", code], ENVIRON, 10)
