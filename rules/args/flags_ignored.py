from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import return_at_once
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.CHECK,
    needs_body=True,
    contract=("G22",),
    see="Documentation/process/adding-syscalls.rst: Designing the API: Planning for Extension; "
    "kernel/bpf/helpers.c: bpf_wq_init()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc takes flags and never looks at them.

    Programs then pass whatever they like, and no bit can ever be given a meaning without breaking one of them. A flags
    argument that is there for later is tested for unknown bits from the start. A static kfunc is a callback of the
    kernel, which says what it takes.

    Bad:
        __bpf_kfunc int bpf_foo_start(struct foo *foo, u64 flags)
        {
                return foo_start(foo);
    Good:
        if (flags)
                return -EINVAL;
        return foo_start(foo);
    """
    del kernel
    if kfunc.definition.is_static or not kfunc.is_called:
        return
    assert kfunc.definition.body is not None
    names = {node.text for node in kfunc.definition.body.walk() if node.kind == "name"}
    for parameter in kfunc.signature.parameters if kfunc.signature.has_all_names else ():
        if parameter.name == "flags" and parameter.is_scalar and parameter.name not in names:
            yield Remark(
                parameter.at or kfunc.at,
                f"{kfunc.name}() never looks at {parameter.name}, so programs can pass any bits, "
                "and none can be given a meaning later",
                (Reason(kfunc.at, "it is not named in this function"),),
                return_at_once(kfunc, parameter.name, f"return an error if {parameter.name} has unknown bits"),
            )
