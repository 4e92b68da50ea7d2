"""Read the formats of the feeds; code of upstream's is parsed, never run."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLATFORM_TAGS = (
    (r"(?:many)?linux.*_x86_64", "linux_x86_64"),
    (r"(?:many)?linux.*_aarch64", "linux_aarch64"),
    (r"win_amd64", "win_amd64"),
    (r"macosx_.*_arm64", "macos_arm64"),
    (r"macosx_.*_x86_64", "macos_x86_64"),
)


class WheelName(NamedTuple):
    """What the file name of a wheel says."""

    filename: str
    version: Version
    platform: str
    """As the tables name it; empty for a platform that they do not have."""
    python: str
    """``3.13t``; empty for every Python."""


class PyPIFile(NamedTuple):
    """A wheel on PyPI."""

    wheel: WheelName
    url: str
    size: int
    uploaded: str
    """The day, as ``2026-10-28``."""
    yanked: str | None
    """Why it was yanked, or None."""


def parse_constants(source: str) -> dict[str, Any]:
    """Return the literals that a module assigns to names on its top level."""
    constants: dict[str, Any] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value:
            targets, value = [node.target], node.value
        else:
            continue
        try:
            literal = ast.literal_eval(value)
        except ValueError:  # computed
            continue
        constants |= {target.id: literal for target in targets if isinstance(target, ast.Name)}
    return constants


def parse_wheel(filename: str) -> WheelName | None:
    """Return what a file name says, or None where it is no wheel's."""
    try:
        _, version, _, tags = parse_wheel_filename(filename)
    except (InvalidWheelFilename, InvalidVersion):
        return None
    tag = min(tags, key=str)
    platform = next(
        (name for pattern, name in _PLATFORM_TAGS if re.fullmatch(pattern, tag.platform)), ""
    )
    minor = re.fullmatch(r"cp3(\d+)", tag.interpreter)
    threads = "t" if re.fullmatch(r"cp\d+t", tag.abi) else ""
    return WheelName(filename, version, platform, f"3.{minor[1]}{threads}" if minor else "")


def parse_pypi(text: str) -> Iterator[PyPIFile]:
    """Yield the wheels that PyPI lists for a package."""
    for files in json.loads(text)["releases"].values():
        for file in files:
            if wheel := parse_wheel(file["filename"]):
                yield PyPIFile(
                    wheel,
                    file.get("url", ""),
                    file.get("size", 0),
                    file["upload_time_iso_8601"][:10],
                    (file.get("yanked_reason") or "no reason given") if file["yanked"] else None,
                )


def parse_requires(metadata: str) -> tuple[Requirement, ...]:
    """Return the requirements of a wheel's METADATA, extras left out."""
    headers = metadata.partition("\n\n")[0]
    requirements = []
    for line in re.findall(r"(?m)^Requires-Dist: (.+)$", headers):
        try:
            requirement = Requirement(line)
        except InvalidRequirement:
            continue
        if "extra ==" not in str(requirement.marker or ""):
            requirements.append(requirement)
    return tuple(requirements)


def parse_page(html: str) -> tuple[WheelName, ...]:
    """Return the wheels that an index page links to."""
    names = re.findall(r">\s*([^<>\s]+\.whl)\s*</a>", html)
    return tuple(filter(None, map(parse_wheel, names)))


def parse_announcement(markdown: str) -> dict[str, set[str]]:
    """Return the backends that the table of RELEASE.md names, by release (``2.14``)."""
    announced: dict[str, set[str]] = {}
    for release, row in re.findall(r"(?m)^\| *(\d+\.\d+) *\|(.+)\|$", markdown):
        cuda = {f"cu{major}{minor}" for major, minor in re.findall(r"CUDA (\d+)\.(\d+)", row)}
        rocm = {f"rocm{number}" for number in re.findall(r"ROCm (\d+(?:\.\d+)+)", row)}
        announced[release] = cuda | rocm
    return announced


def parse_targets(cmake: str) -> dict[str, str]:
    """Return the gfx targets that TheRock builds for, with the name of a product."""
    pattern = r'(?m)^therock_add_amdgpu_target\((gfx\w+) "([^"]+)"'
    return dict(re.findall(pattern, cmake))


def parse_gfx_names(source: str) -> set[str]:
    """Return the targets that rocm-bootstrap's table defines."""
    return set(re.findall(r'(?m)^GFX\w+ = GfxTarget\(name="(gfx\w+)"', source))


def parse_driver(manifest: str) -> tuple[str, str] | None:
    """Return a CUDA release and the Linux driver that ships with it; None without a driver."""
    values = json.loads(manifest)
    driver = values.get("nvidia_driver", {}).get("version")
    return (values["release_label"], driver) if driver else None


def parse_locks(text: str) -> Iterator[tuple[str, WheelName]]:
    """Yield the backend and the wheel of each line of a list of locked wheels."""
    for line in text.splitlines():
        backend, _, filename = line.partition("\t")
        if not line.startswith("#") and (wheel := parse_wheel(filename)):
            yield backend, wheel
