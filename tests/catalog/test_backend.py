"""The spellings of a backend."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.catalog.backend import FAMILIES, Backend

# Majors and minors for which a spelling without dots can only be read one way.
_CUDA = st.builds(
    lambda major, minor: Backend("cuda", (major, minor)), st.integers(7, 99), st.integers(0, 9)
)
_ROCM = st.builds(
    lambda major, rest: Backend("rocm", (major, *rest)),
    st.integers(2, 19),
    st.lists(st.integers(0, 9), min_size=1, max_size=2).map(tuple),
).filter(lambda one: one.release != (7, 1, 4))  # its extra is that of 7.14
_BACKENDS = _CUDA | _ROCM | st.sampled_from(["cpu", "xpu", "mps"]).map(Backend)


@pytest.mark.parametrize(
    ("text", "name", "extra", "folder"),
    [
        ("cpu", "cpu", "cpu", "cpu"),
        ("xpu", "xpu", "xpu", "xpu"),
        ("mps", "mps", "mps", "cpu"),
        ("cu124", "cu124", "cu124", "cu124"),
        ("CUDA12.4", "cu124", "cu124", "cu124"),
        ("cuda-12.4", "cu124", "cu124", "cu124"),
        ("cu92", "cu92", "cu92", "cu92"),
        ("rocm70", "rocm7.0", "rocm70", "rocm7.0"),
        ("rocm7.0", "rocm7.0", "rocm70", "rocm7.0"),
        ("ROCm70", "rocm7.0", "rocm70", "rocm7.0"),
        (" ROCm-7.0\n", "rocm7.0", "rocm70", "rocm7.0"),
        ("rocm624", "rocm6.2.4", "rocm624", "rocm6.2.4"),
        ("rocm6.2.4", "rocm6.2.4", "rocm624", "rocm6.2.4"),
        ("rocm714", "rocm7.14", "rocm714", "rocm7.14"),
        ("rocm7.14", "rocm7.14", "rocm714", "rocm7.14"),
        ("rocm100", "rocm10.0", "rocm100", "rocm10.0"),
        ("rocm10.0", "rocm10.0", "rocm100", "rocm10.0"),
    ],
)
def test_spellings(text: str, name: str, extra: str, folder: str) -> None:
    """Users write what they like; extras have no dots, folders of an index do."""
    backend = Backend.parse(text)
    assert (name, name, extra, folder) == (
        backend.name,
        str(backend),
        backend.extra,
        backend.folder,
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cuda",
        "rocm",
        "auto",
        "cu12",
        "cu1244",
        "cu",
        "rocm7",
        "rocm7.",
        "rocm0.1",
        "cu124 cpu",
        "cu12.4.1",
        "rocm1.2.3.4",
        "cu\uff11\uff12\uff14",
        "rocm\uff17.\uff10",
        "gfx942",
        "cu-",
        "rocm6.2.4.1",
    ],
)
def test_not_a_backend(text: str) -> None:
    """A family, an incomplete name or anything else is not a backend."""
    with pytest.raises(ValueError, match="is not a backend"):
        Backend.parse(text)


@settings(max_examples=100, deadline=None)
@given(_BACKENDS)
def test_round_trip(backend: Backend) -> None:
    """A backend is read back from each of its spellings, whatever their case."""
    for text in (backend.name, backend.extra, backend.name.upper(), f" {backend.extra.title()} "):
        assert backend == Backend.parse(text)
    if backend.family != "mps":
        assert backend == Backend.parse(backend.folder)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=12) | st.from_regex(r"(cu|cuda|rocm|xpu)[-.0-9]{0,6}", fullmatch=True))
def test_any_text(text: str) -> None:
    """Every other text is refused by a ValueError and nothing else."""
    try:
        backend = Backend.parse(text)
    except ValueError:
        return
    assert backend.family in FAMILIES
    assert backend == Backend.parse(backend.name)
