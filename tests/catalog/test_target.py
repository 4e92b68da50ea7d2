"""The interpreter and the platform that a wheel has to fit."""

from __future__ import annotations

import platform
import sys

import pytest
from hypothesis import given, settings, strategies as st
from packaging import tags
from packaging.markers import Marker, default_environment
from packaging.utils import parse_wheel_filename

from hatch_torch.catalog import target
from hatch_torch.errors import ConfigurationError

EVERY_MARKER = set(default_environment())
MARKERS_ON = {
    "linux_x86_64": "sys_platform == 'linux' and platform_machine == 'x86_64'",
    "linux_aarch64": "sys_platform == 'linux' and platform_machine == 'aarch64'",
    "win_amd64": "os_name == 'nt' and platform_machine == 'AMD64'",
    "macos_arm64": "platform_system == 'Darwin' and platform_machine == 'arm64'",
    "macos_x86_64": "sys_platform == 'darwin' and platform_machine == 'x86_64'",
}


def supports(one: target.Target, filename: str) -> bool:
    """Return whether the target supports the wheel of that name."""
    return one.rank(parse_wheel_filename(filename)[3]) is not None


def test_shows_itself_on_a_line() -> None:
    """A target's thousand tags are not shown."""
    assert repr(target.foreign_interpreter("3.12", "linux_x86_64")) == "Target(3.12, linux_x86_64)"


class TestRunningInterpreter:
    """The interpreter that runs the tests."""

    def test_takes_what_packaging_says(self) -> None:
        """Every tag of this interpreter fits, in packaging's own order."""
        assert list(dict.fromkeys(tags.sys_tags())) == list(target.running_interpreter().ranks)

    def test_names_itself(self) -> None:
        """Python and platform are those of the process."""
        one = target.running_interpreter()
        assert one.python.rstrip("t") == "{}.{}".format(*sys.version_info)
        assert one.platform == target.platform_name(platform.system(), platform.machine())

    def test_answers_markers(self) -> None:
        """The markers are answered as packaging answers them."""
        assert target.running_interpreter().environment == default_environment()

    def test_musl_refuses_plain_linux(self) -> None:
        """On a musl system a ``linux_x86_64`` wheel, built for glibc, does not fit."""
        plain, musl = (tags.Tag("cp312", "cp312", name) for name in ("linux_x", "musllinux_1_2_x"))
        one = target.running_interpreter(lambda: (plain, musl))
        assert one.ranks == {musl: 0}
        assert one.platform == "linux_x"

    def test_knows_free_threads(self) -> None:
        """A free-threaded interpreter is told by its ABI."""
        tag = tags.Tag("cp313", "cp313t", "win_amd64")
        assert target.running_interpreter(lambda: [tag]).python.endswith("t")
        assert target.running_interpreter(lambda: [tag]).platform == "win_amd64"


