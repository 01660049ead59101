from collections.abc import Iterator

from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import never_null, outcomes
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule

_TRUSTED_BY_DEFAULT = Release(7, 0)
_NEVER_NULL: tuple[FlagName, ...] = ("KF_RCU", "KF_TRUSTED_ARGS", "KF_RELEASE")
_MAY_BE_NULL = ("__nullable", "__opt", "__ign", "__map", "__prog", "__arena")


@rule(Kfunc, Level.CHECK, needs_body=True, contract=("B3",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """KF_RET_NULL on a kfunc that never returns NULL.

    The flag makes the verifier reject a program that does not test the result. It is said only where every
    value that can be returned is surely valid: the address of an object, of a member of an argument that is never NULL,
    or a pointer that was tested; a call may return NULL.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_bar, KF_RCU | KF_RET_NULL)     (with: return &foo->bar;)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_bar, KF_RCU)
    """
    entries = [entry for entry in kfunc.entries if entry.flag("KF_RET_NULL") and not entry.flag("KF_ITER_NEXT")]
    if (
        not kfunc.signature.returns_struct_pointer
        or not entries
        or kfunc.definition.preprocessor_conditions is None
        or kfunc.name in kfunc.series.verifier_words
    ):
        return
    sure = {
        parameter.name
        for parameter in kfunc.signature.parameters
        if parameter.is_struct_pointer and not parameter.name.endswith(_MAY_BE_NULL)
    }
    if not all(_refuses_null(entry, kernel) for entry in kfunc.entries):
        sure = set()
    if not never_null(kfunc.account, sure):
        return
    returned = tuple(dict.fromkeys(kfunc.place(one.node) for one in outcomes(kfunc.account) if one.node is not None))
    for entry in entries:
        flag = entry.flag("KF_RET_NULL")
        assert flag is not None
        yield Remark(
            flag.at,
            f"{kfunc.name}() never returns NULL, but KF_RET_NULL makes every program test for it",
            tuple(Reason(at, "never NULL") for at in returned[:3]),
            drop_flag(entry, flag),
            or_at=returned,
        )


def _refuses_null(entry: Entry, kernel: Kernel) -> bool:
    """Does the verifier keep NULL away from its arguments?"""
    return kernel.settled >= _TRUSTED_BY_DEFAULT or any(entry.flag(name) for name in _NEVER_NULL)
