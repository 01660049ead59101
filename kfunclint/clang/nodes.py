"""Cursors of libclang made into flat rows of plain values, in the worker; `kfunclint.clang.units` reads them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, NamedTuple

from kfunclint.c.kinds import NodeKind
from kfunclint.c.lexer import Token
from kfunclint.clang.kinds import FIRST_EXPRESSION, FIRST_INTEGER, LAST_INTEGER, LAST_STATEMENT, CursorKind, TypeKind
from kfunclint.clang.limits import MAX_DEPTH
from kfunclint.clang.native import CONTINUE, RECURSE, Cursor, NativeType, TranslationUnit
from kfunclint.clang.stub_inference import Text

_RAW_DEPTH = 3 * MAX_DEPTH

_LONGEST_OPERAND = 64  # tokens in front of an operator

_PREFIX = "__kfunclint_"

# the texts of enum CXBinaryOperatorKind and CXUnaryOperatorKind by their numbers
_BINARY_TEXT = {
    **dict(zip(range(3, 22), "* / % + - << >> <=> < > <= >= == != & ^ | && ||".split(), strict=True)),
    33: ",",
}
_ASSIGN_TEXT = dict(zip(range(22, 33), "= *= /= %= += -= <<= >>= &= ^= |=".split(), strict=True))
_ASSIGNS = frozenset(_ASSIGN_TEXT.values())
_UNARY_TEXT = dict(zip(range(1, 11), "x++ x-- ++x --x & * + - ~ !".split(), strict=True))
_TYPED = ("<", ">", "<=", ">=", "+", "-", "*")
_TRANSPARENT_UNARY = frozenset({11, 12, 13})  # __real, __imag, __extension__


class NodeRow(NamedTuple):
    """The same as kfunclint.c.syntax.Node, which the worker need not load."""

    kind: NodeKind
    line: int
    column: int
    text: str = ""
    kids: tuple[NodeRow, ...] = ()
    note: str = ""
    type: str = ""


_Row = list[Any]


class TooDeep(Exception):
    """A function is nested too deep for those who would recurse over it."""


class _Raw:
    """A cursor with its children."""

    __slots__ = ("cursor", "kids", "kind")

    def __init__(self, cursor: Cursor) -> None:
        self.cursor = cursor
        self.kind: int = cursor.kind
        self.kids: list[_Raw] = []


def rows(node: NodeRow) -> list[_Row]:
    """A node and all below it in preorder: kind, line, column, text, number of kids, note, type."""
    preorder: list[_Row] = []
    todo = [node]
    while todo:
        at = todo.pop()
        preorder.append([at.kind, at.line, at.column, at.text, len(at.kids), at.note, at.type])
        todo.extend(reversed(at.kids))
    return preorder


def raw(tree: TranslationUnit, top: Cursor) -> _Raw:
    """A cursor with all below it. Raises TooDeep."""
    root = _Raw(top)
    path = [(top.key, root)]

    def step(cursor: Cursor, parent: Cursor) -> int:
        key = parent.key
        if cursor.key == key:  # clang shows a constant expression as its own child
            return RECURSE
        while path[-1][0] != key and len(path) > 1:
            path.pop()
        if len(path) > _RAW_DEPTH:
            raise TooDeep
        node = _Raw(cursor)
        path[-1][1].kids.append(node)
        if CursorKind.FIRST_REF <= node.kind <= CursorKind.LAST_REF:
            return CONTINUE
        path.append((cursor.key, node))
        return RECURSE

    tree.visit(top, step)
    return root


class Converter:
    """Makes the nodes of one tree; `text` are the tokens of its main file, `starts` their indices by offset, `written`
    gives the text of a token before anything in it was replaced, `operators` has the offsets of those between whose
    sides clang sees types that do not fit; `invented` is the handle of the file of stubs. No node stands above line
    `first_line`."""

    def __init__(
        self,
        tree: TranslationUnit,
        text: Text,
        starts: dict[int, int],
        written: Callable[[Token], str],
        operators: Collection[int],
        *,
        invented: int | None,
    ) -> None:
        self.tree = tree
        self.text = text
        self.starts = starts
        self.written = written
        self.operators = operators
        self.invented = invented
        self.first_line = 1
        self._depth = 0

    def body(self, block: _Raw, first_line: int) -> NodeRow:
        """The block of a function; what was invented above line `first_line` is put on it. Raises TooDeep."""
        self.first_line = first_line
        self._depth = 0
        return self.node(block)

    def node(self, at: _Raw) -> NodeRow:
        """Any statement or expression."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise TooDeep
        while (inner := self._handed_through(at)) is not None:
            at = inner
        handler = _KINDS.get(at.kind)
        row = handler(self, at) if handler else self._unknown(at)
        self._depth -= 1
        return row

    def _handed_through(self, at: _Raw) -> _Raw | None:
        """What stands in parentheses, behind a cast or under an implicit conversion."""
        if at.kind == CursorKind.PAREN_EXPR and len(at.kids) == 1:
            return at.kids[0]
        if at.kind in (CursorKind.C_STYLE_CAST_EXPR, CursorKind.COMPOUND_LITERAL_EXPR):
            return at.kids[-1] if at.kids and _is_value(at.kids[-1]) else None
        if at.kind == CursorKind.UNEXPOSED_EXPR:
            values = [kid for kid in at.kids if _is_value(kid)]
            if len(values) != 1:
                return None
            designated = len(at.kids) > 1
            has_same_extent = designated or self.tree.extent(at.cursor) == self.tree.extent(values[0].cursor)
            return values[0] if has_same_extent else None
        if at.kind == CursorKind.UNARY_OPERATOR and self.tree.unary(at.cursor) in _TRANSPARENT_UNARY:
            return at.kids[0] if at.kids else None
        return None

    def make(self, at: _Raw, kind: NodeKind, text: str = "", kids: tuple[NodeRow, ...] = ()) -> NodeRow:
        """A node at the place of a cursor."""
        place = self.tree.place(at.cursor)
        if place.line < self.first_line or place.file != self.tree.main:
            return NodeRow(kind, self.first_line, 1, text, kids)
        return NodeRow(kind, place.line, place.column, text, kids)

    def kids(self, at: _Raw) -> tuple[NodeRow, ...]:
        """All children that are statements or expressions."""
        return tuple(self.node(kid) for kid in at.kids if _is_value(kid))

    def _unknown(self, at: _Raw) -> NodeRow:
        values = [kid for kid in at.kids if _is_value(kid)]
        if (
            at.kind == CursorKind.UNEXPOSED_EXPR
            and len(values) == 4
            and len({self.tree.extent(kid.cursor) for kid in values[:3]}) == 1
        ):
            # clang shows the first operand of ?: as itself, as the condition and as the result
            kids = (self.node(values[0]), self.make(at, "none"), self.node(values[3]))
            return self.make(at, "ternary", kids=kids)
        if len(values) == 2 and (operator := self._lost_operator(at, values[1])):
            return self.make(at, "assign" if operator in _ASSIGNS else "binary", operator, self.kids(at))
        return self.make(at, "opaque", kids=self.kids(at))

    def _lost_operator(self, at: _Raw, right: _Raw) -> str:
        """The operator in front of the right one of two sides of which clang knows no more than that, "" if none is."""
        index = self.starts.get(self.tree.place(at.cursor).offset, self.text.count)
        end = self.tree.place(right.cursor).offset
        for _ in range(_LONGEST_OPERAND if self.operators else 0):
            if index >= self.text.count or self.text.tokens[index].offset >= end:
                break
            if self.text.tokens[index].offset in self.operators:
                return self.text.at(index)
            index = self.text.closing.get(index, index) + 1
        return ""

    # ---- statements

    def block(self, at: _Raw) -> NodeRow:
        return self.make(at, "block", kids=self.kids(at))

    def do(self, at: _Raw) -> NodeRow:
        kids = self.kids(at)
        return self.make(at, "do", kids=kids[::-1]) if len(kids) == 2 else self._broken(at, kids)

    def loop(self, at: _Raw) -> NodeRow:
        values = [kid for kid in at.kids if _is_value(kid)]
        if values and (special := self._macro_loop(at, values)):
            return special
        parts = self._for_parts(at, len(values))
        if parts is None:
            return self._odd_loop(at, values)
        remaining = iter(values)
        kids = [self.node(next(remaining)) if part else self.make(at, "none") for part in (*parts, True)]
        return self.make(at, "for", kids=tuple(kids))

    def _odd_loop(self, at: _Raw, values: list[_Raw]) -> NodeRow:
        """A `for` made by a macro, with parts missing: which ones is not known."""
        none = self.make(at, "none")
        kids = tuple(self.node(value) for value in values)
        if len(kids) == 4:
            return self.make(at, "for", kids=kids)
        unknown = self.make(at, "opaque", kids=kids[:-1])
        return self.make(at, "for", kids=(none, unknown, none, kids[-1] if kids else none))

    def _macro_loop(self, at: _Raw, values: list[_Raw]) -> NodeRow | None:
        """A loop macro of the shim or of the stubs, or scoped_guard()."""
        name = self._callee(values[0]) if values[0].kind == CursorKind.CALL_EXPR else ""
        if name.startswith(f"{_PREFIX}scoped_") and len(values) == 2:
            return self._scoped(at, self.node(values[0]), self.node(values[1]))
        if name.startswith(f"{_PREFIX}loop_") and len(values) == 3:
            none = self.make(at, "none")
            return self.make(at, "for", kids=(self.node(values[0]), self.node(values[1]), none, self.node(values[2])))
        return None

    def _scoped(self, at: _Raw, call: NodeRow, body: NodeRow) -> NodeRow:
        block = self.make(at, "block", kids=(call, body))
        if not _leaves(body):
            return block
        return self.make(at, "do", kids=(self.make(at, "number", "0"), block))

    def _for_parts(self, at: _Raw, count: int) -> tuple[bool, bool, bool] | None:
        """Which of the three parts in a for's parentheses there are; None if the text does not tell."""
        place = self.tree.place(at.cursor)
        begin = self.starts.get(place.offset) if place.file == self.tree.main else None
        if begin is None or self.text.at(begin) != "for":
            return None
        end = self.text.closing.get(begin + 1)
        if end is None:
            return None
        parts = [False]
        index = begin + 2
        while index < end:
            if self.text.at(index) == ";":
                parts.append(False)
            else:
                parts[-1] = True
                index = self.text.closing.get(index, index)
            index += 1
        if len(parts) != 3 or sum(parts) + 1 != count:
            return None
        return parts[0], parts[1], parts[2]

    def case(self, at: _Raw) -> NodeRow:
        kids = self.kids(at)
        if len(kids) == 3:
            kids = (self.make(at, "opaque", kids=kids[:2]), kids[2])
        return self.make(at, "case", kids=kids) if len(kids) == 2 else self._broken(at, kids)

    def default(self, at: _Raw) -> NodeRow:
        kids = self.kids(at) or (self.make(at, "none"),)
        return self.make(at, "default", kids=kids)

    def label(self, at: _Raw) -> NodeRow:
        kids = self.kids(at) or (self.make(at, "none"),)
        return self.make(at, "label", self.tree.spelling(at.cursor), kids)

    def goto(self, at: _Raw) -> NodeRow:
        if at.kids:
            return self.make(at, "goto", self.tree.spelling(at.kids[0].cursor))
        return self.make(at, "goto", self._label_out_of_view(at))

    def _label_out_of_view(self, at: _Raw) -> str:
        place = self.tree.place(at.cursor)
        goto = self.starts.get(place.offset) if place.file == self.tree.main else None
        return self.text.at(goto + 1) if goto is not None and self.text.is_name(goto + 1) else ""

    def declaration(self, at: _Raw) -> NodeRow:
        variables = tuple(self.variable(kid) for kid in at.kids if kid.kind == CursorKind.VAR_DECL)
        return self.make(at, "decl" if variables else "none", kids=variables)

    def variable(self, at: _Raw) -> NodeRow:
        notes = [self.tree.spelling(kid.cursor) for kid in at.kids if kid.kind == CursorKind.ANNOTATE_ATTR]
        cleanup = next((note for note in notes if note.startswith(("free:", "class:"))), "")
        value = self.tree.initializer(at.cursor)
        kids = tuple(self.node(kid) for kid in at.kids if kid.cursor.key == value)[-1:]
        row = self.make(at, "var", self.tree.spelling(at.cursor), kids)
        return row._replace(note=cleanup, type=self._integer(self.tree.cursor_type(at.cursor)))

    def _broken(self, at: _Raw, kids: tuple[NodeRow, ...]) -> NodeRow:
        """A statement of which clang lost a part."""
        return self.make(at, "opaque", kids=kids)

    # ---- expressions

    def name(self, at: _Raw) -> NodeRow:
        text = self.tree.spelling(at.cursor)
        return self.make(at, "opaque") if text.startswith(_PREFIX) else self.make(at, "name", text)

    def member(self, at: _Raw) -> NodeRow:
        name = self.tree.spelling(at.cursor)
        name = self.text.aliases.get(name, name)
        kids = self.kids(at)
        if len(kids) != 1:
            return self.make(at, "opaque", kids=kids)
        if not name:  # the anonymous struct through which a stub has its members
            return kids[0]
        arrow = self._is_pointer(at)
        return self.make(at, "member", ("->" if arrow else ".") + name, kids)

    def _is_pointer(self, at: _Raw) -> bool:
        base = next(kid for kid in at.kids if _is_value(kid))
        while base.kind == CursorKind.MEMBER_REF_EXPR and not self.tree.spelling(base.cursor):
            inner = [kid for kid in base.kids if _is_value(kid)]
            if not inner:
                break
            base = inner[0]
        return self.tree.type(base.cursor).endswith(("*", "]", "const", "restrict", "volatile"))

    def call(self, at: _Raw) -> NodeRow:
        name = self._callee(at)
        kids = self.kids(at)
        if name in ("__builtin_expect", "__builtin_expect_with_probability") and len(kids) > 1:
            return kids[1]
        if name == f"{_PREFIX}unknown":
            return self.make(at, "opaque")
        if name.startswith(_PREFIX):
            return self.make(at, "call", _kernel_name(name), kids[1:])
        return self.make(at, "call", name, kids[1:] if name else kids)

    def _callee(self, at: _Raw) -> str:
        """The name of the function called, "" if it is called through an expression."""
        callee = at.kids[0] if at.kids else None
        while (
            callee is not None
            and callee.kind in (CursorKind.PAREN_EXPR, CursorKind.UNEXPOSED_EXPR)
            and len(callee.kids) == 1
        ):
            callee = callee.kids[0]
        return (
            self.tree.spelling(callee.cursor) if callee is not None and callee.kind == CursorKind.DECL_REF_EXPR else ""
        )

    def unary(self, at: _Raw) -> NodeRow:
        kids = self.kids(at)
        text = _UNARY_TEXT.get(self.tree.unary(at.cursor))
        if text is None or len(kids) != 1:
            return self.make(at, "opaque", kids=kids)
        return self.make(at, "unary", text, kids)

    def binary(self, at: _Raw) -> NodeRow:
        kids = self.kids(at)
        operator = self.tree.binary(at.cursor)
        if len(kids) != 2:
            return self.make(at, "opaque", kids=kids)
        if operator in _ASSIGN_TEXT:
            return self.make(at, "assign", _ASSIGN_TEXT[operator], kids)
        if operator in _BINARY_TEXT:
            if _BINARY_TEXT[operator] in _TYPED:
                kids = self._annotated(at, kids)
            return self.make(at, "binary", _BINARY_TEXT[operator], kids)
        return self.make(at, "opaque", kids=kids)

    def _annotated(self, at: _Raw, kids: tuple[NodeRow, ...]) -> tuple[NodeRow, ...]:
        """The operands, each with its type as note."""
        values = [kid for kid in at.kids if _is_value(kid)]
        return tuple(kid._replace(note=self._operand(value)) for kid, value in zip(kids, values, strict=True))

    def _operand(self, at: _Raw) -> str:
        """The note of an operand."""
        while at.kind != CursorKind.C_STYLE_CAST_EXPR and (inner := self._handed_through(at)) is not None:
            at = inner
        if at.kind == CursorKind.DECL_REF_EXPR and self.tree.place(self.tree.referenced(at.cursor)).file in (
            None,
            self.invented,
        ):
            return ""
        if at.kind not in (
            CursorKind.DECL_REF_EXPR,
            CursorKind.C_STYLE_CAST_EXPR,
            CursorKind.INTEGER_LITERAL,
            CursorKind.CHARACTER_LITERAL,
            CursorKind.UNARY_EXPR,
        ):
            return ""
        return self._integer(self.tree.cursor_type(at.cursor)) or (
            "?" if at.kind == CursorKind.C_STYLE_CAST_EXPR else ""
        )

    def _integer(self, type_: NativeType) -> str:
        """An integer type as C spells it without typedefs, "" if it is none or one that was made up."""
        while type_.kind in (TypeKind.TYPEDEF, TypeKind.ELABORATED):
            declaration = self.tree.declaration(type_)
            if self.tree.place(declaration).file == self.invented:
                return ""
            if declaration.kind != CursorKind.TYPEDEF_DECL:
                break
            type_ = self.tree.underlying(declaration)
        canonical = self.tree.canonical(type_)
        if canonical.kind == TypeKind.ENUM:
            canonical = self.tree.canonical(self.tree.enum_type(self.tree.definition(self.tree.declaration(type_))))
        return self.tree.name(canonical) if FIRST_INTEGER <= canonical.kind <= LAST_INTEGER else ""

    def ternary(self, at: _Raw) -> NodeRow:
        kids = self.kids(at)
        return self.make(at, "ternary" if len(kids) == 3 else "opaque", kids=kids)

    def index(self, at: _Raw) -> NodeRow:
        kids = self._annotated(at, self.kids(at))
        return self.make(at, "index" if len(kids) == 2 else "opaque", kids=kids)

    def literal(self, at: _Raw) -> NodeRow:
        value = self.tree.integer(at.cursor)
        if value is not None:
            return self.make(at, "number", str(value))
        return self.make(at, "number", self._as_written(at))

    def string(self, at: _Raw) -> NodeRow:
        return self.make(at, "string", self._as_written(at))

    def _as_written(self, at: _Raw) -> str:
        """The text of a literal; adjacent strings are joined by a space."""
        place = self.tree.place(at.cursor)
        index = self.starts.get(place.offset) if place.file == self.tree.main else None
        if index is None or self.text.tokens[index].kind not in ("string", "number", "char"):
            return self.tree.spelling(at.cursor)
        parts = [self.written(self.text.tokens[index])]
        while (
            index + 1 < self.text.count and self.text.tokens[index + 1].kind == "string" == self.text.tokens[index].kind
        ):
            index += 1
            parts.append(self.written(self.text.tokens[index]))
        return " ".join(parts)

    def list(self, at: _Raw) -> NodeRow:
        return self.make(at, "list", kids=self.kids(at))

    def statement_expression(self, at: _Raw) -> NodeRow:
        return self.make(at, "stmtexpr", kids=self.kids(at))

    def unevaluated(self, at: _Raw) -> NodeRow:
        return self.make(at, "unevaluated")


