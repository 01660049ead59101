from collections.abc import Iterator

from kfunclint.facts.undefined import UndefinedEntry
from kfunclint.finding import Edit, Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule

_SET_IS_REFUSED = Release(6, 4)


@rule(
    UndefinedEntry,
    Level.WARNING,
    contract=("R13",),
    see="tools/bpf/resolve_btfids/main.c: id_patch(); kernel/bpf/btf.c: btf_check_kfunc_protos()",
    error_since="6.4",
)
def check(entry: UndefinedEntry, kernel: Kernel) -> Iterator[Remark]:
    """An entry names a function that is not there.

    resolve_btfids warns of an unresolved symbol, which stops the build only where CONFIG_WERROR is set, since 7.0, and
    leaves the id at zero. Since 6.4 that is refused at boot or when the module is loaded, and with it the whole set;
    before, programs just do not find the kfunc.

    It is said of a function that the series takes away or gives another name, of an entry that is one letter away from
    a new kfunc without one, and, with a tree, of every name that no file has.

    Bad:
        __bpf_kfunc struct foo *bpf_foo_get(u32 id)            (it was bpf_foo_find before)
        ...
        BTF_ID_FLAGS(func, bpf_foo_find, KF_ACQUIRE | KF_RET_NULL)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    if (why := _why(entry, kernel)) is None:
        return
    refused = kernel.settled >= _SET_IS_REFUSED
    outcome = "so the whole set fails to register" if refused else "so programs do not find it"
    ids = f"{entry.set} still lists" if entry.taken_away and entry.set else f"{entry.set or 'the set'} lists"
    name, at = entry.meant or ("", entry.at)
    yield Remark(
        entry.at,
        f"{ids} {entry.name}(), {why}, {outcome}",
        (Reason(at, "this has no entry"),) if entry.meant else (),
        Fix(f"write {name}", (Edit(entry.at, name),)) if entry.meant else Fix("take the entry out"),
        or_at=(at,) if entry.meant else (),
    )


def _why(entry: UndefinedEntry, kernel: Kernel) -> str | None:
    """What is wrong with the name; None where it may be defined out of view."""
    if entry.taken_away is not None:
        return f"which is now {entry.meant[0]}()" if entry.meant else "which the series takes away"
    if entry.meant is not None:
        return f"where {entry.meant[0]}() is meant" if entry.is_nowhere is not False else None
    return "which no file defines" if entry.is_nowhere and not kernel.builds_on else None
