"""Symbolic terms: what a variable holds, told by where it came from.

A term is a value, a place or an address. A place that was never written stands for what it held from the start, so two
reads of the same member are one value. A call in between may have changed it; that it is still taken for tested errs
towards silence.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

Site = tuple[tuple[int, int], ...]
"""Where a value was made: the line and column (1-based) of the call, behind those of the calls that led there."""

Kind = Literal[
    "const", "errno", "string", "size", "param", "global", "local", "var", "member", "index", "load", "addr", "elem",
    "call", "op", "cast", "any",
]  # fmt: skip

_MOST_PARTS = 100  # of a term; what is larger may be anything
_POOL: dict[tuple[object, ...], Term] = {}
_MOST_POOLED = 200_000


class Term:
    """A term; equal ones are one object, as long as they come from one pool (see `forget`). By `kind`:

    const   text: a number in decimal              errno   text: its name, of -EINVAL
    string  text: as written, cut                  size    a sizeof or its like; site: where
    param   text: a parameter of the function      global  text: a variable, enumerator or function of no body
    local   text: a variable of the body; the term is its address       var  text: a variable of the body, as a place
    member  text: its name; kids: base. base->member                    addr  the address of that; without a text, of a
                                                                              global that is its kid
    index   kids: base, index. base[index]         elem    the address of that
    load    kids: pointer. *pointer                cast    kids: operand; type: what it was made
    call    text: the callee, "" for an expression; kids: arguments; site: where, () if equal calls give the same
    op      text: the operator; kids: operands     any     nothing is known of it; site: where it was made

    `type` is the integer type of a param, op, cast or any, "" where it is not known; of a comparison "unsigned" or
    "signed", as C compares.
    """

    __slots__ = ("_hash", "_parts", "kids", "kind", "number", "site", "size", "text", "type")

    kind: Kind
    text: str
    kids: tuple[Term, ...]
    site: Site
    type: str
    number: int | None
    size: int
    _hash: int
    _parts: frozenset[Term] | None

    def __new__(cls, kind: Kind, text: str = "", kids: tuple[Term, ...] = (), site: Site = (), type_: str = "") -> Term:
        key = (kind, text, kids, site, type_)
        self = _POOL.get(key)
        if self is not None:
            return self
        self = object.__new__(cls)
        self.kind, self.text, self.kids, self.site, self.type = kind, text, kids, site, type_
        self.number = int(text) if kind == "const" else None
        self.size = 1 + sum(kid.size for kid in kids)
        self._hash = hash(key)
        self._parts = None
        _POOL[key] = self
        return self

    def __hash__(self) -> int:
        return self._hash

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, Term) and self._hash == other._hash and self._key == other._key

    @property
    def _key(self) -> tuple[object, ...]:
        return (self.kind, self.text, self.kids, self.site, self.type)

    def __repr__(self) -> str:
        inner = ", ".join(map(repr, self.kids))
        match self.kind:
            case "const" | "param" | "global":
                return self.text
            case "errno":
                return f"-{self.text}"
            case "member":
                return f"{inner}->{self.text}"
            case "addr":
                return f"&{inner}->{self.text}"
            case "op":
                return f"({self.text} {inner})"
        return f"{self.kind}:{self.text}({inner})"

    @property
    def parts(self) -> frozenset[Term]:
        """The term and all that it is made of."""
        if self._parts is None:
            self._parts = frozenset((self,)).union(*(kid.parts for kid in self.kids))
        return self._parts


def forget() -> None:
    """Drop the pool once it is large; terms that are still held stay equal to new ones."""
    if len(_POOL) > _MOST_POOLED:
        _POOL.clear()


ZERO = Term("const", "0")
ONE = Term("const", "1")
PLACES = frozenset({"member", "index", "load", "global"})
COMPARISONS = frozenset({"<", "<=", ">", ">=", "==", "!="})
CONTAINERS = frozenset(
    {"container_of", "container_of_const", "list_entry", "list_entry_rcu", "hlist_entry", "rb_entry"}
)


def const(value: int) -> Term:
    """A number."""
    return Term("const", str(value))


def anything(node_site: Site, text: str = "", type_: str = "") -> Term:
    """A value of which nothing is known but where it was made."""
    return Term("any", text, (), node_site, type_)


def compound(kind: Kind, text: str, kids: tuple[Term, ...], site: Site = (), type_: str = "") -> Term:
    """A term made of others, or any value where it would have too many parts."""
    term = Term(kind, text, kids, site, type_)
    return term if term.size <= _MOST_PARTS else anything(site or ((0, term.size),), type_=type_)


def member(base: Term, name: str) -> Term:
    """The place base->name."""
    return compound("member", name, (base,))


def load(pointer: Term) -> Term:
    """The place *pointer."""
    match pointer.kind:
        case "addr":
            return compound("member", pointer.text, pointer.kids) if pointer.text else pointer.kids[0]
        case "elem":
            return compound("index", "", pointer.kids)
        case "local":
            return Term("var", pointer.text)
    return compound("load", "", (pointer,))


def address(place: Term) -> Term:
    """The address of a place."""
    match place.kind:
        case "member":
            return compound("addr", place.text, place.kids)
        case "index":
            return compound("elem", "", place.kids)
        case "load":
            return place.kids[0]
        case "global":
            return compound("addr", "", (place,))
        case "var":
            return Term("local", place.text)
    return place


def negation(term: Term) -> Term:
    """!term; a second one takes off the first where that is 0 or 1 itself."""
    if term.number is not None:
        return ONE if term.number == 0 else ZERO
    if term.kind == "op" and term.text == "!" and is_truth(term.kids[0]):
        return term.kids[0]
    return compound("op", "!", (term,))


def is_truth(term: Term) -> bool:
    """Is it 0 or 1, as it was compared or negated?"""
    return term.kind == "op" and (term.text in COMPARISONS or term.text == "!")


def base_pointer(term: Term) -> Term:
    """The pointer to the object in which another one points: p of p, &p->f, &p->f[i], p + 1 and container_of(p)."""
    while _points_into(term):
        term = term.kids[0]
    return term


def _points_into(term: Term) -> bool:
    """Is it an address in what its first part points to?"""
    match term.kind:
        case "addr":
            return bool(term.text)
        case "elem" | "cast":
            return True
        case "call":
            return term.text in CONTAINERS and bool(term.kids)
        case "op":
            return term.text in ("+", "-") and len(term.kids) == 2 and _is_offset(term.kids[1])
    return False


def _is_offset(term: Term) -> bool:
    return term.kind in ("const", "size")


def replaced(term: Term, by: Callable[[Term], Term | None], memo: dict[Term, Term]) -> Term:
    """A term with parts replaced, from the inside out; `by` gives None for one that stays."""
    done = memo.get(term)
    if done is not None:
        return done
    kids = tuple([replaced(kid, by, memo) for kid in term.kids])
    new = remade(term, kids)
    new = by(new) or new
    memo[term] = new
    return new


def remade(term: Term, kids: tuple[Term, ...]) -> Term:
    """The same of other parts."""
    if kids == term.kids:
        return term
    if term.kind == "load":
        return load(kids[0])
    if term.kind == "op" and term.text == "!":
        return negation(kids[0])
    return compound(term.kind, term.text, kids, term.site, term.type)
