from collections.abc import Iterator

from kfunclint.facts import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.flow import Condition, Use, is_plain_call, only_tested, uses
from kfunclint.kernel import Kernel
from kfunclint.rule import rule

_SYMBOL = "root_mem_cgroup"
_TEST = "mem_cgroup_disabled"
_GUARD = f"{_TEST}()"


@rule(
    Kfunc,
    Level.WARNING,
    needs_body=True,
    contract=("G1",),
    see="kernel/cgroup/cgroup.c: cgroup_init(); include/linux/memcontrol.h: mem_cgroup_disabled()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc uses root_mem_cgroup without testing mem_cgroup_disabled() first.

    cgroup_init() allocates the root of every controller before it looks whether cgroup_disable= switched it off, so
    root_mem_cgroup is a valid pointer on a kernel booted with cgroup_disable=memory, and testing it for NULL proves
    nothing. Nobody maintains that memcg: it is never charged, has no children, and its statistics stay zero. The
    convention is to return NULL, or 0, first.

    A kfunc that takes a struct mem_cgroup is left alone: a program can hold one only while the controller is on.
    So is one that asks a predicate of its own about memcgs first, as that may well test it.

    Bad:
        return root_mem_cgroup;
    Good:
        if (mem_cgroup_disabled())
                return NULL;
        return root_mem_cgroup;
    """
    del kernel
    assert kfunc.body is not None
    if any("struct mem_cgroup *" in parameter.type for parameter in kfunc.parameters):
        return
    if any(node.kind == "var" and node.text == _SYMBOL for node in kfunc.body.walk()):
        return
    if not only_tested(kfunc.body, _TEST):
        return
    for use in uses(kfunc.body, _SYMBOL):
        if not _may_be_guarded(use):
            at = kfunc.place(use.node)
            yield Remark(
                at,
                f"{kfunc.name}() uses {_SYMBOL} without testing {_GUARD}: "
                "it is allocated even with cgroup_disable=memory, so a NULL test is not enough",
                fix=_fix(kfunc, at),
            )
            return  # one early return mends all uses behind it


def _may_be_guarded(use: Use) -> bool:
    return Condition(_GUARD, holds=False) in use.known or any(_own_predicate(condition) for condition in use.known)


def _own_predicate(condition: Condition) -> bool:
    return (
        is_plain_call(condition.text)
        and condition.text != _GUARD
        and ("memcg" in condition.text or "mem_cgroup" in condition.text)
    )


def _fix(kfunc: Kfunc, use: Place) -> Fix:
    if not kfunc.returns_pointer:
        return Fix(f"return early if {_GUARD}")
    return Fix(f"return NULL first if {_GUARD}", _early_return(kfunc, use))


def _early_return(kfunc: Kfunc, use: Place) -> tuple[Edit, ...]:
    """Two lines and an empty one behind the declarations, unless the use stands among those."""
    assert kfunc.body is not None
    statements = [node for node in kfunc.body.kids if node.kind != "decl"]
    line = statements[0].line if len(statements) < len(kfunc.body.kids) else kfunc.body.line + 1
    if use.line < line:
        return ()
    return (Edit(Place(use.path, line, 1, 1), f"\tif ({_GUARD})\n\t\treturn NULL;\n\n"),)
