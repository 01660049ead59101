from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, see="Documentation/dev-tools/sparse.rst: make C=1")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc returns the number 0 where it means NULL.

    Both are the same to the compiler; sparse warns "Using plain integer as NULL pointer", and build robots mail that.

    Bad:
        return 0;         (in a kfunc that returns struct foo *)
    Good:
        return NULL;
    """
    del kernel
    for at in kfunc.definition.zero_returns if kfunc.signature.returns_pointer else ():
        yield Remark(
            at,
            f"{kfunc.name}() returns a pointer, and 0 here, of which sparse warns",
            fix=Fix("write NULL", (Edit(at, "NULL"),)),
        )
