"""NVIDIA's GPUs: parsers of the driver's files, of the child's answers and of nvidia-smi."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.hardware import parsers
from hatch_torch.hardware.machine import Machine
from hatch_torch.hardware.model import Accelerator, Nvidia
from hatch_torch.hardware.nvidia import (
    OLD_SMI_FIELDS,
    PROBES,
    SMI_FIELDS,
    parse_answer,
    parse_gpus,
    parse_information,
    parse_nvrm,
    parse_smi_header,
    parse_smi_rows,
    parse_versions,
    parse_windows_driver,
)
from hatch_torch.hardware.probe import run_probes
from tests.support.recorded_machine import RecordedMachine

if TYPE_CHECKING:
    from pathlib import Path

    from hatch_torch.hardware.process import CompletedProcess

QUICK = settings(max_examples=60, deadline=None)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
KEYS = st.sampled_from(["name", "capability", "memory", "mig"])


class TestFiles:
    """The driver's files."""

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            (
                "NVRM version: NVIDIA UNIX x86_64 Kernel Module  560.35.03  Fri Aug 16 2024\n",
                "560.35.03",
            ),
            (
                "NVRM version: NVIDIA UNIX Open Kernel Module for aarch64  580.95.05  Release\n",
                "580.95.05",
            ),
            ("GCC version: gcc version 13.3.0 (Ubuntu)\n", None),
            ("", None),
        ],
    )
    def test_nvrm(self, text: str, expected: str | None) -> None:
        """Both kernel modules name the version in their first line."""
        assert expected == parse_nvrm(text)

    def test_information(self) -> None:
        """The file of a GPU has its name, or nothing."""
        assert parse_information("Model: \t\t NVIDIA H200\nIRQ: 1\n") == "NVIDIA H200"
        assert parse_information("IRQ: 1\n") == parsers.UNKNOWN

    def test_windows(self) -> None:
        """The last five digits of the version in the registry are NVIDIA's version."""
        assert parse_windows_driver("32.0.15.6094") == "560.94"
        assert parse_windows_driver("31.0.101.2125") == "121.25"
        assert parse_windows_driver("32.0") is None

    @given(st.text())
    @QUICK
    def test_anything(self, text: str) -> None:
        """No text makes a parser raise."""
        assert parse_nvrm(text) is None or "NVRM" in text
        assert parse_information(text)
        assert parse_windows_driver(text) is None or "." in text


class TestLibrary:
    """The answers of the child process."""

    @pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"gpus": 1}', "Segmentation fault"])
    def test_no_answer(self, text: str) -> None:
        """Anything but an object with GPUs or an error raises ValueError."""
        with pytest.raises(ValueError, match=r"Expecting value|not an answer"):
            parse_answer(text)

    @given(st.lists(st.dictionaries(KEYS, JSON) | JSON), JSON, JSON)
    @QUICK
    def test_anything(self, gpus: object, driver: object, cuda: object) -> None:
        """Implausible values count as unknown."""
        answer = parse_answer(json.dumps({"gpus": gpus, "driver": driver, "cuda": cuda}))
        for gpu in parse_gpus(answer):
            assert gpu.architecture is None or gpu.architecture.startswith("sm_")
            assert gpu.name
        assert parse_versions(answer, "580.1").driver is not None

    def test_no_python(self) -> None:
        """Without a child process the result is inconclusive."""

        class NoAnswerMachine(Machine):
            def exists(self, path: str) -> bool:
                return path == "/dev/nvidiactl"

            def ask_library(self, library: str, seconds: float) -> CompletedProcess | None:  # noqa: ARG002 - a fake
                return None

        reports = run_probes(NoAnswerMachine({}), PROBES[:2]).probe_reports
        assert [report.result for report in reports] == ["found", "absent"]


