from collections.abc import Iterator

from kfunclint.facts import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel import Kernel
from kfunclint.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K13", "K14"), see="scripts/kernel-doc: process_name()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A comment above a kfunc opens with /** but does not begin with its name.

    kernel-doc then warns "This comment starts with '/**', but isn't a kernel-doc comment" or "wrong kernel-doc
    identifier" in every W=1 build, and reads no further.

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
    start = Place(doc.at.path, doc.at.line, doc.at.column, doc.at.column)
    text = doc.lines[0][1]
    yield Remark(
        doc.at,
        f"kernel-doc does not read this comment: its first line does not begin with the name of {kfunc.name}()",
        fix=Fix(f'begin with "{kfunc.name} - "', (Edit(start, f"{kfunc.name} - "),) if text else ()),
    )
