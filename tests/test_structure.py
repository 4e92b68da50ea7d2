"""Structure rules, checked against the package's own source."""

from __future__ import annotations

import ast
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).parents[1]
PACKAGE = sorted(ROOT.glob("hatch_torch/**/*.py"))
TESTS = sorted(ROOT.glob("tests/**/*.py"))
ADAPTERS = ("api.py", "integrations/", "cli/", "__main__.py", "setuptools_build_meta.py")
# A foreign module, and the only places that may import it.
ALLOWED_IN = {
    "hatchling": ("integrations/hatch.py",),
    "setuptools": ("integrations/setuptools.py", "setuptools_build_meta.py"),
    "pdm": ("integrations/pdm.py",),
    "subprocess": ("hardware/", "frontend/process_tree.py"),
    "multiprocessing": ("hardware/",),
    "ctypes": ("hardware/", "frontend/windows_processes.py"),
    "pynvml": ("hardware/",),
    "urllib3": ("index/transport.py",),
    "urllib.request": ("index/", "demo/"),
    "http.client": ("index/", "demo/"),
    "http.server": ("index/", "demo/"),
    "socket": ("index/", "demo/"),
    "socketserver": ("index/", "demo/"),
    "ssl": ("index/", "demo/"),
    "rich": ("cli/",),
}
EMPTY_NAMES = {"utils", "core", "manager", "types", "helpers"}
FILE_LINES = 400
FUNCTION_LINES = 45

# Participles whose base form differs from them, so `read` and `set` are not among these.
IRREGULAR_PARTICIPLES = {
    *("begun", "bound", "brought", "built", "caught", "done", "drawn", "found", "gone", "grown"),
    *("held", "kept", "known", "laid", "left", "lost", "made", "meant", "met", "paid", "said"),
    *("sent", "shown", "sold", "spent", "stood", "taught", "thought", "told", "understood", "won"),
}
NOT_PARTICIPLES = {"embed", "exceed", "feed", "need", "open", "proceed", "seed", "shorten", "speed"}
PREPOSITIONS = {"as", "at", "by", "for", "from", "in", "of", "on", "to", "with", "without"}
# Constructors that are named after what they construct: ProbeResult.found(...).
NAMED_AFTER_THEIR_VALUE = {"hardware/probe.py": {"broken", "found"}}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def parse(path: Path) -> ast.Module:
    """Return a file's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def is_participle(name: str) -> bool:
    """Say whether a name is a participle (`chosen`), or one with a preposition (`built_for`).

    One in front of a noun describes what is returned: `known_backends`.
    """
    first, *others = name.split("_")
    if others and others[0] not in PREPOSITIONS:
        return False
    regular = first.endswith(("ed", "en")) and first not in NOT_PARTICIPLES
    return regular or first in IRREGULAR_PARTICIPLES


def locate(path: Path, node: ast.AST | None = None) -> str:
    """Return ``file:line``, to be clicked on."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def is_in(path: Path, places: Iterable[str]) -> bool:
    """Say whether a file of the package is one of these, or in one of these folders (``cli/``)."""
    inner = path.relative_to(ROOT / "hatch_torch").as_posix()
    return any(
        inner == allowed or (allowed[-1] == "/" and inner.startswith(allowed)) for allowed in places
    )


def get_module(path: Path) -> str:
    """Return a file's module name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def iter_imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a file imports, anywhere in it: ``from a import b`` is ``a.b``."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def find_own_module(name: str, modules: Iterable[str]) -> str | None:
    """Return our module that an imported name is or is in."""
    return next(
        (candidate for candidate in (name, name.rpartition(".")[0]) if candidate in modules), None
    )


def iter_functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file, nested ones too."""
    return (node for node in ast.walk(parse(path)) if isinstance(node, Function))


def count_code_lines(path: Path, function: Function) -> int:
    """Count a function's lines, its signature too, without docstring, comments and blanks."""
    lines = path.read_text(encoding="utf-8").splitlines()
    own_lines = set(range(function.lineno, (function.end_lineno or 0) + 1))
    if ast.get_docstring(function):
        docstring = function.body[0]
        own_lines -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return sum(1 for number in own_lines if not re.match(r"\s*(#|$)", lines[number - 1]))


