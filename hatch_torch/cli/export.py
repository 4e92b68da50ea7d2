"""`hatch-torch export`: the decision as a file for people and tools that do not run the hook."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_torch._files import write_atomically
from hatch_torch.cli.options import add_decision_options, collect_cli_inputs, read_profiles
from hatch_torch.cli.render import print_messages
from hatch_torch.config.requirements import parse_constraints
from hatch_torch.errors import ConfigurationError
from hatch_torch.export.context import (
    MARK,
    ExportContext,
    collect_notices,
    find_relocated_references,
)
from hatch_torch.export.formats import FORMATS, Format
from hatch_torch.export.whole_install import NO_PACKAGES, find_other_packages
from hatch_torch.frontend.installers import POSITIONAL
from hatch_torch.frontend.requirements_txt import RequirementsFile, expand_files
from hatch_torch.hardware.model import Hardware
from hatch_torch.index.source import open_index
from hatch_torch.resolution.model import Decision
from hatch_torch.resolution.multi_host import decide_for_hosts

if TYPE_CHECKING:
    import argparse

    from hatch_torch.resolution.model import ResolutionInputs

_NO_DECISION = Decision(None, "", Hardware())
_EXAMPLES = """\
examples:
  hatch-torch export --format requirements -r requirements.txt    # a file for this machine
  hatch-torch export --format pylock -o .                         # pylock.cu128.toml
  hatch-torch export --format requirements --hashes -o requirements.txt
  hatch-torch export --format uv >> pyproject.toml
  uv sync --extra "$(hatch-torch export --format extra)"
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command `export`."""
    parser = commands.add_parser(
        "export", help="write the decision as a file for other tools", epilog=_EXAMPLES
    )
    add_decision_options(parser)
    names = [form.name for form in FORMATS]
    parser.add_argument("--format", required=True, choices=names, help="output format")
    parser.add_argument(
        "--hashes",
        action="store_true",
        help="requirements: every package of the install, each with its hash",
    )
    parser.add_argument("-r", dest="file", metavar="FILE", help="requirements file to rewrite")
    parser.add_argument(
        "-o", dest="output", metavar="FILE", help="output file or folder (default: stdout)"
    )
    parser.add_argument(
        "--force", action="store_true", help="overwrite a file that hatch-torch did not write"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Decide as a build would, and write the decision in a format."""
    (form,) = (form for form in FORMATS if form.name == options.format)
    if options.hashes and not form.rewrites:
        raise ConfigurationError([f"--hashes: expected --format requirements, got {form.name}"])
    file = _read_requirements_file(Path(options.file)) if options.file else None
    inputs = _collect_inputs(options, file)
    decision = _NO_DECISION
    if form.needs_decision(inputs.config):
        decision = decide_for_hosts(inputs, read_profiles(options)).decision
    index = open_index(inputs.config, inputs.environ, inputs.target)
    is_whole = form.is_whole or options.hashes
    others = find_other_packages(inputs, decision, index) if is_whole else NO_PACKAGES
    context = ExportContext(
        *(inputs.config, decision, inputs.target, index.folder_url, file),
        others=others,
        hashes=options.hashes,
    )
    path = _output_path(options.output, form, context)
    text = form.render(context)
    original = file if form.rewrites and not options.hashes else None
    content = original.encode(text) if original else text.encode()
    write_output(content, path, mark=MARK, force=options.force)
    is_moved = path and path.resolve().parent != Path(options.file or path).resolve().parent
    relocated = find_relocated_references(original) if original and is_moved else ()
    print_messages("warning", (*decision.warnings, *collect_notices(context), *relocated))
    return 0


def _read_requirements_file(path: Path) -> RequirementsFile:
    try:
        return RequirementsFile.parse(path.read_bytes(), os.environ)
    except (OSError, ValueError) as error:
        raise ConfigurationError([f"-r {path}: {error}"]) from None


def _collect_inputs(options: argparse.Namespace, file: RequirementsFile | None) -> ResolutionInputs:
    """Return the inputs with the requirements and constraints of the file."""
    if file is None:
        return collect_cli_inputs(options, by_version=False)
    folder = Path(options.file).resolve().parent
    own = (option for line in file.lines for option in line.options)
    lines = [*expand_files(own, folder, os.environ)]
    required = parse_constraints(line.value for line in lines if line.name == POSITIONAL)
    return collect_cli_inputs(options, required, by_version=False, file_options=lines)


def _output_path(output: str | None, form: Format, context: ExportContext) -> Path | None:
    """Return the file to write; in a folder its name contains the backend."""
    if output is None:
        return None
    path = Path(output)
    if path.is_dir():
        backend = context.decision.backend
        return path / form.file_name.format(extra=backend.extra if backend else "portable")
    if form.file_pattern and not form.file_pattern.fullmatch(path.name):
        expected = "pylock.toml or pylock.NAME.toml, without a dot in NAME"
        raise ConfigurationError([f"-o: expected {expected}, got {output!r}"])
    return path


def write_output(content: bytes, path: Path | None, *, mark: str, force: bool = False) -> None:
    """Write to a file, atomically, or to stdout if the path is None.

    A file without a line that begins with the mark was not written by this command: only `force`
    overwrites it. Raises ConfigurationError without `force`, and if the file can't be written.
    """
    if path is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        present = path.read_bytes() if path.exists() else None
        if present is not None and present != content and not force and not _has(mark, present):
            raise ConfigurationError(
                [f"-o {path}: the file exists and was not written by hatch-torch"],
                hint="use --force to overwrite it",
            )
        if present != content:
            write_atomically(path.resolve(), content)
    except OSError as error:
        raise ConfigurationError([f"-o {path}: {error.strerror or error}"]) from None


def _has(mark: str, content: bytes) -> bool:
    lines = content.replace(b"\0", b"").splitlines()  # UTF-16 and UTF-32 contain zeros
    return any(line.lstrip().startswith(mark.encode()) for line in lines)
