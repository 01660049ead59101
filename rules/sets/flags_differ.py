from collections.abc import Iterator

from kfunclint.facts.sets import Entry, KfuncSet
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.resources import table
from kfunclint.rule.rule import rule

_BUILD_FAILS = Release(7, 3)
_OF_PROTOTYPES = frozenset({"KF_FASTCALL", "KF_ARENA_RET", "KF_ARENA_ARG1", "KF_ARENA_ARG2"})


@rule(Entry, Level.WARNING, contract=("F27",), see="tools/bpf/resolve_btfids/main.c: push_kfunc()", error_since="7.3")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """One kfunc stands in two sets with different flags.

    Since 7.3 that stops the build. Before, the sets of one hook are merged, and which of the two entries counts is
    left to chance. Sets of different hooks do not disturb each other there, but for KF_FASTCALL and the KF_ARENA_
    flags: pahole makes prototypes for programs of them, and takes the last entry that it reads, of whatever set
    (btf_encoder.c: btf_encoder__collect_kfuncs()).

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_alloc, KF_ACQUIRE | KF_RET_NULL)                   in one set
        BTF_ID_FLAGS(func, bpf_foo_alloc, KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE)    in the other
    Good:
        the same flags in both
    """
    if entry.flags is None or entry.set is None:
        return
    own = {flag.name for flag in entry.flags}
    for ids, twin in entry.other_entries:
        if twin.flags is None or ids.is_fmodret:
            continue
        differing = own ^ {flag.name for flag in twin.flags}
        if not differing:
            continue
        if (twin.at.path or "", twin.at.line) > (entry.at.path or "", entry.at.line):
            continue  # said once, at the second of the two
        if kernel.settled >= _BUILD_FAILS:
            outcome = "which stops the build"
        elif _hooks(entry.set) & _hooks(ids):
            outcome = "and either of them may count"
        elif differing & _OF_PROTOTYPES and entry.set.kind == ids.kind == "KFUNCS":
            flags = " and ".join(sorted(differing & _OF_PROTOTYPES))
            outcome = f"and its prototype in BTF may be made without {flags}"
        else:
            continue
        yield Remark(
            entry.at,
            f"{entry.name}() has other flags in {entry.set.name} than in {ids.name}, {outcome}",
            (Reason(twin.at, f"in {ids.name}"),),
            or_at=(twin.at,),
        )


def _hooks(ids: KfuncSet) -> set[str]:
    types = (registration.program_type.removeprefix("BPF_PROG_TYPE_") for registration in ids.registrations)
    return {row["hook"] for type_ in types if "hook" in (row := table("hooks").get(type_, {}))}
