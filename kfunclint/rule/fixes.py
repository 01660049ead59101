"""The edits of fixes that many rules offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kfunclint.c.syntax import Node, Parameter, bare, is_scalar, is_signed
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry, Flag
from kfunclint.finding import Edit, Fix, Place
from kfunclint.flow.account import Use
from kfunclint.flow.questions import outcomes

_END_OF_LINE = 1 << 14  # columns; patch.diff refuses longer lines


def add_flag(entry: Entry, name: FlagName) -> Fix:
    """Add a flag behind the others; without an edit for an entry that a macro makes."""
    return Fix(f"add {name}", _added(entry, name), adds=name)


def drop_flag(entry: Entry, flag: Flag) -> Fix:
    """Take a flag out; without an edit where it is the only one, or they stand on lines of their own, or in a
    #define."""
    return Fix(f"drop {flag.name}", _dropped(entry, flag), drops=flag.name)


def _added(entry: Entry, name: FlagName) -> tuple[Edit, ...]:
    if entry.flags is None or entry.macro:
        return ()
    if entry.zero is not None:
        return (Edit(entry.zero, name),)
    last = entry.flags[-1].at if entry.flags else entry.at
    text = f" | {name}" if entry.flags else f", {name}"
    return (Edit(Place(last.path, last.line, last.end_column, last.end_column), text),)


def _dropped(entry: Entry, flag: Flag) -> tuple[Edit, ...]:
    places = [written.at for written in entry.flags or ()]
    index = places.index(flag.at)
    if len(places) == 1 or len(set(places)) < len(places):
        return ()
    first, last = (index, index + 1) if index == 0 else (index - 1, index)
    if places[first].line != places[last].line:
        return ()
    start, end = (
        (places[first].column, places[last].column) if index == 0 else (places[first].end_column, flag.at.end_column)
    )
    return (Edit(Place(flag.at.path, flag.at.line, start, end), ""),)


def drop_word(at: Place) -> Edit:
    """Take out a word with the blank behind it."""
    return Edit(Place(at.path, at.line, at.column, at.end_column + 1, at.patch), "", with_line=True)


def drop_line(at: Place) -> Edit:
    """Take out the whole line of a place."""
    return Edit(Place(at.path, at.line, 1, _END_OF_LINE, at.patch), "", with_line=True)


def put_before(at: Place, text: str) -> Edit:
    """Put a text in front of a place."""
    return Edit(Place(at.path, at.line, at.column, at.column, at.patch), text)


def test_first(kfunc: Kfunc, use: Use, name: str, null: str) -> Fix:
    """Test a pointer for NULL in front of a use of it; `null` is what questions.nullness() says of it there. There are
    no edits where it has no name, or a test says already that it is NULL."""
    can = name.isidentifier() and null != "null"
    edits, is_choice = _early_return(kfunc, use, f"!{name}") if can else ((), False)
    return Fix(f"test {name} for NULL first", edits, unsure=is_choice)


def return_first(kfunc: Kfunc, use: Use, condition: str, words: str, *, unsure: bool = False) -> Fix:
    """Return in front of a use if a condition holds; unsure also where the value to return is a choice, and without
    edits where no test can stand."""
    edits, is_choice = _early_return(kfunc, use, condition)
    return Fix(words, edits, unsure=bool(edits) and (is_choice or unsure))


def return_at_once(kfunc: Kfunc, condition: str, words: str) -> Fix:
    """Return in front of the first statement behind the declarations if a condition holds: a choice, as callers may
    count on what is done now."""
    body = kfunc.definition.body
    first = next((kid for kid in body.kids if kid.kind != "decl"), None) if body else None
    if body is None or first is None or first.kind == "label" or not _is_alone(body, first):
        return Fix(words)
    return Fix(words, (_returning(kfunc, first, condition, failure_value(kfunc)[0]),), unsure=True)


def _early_return(kfunc: Kfunc, use: Use, condition: str) -> tuple[tuple[Edit, ...], bool]:
    """A test that returns in front of the statement with a use, and whether the value that it returns is a choice.

    No edits where that statement is no plain one of a block, such as a declaration or the body of an if without braces,
    where it stands in a function that is called, or where a lock is held that would have to be given back.
    """
    statement = _statement(kfunc, use.node)
    if statement is None or use.calls or use.path.deeds.held or use.path.deeds.depth:
        return (), False
    value, is_choice = failure_value(kfunc)
    return (_returning(kfunc, statement, condition, value),), is_choice


