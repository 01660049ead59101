from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.sets import Filter
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(
    Filter,
    Level.WARNING,
    contract=("R12",),
    see="kernel/bpf/btf.c: __btf_kfunc_is_allowed(), in 6.12 __btf_kfunc_id_set_contains()",
    since="6.4",
)
def check(filter_: Filter, kernel: Kernel) -> Iterator[Remark]:
    """A filter denies without looking at the kfunc it is asked about.

    The verifier asks every filter of a hook about every kfunc of that hook. One that does not test the id speaks for
    the kfuncs of all other sets too, and takes them from programs that may have them.

    Bad:
        return prog->type == BPF_PROG_TYPE_LSM ? 0 : -EACCES;
    Good:
        if (!btf_id_set8_contains(&foo_kfunc_ids, kfunc_id))
                return 0;
        return prog->type == BPF_PROG_TYPE_LSM ? 0 : -EACCES;
    """
    del kernel
    nodes = list(filter_.body.walk())
    if any(node.kind == "name" and node.text == filter_.id for node in nodes):
        return
    if any(node.kind == "opaque" or (node.kind == "call" and not node.text) for node in nodes):
        return
    if any(node.kind == "return" and _denies(node) for node in nodes):
        yield Remark(
            filter_.at,
            f"{filter_.name}() does not look at {filter_.id}, so it denies the kfuncs of other sets of the hook too",
            fix=Fix("return 0 for ids that are not in the own set, btf_id_set8_contains() tells"),
        )


def _denies(node: Node) -> bool:
    """Does a negative number stand in the value that is returned?"""
    return any(below.kind == "unary" and below.text == "-" for below in node.walk()) or any(
        below.kind == "number" and below.text.startswith("-") for below in node.walk()
    )
