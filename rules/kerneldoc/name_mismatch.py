from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K1", "K16"), see="scripts/kernel-doc: dump_function()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc names another function, or stands above one.

    kernel-doc then warns "expecting prototype for A(). Prototype was for B()" in every W=1 build, and the
    documentation that pulls the comment in by name does not find it. A macro between comment and function, such as
    __bpf_kfunc_start_defs(), is taken for the function; those that kernel-doc drops, as __printf(2, 0), are not. A
    version suffix (___v2), which libbpf strips, is a part of the name.

    Bad:
        bpf_foo_aquire - Take a reference     (above bpf_foo_acquire())
    Good:
        bpf_foo_acquire - Take a reference
    """
    del kernel
    doc = kfunc.doc
    if doc is None or not doc.name:
        return
    if doc.name != kfunc.name:
        yield Remark(
            doc.at,
            f"the kernel-doc names {doc.name}() but stands above {kfunc.name}()",
            fix=Fix(f"write {kfunc.name}", (Edit(doc.at, kfunc.name),), uncovers=True),
            or_at=(kfunc.at,),
        )
    elif doc.above not in (None, kfunc.name):
        yield Remark(
            doc.at,
            f"the kernel-doc of {kfunc.name}() stands above {doc.above}(), which kernel-doc takes for the function",
            fix=Fix(f"put it right above {kfunc.name}()"),
        )
