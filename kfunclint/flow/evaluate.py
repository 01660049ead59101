"""What expressions give, on each path through them."""

from __future__ import annotations

from collections.abc import Callable

from kfunclint.c.syntax import Node
from kfunclint.flow.account import Use, site_of
from kfunclint.flow.calls import called, leasing
from kfunclint.flow.facts import VALID
from kfunclint.flow.frame import MOST_WAYS, Frame, Pairs
from kfunclint.flow.integers import common, is_unsigned, width
from kfunclint.flow.path import Path
from kfunclint.flow.terms import (
    COMPARISONS,
    ONE,
    PLACES,
    ZERO,
    Term,
    address,
    anything,
    base_pointer,
    compound,
    const,
    load,
    member,
    negation,
)
from kfunclint.value import replace

_LONGEST_NUMBER = 24
_LONGEST_STRING = 40
_WIDEST = 1 << 64
_ARITHMETIC = frozenset({"+", "-", "*"})
_GIVING_VALUES = ("for_each", "foreach", "FOR_EACH", "get_user", "swap")
_LOOPS = _GIVING_VALUES[:3]
_STATEMENTS = frozenset({"block", "if", "for", "while", "do", "switch", "decl", "return", "goto"})
_WIDENED = frozenset({"param", "op", "any"})

Ways = list[tuple[Path, bool]]
Follow = Callable[[Node, Path], list[Path]]
"""Follows the statements of a block and gives the paths behind the last of them."""


