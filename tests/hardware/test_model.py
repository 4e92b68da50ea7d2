"""Hardware profiles."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.hardware.model import Accelerator, Hardware, Nvidia, ProbeReport, Rocm

QUICK = settings(max_examples=80, deadline=None)
LINE = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=20)
ARCHITECTURES = {
    "nvidia": ["sm_61", "sm_120", "sm_90a"],
    "amd": ["gfx942", "gfx90a:sramecc+:xnack-"],
    "intel": ["xe2", "xe-hpg", "gen9"],
    "apple": ["apple-m"],
}
ACCELERATORS = st.sampled_from(sorted(ARCHITECTURES)).flatmap(
    lambda vendor: st.builds(
        Accelerator,
        st.just(vendor),
        LINE,
        st.none() | st.sampled_from(ARCHITECTURES[vendor]),
        st.none() | st.integers(0, 2**20),
    )
)
MACHINES = st.builds(
    Hardware,
    system=st.sampled_from([None, "Linux", "Windows", "Darwin"]),
    machine=st.sampled_from([None, "x86_64", "arm64"]),
    libc=st.sampled_from([None, "glibc 2.36", "musl 1.2", "macos 14.5", "macos 13.6.7"]),
    python=st.sampled_from([None, "3.11.7", "3.13.1t", "3.15.0a1", "3.12"]),
    accelerators=st.lists(ACCELERATORS, max_size=3).map(tuple),
    nvidia=st.none() | st.builds(Nvidia, st.sampled_from([None, "580.65.06"]), st.just("13.0")),
    rocm=st.none() | st.builds(Rocm, st.sampled_from([None, "7.14.0"])),
    probe_reports=st.lists(
        st.builds(ProbeReport, LINE, st.just("found"), LINE, st.none() | st.integers(0, 9)),
        max_size=2,
    ).map(tuple),
    environment_hints=st.lists(LINE, max_size=2).map(tuple),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
NAMES = st.sampled_from(["accelerators", "nvidia", "rocm", "sources", "signs", "libc", "schema"])


@given(MACHINES)
@QUICK
def test_round_trip(hardware: Hardware) -> None:
    """A profile reads back as the same hardware."""
    assert hardware == Hardware.from_json(json.dumps(hardware.to_json()))


@given(JSON | st.dictionaries(NAMES, JSON), st.text())
@QUICK
def test_anything(value: object, text: str) -> None:
    """Any text is a profile or raises ValueError."""
    for profile in (json.dumps(value), text):
        try:
            Hardware.from_json(profile)
        except ValueError as error:
            assert str(error)  # noqa: PT017 - either is right


def test_optional_keys() -> None:
    """All keys of a profile are optional."""
    assert Hardware.from_json("{}") == Hardware()
    gpu = Hardware.from_json('{"accelerators": [{"vendor": "amd"}], "rocm": {}}')
    assert gpu == Hardware(accelerators=(Accelerator("amd"),), rocm=Rocm())


def test_of_vendor() -> None:
    """The accelerators of one vendor keep their order."""
    first, second = Accelerator("amd", "first"), Accelerator("amd", "second")
    assert Hardware(accelerators=(first, Accelerator("intel"), second)).of_vendor("amd") == (
        first,
        second,
    )


@pytest.mark.parametrize(
    ("hardware", "vendors"),
    [
        (Hardware(), []),
        (Hardware(nvidia=Nvidia("580.65.06")), ["nvidia"]),
        (Hardware(rocm=Rocm("6.4.1")), ["amd"]),
        (Hardware(rocm=Rocm("6.4.1"), accelerators=(Accelerator("intel"),)), ["intel", "amd"]),
        (Hardware(rocm=Rocm("6.4.1"), accelerators=(Accelerator("amd"),)), ["amd"]),
        (Hardware(rocm=Rocm("6.4.1"), probe_reports=(ProbeReport("kfd", "absent"),)), []),
    ],
)
def test_infer_gpus(hardware: Hardware, vendors: list[str]) -> None:
    """A driver or ROCm implies a GPU of its vendor, unless probes found none."""
    assert vendors == [gpu.vendor for gpu in hardware.infer_gpus().accelerators]


def profile_with_gpu(**values: object) -> dict[str, Any]:
    """Return a profile with one accelerator."""
    return {"accelerators": [{"vendor": "nvidia", **values}]}


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ([], r"profile: expected an object, got \[\]"),
        ({"schema": 2}, "schema: expected 1, got 2"),
        ({"accelerator": []}, "accelerator: unknown key; [^@]*did you mean 'accelerators'"),
        ({"zzz": []}, "zzz: unknown key; expected one of schema, system"),
        ({"accelerators": {}}, "accelerators: .*a list"),
        ({"accelerators": [1]}, r"accelerators\[0\]: .*an object"),
        ({"accelerators": [{}] * 2000}, "accelerators: .*at most 1024"),
        ({"accelerators": [{}]}, r"accelerators\[0\].vendor: missing"),
        (
            profile_with_gpu(vendor="voodoo"),
            r"accelerators\[0\].vendor: .*nvidia, amd, intel, apple",
        ),
        (profile_with_gpu(architecture="gfx942"), r"accelerators\[0\].architecture: .*sm_90"),
        (profile_with_gpu(architecture="90"), r"accelerators\[0\].architecture: .*sm_90"),
        (profile_with_gpu(architecture=90), r"accelerators\[0\].architecture: .*sm_90"),
        (profile_with_gpu(memory_mib=-1), r"accelerators\[0\].memory_mib: .*a whole number"),
        (profile_with_gpu(memory_mib=True), r"accelerators\[0\].memory_mib: .*a whole number"),
        (profile_with_gpu(memory_mib=10**30), r"accelerators\[0\].memory_mib: .*a whole number"),
        (profile_with_gpu(name="a\x1b[31m"), r"accelerators\[0\].name: "),
        (profile_with_gpu(name="a\ud800"), r"accelerators\[0\].name: "),
        (profile_with_gpu(name="x" * 2000), r"accelerators\[0\].name: expected text, got .{60}…"),
        (profile_with_gpu(nmae="x"), r"accelerators\[0\].nmae: [^@]*did you mean 'name'"),
        ({"nvidia": "580"}, "nvidia: .*an object"),
        ({"nvidia": {"driver": "new"}}, "nvidia.driver: .*580.65.06"),
        ({"nvidia": {"cuda": 13}}, "nvidia.cuda: .*13.0"),
        ({"rocm": {"version": "six"}}, "rocm.version: .*6.4.1"),
        ({"libc": "2.36"}, "libc: .*glibc 2.36"),
        ({"python": "snake"}, "python: .*3.11.7"),
        ({"signs": [1]}, r"signs\[0\]: "),
        ({"sources": [{"probe": "a", "result": "fine"}]}, r"sources\[0\].result: "),
        ({"a\x1bb": 1}, "ab: "),
    ],
)
def test_faults(profile: object, message: str) -> None:
    """An invalid value is an error that names the path and what is expected."""
    with pytest.raises(ValueError, match=f"^{message}"):
        Hardware.from_json(json.dumps(profile))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "^profile: expected JSON"),
        ("[" * 100_000, "nested too deeply"),
        (" " * 2**21, "at most 1048576 characters, got 2097152"),
        ('{"schema": ' + "9" * 5000 + "}", "^profile: expected JSON"),
    ],
)
def test_no_json(text: str, message: str) -> None:
    """Invalid JSON and too long a profile are errors."""
    with pytest.raises(ValueError, match=message):
        Hardware.from_json(text)
