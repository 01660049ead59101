from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.flow.questions import uses
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.reasons import way_to
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    since="7.3",
    contract=("G14",),
    see="Documentation/bpf/kfuncs.rst: KF_PERFMON flag; kernel/bpf/verifier.c: check_kfunc_call()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc reads where a program points to and lacks KF_PERFMON.

    What a program passes for a pointer in __ign may be any address. A kfunc that reads from there without faulting
    shows it all memory of the kernel. Since 7.3 such kfuncs have KF_PERFMON, and loading a program that calls one takes
    CAP_PERFMON, as with the helpers that do the same.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_strlen)     (bpf_foo_strlen() calls copy_from_kernel_nofault())
    Good:
        BTF_ID_FLAGS(func, bpf_foo_strlen, KF_PERFMON)
    """
    row = kernel.flags["KF_PERFMON"]
    if not kernel.has_flag(row.name) or (kernel.guessed and kernel.settled == row.since):
        return  # while the first release with the flag was made, it came late
    lacking = (entry for entry in kfunc.entries if entry.flags is not None and not entry.flag("KF_PERFMON"))
    entries = [entry for entry in lacking if kfunc.definition.has_marker or not entry.may_be_hook]
    if not entries:
        return
    given = {one.name for one in kfunc.signature.parameters if one.name.endswith("__ign") and not one.is_scalar}
    reads = (use for use in uses(kfunc.account, "call") if kfunc.behaviour(use.node.text).nofault)
    use = next((use for use in reads if any(one.kind == "param" and one.text in given for one in use.term.parts)), None)
    if use is None:
        return
    because = way_to(kfunc, use, f"{use.node.text}() is called here")
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() reads with {use.node.text}() where the program points to, but is registered without "
            "KF_PERFMON, so programs without CAP_PERFMON can read kernel memory",
            because,
            add_flag(entry, "KF_PERFMON"),
            or_at=(*map(kfunc.place, use.calls), kfunc.place(use.node)),
            here="registered here",
        )
