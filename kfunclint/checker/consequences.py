"""What the rules would say of a kfunc if its flags were as a fix wants them: no two remarks may contradict each other.

A rule that calls a flag needless cannot know all reasons for the flag, so the rules that may have one are asked: they
judge the kfunc without it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from kfunclint.facts.fact import Fact
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry, Flag, Listing
from kfunclint.finding import Fix, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule import loader
from kfunclint.rule.rule import Rule
from kfunclint.value import replace

L = TypeVar("L", bound=Listing)
N = TypeVar("N", Kfunc, Entry)
_Said = dict[tuple[str, str], Remark]
_Around = tuple[tuple[Remark, ...], tuple[Remark, ...]]


class Consequences:
    """Asks the rules that are shipped and those that run, strict or not, about the kfuncs of a series with other
    flags."""

    def __init__(self, facts: Facts, rules: Iterable[Rule[Any]], kernel: Kernel) -> None:
        all_rules = {rule.id: rule for rule in (*loader.shipped(), *rules)}.values()
        self._rules = [rule for rule in all_rules if rule.holds_for(kernel.target)]
        self._kernel = kernel
        self._kfuncs = _by_name(facts.by_type(Kfunc))
        self._entries = _by_name(facts.by_type(Entry))
        self._fixes: dict[tuple[str, str, str], _Around] = {}

    def settled(self, fix: Fix, fact: Fact) -> Fix | None:
        """The fix as it can be given: without edits if another remark would follow, None if its flag would then be
        asked for, or called needless."""
        if not (fix.adds or fix.drops) or fact.function is None:
            return fix
        before, remarks = self._remarks_around(fix, fact.function)
        if fix.drops and (remarks or any(remark.fix and remark.fix.needs == fix.drops for remark in before)):
            return None
        if any(remark.fix is not None and remark.fix.drops == fix.adds for remark in remarks):
            return None
        return replace(fix, edits=()) if remarks else fix

    def _remarks_around(self, fix: Fix, function: str) -> _Around:
        """The remarks on a kfunc as it is, and those that only the fix brings up."""
        key = function, fix.adds, fix.drops
        if key not in self._fixes:
            kfuncs, entries = self._kfuncs.get(function, ()), self._entries.get(function, ())
            before = self._said([*kfuncs, *entries])
            changed = [_with_flags(entry, fix) for entry in entries]
            after = self._said([*(_kfunc_with_flags(kfunc, fix) for kfunc in kfuncs), *changed])
            following = tuple(remark for said, remark in after.items() if said not in before)
            self._fixes[key] = tuple(before.values()), following
        return self._fixes[key]

    def _said(self, facts: Iterable[Kfunc | Entry]) -> _Said:
        return {(rule, remark.message): remark for fact in facts for rule, remark in self._remarks(fact)}

    def _remarks(self, fact: Kfunc | Entry) -> Iterator[tuple[str, Remark]]:
        for rule in self._rules:
            if not isinstance(fact, rule.over):
                continue
            if rule.needs_body and isinstance(fact, Kfunc) and fact.definition.body is None:
                continue
            try:
                remarks = tuple(rule.check(fact, self._kernel))
            except MemoryError:  # the end of the whole review
                raise
            except Exception:  # where the rule runs, this is told
                continue
            yield from ((rule.id, remark) for remark in remarks)


def _by_name(facts: Iterable[N]) -> Mapping[str, list[N]]:
    named: dict[str, list[N]] = {}
    for fact in facts:
        named.setdefault(fact.name, []).append(fact)
    return named


def _kfunc_with_flags(kfunc: Kfunc, fix: Fix) -> Kfunc:
    return replace(kfunc, entries=tuple(_with_flags(entry, fix) for entry in kfunc.entries))


def _with_flags(entry: L, fix: Fix) -> L:
    """An entry with the flags that a fix wants; what is added stands where the name does."""
    if entry.flags is None:
        return entry
    kept = tuple(flag for flag in entry.flags if flag.name != fix.drops)
    return replace(entry, flags=(*kept, Flag(fix.adds, entry.at)) if fix.adds and not _has(entry, fix.adds) else kept)


def _has(entry: Listing, name: str) -> bool:
    return any(flag.name == name for flag in entry.flags or ())