_Handler = Callable[[Converter, _Raw], NodeRow]


def _fixed(kind: NodeKind, least: int, most: int) -> _Handler:
    """A handler for a statement of which all children are the parts, in order."""

    def handler(converter: Converter, at: _Raw) -> NodeRow:
        kids = converter.kids(at)
        if least <= len(kids) <= most:
            return converter.make(at, kind, kids=kids)
        return converter._broken(at, kids)

    return handler


_KINDS: dict[int, _Handler] = {
    CursorKind.DECL_REF_EXPR: Converter.name,
    CursorKind.MEMBER_REF_EXPR: Converter.member,
    CursorKind.CALL_EXPR: Converter.call,
    CursorKind.INTEGER_LITERAL: Converter.literal,
    CursorKind.FLOATING_LITERAL: Converter.literal,
    CursorKind.IMAGINARY_LITERAL: Converter.literal,
    CursorKind.CHARACTER_LITERAL: Converter.literal,
    CursorKind.STRING_LITERAL: Converter.string,
    CursorKind.UNARY_OPERATOR: Converter.unary,
    CursorKind.BINARY_OPERATOR: Converter.binary,
    CursorKind.COMPOUND_ASSIGN_OPERATOR: Converter.binary,
    CursorKind.ARRAY_SUBSCRIPT_EXPR: Converter.index,
    CursorKind.CONDITIONAL_OPERATOR: Converter.ternary,
    CursorKind.INIT_LIST_EXPR: Converter.list,
    CursorKind.ADDR_LABEL_EXPR: Converter.unevaluated,
    CursorKind.STMT_EXPR: Converter.statement_expression,
    CursorKind.UNARY_EXPR: Converter.unevaluated,
    CursorKind.LABEL_STMT: Converter.label,
    CursorKind.COMPOUND_STMT: Converter.block,
    CursorKind.CASE_STMT: Converter.case,
    CursorKind.DEFAULT_STMT: Converter.default,
    CursorKind.IF_STMT: _fixed("if", 2, 3),
    CursorKind.SWITCH_STMT: _fixed("switch", 2, 2),
    CursorKind.WHILE_STMT: _fixed("while", 2, 2),
    CursorKind.DO_STMT: Converter.do,
    CursorKind.FOR_STMT: Converter.loop,
    CursorKind.GOTO_STMT: Converter.goto,
    CursorKind.CONTINUE_STMT: _fixed("continue", 0, 0),
    CursorKind.BREAK_STMT: _fixed("break", 0, 0),
    CursorKind.RETURN_STMT: _fixed("return", 0, 1),
    CursorKind.NULL_STMT: _fixed("none", 0, 0),
    CursorKind.DECL_STMT: Converter.declaration,
}


def _is_value(at: _Raw) -> bool:
    return FIRST_EXPRESSION <= at.kind <= LAST_STATEMENT


def _kernel_name(name: str) -> str:
    """What the kernel calls what the shim gave a name of its own."""
    kind, _, rest = name.removeprefix(_PREFIX).partition("_")
    match kind:
        case "guard":
            return f"guard({rest})"
        case "scoped":
            return f"scoped_guard({rest})"
        case "cond":
            return f"scoped_cond_guard({rest})"
        case "is" | "loop":
            return rest
    return ""


def _leaves(body: NodeRow) -> bool:
    """Is there a `break` or `continue` that would leave what is around the body?"""
    todo = [(body, False)]
    while todo:
        node, in_switch = todo.pop()
        if node.kind == "continue" or (node.kind == "break" and not in_switch):
            return True
        if node.kind not in ("for", "while", "do"):
            todo += [(kid, in_switch or node.kind == "switch") for kid in node.kids]
    return False
