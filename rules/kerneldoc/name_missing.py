from collections.abc import Iterator

from kfunclint.facts.docs import Doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K1", "K13", "K14"), see="scripts/kernel-doc: process_name()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A comment above a kfunc opens with /** but does not begin with its name.

    kernel-doc then warns "This comment starts with '/**', but isn't a kernel-doc comment" or "wrong kernel-doc
    identifier" in every W=1 build, and reads no further. Behind the name, and brackets with one word at most, nothing
    but a dash or colon may follow; all before the last dash was the name to the older kernel-doc, written in Perl,
    which warns "expecting prototype for ..." then.

    Bad:
        /**
         * Take a reference
    Good:
        /**
         * bpf_foo_acquire - Take a reference
    """
    del kernel
    doc = kfunc.doc
    if doc is None or doc.name:
        return
    first = doc.lines[0][1]
    if first.startswith((f"{kfunc.name}(", f"{kfunc.name} ", f"{kfunc.name},")):
        reason = f"behind {kfunc.name} there is more than a dash"
    else:
        reason = f"its first line does not begin with the name of {kfunc.name}()"
    yield Remark(doc.at, f"kernel-doc does not read this comment: {reason}", fix=_fix(doc, kfunc.name))


def _fix(doc: Doc, name: str) -> Fix:
    at, first = doc.lines[0]
    if first.startswith(f"{name}(") and (end := first.find(") - ")) > 0:
        bracket = Place(at.path, at.line, at.column + len(name), at.column + end + 1)
        return Fix(f"write {name}()", (Edit(bracket, "()"),), uncovers=True)
    start = Place(at.path, at.line, at.column, at.column)
    begin = first and not first.startswith(name)
    return Fix(f'begin with "{name} - "', (Edit(start, f"{name} - "),) if begin else (), uncovers=True)
