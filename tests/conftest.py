"""What holds for every test: no clock for properties, no configuration of this machine."""

from __future__ import annotations

import os
import signal
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING

import pytest
import trustme
from hypothesis import HealthCheck, settings

from hatch_torch import catalog
from hatch_torch.frontend import installer_config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

settings.register_profile(
    "any machine",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("any machine")

FROZEN_TABLES = Path(__file__).parent / "data" / "tables"


def find_frozen_table(name: str) -> Path:
    """Return the frozen copy of a table, or the package's own one where no copy exists."""
    frozen = FROZEN_TABLES / f"{name}.toml"
    return frozen if frozen.exists() else catalog.FOLDER / frozen.name


# A new release of torch adds rows to the package's tables; tests that assert which release is
# chosen read a copy that does not change. Set before test modules are collected, since some call
# the catalog for their parameters, and caches keep the answers.
catalog.find_table = find_frozen_table


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Interrupts are heard, as at a terminal: a job in the background starts with them ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(autouse=True, scope="session")
def _no_configuration_of_this_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Read pip's and uv's files where a test wrote them, and not those of whoever runs it."""
    temporary, read = tmp_path_factory.getbasetemp(), installer_config.read_config_file

    def read_own(path: Path, parse: Callable[[Path], dict[str, str]]) -> Iterable[tuple[str, str]]:
        return read(path, parse) if path.is_relative_to(temporary) else ()

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(installer_config, "read_config_file", read_own)
        yield


@dataclass
class CorporateProxy:
    """A network with a proxy and a certificate of its own, where every host is one server."""

    proxy: str
    """The proxy's URL."""
    certificate: Path
    """The file of the company's own root certificate."""
    port: int = 0
    """Where the server listens on loopback, in plain HTTP."""
    closed: set[str] = field(default_factory=set)
    """The hosts, with their ports, that ask for a user and a password; any will do."""
    tunnels: list[str] = field(default_factory=list)
    """The hosts that the proxy was asked for, with their ports."""


@pytest.fixture
def corporate_proxy(tmp_path: Path) -> Iterator[CorporateProxy]:
    """Run a proxy that answers for each host by itself, as those that look into TLS do."""
    authority = trustme.CA()
    certificate = tmp_path / "corporate_proxy.pem"
    authority.cert_pem.write_to_path(str(certificate))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        corporate_proxy = CorporateProxy(
            f"http://127.0.0.1:{listening.getsockname()[1]}", certificate
        )
        Thread(target=_listen, args=(listening, corporate_proxy, authority), daemon=True).start()
        yield corporate_proxy


def _listen(
    listening: socket.socket, corporate_proxy: CorporateProxy, authority: trustme.CA
) -> None:
    with suppress(OSError):
        while True:
            client, _ = listening.accept()
            Thread(target=_tunnel, args=(client, corporate_proxy, authority), daemon=True).start()


def _tunnel(client: socket.socket, corporate_proxy: CorporateProxy, authority: trustme.CA) -> None:
    """Answer CONNECT, speak TLS with a certificate for that host, and pass on what is said."""
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(1)
    target = head.split()[1].decode()
    corporate_proxy.tunnels.append(target)
    client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(target.partition(":")[0]).configure_cert(context)
    with (
        suppress(OSError),
        client,
        context.wrap_socket(client, server_side=True) as inside,
        socket.create_connection(("127.0.0.1", corporate_proxy.port)) as server,
    ):
        first = inside.recv(65536)
        if target in corporate_proxy.closed and b"authorization: basic " not in first.lower():
            inside.sendall(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n")
            inside.sendall(b"WWW-Authenticate: Basic\r\nConnection: close\r\n\r\n")
            return
        server.sendall(first)
        back = Thread(target=_pass_on, args=(server, inside), daemon=True)
        back.start()
        _pass_on(inside, server)
        back.join()


def _pass_on(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