class Evaluator:
    """Evaluates the expressions of one function. Where an expression has too many ways through it, those that give the
    same are made one."""

    def __init__(self, frame: Frame, follow: Follow) -> None:
        self.frame = frame
        self.follow = follow
        self.see = frame.recorder.see
        self._first: dict[int, Node] = {}

    # ---- statements of expressions

    def step(self, node: Node, path: Path) -> list[Path]:
        """The paths behind an expression, or a variable that is declared."""
        if node.kind != "var":
            return [after for after, _ in self.value(node, path)]
        if not node.kids:
            return [self._declared(node, path)]
        (value,) = node.kids
        if value.kind == "list":
            return [after.setting(node.text, Term("local", node.text)) for after, _ in self.value(value, path)]
        place = Term("var", node.text)
        return [self.assigned(place, term, after, node) for after, term in self.value(value, path)]

    def _declared(self, node: Node, path: Path) -> Path:
        if node.type:
            return path.setting(node.text, anything(site_of(node), node.text, node.type))
        if node.text not in path.variables:
            return path
        return replace(path, variables={name: one for name, one in path.variables.items() if name != node.text})

    # ---- conditions

    def decided(self, node: Node, path: Path) -> Ways:
        """The paths on which a condition holds, and those on which it does not."""
        ways = self._decided(node, path)
        if len(ways) <= MOST_WAYS:
            return ways
        return [
            way for truth in (True, False) for way in self.frame.few([one for one in ways if one[1] is truth], truth)
        ]

    def _decided(self, node: Node, path: Path) -> Ways:
        if node.kind == "unary" and node.text == "!":
            return [(after, not holds) for after, holds in self.decided(node.kids[0], path)]
        if node.kind == "binary" and node.text in ("&&", "||"):
            ways: Ways = []
            for after, holds in self.decided(node.kids[0], path):
                ways += [(after, holds)] if holds is (node.text == "||") else self.decided(node.kids[1], after)
            return ways
        if node.kind == "binary" and node.text == "," and node.kids[0].text != "rcu_dereference":
            return self._decided_behind(node, path)
        if (side := _compared_with_zero(node)) is not None:
            return [(after, holds is (node.text == "!=")) for after, holds in self.decided(side, path)]
        return [way for after, term in self.value(node, path) for way in self.asked(term, node, after)]

    def _decided_behind(self, node: Node, path: Path) -> Ways:
        """A condition behind a comma, as WARN_ON() has one."""
        first, condition = node.kids
        ways: Ways = []
        for after in self.step(first, path):
            decided = self.decided(condition, after)
            ways += decided
            if first.kind == "call" and "WARN" in first.text:
                self._warn(first, after, decided)
        return ways

    def _warn(self, call: Node, path: Path, ways: Ways) -> None:
        """Note what a warning is made of, on each way on which it is given."""
        for after, holds in ways:
            if holds:
                new = tuple(one.term for one in after.decisions[len(path.decisions) :])
                self.see(Use("warn", call, compound("op", "&&", new), path))

    def asked(self, term: Term, node: Node, path: Path) -> Ways:
        """The paths on which a term is true, and those on which it is not."""
        return [
            (way.asking(term, node, holds=holds), holds)
            for holds in (True, False)
            for way in path.assuming(term, holds=holds)
        ]

    # ---- values

    def value(self, node: Node, path: Path) -> Pairs:
        """What an expression gives, on each path through it."""
        handler = getattr(self, f"_of_{node.kind}", self._of_unknown)
        pairs: Pairs = handler(node, path)
        return pairs if len(pairs) <= MOST_WAYS else self.frame.few(pairs, anything(site_of(node)))

    def _of_unknown(self, node: Node, path: Path) -> Pairs:
        paths = [path]
        for kid in node.kids:
            paths = [after for one in paths for after in self.step(kid, one)]
        return self.frame.few([(one, anything(site_of(node))) for one in paths], anything(site_of(node)))

    def _of_list(self, node: Node, path: Path) -> Pairs:
        """What is put into a struct or array is handed on with that."""
        names = (one.text for one in node.walk() if one.kind == "name" and one.text in self.frame.own)
        given = {base_pointer(path.value(name)) for name in names}
        path = path.doing(replace(path.deeds, given=path.deeds.given | given)) if given else path
        return self._of_unknown(node, path)

    def _of_name(self, node: Node, path: Path) -> Pairs:
        return [(path, path.held(self._named(node, path)))]

    def _named(self, node: Node, path: Path) -> Term:
        """The place that a name is."""
        if node.text in self.frame.own:
            return Term("var", node.text)
        term = Term("global", node.text)
        self.see(Use("name", node, term, path))
        return term

    def _of_number(self, node: Node, path: Path) -> Pairs:
        return [(path, constant(node) or anything(site_of(node), node.text[:_LONGEST_NUMBER]))]

    def _of_string(self, node: Node, path: Path) -> Pairs:
        return [(path, Term("string", node.text[:_LONGEST_STRING]))]

    def _of_unevaluated(self, node: Node, path: Path) -> Pairs:
        return [(path, Term("size", "", (), site_of(node)))]

    def _of_stmtexpr(self, node: Node, path: Path) -> Pairs:
        nothing = anything(site_of(node))
        if not node.kids or not node.kids[0].kids:
            return [(path, nothing)]
        block = node.kids[0]
        last = block.kids[-1]
        if last.kind in _STATEMENTS:
            return [(after, nothing) for after in self.follow(block, path)]
        before = self.follow(self._without_last(block), path) if len(block.kids) > 1 else [path]
        return [pair for one in before for pair in self.value(last, one)]

    def _without_last(self, block: Node) -> Node:
        if id(block) not in self._first:
            self._first[id(block)] = Node("block", block.line, block.column, kids=block.kids[:-1])
        return self._first[id(block)]

    def _of_member(self, node: Node, path: Path) -> Pairs:
        return [(after, after.held(place)) for after, place in self.place(node, path, touched=True)]

    _of_index = _of_member

    # ---- places

    def place(self, node: Node, path: Path, *, touched: bool) -> Pairs:
        """The place that an expression names; `touched`: it is read or written, not only its address taken."""
        if node.kind == "name":
            return [(path, self._named(node, path))]
        if node.kind == "member":
            return self._member(node, path, touched=touched)
        if node.kind == "index":
            return self._index(node, path, touched=touched)
        if node.kind == "unary" and node.text == "*":
            return [
                (after, self._loaded(node, pointer, after, touched))
                for after, pointer in self.value(node.kids[0], path)
            ]
        return self.value(node, path)

    def _loaded(self, node: Node, pointer: Term, path: Path, touched: bool) -> Term:
        if pointer.kind == "op" and pointer.text == "+":
            self.see(Use("index", node, pointer.kids[1], path, (), "index"))
        if touched:
            self.frame.recorder.read_through(node, pointer, path)
        return load(pointer)

    def _member(self, node: Node, path: Path, *, touched: bool) -> Pairs:
        name = node.text.removeprefix("->").removeprefix(".")
        if not node.text.startswith("->"):
            places = self.place(node.kids[0], path, touched=touched)
            return [(after, member(address(place), name)) for after, place in places]
        pairs: Pairs = []
        for after, base in self.value(node.kids[0], path):
            if touched:
                self.frame.recorder.read_through(node, base, after)
            pairs.append((after, member(base, name)))
        return pairs

    def _index(self, node: Node, path: Path, *, touched: bool) -> Pairs:
        array, index = node.kids
        pairs: Pairs = []
        for after, place in self.place(array, path, touched=touched):
            base = after.held(place) if place.kind in PLACES or place.kind == "var" else place
            for behind, number in self.value(index, after):
                self.see(Use("index", node, number, behind, (), "index"))
                if touched:
                    self.frame.recorder.read_through(node, base, behind)
                pairs.append((behind, compound("index", "", (base, number))))
        return pairs

    # ---- operators

    def _of_unary(self, node: Node, path: Path) -> Pairs:
        (kid,) = node.kids
        if node.text == "&":
            return [(after, address(place)) for after, place in self.place(kid, path, touched=False)]
        if node.text == "*":
            return self._of_member(node, path)
        if node.text == "!":
            return [(after, negation(term)) for after, term in self.value(kid, path)]
        if "x" in node.text:
            return self._stepped(node, path)
        return [(after, _signed(node, term)) for after, term in self.value(kid, path)]

    def _stepped(self, node: Node, path: Path) -> Pairs:
        """x++ and its like."""
        pairs: Pairs = []
        for after, place in self.place(node.kids[0], path, touched=True):
            old = after.held(place)
            new = computed("+" if "+" in node.text else "-", old, ONE, old.type)
            pairs.append((self.assigned(place, new, after, node), old if node.text.startswith("x") else new))
        return pairs

    def _of_binary(self, node: Node, path: Path) -> Pairs:
        left, right = node.kids
        if node.text in ("&&", "||"):
            return [(after, ONE if holds else ZERO) for after, holds in self.decided(node, path)]
        if node.text == ",":
            return self._comma(left, right, path)
        return [
            (behind, self._binary(node, one, other, behind))
            for after, one in self.value(left, path)
            for behind, other in self.value(right, after)
        ]

    def _binary(self, node: Node, one: Term, other: Term, path: Path) -> Term:
        if node.text in ("<<", ">>"):
            self.see(Use("shift", node, other, path))
            return computed(node.text, one, other, one.type)
        types = (_type_of(node.kids[0], one), _type_of(node.kids[1], other))
        if node.text in COMPARISONS:
            return self._compared(node, one, other, types, path)
        if node.text in _ARITHMETIC:
            return computed(node.text, *_widened(one, other, types), common(*types))
        return computed(node.text, one, other, "")

    def _compared(self, node: Node, one: Term, other: Term, types: tuple[str, str], path: Path) -> Term:
        how = ""
        if node.text not in ("==", "!="):
            self.see(Use("compare", node, compound("op", node.text, (one, other), (), "/".join(types)), path))
            both = common(*types)
            how = "" if not both else "unsigned" if is_unsigned(both) else "signed"
        term = compound("op", node.text, (one, other), (), how)
        truth = path.truth(term)
        return term if truth is None else ONE if truth else ZERO

    def _comma(self, left: Node, right: Node, path: Path) -> Pairs:
        if left.kind == "call" and left.text == "rcu_dereference":
            return [self._dereferenced(left, term, after) for after, term in self.value(right, path)]
        if left.kind == "call" and "WARN" in left.text:
            ways = self._decided_behind(Node("binary", left.line, left.column, ",", (left, right)), path)
            return [(after, ONE if holds else ZERO) for after, holds in ways]
        return [pair for after in self.step(left, path) for pair in self.value(right, after)]

    def _dereferenced(self, call: Node, term: Term, path: Path) -> tuple[Path, Term]:
        result = compound("call", "rcu_dereference", (term,), site_of(call))
        self.see(Use("call", call, result, path))
        return path.doing(leasing(path.deeds, result, call)), result

    def _of_ternary(self, node: Node, path: Path) -> Pairs:
        condition, then, otherwise = node.kids
        if then.kind != "none":
            return [
                pair
                for after, holds in self.decided(condition, path)
                for pair in self.value(then if holds else otherwise, after)
            ]
        pairs: Pairs = []
        for after, term in self.value(condition, path):
            for way, holds in self.asked(term, condition, after):
                pairs += [(way, term)] if holds else self.value(otherwise, way)
        return pairs

    def _of_assign(self, node: Node, path: Path) -> Pairs:
        target, value = node.kids
        pairs: Pairs = []
        for after, term in self.value(value, path):
            for behind, place in self._target(node, target, after):
                new = term if node.text == "=" else self._updated(node, place, term, behind)
                pairs.append((self.assigned(place, new, behind, node), new))
        return pairs

    def _target(self, node: Node, target: Node, path: Path) -> Pairs:
        """The place that an assignment writes to; a variable that is only written is not used."""
        if node.text == "=" and target.kind == "name":
            return [(path, Term("var" if target.text in self.frame.own else "global", target.text))]
        return self.place(target, path, touched=True)

    def _updated(self, node: Node, place: Term, term: Term, path: Path) -> Term:
        """What += and its like give."""
        target, value = node.kids
        old = path.held(place)
        if node.text in ("<<=", ">>="):
            self.see(Use("shift", node, term, path))
        types = (self.frame.types.get(target.text) or _type_of(target, old), _type_of(value, term))
        return computed(node.text[:-1], *_widened(old, term, types), common(*types))

    def assigned(self, place: Term, value: Term, path: Path, node: Node) -> Path:
        """The path behind an assignment."""
        if place.kind == "var":
            type_ = self.frame.types.get(place.text, "")
            if value.kind == "op" and value.text in ("+", "*") and 0 < width(type_) < width(value.type):
                value = compound("cast", "", (value,), (), type_)
            if place.text in self.frame.cleaned:
                path = path.doing(replace(path.deeds, cleaned=path.deeds.cleaned | {value}))
            if value == ZERO and (literal := _zero_in(node)) is not None:
                path = replace(path, nulls={**path.nulls, place.text: literal})
            return path.setting(place.text, value)
        if place.kind not in PLACES:
            return path
        self.see(Use("store", node, place, path))
        base = base_pointer(place.kids[0]) if place.kids else place
        if base.kind != "local":
            deeds = path.deeds
            deeds = replace(deeds, written=deeds.written | {base}, kept=deeds.kept | {base_pointer(value)})
            path = path.doing(deeds)
        return path.storing(place, value)

    # ---- calls

    def _of_call(self, node: Node, path: Path) -> Pairs:
        if any(word in node.text for word in _GIVING_VALUES):
            return self._giving_values(node, path)
        ways: list[tuple[Path, tuple[Term, ...]]] = [(path, ())]
        unknown = anything(site_of(node))
        for number, kid in enumerate(node.kids, 1):
            ways = [(after, (*given, term)) for one, given in ways for after, term in self.value(kid, one)]
            ways = self.frame.few(ways, (unknown,) * number)
        return [pair for after, given in ways for pair in called(self.frame, node, given, after)]

    def _giving_values(self, node: Node, path: Path) -> Pairs:
        """A macro that gives values to variables that it is handed: a loop its first, and the next if it is safe."""
        is_loop = any(word in node.text for word in _LOOPS)
        result = anything(site_of(node))
        self.see(Use("call", node, compound("call", node.text, (), site_of(node)), path))
        paths = [self._swapped(node, path) if node.text == "swap" else path]
        for kid in node.kids[1:]:
            paths = [after for one in paths for after in self.step(kid, one)]
        set_ = node.kids[: 1 + (node.text == "swap" or "safe" in node.text)]
        pairs = [(self._given_values(node, set_, one, is_loop), result) for one in paths]
        return self.frame.few(pairs, result)

    def _swapped(self, node: Node, path: Path) -> Path:
        """The path on which what variables hold has gone to the other side of a swap()."""
        held = {path.value(kid.text) for kid in node.kids if kid.kind == "name" and kid.text in self.frame.own}
        return path.doing(replace(path.deeds, kept=path.deeds.kept | set(map(base_pointer, held))))

    def _given_values(self, node: Node, kids: tuple[Node, ...], path: Path, is_loop: bool) -> Path:
        row = self.frame.behaviours.of(node.text)
        for at, kid in enumerate(kids):
            if kid.kind != "name" or kid.text not in self.frame.own:
                continue
            value = compound("call", node.text, (const(at),), site_of(node))
            if is_loop:
                path = replace(path, facts={**path.facts, value: VALID})
            if row.lease == "loop" and at == 0:
                path = path.doing(leasing(path.deeds, value, node))
            path = path.setting(kid.text, value)
        return path


