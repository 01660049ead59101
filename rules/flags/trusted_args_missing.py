from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_PROTECTING = {"KF_TRUSTED_ARGS", "KF_RCU", "KF_RELEASE"}


@rule(
    Kfunc, Level.WARNING, contract=("F1",), see="kernel/bpf/verifier.c: check_kfunc_args()", until="6.19", strict=True
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes an object without KF_TRUSTED_ARGS, KF_RCU or KF_RELEASE.

    Up to 6.19 the verifier then accepts pointers that a program has walked to, which may be stale or NULL. From 7.0 on
    trusted arguments are the default, so a patch from there loses its protection on an older kernel without a word.
    Many kfuncs of older kernels lack the flags and only read.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_size)     (for 6.12)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_TRUSTED_ARGS)
    """
    objects = [parameter for parameter in kfunc.signature.parameters if parameter.is_struct_pointer]
    if not objects or not kernel.has_flag("KF_TRUSTED_ARGS"):
        return
    for entry in kfunc.entries:
        names = {flag.name for flag in entry.flags or ()}
        if entry.flags is None or names & _PROTECTING or any(name.startswith("KF_ITER_") for name in names):
            continue
        yield Remark(
            entry.at,
            f"{kfunc.name}() takes a {objects[0].type.removesuffix(' *')} without KF_TRUSTED_ARGS, KF_RCU or "
            f"KF_RELEASE, so on {kernel.release} programs may pass a stale pointer",
            (Reason(kfunc.at, "its parameters"),),
            add_flag(entry, "KF_TRUSTED_ARGS"),
            or_at=(kfunc.at,),
        )
