"""Credentials are planted in every input; none of them is in anything that is left or said."""

from __future__ import annotations

import sys
from base64 import b64encode
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

INPUTS = (
    *("netrc", "index-url", "index-query", "pip-index", "pip-extra", "pip-conf"),
    *("uv-default", "uv-index", "uv-password", "uv-extra", "command", "requirement", "signature"),
    *("https-proxy", "all-proxy", "extra-index", "constraint"),
)
TABLE = """
private = ["secret-thing @ https://x:{requirement}@git.example.org/p.whl?sig={signature}"]
"""
DIRECT = "\n[tool.hatch.metadata]\nallow-direct-references = true\n"
FORMATS = ("requirements", "command", "pylock", "uv", "poetry")
COMMANDS = (
    *("explain", "explain --json", "status --json", "doctor", "verify"),
    *("install --dry-run torch", "cache size"),
)
LOCK = "lock --backend cpu --python 3.12 --platform linux_x86_64"
INPUT_FILES = {".netrc", "pip.conf", "limits.txt", "pyproject.toml", "METADATA"}
"""The files that the secrets come from; METADATA has the project's own words."""


def word(name: str) -> str:
    """Return the secret of an input: a password with a letter that URLs have to escape."""
    return f"hush/{name}/4711"


def url(address: str, name: str, path: str = "") -> str:
    """Put user and secret into an address."""
    return address.replace("://", f"://ada:{word(name).replace('/', '%2F')}@") + path


def leaks(content: bytes) -> set[str]:
    """Return the inputs whose secrets are in some bytes, in any spelling."""
    return {name for name in INPUTS if any(spelling in content for spelling in _spellings(name))}


def _spellings(name: str) -> Iterator[bytes]:
    plain = word(name)
    yield plain.encode()
    yield plain.replace("/", "%2F").encode()
    yield plain.replace("/", "\\/").encode()
    yield b64encode(f"ada:{plain}".encode())


