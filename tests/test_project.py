"""The conventions of the project, held to."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import get_args

import pytest
from conftest import ROOT

from kfunclint.facts.flag_names import FlagName
from kfunclint.kernel.program_types import ProgramType
from kfunclint.report import catalogue, formats
from kfunclint.resources import table

# Data flows down this list, so a module may import only what stands above it; names on one line are one stage.
STAGES = [
    "errors value resources finding toml text paths progress recent shelf",
    "mail",
    "git",
    "tree",
    "patch",
    "c",
    "clang",
    "flow",
    "facts",
    "extract",
    "kernel",
    "knowledge",
    "rule",
    "index",
    "checker",
    "discussion",
    "settings",
    "report",
    "fixture",
    "pipeline",
    "bot",
    "__init__",
    "cli",
    "__main__",
]
RULES_MAY_IMPORT = {
    "c.syntax",
    "finding",
    "kernel.kernel",
    "kernel.program_types",
    "kernel.release",
    "kernel.suffixes",
    "resources",
    "rule.fixes",
    "rule.reasons",
    "rule.rule",
    "value",
}
LONGEST_FUNCTION = 40
USED_FROM_OUTSIDE = {
    ("clang.worker", "main"),  # by the words that the worker is started with
    ("cli.manual", "page"),  # by the test that writes docs/kfunclint.1
}

MACHINE = sorted((ROOT / "kfunclint").rglob("*.py"))
TASTE = sorted((ROOT / "rules").rglob("*.py"))
VOICE = sorted((ROOT / "reports").rglob("*.py"))
BENCH = sorted((ROOT / "bench").rglob("*.py"))


def imported(path: Path) -> Iterator[str]:
    """The modules of kfunclint that a file imports, without the package's name."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "kfunclint":
            yield from (name.name for name in node.names if name.name != "__version__")
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kfunclint."):
            yield (node.module or "").removeprefix("kfunclint.")
        elif isinstance(node, ast.Import):
            yield from (
                name.name.removeprefix("kfunclint.") for name in node.names if name.name.startswith("kfunclint.")
            )


def stage(module: str) -> int:
    name = module.partition(".")[0]
    return next(number for number, names in enumerate(STAGES) if name in names.split())


@pytest.mark.parametrize("path", MACHINE, ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_point_back_along_the_line(path: Path) -> None:
    own = ".".join(path.relative_to(ROOT / "kfunclint").with_suffix("").parts)
    for other in imported(path):
        assert stage(other) <= stage(own), f"{own} imports {other}"


def test_no_review_reads_the_sources_of_a_kernel_for_knowledge() -> None:
    others = [path for path in (*MACHINE, *TASTE, *VOICE) if path.parent.name != "knowledge"]
    assert not [path for path in others if any(name.startswith("knowledge") for name in imported(path))]


@pytest.mark.parametrize("path", TASTE, ids=lambda path: str(path.relative_to(ROOT)))
def test_rules_see_facts_and_nothing_else(path: Path) -> None:
    assert {other for other in imported(path) if not other.startswith(("facts.", "flow."))} <= RULES_MAY_IMPORT


def test_only_the_worker_loads_libclang() -> None:
    users = [
        path.relative_to(ROOT).as_posix()
        for path in (*MACHINE, *TASTE, *VOICE)
        for node in ast.walk(ast.parse(path.read_text()))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "clang")
        or (isinstance(node, ast.Import) and any(name.name.split(".")[0] == "clang" for name in node.names))
    ]
    assert len(set(users)) == 1
    assert users[0].startswith("kfunclint/clang/")


@pytest.mark.parametrize("path", [*MACHINE, *TASTE, *VOICE], ids=lambda path: str(path.relative_to(ROOT)))
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            doc = ast.get_docstring(node, clean=False)
            assert length - len((doc or "").splitlines()) <= LONGEST_FUNCTION, f"{node.name} has {length} lines"


