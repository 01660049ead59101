"""What a call does to a path: the effects of a row of functions.toml, or those of a function nobody knows."""

from __future__ import annotations

from kfunclint.c.syntax import Node
from kfunclint.flow.account import Use, site_of
from kfunclint.flow.behaviour import Behaviour
from kfunclint.flow.deeds import Deeds, Lease, Lock, Made, Mark
from kfunclint.flow.enter import entered
from kfunclint.flow.facts import Known
from kfunclint.flow.frame import Frame, Pairs
from kfunclint.flow.path import Path
from kfunclint.flow.reach import changed, cost
from kfunclint.flow.terms import ZERO, Term, anything, base_pointer, compound
from kfunclint.value import replace

_ERROR_POINTERS = frozenset({"IS_ERR", "IS_ERR_OR_NULL", "PTR_ERR", "PTR_ERR_OR_ZERO", "ERR_PTR", "ERR_CAST"})
_NEW_EACH_TIME = frozenset({"ERR_PTR", "ERR_CAST"})
_MAY_RELEASE = frozenset({"unlock", "release", "exit", "leave", "end"})
_OUTLIVING = frozenset({"param", "call", "member", "any", "index", "load", "global"})


def called(frame: Frame, node: Node, given: tuple[Term, ...], path: Path) -> Pairs:
    """The paths behind a call with these arguments, each with what the call gives there."""
    name = node.text
    account = frame.account_of(name) if name and name not in frame.own else None
    if account is not None and len(account.function.parameters) == len(given):
        return entered(frame, node, given, path, account)
    row = frame.behaviours.of(name)
    again = name and name not in _NEW_EACH_TIME and (name in _ERROR_POINTERS or not row.differs)
    result = compound("call", name, given, () if again else site_of(node))
    frame.recorder.see(Use("call", node, result, path))
    if name == "PTR_ERR_OR_ZERO" and given:
        return _error_or_zero(node, given, path)
    if name in _ERROR_POINTERS:
        inner = given[0] if given else result
        return [(path, inner.kids[0] if name == "PTR_ERR" and inner.text == "ERR_PTR" and inner.kids else result)]
    path = _effects(frame, node, given, row, path)
    if row.hands_on is not None and row.hands_on < len(given):
        result = given[row.hands_on]
    if name == "current":
        path = replace(path, facts={**path.facts, result: Known(nonzero=True, error=False)})
    deeds = path.deeds
    if row.takes is not None or row.result or row.puts or row.frees:
        deeds = replace(deeds, made=(*deeds.made, Made(Mark(node), name, given, result, row)))
    if row.lease == "result":
        deeds = leasing(deeds, result, node)
    if not row.lock:
        return [(path.doing(deeds), result)]
    what = given[0] if given else ZERO
    frame.recorder.see(Use("lock", node, what, path))
    holding = replace(deeds, held=(*deeds.held, Lock(Mark(node), row.lock, what)))
    return _locking(row, result, path.doing(deeds), holding)


def _error_or_zero(node: Node, given: tuple[Term, ...], path: Path) -> Pairs:
    """The ways behind PTR_ERR_OR_ZERO(): for an error pointer and for any other."""
    test = compound("call", "IS_ERR", given)
    return [
        (way.asking(test, node, holds=holds), compound("call", "PTR_ERR", given) if holds else ZERO)
        for holds in (True, False)
        for way in path.assuming(test, holds=holds)
    ]


def _effects(frame: Frame, node: Node, given: tuple[Term, ...], row: Behaviour, path: Path) -> Path:
    for at in row.reads:
        if at < len(given):
            frame.recorder.read_through(node, given[at], path)
    if row.index is not None and row.index < len(given):
        frame.recorder.see(Use("index", node, given[row.index], path, (), row.picks))
    for at in row.shifts:
        if at < len(given):
            frame.recorder.see(Use("shift", node, given[at], path))
    for at, term in enumerate(given):
        path = _handed((at, base_pointer(term)), row, path)
    writes = (term for at, term in enumerate(given) if row.opaque or at in row.writes or _is_on_stack(term))
    frame.budget.spend(cost(path))
    path = changed(path, writes, site_of(node), frame.types)
    if row.opaque:
        path = _unknown_macro(node, path)
    return path.doing(_section(node, row.section, _releasing(frame, node, given, row, path.deeds)))