class TestForeignInterpreter:
    """A Python on another machine."""

    @pytest.mark.skipif(
        not (sys.platform == "linux" and platform.libc_ver()[0] == "glibc"), reason="needs glibc"
    )
    def test_agrees_with_this_machine(self) -> None:
        """What is asked for by name takes the same wheels as what is here."""
        one = target.running_interpreter()
        named = target.foreign_interpreter(one.python, one.platform, " ".join(platform.libc_ver()))
        assert set(one.ranks) == set(named.ranks)
        assert one.platform == named.platform

    @pytest.mark.parametrize(
        ("python", "platform", "libc", "filename"),
        [
            ("3.12", "linux_x86_64", None, "torch-2.6.0+cu124-cp312-cp312-linux_x86_64.whl"),
            ("3.12", "linux_x86_64", "glibc 2.28", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"),
            ("3.12", "linux_x86_64", "glibc 2.28-9+deb", "a-1-py3-none-manylinux1_x86_64.whl"),
            ("3.12", "linux_x86_64", "musl 1.2", "a-1-cp312-cp312-musllinux_1_1_x86_64.whl"),
            ("3.12", "linux_x86_64", "musl 1.2", "a-1-cp38-abi3-musllinux_1_2_x86_64.whl"),
            ("3.10", "linux_aarch64", None, "a-1-cp310-cp310-manylinux2014_aarch64.whl"),
            ("3.13t", "linux_aarch64", None, "a-1-cp313-cp313t-manylinux_2_28_aarch64.whl"),
            ("3.12", "win_amd64", None, "torch-2.6.0+cpu-cp312-cp312-win_amd64.whl"),
            ("3.12", "macos_arm64", None, "torch-2.6.0-cp312-none-macosx_11_0_arm64.whl"),
            ("3.14", "macos_arm64", "macos 14", "a-1-cp314-cp314-macosx_14_0_arm64.whl"),
            ("3.10", "macos_x86_64", None, "a-1-cp310-none-macosx_10_9_x86_64.whl"),
            ("3.10", "linux_s390x", None, "six-1.17.0-py2.py3-none-any.whl"),
        ],
    )
    def test_takes(self, python: str, platform: str, libc: str | None, filename: str) -> None:
        """The published wheels of a platform fit it."""
        assert supports(target.foreign_interpreter(python, platform, libc), filename)

    @pytest.mark.parametrize(
        ("python", "platform", "libc", "filename"),
        [
            ("3.12", "linux_x86_64", "musl 1.2", "a-1-cp312-cp312-linux_x86_64.whl"),
            ("3.12", "linux_x86_64", "musl 1.2", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"),
            ("3.12", "linux_x86_64", "musl 1.1", "a-1-cp312-cp312-musllinux_1_2_x86_64.whl"),
            ("3.12", "linux_x86_64", "glibc 2.17", "a-1-cp312-cp312-manylinux_2_28_x86_64.whl"),
            ("3.12", "linux_aarch64", None, "a-1-cp312-cp312-manylinux2010_aarch64.whl"),
            ("3.12", "linux_aarch64", None, "a-1-cp312-cp312-linux_x86_64.whl"),
            ("3.13", "linux_x86_64", None, "a-1-cp313-cp313t-manylinux_2_28_x86_64.whl"),
            ("3.13t", "linux_x86_64", None, "a-1-cp38-abi3-manylinux_2_28_x86_64.whl"),
            ("3.12", "macos_arm64", "macos 11.7", "a-1-cp312-cp312-macosx_14_0_arm64.whl"),
            ("3.12", "macos_arm64", None, "a-1-cp312-cp312-macosx_10_9_x86_64.whl"),
            ("3.12", "win_amd64", None, "a-1-cp312-cp312-win_arm64.whl"),
        ],
    )
    def test_refuses(self, python: str, platform: str, libc: str | None, filename: str) -> None:
        """Wheels for another Python, machine or C library do not fit."""
        assert not supports(target.foreign_interpreter(python, platform, libc), filename)

    @given(
        minor=st.integers(8, 20),
        platform=st.sampled_from(target.PLATFORMS),
    )
    @settings(max_examples=50, deadline=None)
    def test_is_whole(self, minor: int, platform: str) -> None:
        """Any Python on any platform has ranks without a gap and answers every marker."""
        one = target.foreign_interpreter(f"3.{minor}", platform)
        assert list(one.ranks.values()) == list(range(len(one.ranks)))
        assert set(one.environment) == EVERY_MARKER
        assert Marker(MARKERS_ON[platform]).evaluate(dict(one.environment))
        assert Marker(f"python_version == '3.{minor}'").evaluate(dict(one.environment))
        best = f"cp3{minor}-cp3{minor}-{next(iter(one.ranks)).platform}"
        assert supports(one, f"a-1-{best}.whl")

    @given(older=st.integers(0, 60), newer=st.integers(0, 60))
    @settings(max_examples=50, deadline=None)
    def test_newer_glibc_takes_more(self, older: int, newer: int) -> None:
        """Whatever fits a glibc fits every newer one."""
        older, newer = sorted((older, newer))
        old = target.foreign_interpreter("3.12", "linux_x86_64", f"glibc 2.{older}")
        assert set(old.ranks) <= set(
            target.foreign_interpreter("3.12", "linux_x86_64", f"glibc 2.{newer}").ranks
        )

    def test_keeps_the_patch_release(self) -> None:
        """A whole version is a Python too, and markers see all of it."""
        one = target.foreign_interpreter("3.13.1t", "win_amd64")
        assert one.python == "3.13t"
        assert one.environment["python_full_version"] == "3.13.1"

    @pytest.mark.parametrize(
        ("python", "platform", "libc", "fault"),
        [
            (
                "312",
                "win_amd64",
                None,
                "expected a version such as 3.12 or 3.13t, got '312'",
            ),
            ("3.12d", "win_amd64", None, "hint: did you mean '3.12'?"),
            ("2.7", "win_amd64", None, "got '2.7'"),
            (
                "3.12t",
                "win_amd64",
                None,
                "expected 3.13t or later for a free-threaded",
            ),
            ("3.12", "linux_x86-64", None, "hint: did you mean 'linux_x86_64'?"),
            ("3.12", "amiga", None, "platform: expected one of linux_x86_64, linux_aarch"),
            (
                "3.12",
                "linux_x86_64",
                "bionic",
                "expected a version such as glibc 2.36 or musl",
            ),
            (
                "3.12",
                "macos_arm64",
                "glibc 2.36",
                "such as macos 14.5 on macos_arm64, got 'glibc",
            ),
        ],
    )
    def test_faults(self, python: str, platform: str, libc: str | None, fault: str) -> None:
        """A wrong value is reported with what is expected."""
        with pytest.raises(ConfigurationError) as caught:
            target.foreign_interpreter(python, platform, libc)
        assert len(caught.value.faults) == 1
        assert fault in str(caught.value)

    def test_tells_every_fault(self) -> None:
        """A wrong Python does not hide a wrong platform."""
        with pytest.raises(ConfigurationError) as caught:
            target.foreign_interpreter("x", "y", "z")
        assert len(caught.value.faults) == 2


@pytest.mark.parametrize(
    ("system", "machine", "expected"),
    [
        ("Linux", "x86_64", "linux_x86_64"),
        ("Linux", "aarch64", "linux_aarch64"),
        ("Linux", "ppc64le", "linux_ppc64le"),
        ("Windows", "AMD64", "win_amd64"),
        ("Darwin", "arm64", "macos_arm64"),
        ("FreeBSD", "amd64", "freebsd_amd64"),
    ],
)
def test_platform_of(system: str, machine: str, expected: str) -> None:
    """A platform is named by what Python says of system and machine."""
    assert target.platform_name(system, machine) == expected


@pytest.mark.parametrize("platform", target.PLATFORMS)
def test_platform_of_tag(platform: str) -> None:
    """The tags of a platform name it."""
    best = next(iter(target.foreign_interpreter("3.12", platform).ranks))
    assert target._platform_of_tag(best.platform) == platform  # noqa: SLF001 - its only other use is for the machine that runs the tests


@pytest.mark.parametrize("platform", ["linux_x86_64", "macos_arm64", "win_amd64"])
@pytest.mark.parametrize("python", ["3.10", "3.13t", "3.14.1"])
def test_another_python_on_the_same_platform(platform: str, python: str) -> None:
    """It is what `foreign_interpreter` describes, for a system of the same age."""
    assert target.foreign_interpreter("3.12", platform).with_python(
        python
    ) == target.foreign_interpreter(python, platform)


def test_invalid_python() -> None:
    """A wrong Python is reported, as by `foreign_interpreter`."""
    with pytest.raises(ConfigurationError, match=r"expected a version such as 3.12"):
        target.foreign_interpreter("3.12", "linux_x86_64").with_python("2.7")
