"""What rules ask of an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Literal

from kfunclint.c.syntax import Node, Parameter
from kfunclint.flow.account import Account, Outcome, Use, UseKind
from kfunclint.flow.behaviour import Behaviours
from kfunclint.flow.blocks import assigned_names
from kfunclint.flow.path import Decision, Path
from kfunclint.flow.terms import ZERO, Term, base_pointer
from kfunclint.resources import table
from kfunclint.value import Value

_TASKS = frozenset({
    "current", "find_task_by_vpid", "find_task_by_pid_ns", "find_get_task_by_vpid", "pid_task", "get_pid_task",
    "get_task_struct",
})  # fmt: skip
_BOUNDING_NO_FURTHER = frozenset({"+", "-", "/", ">>"})
_CERTAIN = frozenset({"const", "global", "size"})


class Condition(Value):
    """A call without arguments that is known to give true or false: "mem_cgroup_disabled()"."""

    text: str
    holds: bool


class NullReturn(Value):
    """A return statement that can give NULL, and what makes it NULL: a literal, a test or a call."""

    node: Node
    source: Node
    kind: Literal["literal", "test", "call"]
    when: str = ""
    """Of a call: when it gives NULL, in words."""


class OtherTest(Value):
    """A condition that asks about something, and why it does not count for a use, in words."""

    node: Node
    note: str


def uses(account: Account | None, kind: UseKind) -> Iterator[Use]:
    """The uses of a kind, in the order of the source; none where there is no account."""
    return (use for use in account.uses if use.kind == kind) if account is not None else iter(())


def outcomes(account: Account | None) -> Iterator[Outcome]:
    """The ways to return, in the order of the source; none where there is no account."""
    return iter(account.outcomes if account is not None else ())


def calls(account: Account | None) -> tuple[Use, ...]:
    """The calls in the function itself, of functions in view and of others."""
    made = account.uses if account is not None else ()
    return tuple(use for use in made if use.kind in ("call", "entered") and not use.calls)


def was_asked(term: Term, path: Path) -> bool:
    """Was a condition on the path made of it, or of what it was read from?"""
    if term in path.asked:
        return True
    through = term.kind == "cast" or (term.kind == "call" and term.text == "rcu_dereference")
    return through and was_asked(term.kids[0], path)


def null_when(term: Term, tasks: Collection[str], behaviours: Behaviours) -> str:
    """When what a term stands for is NULL, in words of a table; "" where none says so. `tasks` are parameters."""
    rows = table("may_be_null")
    if term.kind == "call" and term.text == "rcu_dereference":
        return null_when(term.kids[0], tasks, behaviours)
    words: str = ""
    if term.kind == "call":
        row = behaviours.of(term.text)
        words = "" if row.opaque else row.null  # whoever calls it may know that it is none here
    elif term.kind == "index" and term.kids[0].kind in ("member", "addr"):
        words = "" if _is_of_css_set(term.kids[0]) else rows["element"].get(term.kids[0].text, "")
    elif term.kind == "member" and _is_task(term.kids[0], tasks):
        words = rows["task"].get(term.text, "")
    elif term.kind == "global":
        words = rows["variable"].get(term.text, "")
    return words


def _is_of_css_set(array: Term) -> bool:
    """Is it the array of a struct css_set, as a task has one (include/linux/cgroup.h: task_css_set())?"""
    return any(part.text == "cgroups" or part.text.startswith("task_css_set") for part in array.parts)


def _is_task(term: Term, tasks: Collection[str]) -> bool:
    return (term.kind == "param" and term.text in tasks) or (term.kind == "call" and term.text in _TASKS)


def nullness(term: Term, path: Path) -> Literal["null", "untested"] | None:
    """Of a pointer that may be NULL from the start: "null" where it surely is here, "untested" where nothing asked.
    None where it is not, or something asked in a way that is not followed."""
    known = path.known(term)
    if known.is_zero:
        return "null"
    tested = was_asked(term, path) and not _asked_for_errors(term, path)
    return None if known.is_nonzero or known.error or tested else "untested"


def _asked_for_errors(term: Term, path: Path) -> bool:
    """Did all that asked about a pointer look for an error pointer, which NULL is not?"""
    tests = [one for one in path.decisions if term in one.term.parts]
    return bool(tests) and all(_is_error_test(one, term) for one in tests)


def _is_error_test(decision: Decision, term: Term) -> bool:
    test = decision.term
    return not decision.partial and test.kind == "call" and test.text == "IS_ERR" and test.kids == (term,)


def scalar_of(term: Term) -> Term | None:
    """The parameter that a number is, but for steps from it that bound it no further."""
    while term.kind == "cast" or _is_step(term) or _is_raised(term):
        term = next((kid for kid in term.kids if kid.kind not in _CERTAIN), term.kids[0])
    return term if term.kind == "param" else None


def _is_raised(term: Term) -> bool:
    """Is it the larger one of something and a number that is certain?"""
    open_ = [kid for kid in term.kids if kid.kind not in _CERTAIN]
    return term.kind == "call" and term.text in ("max", "max_t") and len(open_) == 1


def _is_step(term: Term) -> bool:
    return (
        term.kind == "op"
        and term.text in _BOUNDING_NO_FURTHER
        and len(term.kids) == 2
        and term.kids[1].kind in _CERTAIN
    )


def parameter(parameters: Collection[Parameter], term: Term | None) -> Parameter | None:
    """The parameter that a term is; None if it is none."""
    if term is None or term.kind != "param":
        return None
    return next((one for one in parameters if one.name == term.text), None)


def fails(outcome: Outcome) -> bool:
    """Does it surely return nothing, NULL, an error pointer or a negative number?"""
    if outcome.value is None:
        return True
    known = outcome.path.known(outcome.value)
    return bool(known.error) or known.is_zero or known.is_negative


def returns_error(outcome: Outcome) -> bool:
    """Does it surely return something else than 0, in a function that returns 0 where it succeeds?"""
    known = outcome.path.known(outcome.value) if outcome.value is not None else None
    return known is not None and known.is_nonzero


def null_returns(account: Account | None) -> tuple[NullReturn, ...]:
    """Every return statement that gives NULL (or 0) on some path, in the order of the source."""
    found: dict[int, NullReturn] = {}
    for outcome in outcomes(account):
        if outcome.node is not None and id(outcome.node) not in found and (null := _null_return(outcome, account)):
            found[id(outcome.node)] = null
    return tuple(found.values())


def _null_return(outcome: Outcome, account: Account | None) -> NullReturn | None:
    node, value, path = outcome.node, outcome.value, outcome.path
    assert node is not None
    if value is None:
        return None
    known = path.known(value)
    if known.is_zero:
        if value == ZERO:
            return NullReturn(node, _literal(node, path) or node, "literal")
        test = next((one.node for one in reversed(path.decisions) if value in one.term.parts), node)
        return NullReturn(node, test, "test")
    if value.kind != "call" or known.is_nonzero or was_asked(value, path):
        return None
    when = account.behaviours.of(value.text).null if account is not None else ""
    return NullReturn(node, node, "call", when) if when else None


def _literal(node: Node, path: Path) -> Node | None:
    """The assignment that gave NULL to the variable that is returned."""
    value = node.kids[0] if node.kids else None
    return path.nulls.get(value.text) if value is not None and value.kind == "name" else None


def never_null(account: Account | None, valid: Collection[str]) -> bool:
    """Is every value that is returned surely a valid pointer? `valid` are the parameters that are one from the start.

    That is the address of an object or of a member of one, what stands around such a member, and what was tested. A
    function that returns nothing that can be reached tells nothing.
    """
    returned = [outcome for outcome in outcomes(account) if outcome.node is not None]
    return bool(returned) and all(
        outcome.value is not None and _is_valid(outcome.value, outcome.path, valid) for outcome in returned
    )


def _is_valid(value: Term, path: Path, valid: Collection[str]) -> bool:
    base = base_pointer(value)
    if base.kind in ("local", "string") or (base.kind == "addr" and not base.text):
        return True
    if base.kind == "param" and base.text in valid:
        return True
    known = path.facts.get(base)
    return known is not None and known.is_nonzero and not known.error


def null_tests(account: Account | None, name: str) -> tuple[Node, ...]:
    """Every test for NULL, by its name, of a parameter that never holds anything else, in the order of the source."""
    if account is None or any(name in given for given in map(assigned_names, account.function.body.walk())):
        return ()
    found = {
        id(one.node): one.node
        for path in _all_paths(account)
        for one in path.decisions
        if not one.foreign and one.node.kind == "name" and one.node.text == name
    }
    return _ordered(found.values())


def other_tests(account: Account | None, use: Use, about: Collection[Term]) -> tuple[OtherTest, ...]:
    """The conditions of the function that are made of one of some terms, though none of them covers a use, in the order
    of the source: those on the way to it, or else all."""
    on_the_way = {id(one.node) for path in _paths_to(account, use) for one in path.decisions}
    found = {
        id(one.node): one
        for path in _all_paths(account)
        for one in path.decisions
        if not one.foreign and not one.term.parts.isdisjoint(about)
    }
    told = [one.node for key, one in found.items() if key in on_the_way] or [one.node for one in found.values()]
    outer = use.calls[0] if use.calls else use.node
    return tuple(OtherTest(node, _why_not(found[id(node)], outer, id(node) in on_the_way)) for node in _ordered(told))


def _why_not(decision: Decision, use: Node, before: bool) -> str:
    test = decision.node
    if before and decision.term.text == "IS_ERR":
        return "NULL is no error pointer, and passes this test"
    if before and decision.term.kind == "op" and decision.term.text in ("==", "!="):
        return "any other value passes this test"
    if before:
        return "tested only on this branch"
    behind = (test.line, test.column) > (use.line, use.column)
    return "tested only after the use" if behind else "tested only on another branch"


def _paths_to(account: Account | None, use: Use) -> Iterator[Path]:
    for other in account.uses if account is not None else ():
        if other.node is use.node:
            yield other.path


def _all_paths(account: Account | None) -> Iterator[Path]:
    for outcome in outcomes(account):
        yield outcome.path
    for use in account.uses if account is not None else ():
        yield use.path


def _ordered(nodes: Collection[Node]) -> tuple[Node, ...]:
    return tuple(sorted(nodes, key=lambda node: (node.line, node.column)))


def taken(account: Account | None, reads: Collection[Use]) -> tuple[Use, ...]:
    """The reads of a variable, "name" uses, that do more than compare its value or test it for NULL."""
    compared = {id(one.node) for path in _all_paths(account) for one in path.decisions if one.term.kind == "global"}
    body = account.function.body.walk() if account is not None else ()
    compared |= {id(kid) for node in body if node.kind == "binary" and node.text in ("==", "!=") for kid in node.kids}
    return tuple(use for use in reads if id(use.node) not in compared)


def conditions(path: Path) -> frozenset[Condition]:
    """The calls without arguments that were asked on a path, and gave the same each time."""
    answers: dict[Term, set[bool]] = {}
    sure: set[Term] = set()
    for one in path.decisions:
        term, holds = one.term, one.holds
        while term.kind == "op" and term.text == "!":
            term, holds = term.kids[0], not holds
        if _is_plain(term):
            answers.setdefault(term, set()).add(holds)
            sure |= set() if one.partial else {term}
    return frozenset(Condition(f"{term.text}()", *answers[term]) for term in sure if len(answers[term]) == 1)


def _is_plain(term: Term) -> bool:
    return term.kind == "call" and bool(term.text) and not term.kids


def is_plain_call(text: str) -> bool:
    """Is a text a call of a function without arguments?"""
    return text.endswith("()") and text[:-2].isidentifier()