def constant(node: Node) -> Term | None:
    """The value of a literal, or an enumerator; None for any other expression."""
    if node.kind == "number" and node.text.lstrip("-").isdecimal() and len(node.text) <= _LONGEST_NUMBER:
        return const(int(node.text))
    if node.kind == "unary" and node.text == "-" and (inner := constant(node.kids[0])) is not None:
        return _signed(node, inner)
    return Term("global", node.text) if node.kind == "name" else None


def _signed(node: Node, term: Term) -> Term:
    """+x, -x and ~x."""
    if node.text == "+":
        return term
    if node.text == "-" and term.number is not None:
        return const(-term.number)
    if node.text == "-" and term.kind == "global" and term.text.startswith("E") and term.text.isupper():
        return Term("errno", term.text)
    return compound("op", node.text, (term,))


def _zero_in(assignment: Node) -> Node | None:
    """The literal 0 or NULL that an assignment, or a declaration, gives."""
    value = assignment.kids[-1]
    while value.kind == "assign" or (value.kind == "binary" and value.text == ","):
        value = value.kids[1]
    sides = value.kids[1:] if value.kind == "ternary" else (value,)
    return next((side for side in sides if side.kind == "number" and side.text == "0"), None)


def _compared_with_zero(node: Node) -> Node | None:
    """The other side of == or != 0, NULL or false."""
    if node.kind != "binary" or node.text not in ("==", "!="):
        return None
    left, right = node.kids
    if right.kind == "number" and right.text == "0":
        return left
    return right if left.kind == "number" and left.text == "0" else None


