"""Every parser accepts any text, since a tool may print anything."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.frontend.process_tree import parse_ps
from hatch_torch.hardware.amd import (
    parse_enumerator,
    parse_product,
    parse_properties,
    parse_rocminfo,
    parse_smi,
    parse_version,
)
from hatch_torch.hardware.host import parse_sysctl
from hatch_torch.hardware.intel import parse_level_zero
from hatch_torch.hardware.nvidia import (
    parse_information,
    parse_nvrm,
    parse_smi_header,
    parse_windows_driver,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PARSERS: tuple[Callable[[str], object], ...] = (
    parse_enumerator,
    parse_smi_header,
    parse_information,
    parse_nvrm,
    parse_properties,
    parse_rocminfo,
    parse_smi,
    parse_sysctl,
    parse_version,
    parse_windows_driver,
    lambda text: parse_product(text, "744c", "c8"),
)
WITH_VALUE_ERROR: tuple[Callable[[str], object], ...] = (parse_level_zero, parse_ps)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
).map(json.dumps)
TEXTS = st.text() | st.text("0123456789.,:;gfx \t\n[]{}\"'-+NA") | JSON


@pytest.mark.parametrize("parse", PARSERS, ids=lambda parse: str(parse.__name__))
@given(text=TEXTS)
@settings(max_examples=40, deadline=None)
def test_takes_any_text(parse: Callable[[str], object], text: str) -> None:
    """No text makes a parser raise."""
    parse(text)


@pytest.mark.parametrize("parse", WITH_VALUE_ERROR, ids=lambda parse: str(parse.__name__))
@given(text=TEXTS)
@settings(max_examples=60, deadline=None)
def test_raises_value_error_alone(parse: Callable[[str], object], text: str) -> None:
    """Invalid output raises ValueError and nothing else."""
    with suppress(ValueError):
        parse(text)
