from collections.abc import Iterator

from kfunclint.c.syntax import bare
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_PROTECTING: tuple[FlagName, ...] = ("KF_TRUSTED_ARGS", "KF_RCU", "KF_RELEASE")


@rule(Kfunc, Level.WARNING, contract=("F1",), see="kernel/bpf/verifier.c: check_kfunc_args()", since="6.2")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc keeps or hands on what it takes without KF_TRUSTED_ARGS.

    Up to 6.19 the verifier accepts pointers that a program has walked to, which may be stale or NULL, unless
    KF_TRUSTED_ARGS or KF_RCU forbids it. A kfunc that takes a reference, starts an iteration or returns another object
    lives on what it was given; no merged one does without. From 7.0 on trusted arguments are the default: a patch from
    there needs the flag again on an older kernel.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_acquire, KF_ACQUIRE | KF_RET_NULL)     (for 6.12)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_acquire, KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS)
    """
    row = kernel.flags["KF_TRUSTED_ARGS"]
    if not kernel.has_flag(row.name) or not kernel.target.is_within(row.releases):
        return  # while the last release with the flag was made, development did without already
    objects = [parameter.type for parameter in kfunc.signature.kernel_objects]
    for entry in kfunc.entries if objects else ():
        what = _use(kfunc, entry)
        if what and entry.flags is not None and not any(entry.flag(name) for name in _PROTECTING):
            yield Remark(
                entry.at,
                f"{kfunc.name}() {what} a {bare(objects[0]).removesuffix(' *')} without KF_TRUSTED_ARGS or KF_RCU, "
                "so programs may pass a stale pointer",
                (Reason(kfunc.at, "its parameters"),),
                add_flag(entry, "KF_TRUSTED_ARGS"),
                or_at=(kfunc.at,),
            )


def _use(kfunc: Kfunc, entry: Entry) -> str:
    """What it does with the object that outlasts the call, "" if nothing."""
    if entry.flag("KF_ACQUIRE"):
        return "takes a reference by"
    if entry.flag("KF_ITER_NEW"):
        return "starts an iteration from"
    return "returns an object from" if kfunc.signature.returns_struct_pointer and not entry.flag("KF_ITER_NEXT") else ""
