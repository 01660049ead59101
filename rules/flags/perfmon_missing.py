from collections.abc import Iterator, Mapping

from kfunclint.c.syntax import Node
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import calls
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.fixes import add_flag
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
    if not kernel.has_flag(row.name) or (kernel.guessed and kernel.release == row.since):
        return  # while the first release with the flag was made, it came late
    lacking = (entry for entry in kfunc.entries if entry.flags is not None and not entry.flag("KF_PERFMON"))
    entries = [entry for entry in lacking if kfunc.definition.has_marker or not entry.may_be_hook]
    if not entries:
        return
    assert kfunc.definition.body is not None
    given = {one.name for one in kfunc.signature.parameters if one.name.endswith("__ign") and not one.is_scalar}
    path = next(
        (
            found
            for call in calls(kfunc.definition.body)
            if (found := _reads(call.node, given, kfunc.definition.helpers))
        ),
        None,
    )
    if path is None:
        return
    because = tuple(Reason(kfunc.place(node), f"{node.text}() is called here") for node in path)
    for entry in entries:
        yield Remark(
            entry.at,
            f"{kfunc.name}() reads with {path[-1].text}() where the program points to, but is registered without "
            "KF_PERFMON, so programs without CAP_PERFMON can read kernel memory",
            because,
            Fix("add KF_PERFMON", add_flag(entry, "KF_PERFMON")),
            or_at=tuple(reason.at for reason in because),
        )


def _reads(call: Node, given: set[str], helpers: Mapping[str, Node]) -> tuple[Node, ...] | None:
    """The calls in one another, the last of which reads, if what the program gives is passed to the first."""
    if not any(node.kind == "name" and node.text in given for argument in call.kids for node in argument.walk()):
        return None
    readers = table("special")["nofault"]["names"]
    if call.text in readers:
        return (call,)
    body = helpers.get(call.text)
    inner = next((one.node for one in calls(body) if one.node.text in readers), None) if body is not None else None
    return (call, inner) if inner is not None else None
