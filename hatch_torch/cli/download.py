"""`hatch-torch download`: the family's wheels into a folder, for a machine without a network."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.specifiers import holds
from hatch_torch.cli import render as show
from hatch_torch.cli.options import add_machine, case_of, root_of
from hatch_torch.cli.render import progress
from hatch_torch.config.pyproject import read_toml
from hatch_torch.config.requirements import parsed_constraints
from hatch_torch.config.validation import table_at
from hatch_torch.errors import HatchTorchError, NoAnswerError
from hatch_torch.frontend.installers import WORD
from hatch_torch.frontend.requirements_txt import CONSTRAINT
from hatch_torch.index.download import Got, Wanted, fetch_all
from hatch_torch.index.source import index_of
from hatch_torch.resolution.decide import decide
from hatch_torch.verification.repair import lines_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from hatch_torch.catalog.target import Target
    from hatch_torch.resolution.model import Case, Decision

    Found = Mapping[Wanted, Got | HatchTorchError]

_SCHEMA = 1
_MB = 1_000_000
_COMMON = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux2014", "linux_")
"""The platforms that wheels on PyPI are for; pip adds the older ones to manylinux2014."""
_EXAMPLES = """\
examples:
  hatch-torch download -d wheels/                                  # this project, this machine
  hatch-torch download -d wheels/ --backend cu126 --python 3.12 --platform linux_x86_64
  hatch-torch download -d wheels/ --hardware nodes/*.json          # what runs on every node
  hatch-torch download -d wheels/ "torch>=2.6" torchvision
  hatch-torch download -d wheels/ -r requirements.txt
then, over there:
  pip install -e . --no-index --find-links wheels/
"""


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser(
        "download", help="a folder of wheels for a machine without a network", epilog=_EXAMPLES
    )
    parser.add_argument(
        "what", nargs="*", metavar="PROJECT | REQ", help="its folder (default: .), or requirements"
    )
    parser.add_argument(
        "-r", "--requirement", action="append", default=[], metavar="FILE", help="requirements file"
    )
    parser.add_argument("-d", "--dest", default=".", metavar="FOLDER", help="where to (default: .)")
    add_machine(parser)
    parser.add_argument("--json", action="store_true", help="print what is there as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and fetch what was decided; an error's code where one is missing."""
    case = _case(options)
    decision = decide(case)
    wanted = _wanted(decision)
    if not wanted:
        why = decision.warnings[-1:] or (f"{decision.decided_by} asks for nothing",)
        raise NoAnswerError(f"there is nothing to fetch: {why[0]}")
    folder = Path(options.dest)
    index = index_of(case.config, case.environ, case.target)
    with progress(of_bytes=True) as tell:
        found = fetch_all(wanted, folder, index.stream, tell)
    rest = _rest(options, case, decision)
    if options.json:
        show.as_json(_json(decision, found, rest))
    else:
        _show(decision, case, found, rest)
    faults = [one for one in found.values() if isinstance(one, HatchTorchError)]
    for fault in faults:
        print(f"hatch-torch: {fault}", file=sys.stderr)
    return max((one.exit_code for one in faults), default=0)


def _case(options: argparse.Namespace) -> Case:
    """Put together the case of a place where nothing is installed yet."""
    options.project = next(filter(_is_project, options.what), None)
    options.require = [word for word in options.what if word != options.project]
    said = [*lines_of(options.requirement, os.environ)]
    required = parsed_constraints(one.value for one in said if one.name == WORD)
    case = case_of(options, required if options.requirement else None, by_version=False)
    bounds = parsed_constraints(one.value for one in said if one.name == CONSTRAINT)
    return case._replace(
        constraints=(*case.constraints, *bounds),
        find_installed=lambda _names: (),
        sees_environment=True,
        origin=lambda: None,  # who is known to the index: we fetch, no installer does
    )


def _is_project(word: str) -> bool:
    """Tell a folder from a requirement, which may be called like one."""
    return (Path(word) / "pyproject.toml").is_file() or not word[:1].isalnum() or os.sep in word


def _wanted(decision: Decision) -> tuple[Wanted, ...]:
    """Return the wheels that were decided, also those that only an extra asks for."""
    found = {pin.url: pin.sha256 for pin in decision.pins if pin.url}
    for one in decision.additions:
        url, _, fragment = (Requirement(one.requirement).url or "").partition("#")
        if url:
            found.setdefault(url, fragment.removeprefix("sha256=") or None)
    return tuple(Wanted(*one) for one in found.items())


def _rest(options: argparse.Namespace, case: Case, decision: Decision) -> str:
    """Return the command that fetches everything else from PyPI, beside what is there."""
    elsewhere = options.python or options.platform or options.hardware
    family = [f"{pin.name}=={pin.version}" for pin in decision.pins]
    others = [str(one) for one in case.config.dependencies if _is_other(one, case)]
    asked = dict.fromkeys((*family, *others, *_build_requires(options, case)))
    where = ("-d", options.dest, "--find-links", options.dest, "--only-binary=:all:")
    command = ("pip", "download", *where, *(_foreign(case.target) if elsewhere else ()), *asked)
    return shlex.join(command)


def _is_other(one: Requirement, case: Case) -> bool:
    return canonicalize_name(one.name) not in case.family and holds(
        one.marker, case.target.environment
    )


def _build_requires(options: argparse.Namespace, case: Case) -> Iterator[str]:
    """Yield what an isolated build of the project takes out of the folder, too."""
    if options.project or not (options.require or options.requirement):
        pyproject = read_toml(root_of(options) / "pyproject.toml")
        yield from table_at(pyproject, "build-system").get("requires", [])
        yield "editables"
        yield from case.config.build_requires


def _foreign(target: Target) -> Iterator[str]:
    """Yield pip's options for another Python and platform."""
    yield from ("--python-version", target.python.rstrip("t"))
    if target.python.endswith("t"):
        yield from ("--abi", f"cp{target.python.replace('.', '')}", "--abi", "none")
    every = [*dict.fromkeys(tag.platform for tag in target.ranks if tag.platform != "any")]
    linux = [one for one in every if one.startswith(_COMMON)]
    for platform in linux or every[:1]:
        yield from ("--platform", platform)


def _json(decision: Decision, found: Found, rest: str) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "backend": decision.backend.name if decision.backend else None,
        "wheels": [
            {
                "file": one.filename,
                "url": one.url,
                "sha256": one.sha256,
                "size": got.size if isinstance(got, Got) else None,
                "how": got.how if isinstance(got, Got) else "missing",
            }
            for one, got in found.items()
        ],
        "rest": rest,
    }


def _show(decision: Decision, case: Case, found: Found, rest: str) -> None:
    title = f"{decision.backend}, Python {case.target.python} on {case.target.platform}"
    rows = [(one.filename, *_row(got)) for one, got in found.items()]
    show.table(title, ("file", "size", "state"), rows)
    unhashed = [one.filename for one in found if one.sha256 is None]
    without = [f"the index gives no hash for {one}" for one in unhashed]
    show.notes("Notes", (*decision.warnings, *without))
    show.notes("The rest, which comes from PyPI", [rest])


def _row(got: Got | HatchTorchError) -> tuple[str, str]:
    if isinstance(got, Got):
        return f"{got.size / _MB:.1f} MB", got.how
    return "", "missing"
