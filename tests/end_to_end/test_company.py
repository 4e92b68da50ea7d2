"""A company's network: a proxy, a certificate of its own, a mirror that asks who is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hatch_torch.demo.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Company
    from tests.end_to_end.conftest import World

pytestmark = pytest.mark.end_to_end

MIRROR = "mirror.example.org"
NETRC = f"machine {MIRROR} login me password secret\n"


@pytest.fixture
def inside(world: World, company: Company) -> Iterator[World]:
    """Return a world whose mirror is behind the proxy, and asks for a user."""
    with serve() as index:
        company.port = int(index.url.rpartition(":")[2])
        company.closed = {f"{MIRROR}:443"}
        index.url = f"https://{MIRROR}"
        config = world.folder / "pip.conf"
        config.write_text(f"[global]\ncert = {company.certificate}\n", encoding="utf-8")
        yield world.over(index).on(
            "rtx-4090",
            HTTPS_PROXY=company.proxy,
            PIP_CONFIG_FILE=str(config),
            PIP_INDEX_URL=world.index.default_index,
            TORCH_VARIANT_INDEX_URL="",
            **dict.fromkeys(("CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"), ""),
        )


def test_mirror_of_the_configuration(inside: World) -> None:
    """What pip's file says is enough: mirror and certificate, with the netrc file's password."""
    config, netrc = inside.folder / "pip.conf", inside.folder / "netrc"
    with config.open("a", encoding="utf-8") as file:
        file.write(f"[install]\nextra-index-url = https://{MIRROR}/whl/cu118\n")
    netrc.write_text(NETRC, encoding="utf-8")
    netrc.chmod(0o600)

    inside.on(NETRC=str(netrc)).pip("install", "-e", ".")

    assert inside.exact() == {"torch": "2.14.1+cu126", "torchvision": "0.29.2+cu126"}
    named_by = f"extra-index-url in {config}"
    assert inside.record()["index"] == {"url": f"https://{MIRROR}/whl", "named_by": named_by}
    assert "secret" not in str(inside.record())


def test_locked_out(inside: World) -> None:
    """A password that only we would have is told before pip fails, with the line to write."""
    closed = f"https://me:secret@{MIRROR}/whl"

    told = inside.on(TORCH_VARIANT_INDEX_URL=closed).refusal("pip")

    assert f"machine {MIRROR} login USER password PASSWORD" in told
    assert "me:secret" not in told
    assert inside.versions() == {}
