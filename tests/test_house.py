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
    "ctypes": ("hardware/", "frontend/process_tree.py"),
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

Function = ast.FunctionDef | ast.AsyncFunctionDef
Definition = Function | ast.ClassDef


@cache
def tree(path: Path) -> ast.Module:
    """Return a file's syntax."""
    return ast.parse(path.read_text(encoding="utf-8"))


def place(path: Path, node: ast.AST | None = None) -> str:
    """Return ``file:line``, to be clicked on."""
    return f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 1)}"


def inside(path: Path, rooms: Iterable[str]) -> bool:
    """Say whether a file of the package is in one of the rooms (``cli/``, ``api.py``)."""
    inner = path.relative_to(ROOT / "hatch_torch").as_posix()
    return any(inner == room or (room[-1] == "/" and inner.startswith(room)) for room in rooms)


def module(path: Path) -> str:
    """Return a file's module name."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imports(path: Path) -> Iterator[tuple[ast.stmt, str]]:
    """Yield what a file imports, anywhere in it: ``from a import b`` is ``a.b``."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((node, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node, f"{node.module}.{alias.name}") for alias in node.names)


def own(name: str, modules: Iterable[str]) -> str | None:
    """Return our module that an imported name is or is in."""
    return next((one for one in (name, name.rpartition(".")[0]) if one in modules), None)


def functions(path: Path) -> Iterator[Function]:
    """Yield every function of a file, nested ones too."""
    return (node for node in ast.walk(tree(path)) if isinstance(node, Function))


def code_lines(path: Path, function: Function) -> int:
    """Count a function's lines, its signature too, without docstring, comments and blanks."""
    lines = path.read_text(encoding="utf-8").splitlines()
    own_lines = set(range(function.lineno, (function.end_lineno or 0) + 1))
    if ast.get_docstring(function):
        docstring = function.body[0]
        own_lines -= set(range(docstring.lineno, (docstring.end_lineno or 0) + 1))
    return sum(1 for number in own_lines if not re.match(r"\s*(#|$)", lines[number - 1]))


def public(body: Iterable[ast.stmt]) -> Iterator[Definition]:
    """Yield the public definitions of a module or class, and those within public classes."""
    for node in body:
        if isinstance(node, Definition) and not node.name.startswith("_"):
            yield node
            yield from public(node.body) if isinstance(node, ast.ClassDef) else ()


def environment_reads(node: ast.AST) -> Iterator[ast.AST]:
    """Yield each look at the environment of the process."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in {"environ", "environb", "getenv"}:
            if isinstance(one.value, ast.Name) and one.value.id == "os":
                yield one
        elif isinstance(one, ast.ImportFrom) and one.module == "os":
            yield from (one for name in one.names if name.name in {"environ", "getenv"})


def defaults(path: Path) -> Iterator[ast.AST]:
    """Yield the defaults of parameters, and of the fields of dataclasses."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.arguments):
            yield from (one for one in (*node.defaults, *node.kw_defaults) if one)
        elif isinstance(node, ast.ClassDef):
            yield from (
                one.value for one in node.body if isinstance(one, ast.AnnAssign) and one.value
            )


def folder(module_name: str) -> str:
    """Return the folder of the package that a module is in, or the module itself at the top."""
    inner = module_name.split(".")[1:]
    is_folder = inner and (ROOT / "hatch_torch" / inner[0]).is_dir()
    return inner[0] if is_folder else module_name


def internal_imports() -> dict[str, set[str]]:
    """Return which of our modules each module imports, those for type checkers included."""
    modules = {module(path) for path in PACKAGE}
    return {
        module(path): {found for _, name in imports(path) if (found := own(name, modules))}
        for path in PACKAGE
    }


def cycle_of(graph: dict[str, set[str]]) -> list[str]:
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
    assert cycle_of(internal_imports()) == []


def test_folders_have_no_cycle() -> None:
    """Imports between folders go in one direction too."""
    graph: dict[str, set[str]] = {}
    for importer, imported in internal_imports().items():
        graph.setdefault(folder(importer), set()).update(map(folder, imported))
    assert cycle_of({name: others - {name} for name, others in graph.items()}) == []


def test_no_relative_import() -> None:
    """Every import says in full where it goes."""
    nodes = [(path, node) for path in PACKAGE for node in ast.walk(tree(path))]
    assert [place(*at) for at in nodes if isinstance(at[1], ast.ImportFrom) and at[1].level] == []