def computed(text: str, one: Term, other: Term, type_: str) -> Term:
    """What an operator makes of two terms."""
    if one.number is not None and other.number is not None:
        number = _number(text, one.number, other.number)
        if number is not None and abs(number) < _WIDEST:
            return const(number)
    if text in ("+", "-") and other.number == 0:
        return one
    return compound("op", text, (one, other), (), type_)


def _number(text: str, one: int, other: int) -> int | None:
    match text:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
        case "<<" if 0 <= other < 64:
            return one << other
        case "|":
            return one | other
        case "&":
            return one & other
    return None


def _type_of(node: Node, term: Term) -> str:
    """The integer type of an operand, "" if it is not known."""
    if node.note:
        return node.note if node.note != "?" else ""
    if term.kind == "const":
        return "int"
    if term.kind == "size":
        return "unsigned long"
    return term.type if term.kind in ("op", "cast", "param", "any") and width(term.type) else ""


def _widened(one: Term, other: Term, types: tuple[str, str]) -> tuple[Term, Term]:
    """Operands that were made wider before something is computed of them."""
    return _wide(one, types[0]), _wide(other, types[1])


def _wide(term: Term, type_: str) -> Term:
    if is_unsigned(type_) and width(type_) > width(term.type) > 0 and term.kind in _WIDENED:
        return compound("cast", "", (term,), (), type_)
    return term
