"""What comes over the wire: a body within its limits, a failure in words without secrets."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Protocol

from hatch_torch.errors import IndexFaultError
from hatch_torch.index.courier import BrokenError
from hatch_torch.index.hosts import bare
from hatch_torch.index.route import CERTIFICATES

if TYPE_CHECKING:
    from hatch_torch.index.patience import Deadline

BODY_LIMIT = 32 * 1024 * 1024
"""Bytes of the largest body that is read, packed or unpacked; four times PyTorch's largest page."""
_PIECE = 64 * 1024
_TOO_LARGE = f"the answer is larger than {BODY_LIMIT // 1024**2} MiB"
LATE = "no answer in time; TORCH_VARIANT_TIMEOUT sets the seconds"

_WORDS = {
    "NameResolutionError": "its host name is unknown here",
    "NewConnectionError": "nobody takes the connection",
    "TimeoutError": LATE,
    "SSLError": f"its certificate is not trusted; {', '.join(CERTIFICATES)} name others",
    "ProxyError": "the proxy does not answer",
    "ProxySchemeUnknown": "a proxy of this kind is not supported, only http: and https:",
    "ProtocolError": "the connection broke off",
    "OSError": f"the certificates that {', '.join(CERTIFICATES)} name cannot be read",
}
_WORTH_ANOTHER_TRY = {"NewConnectionError", "ProtocolError"}


class Body(Protocol):
    """A body that arrives piece by piece, as urllib3's responses give it."""

    def read1(self, amt: int, /, *, decode_content: bool) -> bytes:
        """Return what is there, at most `amt` bytes; nothing at the end."""


def read_body(body: Body, encoding: str, url: str, deadline: Deadline) -> bytes:
    """Read a body to its end; raises IndexFaultError where it is too large or comes too late."""
    pieces: list[bytes] = []
    size = 0
    while piece := body.read1(_PIECE, decode_content=False):
        size += len(piece)
        if size > BODY_LIMIT:
            raise IndexFaultError(bare(url), _TOO_LARGE)
        if not deadline.remaining():
            raise IndexFaultError(bare(url), LATE)
        pieces.append(piece)
    return _unpack(b"".join(pieces), encoding.strip().lower(), url)


def _unpack(body: bytes, encoding: str, url: str) -> bytes:
    """Undo a Content-Encoding; a small body that unpacks to a huge one is stopped on the way."""
    if encoding in {"", "identity"}:
        return body
    if encoding not in {"gzip", "x-gzip"}:
        raise IndexFaultError(bare(url), "the answer is packed in a way that was not asked for")
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    try:
        unpacked = unpacker.decompress(body, BODY_LIMIT)
    except zlib.error as error:
        raise IndexFaultError(bare(url), "the answer cannot be unpacked") from error
    if not unpacker.eof:
        found = _TOO_LARGE if unpacker.unconsumed_tail else "the answer was cut in the middle"
        raise IndexFaultError(bare(url), found)
    return unpacked


def fault_of(url: str, error: Exception) -> IndexFaultError:
    """Say what went wrong in our own words; the library's may hold the URL and its secrets."""
    known = (base.__name__ for base in type(error).__mro__ if base.__name__ in _WORDS)
    name = next(known, "")
    fault = BrokenError if name in _WORTH_ANOTHER_TRY else IndexFaultError
    return fault(bare(url), _WORDS.get(name, f"the request failed ({type(error).__name__})"))