def test_adapters_are_on_top() -> None:
    """Nothing but an adapter imports an adapter."""
    adapters = {module(path) for path in PACKAGE if inside(path, ADAPTERS)}
    others = (path for path in PACKAGE if not inside(path, ADAPTERS))
    assert [
        place(path, at) for path in others for at, name in imports(path) if own(name, adapters)
    ] == []


@pytest.mark.parametrize("name", ALLOWED_IN)
def test_foreign_modules_have_one_place(name: str) -> None:
    """What touches the outside is imported in one place only."""
    others = [path for path in PACKAGE if not inside(path, ALLOWED_IN[name])]
    found = ((path, at, imported) for path in others for at, imported in imports(path))
    assert [place(path, at) for path, at, one in found if f"{one}.".startswith(f"{name}.")] == []


def test_only_the_command_line_prints() -> None:
    """Everything else returns a value."""
    others = (path for path in PACKAGE if not inside(path, ["cli/"]))
    names = ((path, node) for path in others for node in ast.walk(tree(path)))
    assert [place(*at) for at in names if isinstance(at[1], ast.Name) and at[1].id == "print"] == []


def test_only_adapters_read_the_environment() -> None:
    """The environment is handed down as a value; `Machine` may have it as a default."""
    breaches = []
    for path in PACKAGE:
        seam = defaults(path) if inside(path, ["hardware/machine.py"]) else ()
        allowed = {id(read) for default in seam for read in environment_reads(default)}
        reads = () if inside(path, ADAPTERS) else environment_reads(tree(path))
        breaches += [place(path, read) for read in reads if id(read) not in allowed]
    assert breaches == []


def test_no_empty_names() -> None:
    """A module is named after what it knows."""
    assert [place(path) for path in PACKAGE if EMPTY_NAMES & set(module(path).split("."))] == []


def test_files_are_short() -> None:
    """A file is read in one sitting."""
    lengths = {place(path): len(path.read_text("utf-8").splitlines()) for path in PACKAGE + TESTS}
    assert {at: length for at, length in lengths.items() if length > FILE_LINES} == {}


def test_functions_are_short() -> None:
    """No function outgrows a page."""
    lengths = {
        (place(path, one), one.name): code_lines(path, one)
        for path in PACKAGE
        for one in functions(path)
    }
    assert {at: length for at, length in lengths.items() if length > FUNCTION_LINES} == {}


def test_docstrings_cite_files_of_the_repository() -> None:
    """A file that a docstring names can be opened by whoever reads it."""
    names = re.compile(r"\b[\w/.-]+\.md\b")
    known = {path.name for path in ROOT.glob("**/*.md")}
    cited = [
        (path, node, Path(name).name)
        for path in PACKAGE
        for node in (tree(path), *public(tree(path).body))
        for name in names.findall(ast.get_docstring(node) or "")
    ]
    assert [place(path, node) for path, node, name in cited if name not in known] == []


def test_tests_have_a_sentence() -> None:
    """The docstring of a test is one sentence that says what holds."""
    one_sentence = re.compile(r"(?:(?![.!?]\s).)+\.", re.DOTALL)
    tests = ((path, one) for path in TESTS for one in functions(path) if one.name[:5] == "test_")
    breaches = [
        place(path, one)
        for path, one in tests
        if not one_sentence.fullmatch(ast.get_docstring(one) or "")
    ]
    assert breaches == []


def test_everything_public_is_described() -> None:
    """Every module and every public definition says what it answers."""
    described = [(path, one) for path in PACKAGE for one in (tree(path), *public(tree(path).body))]
    assert [place(*at) for at in described if not ast.get_docstring(at[1])] == []


def test_stands_alone() -> None:
    """Nothing points to files outside the project."""
    outside = re.compile(rb"[.][.]/" + rb"shared|(?<!\w)/" + rb"work/")
    files = (
        path
        for part in ("*.md", "*.toml", ".ci/*", "hatch_torch/**/*", "tests/**/*", "fixtures/**/*")
        for path in ROOT.glob(part)
        if path.is_file() and path.suffix != ".pyc"
    )
    assert [place(path) for path in files if outside.search(path.read_bytes())] == []
