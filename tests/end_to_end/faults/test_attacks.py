"""Who tries to get in, by an index, a lock, a configuration or the checkout: nobody does."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from hatch_torch.demo.wheels import Stub, build_wheel
from hatch_torch.lock import LOCK
from tests.end_to_end.faults.building import build
from tests.end_to_end.faults.servers import changed, on_pages

if TYPE_CHECKING:
    from hatch_torch.demo.server import Response
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

DECOYS = ("torch-99.0", "torchvision-99.0", "triton_rocm-99.0", "triton_rocm-{}")
"""What anybody could put on a default index; `{}` is the very version that torch requires."""
EVIL = "torch-2.11.0%2Brocm7.0-py3-none-any.whl"
"""A wheel that is newer than all that the page has for this machine, and in range."""
HREFS = [
    f"https://evil.example.org/{EVIL}",
    f"//evil.example.org/{EVIL}",
    f"https://download.pytorch.org@evil.example.org/{EVIL}",
    f"https://download.pytorch.org:x@evil.example.org/{EVIL}",
    f"https://download.pytorch.org.evil.example.org/{EVIL}",
    f"https://download.pytorch.org\\.evil.example.org/{EVIL}",
    f"http://download.pytorch.org/{EVIL}",
    f"file:///tmp/{EVIL}",
    f"file://localhost/tmp/{EVIL}",
    f"ftp://download.pytorch.org/{EVIL}",
    f"data:text/html,/{EVIL}",
    f"/whl/..%2f..%2f{EVIL}",
    f"/whl/%2fetc%2f{EVIL}",
    f"/whl/..%5c{EVIL}",
    f"/whl/\\{EVIL}",
    f"/whl/%00{EVIL}",
    f"/whl/a b/{EVIL}",
    f"/whl/&#10;Requires-Dist: evil/{EVIL}",
    f"/whl/&#13;&#10;&#10;evil/{EVIL}",
    f"/whl/&#27;c/{EVIL}",
    f"/whl/&#x202e;/{EVIL}",
    f"/whl/x ; python_version &gt; '0'/{EVIL}",
    f"/whl/x;evil/{EVIL}",
    f"/whl/{EVIL}?a=b",
    f"/whl/{EVIL}%23sha256=",
    f"/whl/{EVIL}%0aRequires-Dist:%20evil.whl",
    f"/whl/{EVIL.replace('torch-2.11.0', 'torch-2.11.0%0a')}",
    f"/whl/{EVIL.replace('torch-', '../../torch-').replace('/', '%2f')}",
]


def hostile(text: str) -> str:
    """Put links that must not be followed at the head of a page."""
    links = (f'<a href="{href}#sha256={"1" * 64}">torch</a><br>' for href in HREFS)
    return text.replace("<body>", "<body>" + "".join(links))


def decoyed(path: str, response: Response) -> Response:
    """Offer decoys on the default index, under every name that matters."""
    _, place, name, *_ = f"{path}//".split("/")
    if place == "packages" and ("-99.0-" in name or name.startswith("triton_rocm-")):
        return replace(response, status=200, body=build_wheel(Stub(unquote(name))))
    if place != "simple" or name not in {"torch", "torchvision", "triton-rocm"}:
        return response
    stems = (decoy.format("3.6.0") for decoy in DECOYS if decoy.startswith(name.replace("-", "_")))
    links = (f'<a href="/packages/{stem}-py3-none-any.whl">x</a>' for stem in stems)
    body = response.body if response.status < 400 else b"<html><body></body></html>"
    return replace(response, status=200, body=body.replace(b"</body>", "".join(links).encode()))


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_decoys(sandbox: Sandbox, tool: str) -> None:
    """What the default index has under the family's names is never chosen, however new it is."""
    with changed(decoyed) as evil:
        conf = f"[global]\nextra-index-url = {evil.default_index}\npre = 1\n"
        by_pip = {"PIP_CONFIG_FILE": str(sandbox.add("../pip.conf", conf))}
        by_uv = {"UV_INDEX": evil.default_index, "UV_INDEX_STRATEGY": "unsafe-best-match"}
        sandbox.on("mi300x", **(by_pip if tool == "pip" else by_uv)).install(tool)

        assert not [
            filename for filename in evil.wheels_fetched if filename.startswith(("torch", "triton"))
        ]
    assert sandbox.exact() == {"torch": "2.10.0+rocm7.0", "torchvision": "0.25.0+rocm7.0"}
    (triton,) = (info for info in sandbox.infos("triton_rocm"))
    assert sandbox.origin(triton)["url"].startswith(sandbox.index.torch_index)


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_hostile_page(sandbox: Sandbox, tool: str) -> None:
    """Links that lead elsewhere, or out of a requirement or a folder, are as if not there."""
    with changed(on_pages(hostile)) as index:
        sandbox.over(index).on("mi300x").install(tool)

        assert not [path for _, path in index.requests if "2.11.0" in path]
        assert sandbox.over(index).exact()["torch"] == "2.10.0+rocm7.0"
    (info,) = sandbox.infos("my_app")
    text = (info / "METADATA").read_text(encoding="utf-8")
    assert "evil" not in text + str(sandbox.record()["added"])
    assert re.findall(r"[^\x20-\x7e\n]", text) == []
    notes = " ".join(sandbox.record()["warnings"])
    assert "refused links to the host evil.example.org" in notes
    assert "unsafe" in notes