class TestSmi:
    """The output of nvidia-smi."""

    def test_rows(self) -> None:
        """Each line is a GPU; a comma in a name is kept."""
        text = "580.65.06, 9.0, NVIDIA H200, 143771 MiB\n580.65.06, 12.0, RTX, Pro, 97887 MiB\n"
        expected = [
            ("580.65.06", Accelerator("nvidia", "NVIDIA H200", "sm_90", 143771)),
            ("580.65.06", Accelerator("nvidia", "RTX, Pro", "sm_120", 97887)),
        ]
        assert expected == parse_smi_rows(text, SMI_FIELDS)

    def test_old_rows(self) -> None:
        """The other fields are parsed without the capability."""
        expected = [("470.82.01", Accelerator("nvidia", "Tesla K80", None, 11441))]
        assert expected == parse_smi_rows("470.82.01, Tesla K80, 11441 MiB", OLD_SMI_FIELDS)

    @pytest.mark.parametrize(
        "line",
        [
            'Field "compute_cap" is not a valid field to query.',
            "Unable to determine the device handle for GPU0000:01:00.0: Unknown Error",
            "Das Gerät, das angefragt wurde, antwortet nicht, bitte, neu starten",
            "ERR!, ERR!, ERR!, ERR!",
            "1.2, 99.9, GPU, 12 MiB",
            "",
        ],
    )
    def test_no_row(self, line: str) -> None:
        """Errors, other languages and implausible numbers are skipped."""
        assert parse_smi_rows(line, SMI_FIELDS) == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("| Driver Version: 560.35.03  CUDA Version: 12.6 |", Nvidia("560.35.03", "12.6")),
            ("| KMD Version: 610.57.04 CUDA UMD Version: 13.3 |", Nvidia("610.57.04", "13.3")),
            ("| Driver Version: 566.36  CUDA Version: ERR! |", Nvidia("566.36", None)),
            ("Version du pilote : 560.35.03", Nvidia()),
        ],
    )
    def test_header(self, text: str, expected: Nvidia) -> None:
        """The old and the new wording of the header are parsed."""
        assert expected == parse_smi_header(text)

    @given(st.text(), st.lists(st.text(), min_size=4, max_size=6).map(", ".join))
    @QUICK
    def test_anything(self, text: str, line: str) -> None:
        """No text makes a parser raise."""
        assert parse_smi_header(text) is not None
        assert parse_smi_rows(f"{text}\n{line}", SMI_FIELDS) is not None
        assert parse_smi_rows(line, OLD_SMI_FIELDS) is not None


class TestSmiWithoutRows:
    """A tool whose CSV is empty, though its box names the driver."""

    BOX = "| NVIDIA-SMI 560.35.03    Driver Version: 560.35.03     CUDA Version: 12.6     |"

    def _machine(self, tmp_path: Path, csv: str, box: str) -> RecordedMachine:
        commands = "".join(
            f"[commands.'nvidia-smi --query-gpu={','.join(fields)} --format=csv,noheader']\n{csv}\n"
            for fields in (SMI_FIELDS, OLD_SMI_FIELDS)
        )
        text = f"""
            system = 'Linux'
            machine = 'x86_64'
            python = '3.12.3'
            [files]
            '/dev/nvidiactl' = ''
            '/proc/driver/nvidia/gpus/0000:01:00.0/information' = "Model: \t NVIDIA L4\\n"
            {commands}
            [commands.nvidia-smi]
            out = '{box}'
            """
        (tmp_path / "machine.toml").write_text(text, encoding="utf-8")
        return RecordedMachine(tmp_path)

    def test_driver_is_kept(self, tmp_path: Path) -> None:
        """The driver and CUDA of the box count, and the files name the GPU."""
        hardware = run_probes(self._machine(tmp_path, "out = ''", self.BOX), PROBES)
        assert hardware.nvidia == Nvidia("560.35.03", "12.6")
        assert hardware.accelerators == (Accelerator("nvidia", "NVIDIA L4"),)
        assert hardware.probe_reports[-1].result == "broken"

    def test_no_box(self, tmp_path: Path) -> None:
        """Without a box, or where the tool hangs, the files are all that remains."""
        for csv, box in (("out = ''", "no box"), ("hangs = true", self.BOX)):
            hardware = run_probes(self._machine(tmp_path, csv, box), PROBES)
            assert hardware.nvidia == Nvidia()
            assert hardware.accelerators == (Accelerator("nvidia", "NVIDIA L4"),)
