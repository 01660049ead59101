from collections.abc import Iterator

from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_PROTECTING: tuple[FlagName, ...] = ("KF_TRUSTED_ARGS", "KF_RELEASE")


@rule(
    Kfunc,
    Level.CHECK,
    flag="KF_TRUSTED_ARGS",
    until="6.1",
    contract=("F1",),
    see="kernel/bpf/btf.c: btf_check_func_arg_match()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes an object without KF_TRUSTED_ARGS, unlike all of its set.

    Up to 6.1 the flag asks for a pointer on which the program holds a reference. Without it the verifier accepts what a
    program has walked to, which may be stale or NULL. Kfuncs that mean to take such pointers lack the flag, too, so
    before 6.2 it is said only where all others of the set in view have it.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_set, KF_TRUSTED_ARGS)
        BTF_ID_FLAGS(func, bpf_foo_change, KF_TRUSTED_ARGS)
        BTF_ID_FLAGS(func, bpf_foo_name)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_name, KF_TRUSTED_ARGS)
    """
    for entry in kfunc.entries if kfunc.signature.kernel_objects else ():
        if _is_plain(entry, kernel) and _others_have_it(entry):
            yield Remark(
                entry.at,
                f"{kfunc.name}() lacks KF_TRUSTED_ARGS, which all other kfuncs of its set have, so programs may pass a "
                "stale pointer",
                (Reason(kfunc.at, "its parameters"),),
                add_flag(entry, "KF_TRUSTED_ARGS"),
                or_at=(kfunc.at,),
            )


def _is_plain(entry: Entry, kernel: Kernel) -> bool:
    """Is it known to have no flag that protects its arguments?"""
    if entry.flags is None or any(entry.flag(name) for name in _PROTECTING):
        return False
    return all(flag.name in kernel.flags and not flag.name.startswith("KF_ITER_") for flag in entry.flags)


def _others_have_it(entry: Entry) -> bool:
    others = [other for other in entry.set.entries if other.name != entry.name] if entry.set else []
    return len(others) > 1 and all(other.has("KF_TRUSTED_ARGS") for other in others)
