"""A package index in a folder: real wheels with given requirements, and their pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from hatch_torch.demo.wheels import Stub, build_wheel

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


def write_index(folder: Path, packages: Mapping[str, Mapping[str, Iterable[str]]]) -> str:
    """Write an index (PEP 503) of packages: name -> version -> requirements; return its URL."""
    for name, releases in packages.items():
        page = folder / canonicalize_name(name)
        page.mkdir(parents=True)
        for version, requires in releases.items():
            filename = f"{name.replace('-', '_')}-{version}-py3-none-any.whl"
            (page / filename).write_bytes(build_wheel(Stub(filename, requires=tuple(requires))))
        links = (f'<a href="{wheel.name}">{wheel.name}</a><br>' for wheel in page.glob("*.whl"))
        html = f"<!DOCTYPE html><html><body>{''.join(links)}</body></html>"
        (page / "index.html").write_text(html, encoding="utf-8")
    return folder.as_uri()
