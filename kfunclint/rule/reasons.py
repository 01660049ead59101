"""How a finding about a body came about, in few places and the same words for all rules: where what is used comes from,
the call that leads to the use, the test that does not cover it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Place, Reason, Remark
from kfunclint.flow.account import Outcome, Use
from kfunclint.flow.path import Path
from kfunclint.flow.questions import other_tests
from kfunclint.flow.terms import Term


def about_use(
    kfunc: Kfunc,
    use: Use,
    message: str,
    fix: Fix,
    *,
    here: str,
    origin: Reason | None = None,
    tests: Iterable[Reason] = (),
    or_at: tuple[Place, ...] = (),
) -> Remark:
    """A remark that points at a use, or at a call that leads to it where the use is old.

    `here` says what is done there ("read here"), `origin` where what is used comes from; of `tests`, those that do not
    cover the use, the nearest is told.
    """
    at = kfunc.place(use.node)
    places = (origin, _call(kfunc, use), _nearest(kfunc, use, tests))
    because = tuple(reason for reason in places if reason is not None and _line(reason.at) != _line(at))
    where = "".join(f", called by {call.text}()" for call in use.calls[-2::-1])
    words = f"{here}, in {use.calls[-1].text}(){where}" if use.calls else here
    return Remark(at, message, because, fix, (*map(kfunc.place, use.calls), *or_at), here=words)


def about_return(
    kfunc: Kfunc,
    outcome: Outcome,
    message: str,
    fix: Fix,
    *,
    origin: Reason | None,
    behind: Node | None = None,
    about: Term | None = None,
    or_at: tuple[Place, ...] = (),
) -> Remark:
    """A remark that points at a return statement; `origin` says where what is wrong there began. The way is told by the
    last test of the path, of those `about` a term if there is one, and `behind` a node; not by one that stands right
    above the return, where everybody sees it."""
    assert outcome.node is not None
    at = kfunc.place(outcome.node)
    inside = behind is not None and kfunc.at.line <= behind.line <= kfunc.definition.last_line
    test = _last_test(outcome.path, behind if inside else None, about)
    shown = test is not None and test.line < at.line - 1
    places = (origin, Reason(kfunc.place(test), "on this branch") if test is not None and shown else None)
    because = tuple(reason for reason in places if reason is not None and _line(reason.at) != _line(at))
    return Remark(
        at, message, because, fix, (*or_at, *((kfunc.place(test),) if test is not None else ())), here="returned here"
    )


def way_to(kfunc: Kfunc, use: Use, here: str) -> tuple[Reason, ...]:
    """The call that leads to a use, if one does, and the use, for a remark that points elsewhere."""
    call = _call(kfunc, use)
    return (*((call,) if call else ()), seen(kfunc, use.node, here))


def seen(kfunc: Kfunc, node: Node, note: str) -> Reason:
    """A node as a reason; one in a function that the kfunc calls is told with its name."""
    return _within(kfunc, kfunc.place(node), note)


def came_from(kfunc: Kfunc, term: Term, note: str) -> Reason | None:
    """The call that gave a value, None if none did."""
    if term.kind != "call" or not term.site:
        return None
    line, column = term.site[-1]
    return _within(kfunc, Place(kfunc.at.path, line, column, column + max(len(term.text), 1)), note)


def null_tests(kfunc: Kfunc, use: Use, null: Literal["null", "untested"]) -> tuple[Reason, ...]:
    """The tests of a pointer that do not make a read through it safe: those that say that it is NULL there, or else
    those of other paths. `null` is what questions.nullness() says."""
    if null == "untested":
        return not_covering(kfunc, use, (use.term,))
    tests = (one.node for one in use.path.decisions if not one.foreign and use.term in one.term.parts)
    return tuple(Reason(kfunc.place(test), "NULL on this branch") for test in tests)


def not_covering(kfunc: Kfunc, use: Use, about: Collection[Term]) -> tuple[Reason, ...]:
    """The tests in the kfunc that ask about one of some terms and do not cover a use, each with why not."""
    return tuple(Reason(kfunc.place(test.node), test.note) for test in other_tests(kfunc.account, use, about))


def _last_test(path: Path, behind: Node | None, about: Term | None) -> Node | None:
    """The last condition that the kfunc itself decided on a path, behind the line of a node; see about_return()."""
    own = [one for one in path.decisions if not one.foreign and (behind is None or one.node.line > behind.line)]
    telling = [one for one in own if about in one.term.parts] or own
    return telling[-1].node if telling else None


def _within(kfunc: Kfunc, at: Place, note: str) -> Reason:
    functions = kfunc.definition.accounts.functions.values()
    names = [one.name for one in functions if one.first_line <= at.line <= one.end_line]
    return Reason(at, note if kfunc.name in names or not names else f"{note}, in {names[0]}()")


def _call(kfunc: Kfunc, use: Use) -> Reason | None:
    """The call in the kfunc itself that leads to a use, with those behind it in words."""
    if not use.calls:
        return None
    behind = "".join(f", which calls {call.text}()" for call in use.calls[1:])
    return Reason(kfunc.place(use.calls[0]), f"{use.calls[0].text}() is called here{behind}")


def _nearest(kfunc: Kfunc, use: Use, tests: Iterable[Reason]) -> Reason | None:
    """The last one in front of a use, else the first."""
    outer = kfunc.place(use.calls[0] if use.calls else use.node)
    ordered = sorted(tests, key=lambda test: _position(test.at))
    before = [test for test in ordered if _position(test.at) < _position(outer)]
    return before[-1] if before else next(iter(ordered), None)


def _position(at: Place) -> tuple[int, int]:
    return at.line, at.column


def _line(at: Place) -> tuple[str | None, int]:
    return at.path, at.line
