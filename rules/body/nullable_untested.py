from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.path import EQUAL, LESS, Path
from kfunclint.flow.questions import nullness, uses
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import test_first
from kfunclint.rule.reasons import about_use, null_tests
from kfunclint.rule.rule import rule

_NULL_ALLOWED = ("__nullable", "__opt")
_BELOW = (LESS, LESS | EQUAL)


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
    parameters = kfunc.signature.parameters
    for index, parameter in enumerate(parameters):
        if not parameter.name.endswith(_NULL_ALLOWED):
            continue
        sizes = {following.name for following in parameters[index + 1 : index + 2] if "__sz" in following.name}
        for use in uses(kfunc.account, "read"):
            if use.term.kind != "param" or use.term.text != parameter.name:
                continue
            null = nullness(use.term, use.path)
            if null is None or any(_stands_for(one, sizes, use.path) for one in use.path.asked):
                continue
            how = "where a test says that it is NULL" if null == "null" else "without a test"
            yield about_use(
                kfunc,
                use,
                f"{kfunc.name}() reads through {parameter.name} {how}, but its suffix lets programs pass "
                "NULL: any of them can crash the kernel",
                test_first(kfunc, use, parameter.name, null),
                here="read here",
                origin=Reason(kfunc.at, "declared here"),
                tests=null_tests(kfunc, use, null),
                or_at=(kfunc.at,),
            )
            break


def _stands_for(asked: Term, sizes: set[str], path: Path) -> bool:
    """May a test of the size have been one of the buffer? One that only bounds it from above is none."""
    if asked.kind != "param" or asked.text not in sizes:
        return False
    orders = [order for (one, _), order in path.orders.items() if one == asked]
    return path.known(asked).is_nonzero or not orders or any(order not in _BELOW for order in orders)
