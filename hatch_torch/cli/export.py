"""`hatch-torch export`: the decision as a text, for people and tools beside the hook."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch.cli.options import add_case, case_of
from hatch_torch.cli.render import put
from hatch_torch.config.requirements import parsed_constraints
from hatch_torch.errors import ConfigurationError
from hatch_torch.export.context import MARK, Subject, elsewhere, remarks
from hatch_torch.export.formats import FORMATS, Format
from hatch_torch.frontend.installers import WORD
from hatch_torch.frontend.requirements_txt import CONSTRAINT, RequirementsFile, expand
from hatch_torch.hardware.model import Hardware
from hatch_torch.index.source import index_of
from hatch_torch.resolution.decide import decide
from hatch_torch.resolution.model import Decision

if TYPE_CHECKING:
    import argparse

    from hatch_torch.resolution.model import Case

_NOBODY = Decision(None, "nobody", Hardware())


def add_to(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("export", help="the decision as a file for other tools")
    add_case(parser)
    names = [one.name for one in FORMATS]
    parser.add_argument("--format", required=True, choices=names, help="what to write")
    parser.add_argument("-r", dest="file", metavar="FILE", help="a requirements file to rewrite")
    parser.add_argument("-o", dest="output", metavar="FILE", help="where to (default: stdout)")
    parser.add_argument("--force", action="store_true", help="overwrite any file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and write the decision down."""
    (chosen,) = (one for one in FORMATS if one.name == options.format)
    file = _read(Path(options.file)) if options.file else None
    case = _case(options, file)
    decision = decide(case) if chosen.needs_decision(case.config) else _NOBODY
    folder = index_of(case.config, case.environ, case.target).folder
    subject = Subject(case.config, decision, case.target, folder, file)
    path = _path(options.output, chosen, subject)
    text = chosen.render(subject)
    original = file if chosen.rewrites else None
    put(original.encoded(text) if original else text.encode(), path, mark=MARK, force=options.force)
    moved = elsewhere(original) if original and _is_moved(options.file, path) else ()
    for remark in dict.fromkeys((*decision.warnings, *remarks(subject), *moved)):
        print(f"hatch-torch: {remark}", file=sys.stderr)
    return 0


def _is_moved(file: str, path: Path | None) -> bool:
    return path is not None and path.resolve().parent != Path(file).resolve().parent


def _read(path: Path) -> RequirementsFile:
    try:
        return RequirementsFile.parse(path.read_bytes(), os.environ)
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"-r {path}: {error}"]) from None


def _case(options: argparse.Namespace, file: RequirementsFile | None) -> Case:
    """Put the case together, with the requirements and constraints of the file."""
    if file is None:
        return case_of(options, by_version=False)
    folder = Path(options.file).resolve().parent
    said = tuple(expand((one for line in file.lines for one in line.options), folder, os.environ))
    required = parsed_constraints(one.value for one in said if one.name == WORD)
    case = case_of(options, required, by_version=False)
    bounds = parsed_constraints(one.value for one in said if one.name == CONSTRAINT)
    return case._replace(constraints=(*case.constraints, *bounds))


def _path(output: str | None, chosen: Format, subject: Subject) -> Path | None:
    """Return the file to write; in a folder it is named after the backend."""
    if output is None:
        return None
    path = Path(output)
    if path.is_dir():
        backend = subject.decision.backend
        return path / chosen.file_name.format(extra=backend.extra if backend else "portable")
    if chosen.allowed and not chosen.allowed.fullmatch(path.name):
        raise ConfigurationError(
            [f"-o {output}: allowed is pylock.toml or pylock.NAME.toml, with no dot in NAME"]
        )
    return path