def planted(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox in which every input has a secret."""
    index, folder = sandbox.index, sandbox.folder
    home = folder / "home"
    home.mkdir()
    netrc = home / ".netrc"
    netrc.write_text(f"machine 127.0.0.1 login ada password {word('netrc')}\n", encoding="utf-8")
    netrc.chmod(0o600)
    settings = folder / "pip.conf"
    settings.write_text(
        f"[global]\nextra-index-url = {url(index.default_index, 'pip-conf')}\n", encoding="utf-8"
    )
    limits = f"numpy\n# {word('constraint')}\n--extra-index-url {url(index.url, 'constraint')}\n"
    sandbox.write(
        "full",
        ('all = ["my-app[rocm64]"]\n', 'all = ["my-app[rocm64]"]' + secret_table()),
        ("extras.rocm70]", f'extras.rocm70]\nindex-url = "{rocm(sandbox)}"'),
        more=DIRECT,
    )
    return sandbox.on(
        "rtx-4090",
        ALL_PROXY=url("http://proxy.example.org:3128", "all-proxy"),
        HTTPS_PROXY=url("http://proxy.example.org:3128", "https-proxy"),
        PIP_CONFIG_FILE=str(settings),
        PIP_CONSTRAINT=str(sandbox.add("limits.txt", limits)),
        PIP_EXTRA_INDEX_URL=url(index.default_index, "pip-extra"),
        PIP_INDEX_URL=url(index.default_index, "pip-index"),
        TORCH_VARIANT_INDEX_URL=url(index.torch_index, "index-url"),
        TORCH_VARIANT_LOG="debug",
        UV_DEFAULT_INDEX=url(index.default_index, "uv-default"),
        UV_EXTRA_INDEX_URL=url(index.default_index, "uv-extra"),
        UV_INDEX=f"private={url(index.default_index, 'uv-index')}",
        UV_INDEX_PRIVATE_PASSWORD=word("uv-password"),
        UV_INDEX_PRIVATE_USERNAME="ada",
    )


def secret_table() -> str:
    """Return an extra with a requirement by URL that has credentials."""
    words = {name: word(name).replace("/", "%2F") for name in ("requirement", "signature")}
    return TABLE.format(**words)


def rocm(sandbox: Sandbox) -> str:
    """Return the folder of a backend, with credentials."""
    return url(f"{sandbox.index.torch_index}/rocm7.0", "extra-index")


@pytest.fixture
def sandbox_with_secrets(sandbox: Sandbox) -> Sandbox:
    """Return a sandbox in which every input holds a secret, except those that a test sets."""
    sandbox_with_secrets = planted(sandbox)
    files = [inputs for _, inputs in kept(sandbox_with_secrets)]
    there = leaks("\n".join(sandbox_with_secrets.environ.values()).encode()).union(*files)
    assert there == {*INPUTS} - {"command", "index-query"}
    return sandbox_with_secrets


def kept(sandbox: Sandbox) -> Iterator[tuple[str, set[str]]]:
    """Yield each file below a sandbox that holds secrets, and whose they are."""
    for path in sorted(sandbox.folder.rglob("*")):
        if path.is_file() and (inputs := leaks(path.read_bytes())):
            yield path.name, inputs


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_install(sandbox_with_secrets: Sandbox, tool: str) -> None:
    """An install leaves no secret in metadata, record, stamp, cache or log, whoever runs it."""
    index = url(sandbox_with_secrets.index.default_index, "command")
    option = "--extra-index-url" if tool == "pip" else "--index"

    output = sandbox_with_secrets.install(tool, "-v", option, index)

    assert "hatch-torch: backend cu126" in output
    assert leaks(output.encode()) == set()
    assert sandbox_with_secrets.exact() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    left = dict(kept(sandbox_with_secrets))
    assert {name: inputs for name, inputs in left.items() if name not in INPUT_FILES} == {}
    # The project's own words, which it publishes itself.
    assert left.pop("METADATA") == {"requirement", "signature"}
    assert left.keys() == INPUT_FILES - {"METADATA"}
    assert leaks(repr(sandbox_with_secrets.record()).encode()) == set()


def test_commands(sandbox_with_secrets: Sandbox) -> None:
    """No command says a secret, or writes one."""
    sandbox = sandbox_with_secrets.on(VIRTUAL_ENV=str(sandbox_with_secrets.python.parents[1]))
    command = (sys.executable, "-m", "hatch_torch")
    outputs = [sandbox.run(*command, "export", "--format", name) for name in FORMATS]
    sandbox.uv("pip", "install", "-e", ".")
    outputs += [sandbox.run(*command, *words.split()) for words in (*COMMANDS, LOCK)]

    assert "torch" in outputs[0]
    assert [leaks(output.encode()) for output in outputs] == [set()] * len(outputs)
    assert {name for name, _ in kept(sandbox)} == INPUT_FILES
    assert (sandbox.project / "torch-variant.lock").is_file()


@pytest.mark.parametrize(
    ("variables", "table", "expected"),
    [
        ({"TORCH_VARIANT_INDEX_URL": "{closed}"}, "", "connection refused"),
        (
            {"TORCH_VARIANT_INDEX_URL": "{query}"},
            "",
            "TORCH_VARIANT_INDEX_URL: expected a URL without secrets, got one with a query",
        ),
        ({"TORCH_VARIANT": "{index}"}, "", "rocm64, cpu), got 'http://***@"),
        (
            {"TORCH_VARIANT_TIMEOUT": "{index}"},
            "",
            "TORCH_VARIANT_TIMEOUT: expected seconds from 0.001 to 86400, got 'http://***@",
        ),
        ({"TORCH_VARIANT_HARDWARE": "{index}"}, "", "TORCH_VARIANT_HARDWARE: "),
        ({"TORCH_VARIANT_OFFLINE": "1"}, "", "the network is switched off"),
        (
            {"HTTPS_PROXY": "http://[ada:hush", "TORCH_VARIANT_INDEX_URL": "{away}"},
            "",
            "is not valid",
        ),
        (
            {},
            'hosts = "{index}"',
            "tool.torch-variant.hosts: expected an array of strings, got 'http://***@",
        ),
        ({}, 'family = ["torch @ {index} x"]', "tool.torch-variant.family"),
        ({}, '"{index}" = true', "unknown key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "+".join(value),
)
def test_errors(
    sandbox_with_secrets: Sandbox, variables: dict[str, str], table: str, expected: str
) -> None:
    """What is wrong is told without the secret that stands beside it."""
    places = {
        "index": url(sandbox_with_secrets.index.torch_index, "index-url"),
        "closed": url("http://127.0.0.1:9/whl", "index-url"),
        "query": url(
            sandbox_with_secrets.index.torch_index, "index-url", f"?token={word('index-query')}"
        ),
        "away": url("https://index.invalid/whl", "index-url"),
    }
    text = (sandbox_with_secrets.project / "pyproject.toml").read_text(encoding="utf-8")
    sandbox_with_secrets.add(
        "pyproject.toml", f"{text}\n[tool.torch-variant]\n{table.format(**places)}\n"
    )
    wrong = {name: value.format(**places) for name, value in variables.items()}
    options = () if "TORCH_VARIANT" in wrong else ("--backend", "rocm64")

    command = (sys.executable, "-m", "hatch_torch", "explain", *options)
    output = sandbox_with_secrets.on(**wrong).run(*command, fails=True)

    assert expected in output
    assert "Traceback" not in output
    assert leaks(output.encode()) == set()
