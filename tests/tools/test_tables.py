"""The command that compares the tables with upstream, on recorded feeds and on what broke us."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from hatch_torch._toml import loads
from tools.tables import feeds, parse
from tools.tables.__main__ import compare, main
from tools.tables.rows import TableFile

if TYPE_CHECKING:
    import pytest

    from tools.tables.__main__ import Comparison

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "hatch_torch"
FEEDS = ROOT / "fixtures" / "feeds"
RECORDED = FEEDS / "recorded"
TODAY = date(2026, 11, 28)
SPANS = ("backends", "pythons", "pypi", "cuda", "rocm")


def copy_package(folder: Path) -> Path:
    """Return a copy of what the command reads and writes of the package."""
    package = folder / "hatch_torch"
    shutil.copytree(PACKAGE / "catalog" / "data", package / "catalog" / "data")
    (package / "demo").mkdir()
    shutil.copy(PACKAGE / "demo" / "index.toml", package / "demo")
    return package


def rewind(package: Path, newest: str) -> None:
    """Take back what the tables say of releases of torch after the newest one."""
    for name in SPANS:
        table = TableFile(package / "catalog" / "data" / f"{name}.toml")
        for row in table.list_rows():
            if Version(row["first"]) > Version(newest):
                table.remove(row)
            elif Version(row["last"]) > Version(newest):
                table.replace(row, last=newest)
        table.write()
    table = TableFile(package / "catalog" / "data" / "releases.toml")
    for row in table.find(lambda row: Version(row["torch"]) > Version(newest)):
        table.remove(row)
    table.write()
    for array in ("triton_requirements", "common_requirements"):
        table = TableFile(package / "demo" / "index.toml", array)
        for row in table.find(lambda row: row.get("package", "torch") == "torch"):
            if Version(row["first"]) > Version(newest):
                table.remove(row)
        table.write()


def make_feeds(folder: Path, *scenarios: str) -> feeds.Feeds:
    """Return the recorded feeds with scenarios laid over them."""
    shutil.copytree(RECORDED, folder / "feeds")
    for scenario in scenarios:
        shutil.copytree(FEEDS / "scenarios" / scenario, folder / "feeds", dirs_exist_ok=True)
    return feeds.Feeds(folder / "feeds")


def run(tmp_path: Path, *scenarios: str, newest: str | None = None) -> Comparison:
    """Compare a copy of the tables, rewound where that is said, with the feeds of scenarios."""
    package = copy_package(tmp_path)
    if newest:
        rewind(package, newest)
    return compare(make_feeds(tmp_path, *scenarios), package, TODAY)


def list_builds(result: Comparison, release: str = "2.15.0") -> dict[tuple[str, str], bool]:
    """Return the builds of a release, each with whether it is certain."""
    return {
        (row["backend"], platform): row.get("certain", True)
        for row in result.tables["backends"].list_rows()
        for platform in row["platforms"]
        if Version(row["first"]) <= Version(release) <= Version(row["last"])
    }


def remarks(result: Comparison) -> list[str]:
    """Return what a person has to look at."""
    return [change.row for change in result.changes if change.action == "look"]


class TestToday:
    """The tables of the package."""

    def test_are_what_the_feeds_say(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What was recorded in November 2026 is what the tables say."""
        arguments = ["check", "--from-files", str(RECORDED), "--today", str(TODAY)]
        assert main(arguments) == 0, capsys.readouterr().out

    def test_overdue(self, capsys: pytest.CaptureFixture[str]) -> None:
        """A row that was not confirmed in time makes the check fail, and is named."""
        arguments = ["check", "--from-files", str(RECORDED), "--today", "2026-12-24"]
        assert main(arguments) == 1
        assert "overdue backends: cu130 2.15.0: to be confirmed by 2026-12-15" in (
            capsys.readouterr().out
        )

    def test_render_unchanged(self) -> None:
        """Reading a table and writing it changes nothing."""
        for name in (*SPANS, "releases", "companions", "drivers", "known_bad", "holes"):
            path = PACKAGE / "catalog" / "data" / f"{name}.toml"
            assert TableFile(path).render() == path.read_text(encoding="utf-8")