def _returning(kfunc: Kfunc, statement: Node, condition: str, value: str) -> Edit:
    """A test above the line of a statement that returns a value."""
    indent = "\t" * (statement.column - 1)
    text = f"{indent}if ({condition})\n{indent}\treturn{value};\n"
    return Edit(Place(kfunc.at.path, statement.line, 1, 1), text)


def _statement(kfunc: Kfunc, use: Node) -> Node | None:
    """The innermost statement of a block that has the use, if a test can stand in front of it."""
    blocks = [node for node in kfunc.definition.body.walk() if node.kind == "block"] if kfunc.definition.body else []
    around = [(block, kid) for block in blocks for kid in block.kids if any(node is use for node in kid.walk())]
    if not around:
        return None
    block, kid = around[-1]
    is_plain = kid.kind not in ("decl", "label", "case", "default") and not any(
        node is use for nested in _bodies(kid) for node in nested.walk()
    )
    return kid if is_plain and _is_alone(block, kid) else None


def _is_alone(block: Node, statement: Node) -> bool:
    """Does no other statement of its block begin on its line?"""
    return all(other is statement or other.line != statement.line for other in (block, *block.kids))


def _bodies(statement: Node) -> Iterator[Node]:
    """What is done below a statement: what its head asks is not."""
    if statement.kind in ("if", "while", "switch"):
        yield from statement.kids[1:]
    elif statement.kind in ("do", "for"):
        yield from statement.kids


def failure_value(kfunc: Kfunc) -> tuple[str, bool]:
    """What a kfunc may return where it can do nothing, with the blank before it, "" for nothing; and whether that is a
    choice. Which error it is goes by those that it returns already."""
    type_ = kfunc.signature.return_type
    if bare(type_) == "void":
        return "", False
    if kfunc.signature.returns_pointer:
        return " NULL", False
    if bare(type_) in ("bool", "_Bool"):
        return " false", True
    if is_scalar(type_) and not is_signed(type_):
        return " 0", True
    values = [outcome.value for outcome in outcomes(kfunc.account)]
    codes = Counter(value.text for value in values if value is not None and value.kind == "errno")
    return f" -{codes.most_common(1)[0][0] if codes else 'EINVAL'}", True


def drop_null_test(kfunc: Kfunc, parameter: Parameter, test: Node, body: Node | None) -> Fix:
    """Drop a test for NULL, in that body, of a parameter that never is, or say by its name that it may be."""
    words = f"drop the test, or name the parameter {parameter.name}__nullable if NULL is to be allowed"
    return Fix(words, _without_test(kfunc, test, body), unsure=True)


def _without_test(kfunc: Kfunc, test: Node, body: Node | None) -> tuple[Edit, ...]:
    """Take out `if (!p) return x;` of a test for NULL, if it is just that; else no edits."""
    for node in body.walk() if body else ():
        if node.kind == "if" and len(node.kids) == 2 and _is_null_test(node.kids[0], test):
            last = max(below.line for below in node.walk())
            leaves = node.kids[1].kind in ("return", "goto") and node.kids[1].line > node.line
            lines = range(node.line, last + 1) if leaves and _begins_its_line(body, node) else ()
            return tuple(drop_line(Place(kfunc.at.path, line, 1, 1)) for line in lines)
    return ()


def _begins_its_line(body: Node | None, statement: Node) -> bool:
    nodes = body.walk() if body else ()
    return not any(node.line == statement.line and node.column < statement.column for node in nodes)


def _is_null_test(condition: Node, test: Node) -> bool:
    """Is it `!p` or `p == NULL` of that node for p?"""
    if condition.kind == "unary" and condition.text == "!":
        return condition.kids[0] is test
    is_zero = any(kid.kind == "number" and kid.text == "0" for kid in condition.kids)
    return condition.kind == "binary" and condition.text == "==" and test in condition.kids and is_zero