@pytest.mark.parametrize(
    "url",
    [
        "https://wheels.example.org/whl\nRequires-Dist: evil",
        "https://wheels.example.org/whl ; python_version > '0'",
        "https://wheels.example.org/\x1bc",
        "http://wheels.example.org/whl",
        "file:///tmp/whl",
    ],
)
def test_a_hostile_address(sandbox: Sandbox, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An index's address that is none, or is not safe, is refused, and shown without its tricks."""
    with pytest.raises(SystemExit) as end:
        build(sandbox.on("mi300x", TORCH_VARIANT_INDEX_URL=url), monkeypatch)
    assert "expected an allowed https: URL, got " in str(end.value)
    assert str(end.value).replace("\nhint: ", "").isprintable()


@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_a_lock_with_another_hash(sandbox: Sandbox, tool: str) -> None:
    """Where lock and index differ in a hash, the lock is right, and the installer stops."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    sandbox.run(sys.executable, "-m", "hatch_torch", "lock", "--backend", "cpu", "--python", python)
    lock = sandbox.project / LOCK
    text = lock.read_text(encoding="utf-8")
    lock.write_text(re.sub(r'sha256 = "\w{64}"', f'sha256 = "{"1" * 64}"', text), encoding="utf-8")

    output = sandbox.refusal(tool).lower()

    assert "hash" in output
    assert "1" * 64 in output
    assert sandbox.versions() == {}


def test_a_lock_that_leads_elsewhere(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock names no host that the project does not, and nothing that is no path."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    sandbox.run(sys.executable, "-m", "hatch_torch", "lock", "--backend", "cpu", "--python", python)
    lock = sandbox.project / LOCK
    text = lock.read_text(encoding="utf-8")
    for path, told in {
        "//evil.example.org/": "no torch",
        "https://evil.example.org/": "no torch",
        "file:///tmp/": "no torch",
        "a b/": "percent-encoded path of a wheel",
        "a;b#c/": "percent-encoded path of a wheel",
        "a\\\\b/": "percent-encoded path of a wheel",
        "a\\u0000b/": "percent-encoded path of a wheel",
        "a\\nRequires-Dist: evil/": "percent-encoded path of a wheel",
    }.items():
        lock.write_text(text.replace('path = "cpu/', f'path = "{path}'), encoding="utf-8")
        with pytest.raises(SystemExit) as end:
            build(sandbox, monkeypatch)
        assert told in str(end.value)


def test_a_cache_of_somebody_else(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache that is a link, or that everybody may write to, is neither read nor written."""
    cache, victim = sandbox.folder / "hatch-torch-cache", sandbox.folder / "victim"
    build(sandbox, monkeypatch)
    pages = sorted(cache.iterdir())
    sandbox.index.forget()
    cache.chmod(0o777)
    built = build(sandbox, monkeypatch)
    assert "every user may write to it" in built.record["warnings"][-1]
    assert sandbox.index.requests
    assert sorted(cache.iterdir()) == pages

    victim.mkdir()
    linked = sandbox.folder / "linked"
    linked.symlink_to(victim)
    built = build(sandbox.on(TORCH_VARIANT_CACHE_DIR=str(linked)), monkeypatch)
    assert "not a folder (a link or a file)" in built.record["warnings"][-1]
    assert [*victim.iterdir()] == []