class TestNewRelease:
    """A release of torch is one command and a review."""

    def test_rows_of_2_15(self, tmp_path: Path) -> None:
        """From the tables of 2.14.1, the feeds give what the tables of today say of 2.15.0."""
        result = run(tmp_path, newest="2.14.1")
        today = {name: TableFile(PACKAGE / "catalog" / "data" / f"{name}.toml") for name in SPANS}

        (release,) = result.tables["releases"].find(lambda row: row["torch"] == "2.15.0")
        assert release["date"] == "2026-10-28"
        assert {*list_builds(result)} == {
            (row["backend"], platform)
            for row in today["backends"].list_rows()
            for platform in row["platforms"]
            if row["last"] == "2.15.0"
        }
        for name, key in (("pythons", "pythons"), ("pypi", "backend"), ("cuda", "sm")):
            expected, actual = (
                {
                    (row.get("backend") if name == "cuda" else None, platform): row[key]
                    for row in table.list_rows()
                    for platform in row.get("platforms") or [row["platform"]]
                    if row["last"] == "2.15.0"
                }
                for table in (today[name], result.tables[name])
            )
            assert actual == expected, name
        index = loads((PACKAGE / "demo" / "index.toml").read_text(encoding="utf-8"))
        triton = result.tables["triton_requirements"].list_rows()[-1]
        assert triton["cuda"] == index["triton_requirements"][-1]["cuda"]
        (requires,) = result.tables["common_requirements"].find(
            lambda row: (row["package"], row["first"]) == ("torch", "2.15.0")
        )
        assert requires["python"] == ">=3.11"
        assert all(change.source for change in result.changes)

    def test_write(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Only `--write` changes files, and leaves nothing to do."""
        package = copy_package(tmp_path)
        rewind(package, "2.14.1")
        before = (package / "catalog" / "data" / "backends.toml").read_text(encoding="utf-8")
        arguments = ["--from-files", str(RECORDED), "--package", str(package)]
        arguments += ["--today", str(TODAY)]

        assert main(["update", *arguments]) == 0
        assert '+  { torch = "2.15.0", date = "2026-10-28"' in capsys.readouterr().out
        backends = package / "catalog" / "data" / "backends.toml"
        assert backends.read_text(encoding="utf-8") == before

        assert main(["update", "--write", *arguments]) == 0
        assert backends.read_text(encoding="utf-8") != before
        capsys.readouterr()
        assert main(["check", *arguments]) == 0, capsys.readouterr().out

    def test_companions(self, tmp_path: Path) -> None:
        """A companion that declares a lower bound and has one wheel per platform is stable."""
        package = copy_package(tmp_path)
        table = TableFile(package / "catalog" / "data" / "companions.toml")
        for row in table.find(lambda row: row["version"] in {"0.29.1", "0.29.2", "2.11.1"}):
            table.remove(row)
        table.write()
        result = compare(make_feeds(tmp_path), package, TODAY)
        added = {
            row["version"]: (row["torch"], row.get("abi"))
            for row in result.tables["companions"].list_rows()
            if row["version"] in {"0.29.1", "0.29.2", "2.11.1"}
        }
        assert added == {
            "0.29.1": (">=2.14.0", None),
            "0.29.2": (">=2.14.0", "stable"),
            "2.11.1": (">=2.11", "stable"),
        }

    def test_confirmed(self, tmp_path: Path) -> None:
        """The matrix of the branch and PyPI's wheel are two kinds of evidence."""
        builds = list_builds(run(tmp_path, "branch"))
        assert builds["cpu", "win_amd64"]
        assert builds["cu132", "linux_x86_64"]
        assert not builds["cu130", "linux_x86_64"]

    def test_driver(self, tmp_path: Path) -> None:
        """The driver that ships with the CUDA release of PyPI's wheel is added."""
        package = copy_package(tmp_path)
        table = TableFile(package / "catalog" / "data" / "drivers.toml")
        (row,) = table.find(lambda row: row["cuda"] == "13.2.2")
        table.remove(row)
        table.write()
        result = compare(make_feeds(tmp_path), package, TODAY)
        (row,) = result.tables["drivers"].find(lambda row: row["cuda"] == "13.2.2")
        assert (row["linux"], row["least_linux"]) == ("595.71.05", "580")


class TestWhatBrokeUs:
    """Mistakes of the past, which the command must not repeat."""

    def test_a_cuda_of_ci_alone(self, tmp_path: Path) -> None:
        """The table in the wheel of 2.15.0 lists CUDA 12.6, for which no wheel was published."""
        source = feeds.Feeds(RECORDED)
        listed = parse.parse_constants(
            source.read(feeds.Feed("wheel/torch_cuda-2.15.0.py", "")) or ""
        )
        assert "12.6" in listed["PYTORCH_RELEASES_CODE_CC"]
        result = run(tmp_path, newest="2.14.1")
        assert not [cell for cell in list_builds(result) if cell[0] == "cu126"]
        (last,) = {
            row["last"]
            for row in result.tables["cuda"].find(lambda row: row["backend"] == "cu126")
            if row["platforms"] == ["linux_x86_64"]
        }
        assert last == "2.14.1"

    def test_an_inferred_row_that_the_branch_lacks(self, tmp_path: Path) -> None:
        """A row that was inferred is dropped when the matrix of the release lacks it."""
        package = copy_package(tmp_path)
        table = TableFile(package / "catalog" / "data" / "backends.toml")
        span = {"first": "2.15.0", "last": "2.15.0", "certain": False, "check_after": "2026-12-15"}
        row = {"backend": "cu126", "platforms": ["linux_x86_64"], **span, "source": "a guess"}
        table.insert(row, None)
        table.write()
        result = compare(make_feeds(tmp_path, "branch"), package, TODAY)
        assert ("cu126", "linux_x86_64") not in list_builds(result)
        assert [change.row for change in result.changes if change.action == "drop"] == [
            "cu126 on linux_x86_64: 2.15.0"
        ]

    def test_tag_and_branch_differ(self, tmp_path: Path) -> None:
        """What only the tag has is neither published nor inferred, and a person is told."""
        result = run(tmp_path, "tag_and_branch")
        assert not [cell for cell in list_builds(result) if cell[0] == "cu134"]
        assert "cu134 on linux_x86_64: the branch and the tag of 2.15.0 differ" in remarks(result)
        assert list_builds(result)["cu132", "linux_x86_64"]

    def test_a_reverted_backend(self, tmp_path: Path) -> None:
        """A backend of the matrix whose page does not list the release is not published."""
        builds = list_builds(run(tmp_path, "reverted"))
        assert ("rocm10.0", "linux_x86_64") not in builds
        assert builds["rocm7.14", "linux_x86_64"]

    def test_a_yanked_release(self, tmp_path: Path) -> None:
        """A release that was yanked is not taken into the tables."""
        result = run(tmp_path, "yanked")
        assert "2.15.1 is yanked (broken on Hopper); it is left out" in remarks(result)
        assert not result.tables["releases"].find(lambda row: row["torch"] == "2.15.1")

    def test_a_stale_test_channel(self, tmp_path: Path) -> None:
        """A final version that only the channel of candidates has was not released."""
        result = run(tmp_path, "stale_test")
        assert ("cu134", "linux_x86_64") not in list_builds(result)
        assert "cu134: whl/test has 2.15.0, whl has not; it is left out" in remarks(result)


class TestOtherFeeds:
    """Feeds that the tables are only checked against."""

    def test_an_unknown_target(self, tmp_path: Path) -> None:
        """A gfx target that rocm-bootstrap does not define is a slip of ours."""
        package = copy_package(tmp_path)
        path = package / "catalog" / "data" / "rocm.toml"
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace('"gfx1201"', '"gfx1210"'), encoding="utf-8")
        assert "gfx1210 is no target" in remarks(compare(make_feeds(tmp_path), package, TODAY))

    def test_a_folder_that_the_index_would_not_make(self, tmp_path: Path) -> None:
        """Each backend's folder has a name that the index accepts."""
        source = make_feeds(tmp_path)
        layout = tmp_path / "feeds" / "test_infra" / "manage_v2.py"
        layout.write_text(
            'ACCEPTED_SUBDIR_PATTERNS = ["cu[0-9]+", "cpu", "xpu"]\n', encoding="utf-8"
        )
        assert "the index has no folder rocm7.2" in remarks(
            compare(source, copy_package(tmp_path), TODAY)
        )

    def test_a_wheel_that_differs_from_its_build(self, tmp_path: Path) -> None:
        """The wheel's own table and the scripts that built it have to agree."""
        source = make_feeds(tmp_path)
        script = tmp_path / "feeds" / "pytorch" / "build_env-2.15.py"
        script.write_text(
            'TORCH_CUDA_ARCH_LIST_TABLE = {"13.2": {"x86_64": {75}}}\n', encoding="utf-8"
        )
        assert "CUDA 13.2 of 2.15.0: the wheel lists other targets than its build" in remarks(
            compare(source, copy_package(tmp_path), TODAY)
        )

    def test_new_rocm_targets(self, tmp_path: Path) -> None:
        """A ROCm backend without a row gets TheRock's targets, as inferred."""
        result = run(tmp_path, newest="2.14.1")
        (row,) = result.tables["rocm"].find(lambda row: row["backend"] == "rocm10.0")
        assert "gfx1201" in row["gfx"]
        assert row["certain"] is False
        assert row["check_after"] == "2026-12-26"

    def test_nothing_can_be_read(self, tmp_path: Path) -> None:
        """Without any feed nothing changes, and each missing one is named."""
        result = compare(feeds.Feeds(tmp_path), PACKAGE, TODAY)
        assert not [change for change in result.changes if change.action != "look"]
        assert "pypi/torch.json" in result.unread
