"""Builds that are killed, and builds at the same moment, over one cache."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.end_to_end.conftest import Sandbox
    from tests.end_to_end.machine_faults.conftest import Builder

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]


def test_killed_at_any_moment(build: Builder) -> None:
    """After a hundred builds that were killed the cache is whole, and answers as before."""
    output = build.with_variables(WAY="killed", TIMES="100").run()

    assert "of 100 were killed" in output
    assert "\n0 of 100" not in output
    after = build()
    (cold,) = build.built("cold/*.whl")
    assert (after.added, after.record["warnings"]) == (cold.added, [])


def test_killed_while_writing(build: Builder) -> None:
    """A file that is being written (a lock, an export) is the old one or the new one."""
    build.with_variables(WAY="written", TIMES="50").run()


def test_fifty_at_once(build: Builder) -> None:
    """Fifty builds that begin at one moment with an empty cache all get the same."""
    build.with_variables(WAY="together", TIMES="50").run()

    built = build.built("[0-9]*/*.whl")
    assert len(built) == 50
    assert {build_result.added for build_result in built} == {build().added}
    assert [build_result.record["warnings"] for build_result in built] == [[]] * 50
    assert [*build.cache.glob(".*")] == []


@pytest.mark.matrix
def test_pips_at_once(sandbox: Sandbox) -> None:
    """Real pips at one moment, into environments of their own, share the cache, too."""
    worlds = [sandbox.on("rtx-4090").elsewhere(str(number)) for number in range(4)]
    for build_result in worlds:
        build_result.write("full")
        assert build_result.python

    with ThreadPoolExecutor() as pool:
        [*pool.map(lambda build_result: build_result.install("pip"), worlds)]

    expected = {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    assert [build_result.exact() for build_result in worlds] == [expected] * 4
