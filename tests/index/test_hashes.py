"""Every hash that a page gives counts, and what only looks like one makes the link no link."""

from __future__ import annotations

import json

import pytest

from hatch_torch.index.simple_api import Page, parse_page

URL = "https://download.pytorch.org/whl/cu126/torch/"
NAME = "torch-2.9.1%2Bcu126-cp312-cp312-manylinux_2_28_x86_64.whl"
LENGTHS = {"md5": 32, "sha1": 40, "sha224": 56, "sha256": 64, "sha384": 96, "sha512": 128}


def _read(href: str, more: str = "") -> Page:
    return parse_page(f'<html><a href="{href}"{more}>x</a></html>', "text/html", URL)


def _read_json(**file: object) -> Page:
    return parse_page(json.dumps({"files": [{"url": NAME, **file}]}), "application/json", URL)


@pytest.mark.parametrize(("name", "length"), LENGTHS.items())
def test_every_algorithm(name: str, length: int) -> None:
    """Each algorithm that pip knows is kept, as HTML and as JSON, in any case."""
    digest = "aB" * (length // 2)
    for page in (_read(f"{NAME}#{name.upper()}={digest}"), _read_json(hashes={name: digest})):
        (wheel,) = page.wheels
        assert wheel.hash_fragment == f"{name}={digest.lower()}"


@pytest.mark.parametrize(
    ("names", "preferred"),
    [
        (["md5", "sha512", "sha256"], "sha256"),
        (["sha1", "sha384", "sha512"], "sha512"),
        (["md5", "sha384"], "sha384"),
        (["sha1", "md5"], "md5"),
        (["sha1", "sha224"], "sha224"),
        ([], None),
    ],
)
def test_preference(names: list[str], preferred: str | None) -> None:
    """A sha256 comes first, then the strongest that pip and uv both check."""
    (wheel,) = _read_json(hashes={name: "0" * LENGTHS[name] for name in names}).wheels
    assert (wheel.hash_fragment or "").partition("=")[0] == (preferred or "")


@pytest.mark.parametrize(
    "fragment",
    [
        "sha256=00",
        "sha256=00\n",
        "sha256=",
        "sha256",
        f"sha256={'0' * 65}",
        f"sha256={'0' * 63}g",
        f"sha512={'0' * 64}",
        f"md5=0&sha256={'0' * 64}",
        "egg=torch&md5=x",
    ],
)
def test_malformed(fragment: str) -> None:
    """A damaged hash is refused with its link: an installer might check nothing."""
    page = _read(f"{NAME}#{fragment}")
    assert page.wheels == ()
    assert page.notes == (f"{URL}: refused 1 links to .whl files with a malformed hash",)
    name, _, digest = fragment.rpartition("&")[2].partition("=")
    assert name == "sha256" or not _read_json(hashes={name: digest}).wheels


@pytest.mark.parametrize("fragment", ["", "egg=torch", "egg=torch&subdirectory=x", "blake2b=x"])
def test_no_hash(fragment: str) -> None:
    """A fragment without a hash that installers know is no fault."""
    (wheel,) = _read(f"{NAME}#{fragment}").wheels
    assert wheel.hash_fragment is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [("true", ""), ("false", None), (f"sha256={'A' * 64}", "a" * 64), ("sha256=00", None)],
)
def test_metadata(value: str, expected: str | None) -> None:
    """A METADATA file with a damaged hash counts as missing."""
    (wheel,) = _read(NAME, f' data-core-metadata="{value}"').wheels
    assert wheel.core_metadata == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, ""),
        (False, None),
        ({}, None),
        ({"sha256": "A" * 64}, "a" * 64),
        ({"sha256": "00"}, None),
        ({"sha256": 5}, None),
    ],
)
def test_json_metadata(value: object, expected: str | None) -> None:
    """Likewise as JSON."""
    (wheel,) = _read_json(**{"core-metadata": value}).wheels
    assert wheel.core_metadata == expected


@pytest.mark.parametrize("character", [*"${}\"`<>|^\\[]()' \t", "%", "%zz", "é"])
@pytest.mark.parametrize("place", ["name", "folder", "base", "page"])
def test_unsafe_characters(character: str, place: str) -> None:
    """No URL is added with a character that a path must not have, or that installers expand."""
    folder = f"x{character}HOME/" if place == "folder" else ""
    name = f"{character}{NAME}" if place == "name" else NAME
    base = f"<base href='{URL}x{character}/'>" if place == "base" else ""
    page_url = f"{URL}x{character}/" if place == "page" else URL
    href = f"{folder}{name}".replace('"', "&quot;")
    page = parse_page(f'<html>{base}<a href="{href}">x</a></html>', "text/html", page_url)
    # A quote ends the attribute: what remains is another URL, and a safe one.
    assert all(set(wheel.url).isdisjoint(character) for wheel in page.wheels)
    assert not page.wheels or character in "' \t"
