"""How far a long task is."""

from __future__ import annotations

import sys

import pytest

from hatch_torch.cli.render import progress


@pytest.mark.parametrize("of_bytes", [True, False])
def test_a_bar_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, of_bytes: bool
) -> None:
    """On a terminal progress is drawn, of counts or of bytes, though the total is not known."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with progress(of_bytes=of_bytes) as tell:
        tell("pages", 0, 2)
        tell("pages", 2, 2)
        tell("more", 2, 0)
    assert capsys.readouterr().err


def test_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    """Elsewhere files get a line for each tenth of them, and counts get none."""
    with progress() as tell:
        tell("pages", 2, 2)
    assert capsys.readouterr().err == ""
    with progress(of_bytes=True) as tell:
        for done in (100, 1000, 1010, 5000):
            tell("torch", done, 5000)
        tell("other", 100, 0)
    assert capsys.readouterr().err == "torch: 0 %\ntorch: 20 %\ntorch: 100 %\nother: 0 %\n"


def test_without_rich(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the extra `cli` nothing is drawn, and nothing fails."""
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setitem(sys.modules, "rich", None)
    with progress() as tell:
        tell("pages", 2, 2)
    assert capsys.readouterr().err == ""