def iter_public(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    """Yield the public definitions of a module or class, and those within public classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            yield from iter_public(node.body) if isinstance(node, ast.ClassDef) else ()


def is_property(node: Function) -> bool:
    """Say whether a method is a property, whose name may be an adjective as a field's may."""
    return any(ast.unparse(decorator).endswith("property") for decorator in node.decorator_list)


def iter_environment_reads(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each look at the environment of the process."""
    for child in ast.walk(node):
        if isinstance(child, ast.Attribute) and child.attr in {"environ", "environb", "getenv"}:
            if isinstance(child.value, ast.Name) and child.value.id == "os":
                yield child
        elif isinstance(child, ast.ImportFrom) and child.module == "os":
            yield from (child for name in child.names if name.name in {"environ", "getenv"})


def iter_defaults(path: Path) -> Iterator[ast.AST]:
    """Yield the defaults of parameters, and of the fields of dataclasses."""
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.arguments):
            yield from (default for default in (*node.defaults, *node.kw_defaults) if default)
        elif isinstance(node, ast.ClassDef):
            yield from (
                field.value
                for field in node.body
                if isinstance(field, ast.AnnAssign) and field.value
            )


def get_folder(module_name: str) -> str:
    """Return the folder of the package that a module is in, or the module itself at the top."""
    inner = module_name.split(".")[1:]
    is_folder = inner and (ROOT / "hatch_torch" / inner[0]).is_dir()
    return inner[0] if is_folder else module_name


def map_imports() -> dict[str, set[str]]:
    """Return which of our modules each module imports, those for type checkers included."""
    modules = {get_module(path) for path in PACKAGE}
    imported = {
        path: [find_own_module(name, modules) for _, name in iter_imports(path)] for path in PACKAGE
    }
    return {get_module(path): set(filter(None, names)) for path, names in imported.items()}


def find_cycle(graph: dict[str, set[str]]) -> list[str]:
    """Return a cycle of a graph; empty where there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def test_package_is_found() -> None:
    """The rules below look at real files."""
    assert len(PACKAGE) > 100


def test_modules_have_no_cycle() -> None:
    """Imports go in one direction, those that only a type checker follows included."""
    assert find_cycle(map_imports()) == []


def test_folders_have_no_cycle() -> None:
    """Imports between folders go in one direction too."""
    graph: dict[str, set[str]] = {}
    for importer, imported in map_imports().items():
        graph.setdefault(get_folder(importer), set()).update(map(get_folder, imported))
    assert find_cycle({name: others - {name} for name, others in graph.items()}) == []


def test_no_relative_import() -> None:
    """Every import says in full where it goes."""
    nodes = [(path, node) for path in PACKAGE for node in ast.walk(parse(path))]
    assert [locate(*at) for at in nodes if isinstance(at[1], ast.ImportFrom) and at[1].level] == []


def test_adapters_are_on_top() -> None:
    """Nothing but an adapter imports an adapter."""
    adapters = {get_module(path) for path in PACKAGE if is_in(path, ADAPTERS)}
    breaches = [
        locate(path, node)
        for path in PACKAGE
        if not is_in(path, ADAPTERS)
        for node, name in iter_imports(path)
        if find_own_module(name, adapters)
    ]
    assert breaches == []


@pytest.mark.parametrize("name", ALLOWED_IN)
def test_foreign_modules_have_one_place(name: str) -> None:
    """What touches the outside is imported in one place only."""
    breaches = [
        locate(path, node)
        for path in PACKAGE
        if not is_in(path, ALLOWED_IN[name])
        for node, imported in iter_imports(path)
        if f"{imported}.".startswith(f"{name}.")
    ]
    assert breaches == []


def test_only_the_command_line_prints() -> None:
    """Everything else returns a value."""
    breaches = [
        locate(path, node)
        for path in PACKAGE
        if not is_in(path, ["cli/"])
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert breaches == []


def test_only_adapters_read_the_environment() -> None:
    """The environment is handed down as a value; `Machine` may have it as a default."""
    breaches = []
    for path in PACKAGE:
        seam = iter_defaults(path) if is_in(path, ["hardware/machine.py"]) else ()
        allowed = {id(read) for default in seam for read in iter_environment_reads(default)}
        reads = () if is_in(path, ADAPTERS) else iter_environment_reads(parse(path))
        breaches += [locate(path, read) for read in reads if id(read) not in allowed]
    assert breaches == []


def test_no_empty_names() -> None:
    """A module is named after what it knows."""
    names = {path: set(get_module(path).split(".")) for path in PACKAGE}
    assert [locate(path) for path, words in names.items() if words & EMPTY_NAMES] == []


def test_files_are_short() -> None:
    """A file is read in one sitting."""
    lengths = {locate(path): len(path.read_text("utf-8").splitlines()) for path in PACKAGE + TESTS}
    assert {at: length for at, length in lengths.items() if length > FILE_LINES} == {}


def test_functions_are_short() -> None:
    """No function outgrows a page."""
    lengths = {
        (locate(path, function), function.name): count_code_lines(path, function)
        for path in PACKAGE
        for function in iter_functions(path)
    }
    assert {at: length for at, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_functions_are_not_participles() -> None:
    """The name of a public function says what it does or what it returns."""
    breaches = []
    for path in PACKAGE:
        allowed = NAMED_AFTER_THEIR_VALUE.get(path.relative_to(ROOT / "hatch_torch").as_posix(), ())
        breaches += [
            f"{locate(path, node)} {node.name}"
            for node in iter_public(parse(path).body)
            if isinstance(node, Function) and not is_property(node)
            if is_participle(node.name) and node.name not in allowed
        ]
    assert breaches == []


@pytest.mark.parametrize("name", ["wanted", "chosen", "built_for_torch", "named_by"])
def test_participles(name: str) -> None:
    """Regular and irregular participles are recognized, alone or in front of a preposition."""
    assert is_participle(name)


@pytest.mark.parametrize("name", ["read", "open", "needs_torch", "known_backends", "set_up"])
def test_no_participles(name: str) -> None:
    """Verbs, and participles that describe a noun, are no participles for this rule."""
    assert not is_participle(name)


def test_docstrings_cite_files_of_the_repository() -> None:
    """A file that a docstring names can be opened by whoever reads it."""
    names = re.compile(r"\b[\w/.-]+\.md\b")
    known = {path.name for path in ROOT.glob("**/*.md")}
    cited = [
        (path, node, Path(name).name)
        for path in PACKAGE
        for node in (parse(path), *iter_public(parse(path).body))
        for name in names.findall(ast.get_docstring(node) or "")
    ]
    assert [locate(path, node) for path, node, name in cited if name not in known] == []


def test_guide_names_files_of_the_repository() -> None:
    """Every path in CONTRIBUTING.md exists."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"(?<![\w/.])(?:hatch_torch|tests|fixtures|\.ci)/[\w/.-]*\w", text)
    assert len(paths) > 50
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_tests_have_a_sentence() -> None:
    """The docstring of a test is one sentence that says what holds."""
    one_sentence = re.compile(r"(?:(?![.!?]\s).)+\.", re.DOTALL)
    breaches = [
        locate(path, function)
        for path in TESTS
        for function in iter_functions(path)
        if function.name.startswith("test_")
        if not one_sentence.fullmatch(ast.get_docstring(function) or "")
    ]
    assert breaches == []


def test_everything_public_is_described() -> None:
    """Every module and every public definition has a docstring."""
    breaches = [
        locate(path, node)
        for path in PACKAGE
        for node in (parse(path), *iter_public(parse(path).body))
        if not ast.get_docstring(node)
    ]
    assert breaches == []


def test_stands_alone() -> None:
    """Nothing points to files outside the project."""
    outside = re.compile(rb"[.][.]/" + rb"shared|(?<!\w)/" + rb"work/")
    files = (
        path
        for part in ("*.md", "*.toml", ".ci/*", "hatch_torch/**/*", "tests/**/*", "fixtures/**/*")
        for path in ROOT.glob(part)
        if path.is_file() and path.suffix != ".pyc"
    )
    assert [locate(path) for path in files if outside.search(path.read_bytes())] == []
