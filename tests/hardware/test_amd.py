"""AMD's GPUs: parsers of the kernel's files and of ROCm's tools, and the installed ROCm."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.hardware.amd import (
    ROCM_PROBES,
    parse_enumerator,
    parse_product,
    parse_properties,
    parse_rocm_of_amd_smi,
    parse_rocminfo,
    parse_smi,
    parse_version,
)
from hatch_torch.hardware.model import Accelerator
from hatch_torch.hardware.probe import run_probes
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from pathlib import Path

QUICK = settings(max_examples=60, deadline=None)
MI300X = Accelerator("amd", "AMD Instinct MI300X", "gfx942")


def test_properties() -> None:
    """Lines other than a name and a number are skipped."""
    text = "simd_count 192\ngfx_target_version 110000\nname\nlist 1 2\nbad x\nodd \u0663\n"
    assert parse_properties(text) == {"simd_count": 192, "gfx_target_version": 110000}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("6.4.1-83\n", "6.4.1"),
        ("7.14.0", "7.14.0"),
        ("7.0", "7.0"),
        ("7.2.0.dev1", "7.2.0"),
        ("latest", None),
        ("", None),
    ],
)
def test_version(text: str, expected: str | None) -> None:
    """The build number is not part of the release."""
    assert expected == parse_version(text)


def test_product() -> None:
    """The table of libdrm names a device by its number and its revision."""
    text = "# ids\n744C,\tC8,\tAMD Radeon RX 7900 XTX\n744C,\tCC\n"
    assert parse_product(text, "744c", "c8") == "AMD Radeon RX 7900 XTX"
    assert parse_product(text, "744c", "cc") is None
    assert parse_product(text, "744c", "01") is None


def test_enumerator() -> None:
    """gfx000, the processor, is skipped."""
    expected = [
        Accelerator("amd", architecture="gfx90a"),
        Accelerator("amd", architecture="gfx1100"),
    ]
    assert expected == parse_enumerator("gfx000\ngfx90a:xnack-\ngfx1100\nWARNING: x\n")


def test_rocminfo() -> None:
    """Each agent that is a GPU has its own name; instruction sets are skipped."""
    text = """
  Name:                    AMD Ryzen 9 7950X
  Marketing Name:          AMD Ryzen 9 7950X
  Name:                    gfx1100
  Marketing Name:          AMD Radeon RX 7900 XTX
      Name:                    amdgcn-amd-amdhsa--gfx1100
      Name:                    amdgcn-amd-amdhsa--gfx11-generic
  Name:                    gfx1036
  Marketing Name:
"""
    expected = [
        Accelerator("amd", "AMD Radeon RX 7900 XTX", "gfx1100"),
        Accelerator("amd", "unknown", "gfx1036"),
    ]
    assert expected == parse_rocminfo(text)


@pytest.mark.parametrize(
    "layout",
    [
        {"gpu_data": [{"asic": {"market_name": MI300X.name, "target_graphics_version": "gfx942"}}]},
        [{"gpu": 0, "asic": {"market_name": MI300X.name, "target_graphics_version": "gfx942"}}],
        {"card0": {"Card Series": MI300X.name, "GFX Version": "gfx942"}},
        {"card0": {"Card series": MI300X.name, "GFX Version": "gfx942:sramecc+:xnack-"}},
    ],
)
def test_smi(layout: object) -> None:
    """All layouts of amd-smi and rocm-smi, old and new, give the same GPU."""
    assert parse_smi(json.dumps(layout)) == [MI300X]


@pytest.mark.parametrize("text", ["", "{", "null", '{"asic": {"market_name": "x"}}', "[" * 99999])
def test_smi_without_gpu(text: str) -> None:
    """Invalid output has no GPU."""
    assert parse_smi(text) == []


@given(st.text(), st.text(alphabet="Name: gfx0123456789ab\n"))
@QUICK
def test_anything(text: str, like: str) -> None:
    """No text makes a parser raise."""
    for output in (text, like):
        assert parse_smi(output) == []
        gpus = parse_enumerator(output) + parse_rocminfo(output)
        assert all((gpu.architecture or "").startswith("gfx") for gpu in gpus)
        assert isinstance(parse_properties(output), dict)
        assert parse_version(output) is None or output.strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "AMDSMI Tool: 24.6.2+2b02a07 | AMDSMI Library version: 24.6.2.0 | ROCm version: 6.2.2",
            "6.2.2",
        ),
        ("AMDSMI Tool: 26.5.0+2b22ab01 | ROCm version: 7.14.0 | Git version: 2b22ab01", "7.14.0"),
        ("AMDSMI Tool: 24.5.1+881920c | ROCm version: N/A", None),
        ("ROCM-SMI version: 3.0.0+unknown\nROCM-SMI-LIB version: 7.7.0", None),
    ],
)
def test_release_of_amd_smi(text: str, expected: str | None) -> None:
    """Of the versions that amd-smi prints, the one of ROCm is parsed."""
    assert expected == parse_rocm_of_amd_smi(text)


SOURCES = {
    "/opt/rocm": ('[files]\n"/opt/rocm/.info/version" = "5.7.1-98"', "5.7.1"),
    "the newest of several": (
        """
[files]
"/opt/rocm-5.7.1/.info/version" = "5.7.1-98"
"/opt/rocm-7.0.0/.info/version" = "7.0.0-38"
""",
        "7.0.0",
    ),
    "$ROCM_PATH": (
        'environ.ROCM_PATH = "/srv/rocm/"\n[files]\n"/srv/rocm/.info/version" = "6.5.0-98"',
        "6.5.0",
    ),
    "$ROCM_HOME": (
        'environ.ROCM_HOME = "/srv/rocm"\n[files]\n"/srv/rocm/.info/version" = "7.0"',
        "7.0",
    ),
    "amd-smi": (
        'files."/dev/kfd" = ""\n[commands."amd-smi version"]\nout = "ROCm version: 7.1.1 |"',
        "7.1.1",
    ),
    "amd-smi without an answer": (
        'files."/dev/kfd" = ""\n[commands."amd-smi version"]\nhangs = true',
        None,
    ),
    "a folder without a release": ('[files]\n"/opt/rocm/bin/rocminfo" = ""', None),
    "rocminfo, which tells HSA's version": (
        '[commands."rocminfo"]\nout = "Runtime Version: 1.14"',
        None,
    ),
}


@pytest.mark.parametrize("source", SOURCES)
def test_release(source: str, tmp_path: Path) -> None:
    """Each source of the ROCm release is read; without one the release is unknown."""
    recording, expected = SOURCES[source]
    head = 'system = "Linux"\nmachine = "x86_64"\npython = "3.12.3"\n'
    (tmp_path / "machine.toml").write_text(head + recording, encoding="utf-8")
    rocm = run_probes(RecordedMachine(tmp_path), ROCM_PROBES).rocm
    assert expected == (rocm.version if rocm else None)
