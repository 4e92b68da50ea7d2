"""A company's network: a proxy, a certificate of its own, a mirror that asks who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import CorporateProxy
    from tests.end_to_end.conftest import Sandbox

pytestmark = pytest.mark.end_to_end

MIRROR = "mirror.example.org"
NETRC = f"machine {MIRROR} login me password secret\n"


@pytest.fixture
def behind_proxy(sandbox: Sandbox, corporate_proxy: CorporateProxy) -> Iterator[Sandbox]:
    """Return a sandbox whose mirror lies behind the proxy and asks for a user."""
    with serve() as index:
        corporate_proxy.port = int(index.url.rpartition(":")[2])
        corporate_proxy.closed = {f"{MIRROR}:443"}
        index.url = f"https://{MIRROR}"
        config = sandbox.folder / "pip.conf"
        config.write_text(f"[global]\ncert = {corporate_proxy.certificate}\n", encoding="utf-8")
        yield sandbox.over(index).on(
            "rtx-4090",
            HTTPS_PROXY=corporate_proxy.proxy,
            PIP_CONFIG_FILE=str(config),
            PIP_INDEX_URL=sandbox.index.default_index,
            TORCH_VARIANT_INDEX_URL="",
            **dict.fromkeys(("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ""),
        )


def test_mirror_of_the_configuration(behind_proxy: Sandbox) -> None:
    """What pip's file says is enough: mirror and certificate, with the netrc file's password."""
    config, netrc = behind_proxy.folder / "pip.conf", behind_proxy.folder / "netrc"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"[install]\nextra-index-url = https://{MIRROR}/whl/cu118\n")
    netrc.write_text(NETRC, encoding="utf-8")
    netrc.chmod(0o600)

    behind_proxy.on(NETRC=str(netrc)).pip("install", "-e", ".")

    assert behind_proxy.exact() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    named_by = f"extra-index-url in {config}"
    assert behind_proxy.record()["index"] == {"url": f"https://{MIRROR}/whl", "named_by": named_by}
    assert "secret" not in str(behind_proxy.record())


def test_locked_out(behind_proxy: Sandbox) -> None:
    """A password that only we would have is told before pip fails, with the line to write."""
    closed = f"https://me:secret@{MIRROR}/whl"

    output = behind_proxy.on(TORCH_VARIANT_INDEX_URL=closed).refusal("pip")

    assert f"machine {MIRROR} login USER password PASSWORD" in output
    assert "me:secret" not in output
    assert behind_proxy.versions() == {}
