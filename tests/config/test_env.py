"""The `TORCH_VARIANT_*` variables."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.config.env import DEFAULT_TIMEOUT, Settings
from hatch_torch.errors import ConfigurationError


def test_nothing_is_set() -> None:
    """Without variables every setting has its default; an empty variable counts as unset."""
    names = ("INDEX_URL", "HARDWARE", "OFFLINE", "UPGRADE", "TIMEOUT", "LOG")
    assert Settings() == Settings.of({})
    assert Settings() == Settings.of({f"TORCH_VARIANT_{name}": "" for name in names})
    assert DEFAULT_TIMEOUT == 15


def test_everything_is_set() -> None:
    """Every variable is read."""
    expected = Settings("https://mirror.example.org/whl", "{}", True, True, 2.5, True)  # noqa: FBT003 (the fields in their order)
    assert expected == Settings.of(
        {
            "TORCH_VARIANT_INDEX_URL": "https://mirror.example.org/whl",
            "TORCH_VARIANT_HARDWARE": "{}",
            "TORCH_VARIANT_OFFLINE": "1",
            "TORCH_VARIANT_UPGRADE": "yes",
            "TORCH_VARIANT_TIMEOUT": "2.5",
            "TORCH_VARIANT_LOG": "debug",
        }
    )


def test_faults() -> None:
    """All bad variables are reported at once."""
    with pytest.raises(ConfigurationError) as caught:
        Settings.of({"TORCH_VARIANT_TIMEOUT": "soon", "TORCH_VARIANT_LOG": "info"})
    assert caught.value.faults == (
        "TORCH_VARIANT_TIMEOUT: expected seconds from 0.001 to 86400, got 'soon'",
        "TORCH_VARIANT_LOG: expected 'debug', got 'info'",
    )


@pytest.mark.parametrize(
    "value", ["0", "-1", "inf", "nan", "1,5", "²", "1s", "0x10", "1e10", "1e308", "1e-300"]
)
def test_invalid_timeout(value: str) -> None:
    """The timeout must be a number of seconds that clocks and sockets can take."""
    with pytest.raises(ConfigurationError):
        Settings.of({"TORCH_VARIANT_TIMEOUT": value})


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=6))
def test_any_timeout(value: str) -> None:
    """Any text is a valid timeout or a fault."""
    try:
        found = Settings.of({"TORCH_VARIANT_TIMEOUT": value})
    except ConfigurationError:
        return
    assert 0 < found.timeout < float("inf")
