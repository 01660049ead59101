import re
from collections.abc import Iterator

from kfunclint.facts import Doc, Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel import Kernel
from kfunclint.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K1", "K14", "K16"), see="scripts/kernel-doc: dump_function()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc names another function, or stands above one.

    kernel-doc then warns "expecting prototype for A(). Prototype was for B()" in every W=1 build, and the
    documentation that pulls the comment in by name does not find it. All before the last dash or colon of the first
    line is the name to it, so a sentence with a dash is a wrong name; and a macro between comment and function, such as
    __bpf_kfunc_start_defs(), is taken for the function. A name that differs only by a version suffix (___v2), which
    libbpf strips, is left alone.

    Bad:
        bpf_foo_aquire - Take a reference     (above bpf_foo_acquire())
    Good:
        bpf_foo_acquire - Take a reference
    """
    del kernel
    doc = kfunc.doc
    if doc is None or not doc.name:
        return
    if doc.name not in (kfunc.name, re.sub(r"___v\d+$", "", kfunc.name)):
        yield _wrong_name(doc, kfunc)
    elif doc.above not in (None, kfunc.name):
        yield Remark(
            doc.at,
            f"the kernel-doc of {kfunc.name}() stands above {doc.above}(), which kernel-doc takes for the function",
            fix=Fix(f"put it right above {kfunc.name}()"),
        )


def _wrong_name(doc: Doc, kfunc: Kfunc) -> Remark:
    if doc.name.isidentifier():
        message = f"the kernel-doc names {doc.name}() but stands above {kfunc.name}()"
        return Remark(doc.at, message, fix=Fix(f"write {kfunc.name}", (Edit(doc.at, kfunc.name),)), or_at=(kfunc.at,))
    if doc.name.startswith(f"{kfunc.name}("):
        bracket = Place(doc.at.path, doc.at.line, doc.at.column + len(kfunc.name), doc.at.end_column)
        fix = Fix(f"write {kfunc.name}()", (Edit(bracket, "()"),))
    else:
        start = Place(doc.at.path, doc.at.line, doc.at.column, doc.at.column)
        fix = Fix(f'begin with "{kfunc.name} - "', (Edit(start, f"{kfunc.name} - "),))
    return Remark(doc.at, f'kernel-doc takes "{doc.name}" for the name of {kfunc.name}()', fix=fix)
