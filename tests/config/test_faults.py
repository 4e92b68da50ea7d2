"""Every fault of a project, told at once: its path, what was found, what is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Faults

_CHANNELS = "allowed is stable, test, nightly"
_METADATA = "tool.hatch.metadata.hooks.torch-variant"
_BUILD = "tool.hatch.build.hooks.torch-variant"
_OWN = "tool.torch-variant"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "[tool.torch-variant]\nchanel = 'stable'",
            (
                "tool.torch-variant.chanel: unknown key; allowed are "
                "backend, build-requires, channel, compatibility, dependencies, "
                "environment-variable, existing, extras, family, hosts, index-url, "
                "optional-dependencies, require-hashes, "
                "when-no-accelerator, when-unsupported; "
                "did you mean 'channel'?"
            ),
        ),
        (
            "[[tool.torch-variant]]\nbackend = 'cpu'",
            "tool.torch-variant: found [{'backend': 'cpu'}] (array); allowed is a table",
        ),
        (
            "[tool]\ntorch-variant = 'cpu'",
            "tool.torch-variant: found 'cpu'; allowed is a table",
        ),
        (
            "[tool.torch-variant]\nhosts = ['a', 7]",
            "tool.torch-variant.hosts[1]: found 7 (integer); allowed is a string",
        ),
        (
            "[tool.torch-variant]\nhosts = 'wheels.example.org'",
            "tool.torch-variant.hosts: found 'wheels.example.org'; allowed is an array of strings",
        ),
        (
            "[tool.torch-variant]\nrequire-hashes = 1",
            "tool.torch-variant.require-hashes: found 1 (integer); allowed is true or false",
        ),
        (
            "[tool.torch-variant]\nindex-url = 2026-11-21",
            (
                "tool.torch-variant.index-url: found datetime.date(2026, 11, 21) (date); "
                "allowed is a string"
            ),
        ),
        (
            "[tool.torch-variant]\nfamily = ['torchvision>=0.2']",
            (
                "tool.torch-variant.family[0]: found 'torchvision>=0.2'; "
                "allowed is the name of a package"
            ),
        ),
        (
            "[tool.torch-variant]\nchannel = 'nigthly'",
            f"tool.torch-variant.channel: found 'nigthly'; {_CHANNELS}; did you mean 'nightly'?",
        ),
        (
            "[tool.torch-variant]\nchannel = ['test']",
            (
                f"tool.torch-variant.channel: found ['test'] (array); {_CHANNELS}; "
                "did you mean 'test'?"
            ),
        ),
        (
            "[tool.torch-variant]\nwhen-unsupported = true",
            "tool.torch-variant.when-unsupported: found True (boolean); allowed is cpu, error",
        ),
    ],
)
def test_of_the_table(faults: Faults, more: str, expected: str) -> None:
    """A key that nobody knows or a value of a wrong kind is told with what is allowed."""
    assert [expected] == faults(more, form="smallest")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "[tool.torch-variant]\nextras = 'cu124'",
            "tool.torch-variant.extras: found 'cu124'; allowed is a table",
        ),
        (
            "[tool.torch-variant.extras]\ncu126 = ['torch']",
            "tool.torch-variant.extras.cu126: found ['torch'] (array); allowed is a table",
        ),
        (
            "[tool.torch-variant.extras.cu126]\nindex = 'https://wheels.example.org'",
            (
                "tool.torch-variant.extras.cu126.index: unknown key; "
                "allowed are channel, dependencies, index-url; did you mean 'index-url'?"
            ),
        ),
        (
            "[tool.torch-variant.extras.cu126]\ndependencies = ['torch=>2']",
            (
                "tool.torch-variant.extras.cu126.dependencies[0]: found 'torch=>2', "
                "which is no requirement: "
            ),
        ),
        (
            '[tool.torch-variant.extras."rocm7.1"]\nchannel = 3',
            f'tool.torch-variant.extras."rocm7.1".channel: found 3 (integer); {_CHANNELS}',
        ),
        (
            "[tool.torch-variant.optional-dependencies]\ndev = 'pytest'",
            (
                "tool.torch-variant.optional-dependencies.dev: found 'pytest'; "
                "allowed is an array of strings"
            ),
        ),
        (
            "[tool.torch-variant.optional-dependencies]\n'lint+' = ['ruff', 1.5]",
            (
                'tool.torch-variant.optional-dependencies."lint+"[1]: found 1.5 (float); '
                "allowed is a string"
            ),
        ),
    ],
)
def test_of_nested_values(faults: Faults, more: str, expected: str) -> None:
    """The path of a fault goes down to the very value; a key that is not bare is quoted."""
    head = """
        [project]
        name = "my-app"
        dependencies = ["torch"]
        dynamic = ["optional-dependencies"]
        [tool.hatch.metadata.hooks.torch-variant]
        [tool.hatch.build.hooks.torch-variant]
        """
    (found,) = faults(head + more)
    assert expected == found[: len(expected)]


@pytest.mark.parametrize("name", ["cu12", "cuda", "cu1244", "rocm", "gpu"])
def test_extra_that_is_no_backend(faults: Faults, name: str) -> None:
    """An extra is a backend, spelled as an extra."""
    (found, *_) = faults(f"[tool.torch-variant.extras.{name}]", form="smallest")
    assert f"tool.torch-variant.extras.{name}: found '{name}'; allowed is cu116, cu117, " in found
    assert " rocm624, " in found


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("'cu12-4-1'", "; did you mean 'cu124'?"),
        ("'rcom'", "; did you mean 'rocm'?"),
        ("'Cudda'", "; did you mean 'cuda'?"),
        ("'portable'", ""),
        ("''", ""),
        ("7 (integer)", ""),
    ],
)
def test_unknown_backend(faults: Faults, value: str, hint: str) -> None:
    """A backend is `auto`, a family or a backend; the nearest is suggested."""
    (found,) = faults(f"[tool.torch-variant]\nbackend = {value.partition(' ')[0]}", form="smallest")
    prefix = f"tool.torch-variant.backend: found {value}; allowed is auto, cuda, rocm, xpu, mps, "
    assert prefix == found[: len(prefix)]
    assert f"rocm7.14{hint}" == found[found.index("rocm7.14") :]


def test_bad_requirement(faults: Faults) -> None:
    """A requirement that is none is shown with the reason, wherever it stands."""
    found = faults(
        """
        [project]
        name = "my-app"
        dependencies = ["torch>=2.3", "numpy=>1", 7]
        optional-dependencies = { dev = ["a b"] }
        [tool.hatch.build.hooks.torch-variant]
        """
    )
    assert [one.partition(": Expected")[0] for one in found] == [
        "project.dependencies[1]: found 'numpy=>1', which is no requirement",
        "project.dependencies[2]: found 7 (integer); allowed is a string",
        "project.optional-dependencies.dev[0]: found 'a b', which is no requirement",
    ]


def test_all_at_once(faults: Faults) -> None:
    """Every fault is told at once, whatever its kind."""
    found = faults(
        """
        [project]
        name = "my-app"
        dependencies = ["torch>=2.4", "?"]
        [tool.hatch.build.hooks.torch-variant]
        build-require = ["torch"]
        [tool.torch-variant]
        dependencies = []
        bakend = "cpu"
        hosts = 1
        extras.cu124.dependencies = ["torch<2.4"]
        """
    )
    assert [
        f"{_OWN}.bakend",
        f"{_OWN}.hosts",
        "project.dependencies[1]",
        f"{_BUILD}.build-require",
        f"{_OWN}.extras.cu124",
        f"{_OWN}.dependencies",
        f"{_OWN}.extras.cu124.dependencies",
    ] == [one.partition(":")[0] for one in found]
