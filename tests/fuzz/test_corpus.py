"""Every reader takes its corpus: ordinary inputs, and each one that broke it once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fuzz.__main__ import CORPUS, fuzz
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from pathlib import Path

FILES = sorted(path for path in CORPUS.glob("*/*") if path.is_file())


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_corpus(path: Path) -> None:
    """What was ever found breaks no reader any more."""
    TARGETS[path.parent.name](path.read_bytes())


def test_every_target_has_a_corpus() -> None:
    """Each reader of the table has inputs to begin with, and they stay small."""
    assert {path.parent.name for path in FILES} == TARGETS.keys()
    assert sum(path.stat().st_size for path in FILES) < 200_000


def test_the_search_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The search runs without atheris, too, and finds nothing in a moment."""
    monkeypatch.setattr("tests.fuzz.__main__.find_spec", lambda _: None)
    assert fuzz("backend", 0.1) == 0
