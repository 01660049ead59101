"""What a function may have changed that was handed pointers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from kfunclint.flow.facts import VALID
from kfunclint.flow.path import Path
from kfunclint.flow.terms import Site, Term, anything, base_pointer, compound
from kfunclint.value import replace

_FARTHEST = 4
_PLACES_PER_COST = 4


def cost(path: Path) -> int:
    """What it costs to find out what has changed, in units of a budget."""
    return len(path.memory) // _PLACES_PER_COST


def changed(path: Path, pointers: Iterable[Term], site: Site, types: Mapping[str, str]) -> Path:
    """The path behind a call at a site that may write to whatever can be reached from some pointers.

    What was stored there is unknown, only that it was not 0 is taken to hold still: an object stays what it was made.
    On the stack nothing holds; of a variable there `types` has the integer type. What a struct on the stack points to
    was handed on with it.
    """
    reached = _reached(path, {base_pointer(pointer) for pointer in pointers})
    variables = {one.text: anything(site, one.text, types.get(one.text, "")) for one in reached if one.kind == "local"}
    memory, facts, given = dict(path.memory), dict(path.facts), set[Term]()
    for place, value in path.memory.items():
        base = _base(place)
        if base is None or base.parts.isdisjoint(reached):
            continue
        memory[place] = unknown = compound("any", place.text, (place,), site)
        if base.kind == "local":
            given.add(base_pointer(value))
        elif path.known(value).is_nonzero:
            facts[unknown] = VALID
    deeds = replace(path.deeds, given=path.deeds.given | given) if given else path.deeds
    if not variables and memory == path.memory:
        return path
    return replace(path, variables={**path.variables, **variables}, memory=memory, facts=facts, deeds=deeds)


def _reached(path: Path, pointers: set[Term]) -> set[Term]:
    """The pointers, and those that were stored where they lead, as far as a few steps away."""
    reached = set(pointers)
    for _ in range(_FARTHEST):
        stored = {
            base_pointer(value)
            for place, value in path.memory.items()
            if (base := _base(place)) is not None and not base.parts.isdisjoint(reached)
        }
        if stored <= reached:
            break
        reached |= stored
    return {one for one in reached if one.kind not in ("const", "errno", "string", "size")}


def _base(place: Term) -> Term | None:
    """The pointer to the object that a place is in; None for a variable."""
    return base_pointer(place.kids[0]) if place.kids else None
