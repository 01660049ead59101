"""Types of BPF programs."""

from __future__ import annotations

from kfunclint.facts.sets import Entry
from kfunclint.resources import table


def sleepers_may_call(entry: Entry) -> bool:
    """Is its set registered, as far as is in view, for programs some of which may sleep? An entry whose flags or set
    are not known tells nothing, nor does a type of programs that is not."""
    if entry.flags is None or entry.set is None or entry.set.is_fmodret:
        return False
    types = (registration.program_type.removeprefix("BPF_PROG_TYPE_") for registration in entry.set.registrations)
    return any(table("hooks").get(type_, {}).get("sleepable", False) for type_ in types)