def _is_on_stack(term: Term) -> bool:
    return base_pointer(term).kind == "local"


def _handed(argument: tuple[int, Term], row: Behaviour, path: Path) -> Path:
    """The path behind handing a pointer to an object to a function that may write to that."""
    at, base = argument
    only_reads = not row.opaque and not row.keeps and not row.writes
    if base.kind not in _OUTLIVING or (only_reads and at not in row.writes):
        return path
    deeds = path.deeds
    return path.doing(
        replace(
            deeds,
            written=deeds.written | {base},
            kept=deeds.kept | {base} if at in row.keeps else deeds.kept,
            given=deeds.given | {base} if row.opaque else deeds.given,
        )
    )


def _unknown_macro(node: Node, path: Path) -> Path:
    """A macro may give a value to a variable that it is handed by name; one that is surely NULL is there for that."""
    for kid in node.kids:
        if kid.kind == "name" and kid.text in path.variables and path.known(path.variables[kid.text]).is_zero:
            path = path.setting(kid.text, anything(site_of(node), kid.text))
    return path


def _releasing(frame: Frame, node: Node, given: tuple[Term, ...], row: Behaviour, deeds: Deeds) -> Deeds:
    """What is given back: references, memory, locks."""
    gone = [given[at] for at in (*row.puts, *row.frees) if at < len(given)]
    if row.opaque and _gives_back(node.text):
        gone = list(given)
    if gone:
        deeds = replace(deeds, released=deeds.released | {(base_pointer(term), Mark(node)) for term in gone})
    if row.unlock:
        return _unlocking(node.text, given[0] if given else ZERO, deeds)
    if row.opaque and deeds.held and _may_release(frame, node.text):
        return replace(deeds, held=(), loosed=True)
    return deeds


def _unlocking(name: str, what: Term, deeds: Deeds) -> Deeds:
    left = tuple(lock for lock in deeds.held if (lock.unlock, lock.what) != (name, what))
    if len(left) == len(deeds.held):
        return replace(deeds, unlocked=(*deeds.unlocked, (name, what)))
    return replace(deeds, held=left)


def _gives_back(name: str) -> bool:
    return name.endswith(("_put", "_release", "_dec", "_free")) or name.startswith(("put_", "kref_put"))


def _may_release(frame: Frame, name: str) -> bool:
    """May a function give back locks of others? One whose counterpart is called, too, gives back what that took."""
    own = "unlock" in name and name.replace("unlock", "lock") in frame.called
    return not own and not _MAY_RELEASE.isdisjoint(name.split("_"))


def _section(node: Node, section: str, deeds: Deeds) -> Deeds:
    """An RCU read section that is entered or left."""
    match section:
        case "enter":
            fresh = deeds if deeds.in_section else replace(deeds, leases=frozenset())
            return replace(fresh, depth=deeds.depth + 1)
        case "leave":
            return ended(replace(deeds, depth=deeds.depth - 1), Mark(node))
        case "scope":
            fresh = deeds if deeds.in_section else replace(deeds, leases=frozenset())
            return replace(fresh, guard=Mark(node))
        case "unscope" if deeds.guard is not None:
            return ended(replace(deeds, guard=None), deeds.guard)
    return deeds


def ended(deeds: Deeds, end: Mark) -> Deeds:
    """The deeds once an RCU section has ended, if it was the last one."""
    if deeds.in_section:
        return deeds
    return replace(deeds, over=deeds.over | {(lease, end) for lease in deeds.leases}, leases=frozenset())


def leasing(deeds: Deeds, term: Term, node: Node) -> Deeds:
    """The deeds with a pointer that is valid up to the end of the section."""
    return replace(deeds, leases=deeds.leases | {Lease(term, Mark(node))})


def _locking(row: Behaviour, result: Term, path: Path, holding: Deeds) -> Pairs:
    """The ways behind taking a lock; one that is only tried for is held on one and not on the other."""
    if not (row.tries or row.fails):
        return [(path.doing(holding), result)]
    return [
        (way.doing(holding) if truth is row.tries else way, result)
        for truth in (True, False)
        for way in path.assuming(result, holds=truth)
    ]
