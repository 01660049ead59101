from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.flow.queries import assigned, conditions_on, dereferences
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_NULL_ALLOWED = ("__nullable", "__opt")


@rule(
    Kfunc,
    Level.ERROR,
    needs_body=True,
    since="6.7",
    contract=("B12",),
    see="kernel/bpf/verifier.c: is_kfunc_arg_nullable(); Documentation/bpf/kfuncs.rst: __nullable",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc reads through a __nullable argument without a test for NULL.

    The suffix tells the verifier to let programs pass NULL, and the kfunc to look for it. Any program can then crash
    the kernel. Handing the pointer to a function that tests it is fine.

    Bad:
        __bpf_kfunc int bpf_foo_size(struct foo *foo__nullable)
        {
                return foo__nullable->size;
    Good:
        if (!foo__nullable)
                return 0;
        return foo__nullable->size;
    """
    del kernel
    assert kfunc.definition.body is not None
    changed = assigned(kfunc.definition.body)
    for index, parameter in enumerate(kfunc.signature.parameters):
        if not parameter.name.endswith(_NULL_ALLOWED) or parameter.name in changed:
            continue
        # a test of the size that follows may stand for one of the buffer
        others = [
            following.name
            for following in kfunc.signature.parameters[index + 1 : index + 2]
            if "__sz" in following.name
        ]
        if any(conditions_on(kfunc.definition.body, name) for name in (parameter.name, *others)):
            continue
        for found in dereferences(kfunc.definition.body):
            if found.node.text == parameter.name:
                yield Remark(
                    kfunc.place(found.node),
                    f"{kfunc.name}() reads through {parameter.name} without a test, but its suffix lets programs pass "
                    "NULL: any of them can crash the kernel",
                    (Reason(kfunc.at, "declared here"),),
                    Fix(f"test {parameter.name} for NULL first"),
                    or_at=(kfunc.at,),
                )
                break
