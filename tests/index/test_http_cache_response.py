"""CachedResponse: its content and lifetime."""

from __future__ import annotations

import pytest
from hypothesis import given, settings, strategies as st

from hatch_torch.index.http_cache import CachedResponse


def make_response(cache_control: str) -> CachedResponse:
    """Return a response that was stored in second 1000."""
    return CachedResponse.from_reply(
        "https://x.org/", 200, {"cache-control": cache_control}, b"x", 1000.0
    )


@pytest.mark.parametrize(
    ("cache_control", "seconds"),
    [
        ("max-age=600, public, must-revalidate", 600.0),
        ("no-cache,no-store,must-revalidate", 0.0),
        ("no-cache, max-age=600", 0.0),
        ("", 0.0),
        ("max-age=999999999", 86400.0),
        ("max-age=99999999999999999999", 86400.0),
    ],
)
def test_age(cache_control: str, seconds: float) -> None:
    """A page is fresh for its max-age, at most a day."""
    assert make_response(cache_control).max_age == seconds


@pytest.mark.parametrize(("now", "expected"), [(999, False), (1000, True), (1600, False)])
def test_clock(now: float, expected: bool) -> None:  # noqa: FBT001 - the expected answer
    """Nothing is fresh if the clock moved backwards."""
    assert make_response("max-age=600").is_fresh(now) == expected


@pytest.mark.parametrize(
    ("status", "host", "age"),
    [(404, "x.org", 600.0), (403, "download.pytorch.org", 600.0), (403, "x.org", 0.0)],
)
def test_missing_pages_are_remembered(status: int, host: str, age: float) -> None:
    """A missing page stays missing for ten minutes, except a mirror's 403."""
    missing = CachedResponse.from_reply(f"https://{host}/a/", status, {}, b"", 1000.0)
    assert (missing.max_age, missing.is_found, missing.conditional_headers) == (age, False, {})


def test_renewal() -> None:
    """A revalidated page gets a new lifetime."""
    renewed = make_response("max-age=600").revalidate({"cache-control": "max-age=60"}, 5000.0)
    assert (renewed.body, renewed.stored, renewed.max_age) == (b"x", 5000.0, 60.0)


@settings(max_examples=50, deadline=None)
@given(body=st.binary(), etag=st.text(), data=st.data())
def test_pack(body: bytes, etag: str, data: st.DataObject) -> None:
    """A serialized response is read back; a changed byte anywhere is noticed."""
    packed = CachedResponse("https://x.org/", 200, body, etag=etag).serialize("key")
    assert CachedResponse.deserialize("key", packed) == CachedResponse(
        "https://x.org/", 200, body, etag=etag
    )
    at = data.draw(st.integers(0, len(packed) - 1))
    with pytest.raises(ValueError, match="damaged"):
        CachedResponse.deserialize("key", packed[:at] + bytes([packed[at] ^ 1]) + packed[at + 1 :])


def test_another_key() -> None:
    """An entry is only valid for its own key."""
    with pytest.raises(ValueError, match="another URL"):
        CachedResponse.deserialize("other", CachedResponse("https://x.org/", 200).serialize("key"))
