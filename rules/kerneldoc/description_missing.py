from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K11",), see="scripts/kernel-doc: process_name()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc does not say behind the name what it is for.

    kernel-doc -Wall warns "missing initial short description"; the name is all that the index of the documentation
    shows then.

    Bad:
        * bpf_foo_acquire()
    Good:
        * bpf_foo_acquire() - Take a reference
    """
    del kernel
    doc = kfunc.doc
    if doc is not None and doc.name and not doc.purpose:
        yield Remark(
            doc.at,
            f"the kernel-doc of {kfunc.name}() does not say behind the name what it is for",
            fix=Fix(f'write "{doc.name} - " and a few words'),
        )
