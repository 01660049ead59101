"""One file from request to answer: text stage, stubs, parse, nodes. Runs in the confined child."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from kfunclint.c import declarators, failure
from kfunclint.c.failure import FailureKind
from kfunclint.c.lexer import Token, code
from kfunclint.clang import limits
from kfunclint.clang.directives import safe
from kfunclint.clang.kinds import CursorKind
from kfunclint.clang.native import CONTINUE, Cursor, Diagnostic, Library, TranslationUnit
from kfunclint.clang.nodes import Converter, NodeRow, TooDeep, raw, rows
from kfunclint.clang.prune import KeptFunctions, prune
from kfunclint.clang.repair import Repaired, SourceRange, repair
from kfunclint.clang.stub_inference import KEYWORDS, ShimNames, Text, infer
from kfunclint.clang.stub_refinement import Refinement
from kfunclint.clang.stubs import Stubs

MAIN, SHIM, STUBS = "/kfunclint/main.c", "/kfunclint/shim.h", "/kfunclint/stubs.h"
_OPTIONS = (
    "-x c -std=gnu11 --target=x86_64-linux-gnu -nostdinc -ffreestanding -fno-builtin -w -Wno-everything "
    "-ferror-limit=0 -fno-spell-checking -fms-extensions -fbracket-depth=256 -Xclang -disable-pragma-debug-crash"
).split()
_NO_ORACLES = ["-D__has_include(x)=0", "-D__has_include_next(x)=0", "-D__has_embed(x)=0", "-D_Pragma(x)="]
_MAX_PARSES = 5
_MAX_ERRORS = 1000
# types that do not fit, as where a struct is assigned to what was taken for a number: clang keeps both sides
_KEPT = re.compile(r"assigning to |invalid operands to binary |.* are not pointers to compatible types$")
_HARMLESS = ("initializing ", "conflicting types for ")  # a stub may say otherwise than the definition below its use
_VISIBLE = re.compile(r"\S")


Answer = dict[str, Any]


class Shim:
    """The shim and what it declares."""

    def __init__(self, text: str) -> None:
        self.text = text
        code_only = re.sub(r"/\*(?s:.*?)\*/", "", text)
        types = {name for line in re.findall(r"^typedef (.*);", code_only, re.MULTILINE) for name in _last_names(line)}
        self.reserved = frozenset(re.findall(r"[A-Za-z_]\w*", code_only)) | KEYWORDS
        macros = re.findall(r"#define (\w+)", code_only)
        self.names = ShimNames(frozenset(macros) | types, frozenset(types) | {"bool"})


def _last_names(declaration: str) -> list[str]:
    """The names that a typedef declares."""
    names = declaration.rpartition("}")[2]
    first, *others = [part.split()[-1] for part in names.split(",")]
    return [first, *others]


def options(overlay: str) -> list[str]:
    """The options of clang; `overlay` is the file that hides all others."""
    return [*_OPTIONS, *_NO_ORACLES, "-ivfsoverlay", overlay, "-include", SHIM, "-include", STUBS]


def run(request: Any, library: Library, shim: Shim, arguments: Sequence[str]) -> Answer:
    """Parse what a request holds. Never raises for its content."""
    ranges = [SourceRange(*fields) for fields in request["ranges"]]
    if request["whole"]:
        mended = [
            prune(visible, shim.reserved, KeptFunctions(request["lines"], request["names"])) for visible in ranges
        ]
    else:
        mended = [repair(visible, shim.reserved) for visible in ranges]
    source = _join(mended)
    text = Text(code(source))
    if objection := limits.objection_to_text(text) or limits.objection_to_macros(source):
        return failure.answer(FailureKind.NOT_ANALYSED, *objection)
    tree, errors = _parse(source, text, library, shim, arguments)
    if tree is None:
        return failure.stopped("clang gave up")
    answer = _FunctionReader(tree, text, ranges, mended, errors).answer()
    tree.close()
    return answer


def _join(mended: Sequence[Repaired]) -> str:
    """One text in which every line has its number."""
    parts: list[str] = []
    line = 1
    for visible in mended:
        if visible.start > line:
            parts.append("\n" * (visible.start - line - 1) + visible.prefix + "\n")
        parts += [visible.text, "\n"]
        line = visible.end
    return "".join(parts)


def _parse(
    source: str, text: Text, library: Library, shim: Shim, arguments: Sequence[str]
) -> tuple[TranslationUnit | None, list[Diagnostic]]:
    """Parse, and parse again as long as the errors teach something."""
    stubs = Stubs()
    infer(text, shim.names, stubs)
    source = _without_indices(source, text)
    rounds = Refinement(text, shim.names, stubs)
    for parses_left in reversed(range(_MAX_PARSES)):
        tree = library.parse(MAIN, {MAIN: text.renamed(source), SHIM: shim.text, STUBS: stubs.text()}, arguments)
        if tree is None:
            return None, []
        errors = list(tree.errors(_MAX_ERRORS))
        rounds.learn(_telling(errors, tree))
        if not stubs.changed or not parses_left:
            return tree, errors
        tree.close()
    return None, []


def _without_indices(source: str, text: Text) -> str:
    """The source without what tells the place of a value in an array: of a stub it is any number, maybe a large one."""
    parts: list[str] = []
    end = 0
    for at, close in text.closing.items():
        begin = text.tokens[at].offset
        if begin >= end and text.at(at) == "[" and text.at(at - 1) in ("{", ",") and text.at(close + 1) == "=":
            parts.append(source[end:begin])
            end = text.tokens[close + 1].offset + 1
            parts.append(_VISIBLE.sub(" ", source[begin:end]))
    return "".join([*parts, source[end:]])


def _telling(errors: Sequence[Diagnostic], tree: TranslationUnit) -> list[Diagnostic]:
    """The errors in the text itself that cost something of it."""
    return [error for error in errors if error.place.file == tree.main and not _is_harmless(error.text)]


def _is_harmless(error: str) -> bool:
    return error.startswith(_HARMLESS) or _KEPT.match(error) is not None


class _FunctionReader:
    """Takes functions out of a tree."""

    def __init__(
        self,
        tree: TranslationUnit,
        text: Text,
        ranges: Sequence[SourceRange],
        mended: Sequence[Repaired],
        errors: Sequence[Diagnostic],
    ) -> None:
        self.tree = tree
        self.text = text
        self.ranges = ranges
        self.mended = mended
        self.begins = [visible.start for visible in mended]
        own_errors = (error for error in errors if error.place.file == tree.main)
        mismatches = {error.place.offset for error in own_errors if _KEPT.match(error.text)}
        self.error_lines = sorted(error.place.line for error in _telling(errors, tree))
        self.starts = {token.offset: at for at, token in enumerate(text.tokens)}
        self.converter = Converter(tree, text, self.starts, self.written, mismatches, invented=tree.file(STUBS))

    def written(self, token: Token) -> str:
        """The text of a token before anything in it was replaced."""
        visible = self.ranges[max(0, bisect_right(self.begins, token.line) - 1)]
        if not 0 <= token.line - visible.start < len(visible.lines):
            return token.text
        line = visible.lines[token.line - visible.start]
        original = line[token.column - 1 : token.column - 1 + len(token.text)]
        return original if safe(original) == token.text else token.text

    def answer(self) -> Answer:
        """All functions of the main file."""
        functions: list[Cursor] = []

        def step(cursor: Cursor, parent: Cursor) -> int:
            del parent
            if cursor.kind == CursorKind.FUNCTION_DECL:
                functions.append(cursor)
            return CONTINUE

        self.tree.visit(self.tree.root, step)
        return {"functions": [function for cursor in functions if (function := self._function(cursor))]}

    def _function(self, cursor: Cursor) -> Answer | None:
        place = self.tree.place(cursor)
        if place.file != self.tree.main:
            return None
        children: list[Cursor] = []

        def step(child: Cursor, parent: Cursor) -> int:
            del parent
            children.append(child)
            return CONTINUE

        self.tree.visit(cursor, step)
        block = next((child for child in reversed(children) if child.kind == CursorKind.COMPOUND_STMT), None)
        return None if block is None else self._definition(cursor, children, block)

    def _definition(self, cursor: Cursor, children: list[Cursor], block: Cursor) -> Answer:
        place = self.tree.place(cursor)
        brace = self.tree.place(block)
        visible = self._visible(max(place.line, brace.line))
        first, end = self._first_line(place.offset, place.line), self._end_line(brace.offset, place.line)
        body, whole = self._body(block, visible)
        in_view = visible.whole_from <= first and end < visible.cut_from
        misread = (self._first_error(first, end) if whole else brace.line) if in_view else None
        answer: Answer = {
            "name": self.tree.spelling(cursor),
            "line": place.line,
            "column": place.column,
            "first_line": first,
            "end_line": max(end, place.line),
            "returns": self.tree.result(cursor),
            "parameters": [
                (self.tree.spelling(child), self.tree.type(child))
                for child in children
                if child.kind == CursorKind.PARM_DECL
            ],
            "marker": any(
                child.kind == CursorKind.ANNOTATE_ATTR and self.tree.spelling(child) == "kfunc" for child in children
            ),
            "static": self.tree.is_static(cursor),
            "variadic": self.tree.is_variadic(cursor)
            and bool(children)
            and children[0].kind != CursorKind.COMPOUND_STMT,
            "complete": in_view and misread is None,
            "misread": misread,
            "body": rows(body),
        }
        return _with_heading(answer, visible)

    def _visible(self, line: int) -> Repaired:
        """The visible range of a line; what was written above one, for its upper edge, belongs to it."""
        at = max(0, bisect_right(self.begins, line) - 1)
        above = line >= self.mended[at].end and at + 1 < len(self.mended)
        return self.mended[at + 1] if above else self.mended[at]

    def _body(self, block: Cursor, visible: Repaired) -> tuple[NodeRow, bool]:
        """The statements, and whether they are not nested too deep."""
        try:
            return self.converter.body(raw(self.tree, block), visible.start), True
        except TooDeep:
            place = self.tree.place(block)
            return NodeRow("block", max(place.line, visible.start), place.column), False

    def _first_line(self, offset: int, line: int) -> int:
        name = self.starts.get(offset)
        return line if name is None else self.text.tokens[declarators.start(self.text.brackets, name)].line

    def _end_line(self, offset: int, line: int) -> int:
        brace = self.starts.get(offset)
        close = self.text.closing.get(brace) if brace is not None else None
        return line if close is None else self.text.tokens[close].line

    def _first_error(self, first: int, end: int) -> int | None:
        """The first line from `first` to `end` that clang did not understand."""
        at = bisect_right(self.error_lines, first - 1)
        return self.error_lines[at] if at < len(self.error_lines) and self.error_lines[at] <= end else None


def _with_heading(answer: Answer, visible: Repaired) -> Answer:
    """A function whose header is above the visible range has a name only if the heading tells it, and no types."""
    if answer["line"] >= visible.start:
        if answer["name"].startswith("__kfunclint_"):
            answer.update(name="", complete=False, misread=None)
        return answer
    heading = visible.heading
    answer.update(name=heading.name if heading else "", line=visible.start, column=1, first_line=visible.start)
    answer.update(complete=False, misread=None, end_line=max(answer["end_line"], visible.start))
    answer.update(returns="", parameters=[], variadic=False)
    return answer
