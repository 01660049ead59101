from collections.abc import Iterator

from kfunclint.c.syntax import Node
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.questions import calls
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import sleepers_may_call
from kfunclint.rule.rule import rule

# words of functions that may open a section, or take what stands for one
_PROTECTS = ("lock", "guard", "disable", "irq", "held", "enter", "begin")

# the flag stands on the constructor of an iterator, and the verifier ends the iterator with the section
_INSIDE: tuple[FlagName, ...] = ("KF_RCU_PROTECTED", "KF_ITER_NEXT", "KF_ITER_DESTROY")


_OBJECTS_OF_TRACING = ("struct task_struct", "struct cgroup", "struct mem_cgroup")


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    see="include/linux/rcupdate.h: rcu_dereference(); include/linux/cgroup.h: task_css_set_check()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc for sleepable programs needs an RCU section and opens none.

    A program that is not sleepable runs inside of an RCU read section, a sleepable one does not. What rcu_dereference()
    gives it, in the kfunc or in a helper such as task_under_cgroup_hierarchy(), may be freed while it is read.
    KF_RCU_PROTECTED keeps the call inside of a section; a kfunc that takes any lock is left alone.

    Bad:
        return task_under_cgroup_hierarchy(task, ancestor);
    Good:
        rcu_read_lock();
        ret = task_under_cgroup_hierarchy(task, ancestor);
        rcu_read_unlock();
        return ret;
    """
    del kernel
    entry = next((entry for entry in kfunc.entries if _sleepers_may_call(entry, kfunc)), None)
    if entry is None or any(map(kfunc.has, _INSIDE)):
        return
    made = [use.node for use in calls(kfunc.account)]
    if any(word in call.text for call in made for word in _PROTECTS):
        return
    use = next((call for call in made if _needs_section(kfunc, call)), None)
    if use is None:
        return
    at = kfunc.place(use)
    yield Remark(
        at,
        f"{kfunc.name}() calls {use.text}() outside of an RCU read section, and a sleepable program is in none: "
        "what it finds may be freed meanwhile",
        (Reason(entry.at, "sleepable programs may call it"),),
        Fix("call rcu_read_lock() first, or add KF_RCU_PROTECTED"),
        or_at=(entry.at,),
        here="called here",
    )


def _sleepers_may_call(entry: Entry, kfunc: Kfunc) -> bool:
    """Where the registration is out of view, what a kfunc takes tells: tracing and LSM programs alone have a task."""
    if entry.set is not None and not entry.set.registrations and entry.set.is_kfuncs and entry.flags is not None:
        return any(parameter.pointee in _OBJECTS_OF_TRACING for parameter in kfunc.signature.parameters)
    return sleepers_may_call(entry)


def _needs_section(kfunc: Kfunc, call: Node) -> bool:
    row = kfunc.behaviour(call.text)
    return call.text == "rcu_dereference" or row.lease == "result" or row.section == "needs"