def module(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def is_extractor(decorator: ast.expr) -> bool:
    return isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "extractor"


def defined(node: ast.stmt) -> Iterator[str]:
    """The names that a statement gives to something; not __all__ and its like, nor extractors, which are looked for."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef) and not any(map(is_extractor, node.decorator_list)):
        yield node.name
    for target in getattr(node, "targets", [getattr(node, "target", None)]):
        names = [target] if isinstance(target, ast.Name) else getattr(target, "elts", [])
        yield from (name.id for name in names if isinstance(name, ast.Name) and not name.id.startswith("__"))


def uses(path: Path, tree: ast.Module, modules: Collection[str]) -> Iterator[tuple[str, str]]:
    """What a file names of itself, but for a function that calls itself, and of the modules that it imports."""
    for statement in tree.body:
        own = set(defined(statement))
        for node in ast.walk(statement):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in own:
                yield module(path), node.id
    aliases: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for name in node.names:
                yield node.module or "", name.name
                aliases[name.asname or name.name] = f"{node.module}.{name.name}"
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            home = aliases.get(node.value.id, "")
            if home in modules:
                yield home, node.attr


def test_every_name_of_the_machine_is_used_outside_of_tests() -> None:
    trees = {path: ast.parse(path.read_text()) for path in (*MACHINE, *TASTE, *VOICE, *BENCH)}
    modules = {module(path) for path in MACHINE}
    used = {use for path, tree in trees.items() for use in uses(path, tree, modules)}
    used |= {(f"kfunclint.{home}", name) for home, name in USED_FROM_OUTSIDE}
    names = {(module(path), name) for path in MACHINE for node in trees[path].body for name in defined(node)}
    assert names - used == set()


def test_every_member_of_a_class_is_used_outside_of_tests() -> None:
    """A member counts as used where an attribute of that name is read, of whatever class."""
    trees = [ast.parse(path.read_text()) for path in (*MACHINE, *TASTE, *VOICE, *BENCH)]
    read = {
        node.attr
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    read |= {word for path in (ROOT / "reports").rglob("*.j2") for word in re.findall(r"\.(\w+)", path.read_text())}
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef) and node.name[0] != "_"]
    members = {(one.name, name) for one in classes for node in one.body for name in defined(node) if name[0] != "_"}
    assert {f"{one}.{name}" for one, name in members if name not in read} == set()


def test_folders_of_content_are_not_packages() -> None:
    assert not list((ROOT / "rules").rglob("__init__.py"))
    assert not list((ROOT / "reports").rglob("__init__.py"))
    assert not (ROOT / "kfunclint" / "rules").exists()
    assert not (ROOT / "kfunclint" / "reports").exists()


def test_formats_explain_themselves() -> None:
    assert set(formats.formats()) == {path.stem.replace("_", "-") for path in VOICE if path.parent.name == "reports"}
    for text in (ROOT / "README.md", ROOT / "reports" / "README.md"):
        assert all(f"| `{name}` |" in text.read_text() for name in formats.formats())
    assert set(catalogue.formats()) == {path.stem for path in VOICE if path.parent.name == "catalogue"}


def test_tables_are_toml() -> None:
    tables = sorted((ROOT / "rules" / "tables").glob("*"))
    assert tables
    for path in tables:
        assert tomllib.loads(path.read_text())


def test_the_map_is_the_order_of_packages() -> None:
    rows = re.findall(r"^\| (`.*`) \| [A-Z].*\. \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.M)
    packages = [stage for stage in STAGES if not stage.startswith("__")]
    assert [" ".join(re.findall(r"`(\w+)`", names)) for names in rows] == packages


def test_flags_have_the_names_of_the_table() -> None:
    assert set(get_args(FlagName)) == set(table("flags"))


def test_program_types_are_those_of_the_table() -> None:
    assert {type_.value for type_ in ProgramType} <= {f"BPF_PROG_TYPE_{name}" for name in table("hooks")}
