from collections.abc import Iterator

from kfunclint.c.syntax import bare
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import outcomes, parameter
from kfunclint.flow.terms import base_pointer
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import ProgramType
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_PROTECTING: tuple[FlagName, ...] = ("KF_TRUSTED_ARGS", "KF_RCU", "KF_RELEASE")


@rule(
    Kfunc, Level.WARNING, contract=("F1",), see="kernel/bpf/verifier.c: check_kfunc_args()", since="6.2", until="6.19"
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes an object without KF_TRUSTED_ARGS, KF_RCU or KF_RELEASE.

    Up to 6.19 the verifier then accepts pointers that a program has walked to, which may be stale or NULL. From 7.0 on
    trusted arguments are the default, so a patch from there loses its protection on an older kernel without a word.
    Sets for syscall programs alone are left out, as are callbacks of struct_ops.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_size)     (for 6.12)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_TRUSTED_ARGS)
    """
    # what is made for programs is their context or their memory
    objects = [parameter for parameter in kfunc.signature.kernel_objects if "bpf_" not in parameter.type]
    if not objects or not kernel.has_flag("KF_TRUSTED_ARGS") or _gives_back(kfunc):
        return
    for entry in kfunc.entries:
        is_known = all(flag.name in kernel.flags for flag in entry.flags or ())
        if is_known and _is_open(kfunc, entry):
            yield Remark(
                entry.at,
                f"{kfunc.name}() takes a {bare(objects[0].type).removesuffix(' *')} without KF_TRUSTED_ARGS, KF_RCU or "
                f"KF_RELEASE, so on {kernel.release} programs may pass a stale pointer",
                (Reason(kfunc.at, "its parameters"),),
                add_flag(entry, "KF_TRUSTED_ARGS"),
                or_at=(kfunc.at,),
            )


def _gives_back(kfunc: Kfunc) -> bool:
    """Does it free or put what it takes? Then KF_RELEASE is the flag that it lacks."""
    made = (made for outcome in outcomes(kfunc.account) for made in outcome.path.deeds.made)
    back = (one.given[at] for one in made for at in (*one.row.puts, *one.row.frees) if at < len(one.given))
    return any(parameter(kfunc.signature.parameters, base_pointer(term)) for term in back)


def _is_open(kfunc: Kfunc, entry: Entry) -> bool:
    """Does nothing in the entry ask for a pointer that is valid, and is it no case of flags/kept-object-untrusted?"""
    if entry.flags is None or entry.set is None or any(entry.flag(name) for name in _PROTECTING):
        return False
    hands_on = kfunc.signature.returns_struct_pointer or entry.flag("KF_ACQUIRE")
    iterates = any(flag.name.startswith("KF_ITER_") for flag in entry.flags)
    return not hands_on and not iterates and entry.set.is_kfuncs and _walkers_may_call(kfunc, entry)


def _walkers_may_call(kfunc: Kfunc, entry: Entry) -> bool:
    """Is it for programs that walk from object to object, by all registrations in view?"""
    types = {registration.program_type for registration in entry.set.registrations} if entry.set else set()
    if types == {ProgramType.STRUCT_OPS}:
        return kfunc.definition.is_used is False
    return types != {ProgramType.SYSCALL}
