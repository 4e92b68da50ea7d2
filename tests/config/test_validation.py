"""Every fault of a project at once: its TOML path, what is expected, and what was given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.config.conftest import Faults

_CHANNELS = "expected stable or test or nightly"
_METADATA = "tool.hatch.metadata.hooks.torch-variant"
_BUILD = "tool.hatch.build.hooks.torch-variant"
_OWN = "tool.torch-variant"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "[tool.torch-variant]\nchanel = 'stable'",
            (
                "tool.torch-variant.chanel: unknown key; expected one of "
                "backend, build-requires, channel, companions, compatibility, "
                "dependencies, "
                "environment-variable, existing, extras, family, hosts, index-url, "
                "optional-dependencies, require-hashes, scope, "
                "when-no-accelerator, when-unsupported\n"
                "hint: did you mean 'channel'?"
            ),
        ),
        (
            "[[tool.torch-variant]]\nbackend = 'cpu'",
            "tool.torch-variant: expected a table, got [{'backend': 'cpu'}] (array)",
        ),
        (
            "[tool]\ntorch-variant = 'cpu'",
            "tool.torch-variant: expected a table, got 'cpu'",
        ),
        (
            "[tool.torch-variant]\nhosts = ['a', 7]",
            "tool.torch-variant.hosts[1]: expected a string, got 7 (integer)",
        ),
        (
            "[tool.torch-variant]\nhosts = 'wheels.example.org'",
            "tool.torch-variant.hosts: expected an array of strings, got 'wheels.example.org'",
        ),
        (
            "[tool.torch-variant]\nrequire-hashes = 1",
            "tool.torch-variant.require-hashes: expected true or false, got 1 (integer)",
        ),
        (
            "[tool.torch-variant]\nindex-url = 2026-11-21",
            (
                "tool.torch-variant.index-url: expected a string, "
                "got datetime.date(2026, 11, 21) (date)"
            ),
        ),
        (
            "[tool.torch-variant]\nfamily = ['torchvision>=0.2']",
            ("tool.torch-variant.family[0]: expected a package name, got 'torchvision>=0.2'"),
        ),
        (
            "[tool.torch-variant]\nchannel = 'nigthly'",
            f"{_OWN}.channel: {_CHANNELS}, got 'nigthly'\nhint: did you mean 'nightly'?",
        ),
        (
            "[tool.torch-variant]\nchannel = ['test']",
            (
                f"tool.torch-variant.channel: {_CHANNELS}, got ['test'] (array)\n"
                "hint: did you mean 'test'?"
            ),
        ),
        (
            "[tool.torch-variant]\nwhen-unsupported = true",
            "tool.torch-variant.when-unsupported: expected cpu or error, got true (boolean)",
        ),
    ],
)
def test_of_the_table(faults: Faults, more: str, expected: str) -> None:
    """An unknown key or a value of the wrong type is reported with what is expected."""
    assert [expected] == faults(more, form="smallest")


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (
            "[tool.torch-variant]\nextras = 'cu124'",
            "tool.torch-variant.extras: expected a table, got 'cu124'",
        ),
        (
            "[tool.torch-variant.extras]\ncu126 = ['torch']",
            "tool.torch-variant.extras.cu126: expected a table, got ['torch'] (array)",
        ),
        (
            "[tool.torch-variant.extras.cu126]\nindex = 'https://wheels.example.org'",
            (
                "tool.torch-variant.extras.cu126.index: unknown key; "
                "expected one of channel, dependencies, index-url\nhint: did you mean 'index-url'?"
            ),
        ),
        (
            "[tool.torch-variant.extras.cu126]\ndependencies = ['torch=>2']",
            (
                "tool.torch-variant.extras.cu126.dependencies[0]: 'torch=>2' "
                "is not a valid requirement: "
            ),
        ),
        (
            '[tool.torch-variant.extras."rocm7.1"]\nchannel = 3',
            f'tool.torch-variant.extras."rocm7.1".channel: {_CHANNELS}, got 3 (integer)',
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = { url = 'https://x/{cuda}' }",
            (
                "tool.torch-variant.companions.flash-attn.url: expected one of "
                "{backend}, {platform}, {python}, {torch}, got {cuda}"
            ),
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = { url = 'https://me:pw@x/' }",
            (
                "tool.torch-variant.companions.flash-attn.url: expected a URL without user, "
                "password, query and special characters, got one with '@'"
            ),
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = { url = 'wheels/' }",
            (
                "tool.torch-variant.companions.flash-attn.url: expected a URL that begins with "
                "https://, got 'wheels/'"
            ),
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = { hosts = ['x'] }",
            "tool.torch-variant.companions.flash-attn.url: expected a URL, got none",
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = { url = 1 }",
            "tool.torch-variant.companions.flash-attn.url: expected a string, got 1 (integer)",
        ),
        (
            "[tool.torch-variant.companions]\n'flash+' = { url = 'https://x/' }",
            "tool.torch-variant.companions.\"flash+\": expected a package name, got 'flash+'",
        ),
        (
            "[tool.torch-variant.companions]\nflash-attn = 'https://x/'",
            "tool.torch-variant.companions.flash-attn: expected a table, got 'https://x/'",
        ),
        (
            "[tool.torch-variant.optional-dependencies]\ndev = 'pytest'",
            (
                "tool.torch-variant.optional-dependencies.dev: expected an array of strings, "
                "got 'pytest'"
            ),
        ),
        (
            "[tool.torch-variant.optional-dependencies]\n'lint+' = ['ruff', 1.5]",
            (
                'tool.torch-variant.optional-dependencies."lint+"[1]: expected a string, '
                "got 1.5 (float)"
            ),
        ),
    ],
)
def test_of_nested_values(faults: Faults, more: str, expected: str) -> None:
    """The path of a fault leads to the very value; a key that is not bare is quoted."""
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
def test_extra_that_is_not_a_backend(faults: Faults, name: str) -> None:
    """The name of a backend extra has to be a backend."""
    (fault, *_) = faults(f"[tool.torch-variant.extras.{name}]", form="smallest")
    expected = f"{_OWN}.extras.{name}: expected a backend such as cu128 or rocm64, got '{name}'"
    assert expected == fault.partition("\nhint: did you mean ")[0]


@pytest.mark.parametrize(
    ("value", "hint"),
    [
        ("'cu12-4-1'", "did you mean 'cu124'?"),
        ("'rcom'", "did you mean 'rocm'?"),
        ("'Cudda'", "did you mean 'cuda'?"),
        ("'nvidia'", "did you mean 'cuda'?"),
        ("'AMD'", "did you mean 'rocm'?"),
        ("'portable'", ""),
        ("''", ""),
        ("7 (integer)", ""),
    ],
)
def test_unknown_backend(faults: Faults, value: str, hint: str) -> None:
    """A backend is `auto`, a family or a backend; the nearest one is suggested."""
    (fault,) = faults(f"[tool.torch-variant]\nbackend = {value.partition(' ')[0]}", form="smallest")
    message, _, suggestion = fault.partition("\nhint: ")
    assert message == (
        "tool.torch-variant.backend: expected auto, cuda, rocm, xpu, mps, cpu or a backend such as "
        f"cu128 or rocm6.4, got {value}"
    )
    assert suggestion == hint


def test_bad_requirement(faults: Faults) -> None:
    """An invalid requirement is shown with the reason."""
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
        "project.dependencies[1]: 'numpy=>1' is not a valid requirement",
        "project.dependencies[2]: expected a string, got 7 (integer)",
        "project.optional-dependencies.dev[0]: 'a b' is not a valid requirement",
    ]


def test_all_at_once(faults: Faults) -> None:
    """Every fault is reported at once, whatever its kind."""
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
    ] == [fault.partition(":")[0] for fault in found]
