import re
from collections.abc import Iterator

from kfunclint.c.syntax import Parameter, is_scalar
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.questions import nullness, uses
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import SIZES
from kfunclint.resources import table
from kfunclint.rule.reasons import about_use, null_tests
from kfunclint.rule.rule import rule

_SPECIAL = re.compile(r"struct bpf_(?:iter_|list_|rb_|wq\b|timer\b|dynptr|spin_|res_spin_|task_work\b|refcount\b)")
_NEVER_NULL: tuple[FlagName, ...] = ("KF_RCU", "KF_TRUSTED_ARGS", "KF_RELEASE")


@rule(
    Kfunc,
    Level.WARNING,
    strict=True,
    needs_body=True,
    until="6.19",
    contract=("B12",),
    see="kernel/bpf/verifier.c: check_mem_reg()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc reaches memory that may be NULL before 7.0.

    Up to 6.19 the verifier lets a program pass NULL for a pointer to memory, a number or a struct of numbers, unless
    a flag makes it ask for more. Any program can then crash the kernel.

    Bad:
        *err = -EINVAL;
    Good:
        if (err)
                *err = -EINVAL;
    """
    del kernel
    entries = [entry for entry in kfunc.entries if entry.flags is not None and not any(map(entry.flag, _NEVER_NULL))]
    entries = [entry for entry in entries if not _is_struct_ops(entry)]
    if not entries or not kfunc.is_called:
        return
    parameters = kfunc.signature.parameters
    sized = {one.name.rpartition("__sz")[0] for one in parameters if one.name.endswith(SIZES)}
    memory = {one.name for one in parameters if _is_memory(kfunc, one)} - sized
    for use in uses(kfunc.account, "read") if memory else ():
        null = nullness(use.term, use.path)
        if use.term.kind != "param" or use.term.text not in memory or null is None:
            continue
        yield about_use(
            kfunc,
            use,
            f"{kfunc.name}() reaches through {use.term.text} without a test, but programs can pass NULL for it",
            Fix(f"test {use.term.text} for NULL first"),
            here="used here",
            origin=Reason(entries[0].at, "registered here"),
            tests=null_tests(kfunc, use, null),
            or_at=(entries[0].at,),
        )
        return


def _is_memory(kfunc: Kfunc, parameter: Parameter) -> bool:
    """Is it a pointer to a number, or, as the headers of a tree tell, to a struct of numbers?"""
    pointee = parameter.pointee
    if "__" in parameter.name or pointee is None or _SPECIAL.match(pointee):
        return False
    if is_scalar(pointee):
        return True
    known = (kfunc.types or {}).get(parameter.type)
    target = known.target if known is not None else None
    is_context = pointee in table("special")["context"]["types"]
    return not is_context and target is not None and target.kind == "struct" and bool(target.scalars)


def _is_struct_ops(entry: Entry) -> bool:
    """Are its programs those of struct_ops alone, which get arguments that are trusted?"""
    types = {one.program_type for one in entry.set.registrations} if entry.set is not None else set()
    return types == {"BPF_PROG_TYPE_STRUCT_OPS"}
