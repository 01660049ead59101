import re
from collections.abc import Iterator

from kfunclint.facts import Kfunc
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel import Kernel
from kfunclint.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K1",), see="scripts/kernel-doc: dump_function()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc above a kfunc names another function.

    kernel-doc then warns "expecting prototype for A(). Prototype was for B()" in every W=1 build, and the
    documentation that pulls the comment in by name does not find it. A name that differs only by a version suffix
    (___v2), which libbpf strips, is left alone.

    Bad:
        bpf_foo_aquire - Take a reference     (above bpf_foo_acquire())
    Good:
        bpf_foo_acquire - Take a reference
    """
    del kernel
    doc = kfunc.doc
    if doc is None or not doc.name or doc.name == re.sub(r"___v\d+$", "", kfunc.name) or doc.name == kfunc.name:
        return
    yield Remark(
        doc.at,
        f"the kernel-doc names {doc.name}() but stands above {kfunc.name}()",
        fix=Fix(f"write {kfunc.name}", (Edit(doc.at, kfunc.name),)),
        or_at=(kfunc.at,),
    )
