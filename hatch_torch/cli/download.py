"""`hatch-torch download`: the decided wheels in a folder, for a machine without a network."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from hatch_torch.catalog.specifiers import marker_applies
from hatch_torch.cli.options import (
    add_target_options,
    collect_cli_inputs,
    project_folder,
    read_profiles,
)
from hatch_torch.cli.render import print_json, print_lines, print_table, show_progress
from hatch_torch.config.pyproject import read_toml
from hatch_torch.config.requirements import parse_constraints
from hatch_torch.config.validation import get_table
from hatch_torch.errors import HatchTorchError, NoAnswerError
from hatch_torch.frontend.installers import POSITIONAL
from hatch_torch.frontend.requirements_txt import CONSTRAINT
from hatch_torch.frontend.shell import join_command
from hatch_torch.index.download import DownloadRequest, DownloadResult, download_all
from hatch_torch.index.source import open_index
from hatch_torch.resolution.multi_host import decide_for_hosts
from hatch_torch.verification.install_plan import read_requirements_files

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Mapping

    from hatch_torch.catalog.target import Target
    from hatch_torch.resolution.model import Decision, ResolutionInputs

    Results = Mapping[DownloadRequest, DownloadResult | HatchTorchError]

_SCHEMA = 1
_MB = 1_000_000
_COMMON = ("manylinux_2_34", "manylinux_2_28", "manylinux_2_27", "manylinux2014", "linux_")
"""The Linux platforms of the wheels on PyPI; pip adds the older ones to manylinux2014."""
_EXAMPLES = """\
examples:
  hatch-torch download -d wheels/                                  # this project, this machine
  hatch-torch download -d wheels/ --backend cu126 --python 3.12 --platform linux_x86_64
  hatch-torch download -d wheels/ --hardware nodes/*.json          # what runs on every node
  hatch-torch download -d wheels/ "torch>=2.6" torchvision
  hatch-torch download -d wheels/ -r requirements.txt
then, on the machine without a network:
  pip install -e . --no-index --find-links wheels/
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `download`."""
    parser = commands.add_parser(
        "download", help="fetch the wheels for a machine without a network", epilog=_EXAMPLES
    )
    parser.add_argument(
        "targets",
        nargs="*",
        metavar="PROJECT | REQ",
        help="project folder (default: .), or requirements",
    )
    parser.add_argument(
        "-r", "--requirement", action="append", default=[], metavar="FILE", help="requirements file"
    )
    parser.add_argument(
        "-d", "--dest", default=".", metavar="FOLDER", help="folder for the wheels (default: .)"
    )
    add_target_options(parser)
    parser.add_argument("--json", action="store_true", help="print the wheels as JSON")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and fetch the wheels; return the exit code of a failed download."""
    inputs = _collect_inputs(options)
    decision = decide_for_hosts(inputs, read_profiles(options)).decision
    requests = _wheels_to_download(decision)
    if not requests:
        reason = decision.warnings[-1:] or (f"{decision.decided_by} requests no wheels",)
        raise NoAnswerError(f"nothing to download: {reason[0]}")
    index = open_index(inputs.config, inputs.environ, inputs.target)
    with show_progress(of_bytes=True) as progress:
        results = download_all(requests, Path(options.dest), index.stream, progress)
    remaining = _remaining_command(options, inputs, decision)
    if options.json:
        print_json(_to_json(decision, results, remaining))
    else:
        _print_results(decision, inputs.target, results, remaining)
    errors = [result for result in results.values() if isinstance(result, HatchTorchError)]
    for error in errors:
        print(error.format(), file=sys.stderr)
    return max((error.exit_code for error in errors), default=0)


def _collect_inputs(options: argparse.Namespace) -> ResolutionInputs:
    """Return the inputs for an environment where nothing is installed yet."""
    options.project = next(filter(_is_project, options.targets), None)
    options.require = [word for word in options.targets if word != options.project]
    lines = [*read_requirements_files(options.requirement, os.environ)]
    required = parse_constraints(line.value for line in lines if line.name == POSITIONAL)
    constraints = parse_constraints(line.value for line in lines if line.name == CONSTRAINT)
    inputs = collect_cli_inputs(
        options, required if options.requirement else None, by_version=False
    )
    return inputs._replace(
        constraints=(*inputs.constraints, *constraints),
        find_installed=lambda _names: (),
        sees_environment=True,
        find_index_config=lambda: None,  # no installer has to log in: this command fetches
    )


def _is_project(word: str) -> bool:
    """Return whether a word is a folder; a requirement may have the name of a folder."""
    return (Path(word) / "pyproject.toml").is_file() or not word[:1].isalnum() or os.sep in word


def _wheels_to_download(decision: Decision) -> tuple[DownloadRequest, ...]:
    """Return the decided wheels, including those of extras."""
    hashes = {pin.url: pin.sha256 for pin in decision.pins if pin.url}
    for injected in decision.injected:
        url, _, fragment = (Requirement(injected.requirement).url or "").partition("#")
        if url:
            is_sha256 = fragment.startswith("sha256=")
            hashes.setdefault(url, fragment.removeprefix("sha256=") if is_sha256 else None)
    return tuple(DownloadRequest(url, sha256) for url, sha256 in hashes.items())


def _remaining_command(
    options: argparse.Namespace, inputs: ResolutionInputs, decision: Decision
) -> str:
    """Return the pip command that fetches all other packages into the same folder."""
    is_other_machine = options.python or options.platform or options.hardware
    pins = [f"{pin.name}=={pin.version}" for pin in decision.pins]
    others = [
        str(requirement)
        for requirement in inputs.config.dependencies
        if _is_other_package(requirement, inputs)
    ]
    requirements = dict.fromkeys((*pins, *others, *_build_requires(options, inputs)))
    folder = ("-d", options.dest, "--find-links", options.dest, "--only-binary=:all:")
    target = _target_options(inputs.target) if is_other_machine else ()
    return join_command(("pip", "download", *folder, *target, *requirements))


def _is_other_package(requirement: Requirement, inputs: ResolutionInputs) -> bool:
    return canonicalize_name(requirement.name) not in inputs.family and marker_applies(
        requirement.marker, inputs.target.environment
    )


def _build_requires(options: argparse.Namespace, inputs: ResolutionInputs) -> Iterator[str]:
    """Yield what an isolated build of the project installs."""
    if options.project or not (options.require or options.requirement):
        pyproject = read_toml(project_folder(options) / "pyproject.toml")
        yield from get_table(pyproject, "build-system").get("requires", [])
        yield "editables"  # which hatchling requires for an editable build
        yield from inputs.config.build_requires


def _target_options(target: Target) -> Iterator[str]:
    """Yield pip's options for another Python and platform."""
    yield from ("--python-version", target.python.rstrip("t"))
    if target.python.endswith("t"):
        yield from ("--abi", f"cp{target.python.replace('.', '')}", "--abi", "none")
    platforms = [*dict.fromkeys(tag.platform for tag in target.ranks if tag.platform != "any")]
    common = [platform for platform in platforms if platform.startswith(_COMMON)]
    for platform in common or platforms[:1]:
        yield from ("--platform", platform)


def _to_json(decision: Decision, results: Results, remaining: str) -> dict[str, Any]:
    return {
        "schema": _SCHEMA,
        "backend": decision.backend.name if decision.backend else None,
        "wheels": [
            {
                "file": request.filename,
                "url": request.url,
                "sha256": request.sha256,
                "size": result.size if isinstance(result, DownloadResult) else None,
                "how": result.how if isinstance(result, DownloadResult) else "missing",
            }
            for request, result in results.items()
        ],
        "rest": remaining,
    }


def _print_results(decision: Decision, target: Target, results: Results, remaining: str) -> None:
    title = f"{decision.backend}, Python {target.python} on {target.platform}"
    rows = [(request.filename, *_format_result(result)) for request, result in results.items()]
    print_table(title, ("file", "size", "state"), rows)
    unhashed = [request.filename for request in results if request.sha256 is None]
    notes = [f"the index gives no hash for {filename}" for filename in unhashed]
    print_lines("Notes", (*decision.warnings, *notes))
    print_lines("Then fetch all other packages from PyPI", [remaining])


def _format_result(result: DownloadResult | HatchTorchError) -> tuple[str, str]:
    if isinstance(result, DownloadResult):
        return f"{result.size / _MB:.1f} MB", result.how
    return "", "missing"
