from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.kernel.suffixes import suffix
from kfunclint.resources import table
from kfunclint.rule.rule import rule

_GRAPH = ("struct bpf_list_head", "struct bpf_list_node", "struct bpf_rb_root", "struct bpf_rb_node")
_GRAPH_NAMES = ("bpf_list_", "bpf_rbtree_")
_LOCKS_READ = Release(7, 2)


@rule(
    Kfunc,
    Level.ERROR,
    since="6.12",
    contract=("S14", "4.2 __alloc", "4.2 __irq_flag"),
    see="kernel/bpf/verifier.c: check_kfunc_args(), check_kfunc_is_graph_root_api(), is_bpf_res_spin_lock_kfunc()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes an argument that the verifier allows to others alone.

    Nodes and roots of BPF lists and trees, since 7.2 also resilient spin locks, objects that a program has allocated
    (__alloc) and saved interrupt states (__irq_flag) go only to the kfuncs that the verifier lists by name. A series
    that brings another such kfunc teaches the verifier its name.

    Bad:
        __bpf_kfunc int bpf_foo_queue(struct foo *foo, struct bpf_list_head *head)
    Good:
        __bpf_kfunc int bpf_foo_queue(struct foo *foo, u64 key)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters:
        named = suffix(parameter.name, kernel)
        what = _reserved(kfunc.name, parameter.pointee, named.name if named else "", kernel)
        if what:
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name or 'a parameter'}, {what}, which the verifier allows only to "
                "kfuncs that it lists by name: every program that calls it is rejected",
                or_at=kfunc.alternate_places,
            )


def _reserved(kfunc: str, points_to: str | None, suffix: str, kernel: Kernel) -> str | None:
    """What is reserved about the parameter, in words."""
    special = table("special")
    if suffix == "__alloc" and kfunc not in special["allocated"]["names"]:
        return "an object that the program has allocated"
    if suffix == "__irq_flag" and kfunc not in special["irq_flag"]["names"]:
        return "a saved interrupt state"
    if points_to in _GRAPH and suffix in ("", "__nonown_allowed") and not kfunc.startswith(_GRAPH_NAMES):
        return f"a {points_to}"
    locks = points_to == "struct bpf_res_spin_lock" and suffix == "" and kernel.settled >= _LOCKS_READ
    return f"a {points_to}" if locks and kfunc not in special["res_spin_lock"]["names"] else None
