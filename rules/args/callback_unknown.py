from collections.abc import Iterator

from kfunclint.c.syntax import is_function_pointer
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.WARNING,
    since="6.12",
    contract=("S11",),
    see="kernel/bpf/verifier.c: is_callback_calling_kfunc()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes a callback, and the verifier does not know that.

    The argument must be a function of the program, but its body is checked as a callback only for the kfuncs that the
    verifier lists by name. For any other one the callback runs with arguments that nobody checked. A series that brings
    such a kfunc teaches the verifier its name.

    Bad:
        __bpf_kfunc int bpf_foo_each(struct foo *foo, int (*callback)(struct foo *foo))
        (and no change to kernel/bpf/verifier.c)
    Good:
        an open-coded iterator: bpf_iter_foo_new(), bpf_iter_foo_next(), bpf_iter_foo_destroy()
    """
    del kernel
    if not kfunc.is_called or kfunc.name in table("special")["callbacks"]["names"]:
        return
    for parameter in kfunc.signature.parameters:
        if is_function_pointer(parameter.type) and not parameter.name.endswith("__ign"):
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() takes {parameter.name or 'a function'} as a callback, but the verifier does not know "
                "it as a kfunc that calls one, and does not check what the callback is given",
                fix=Fix("add it to is_callback_calling_kfunc(), or make it an iterator"),
                or_at=kfunc.alternate_places,
            )
