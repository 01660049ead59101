import re
from collections.abc import Iterator

from kfunclint.facts.docs import Doc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

# what kernel-doc reads as the start of a comment: a name that a dash, a colon or nothing follows, or a type
_STARTS = re.compile(
    r"(?:struct|union|enum|typedef|function|macro|define|const|static)\b|\w+\s*(?:\([^)]*\))?\s*(?:[-:]|$)|@|DOC:",
    re.ASCII,
)


@rule(Doc, Level.CHECK, contract=("K1", "K13"), see="scripts/kernel-doc: process_name()")
def check(doc: Doc, kernel: Kernel) -> Iterator[Remark]:
    """A comment beside kfuncs opens with /** and is no kernel-doc.

    kernel-doc warns "This comment starts with '/**', but isn't a kernel-doc comment" in every W=1 build, whatever the
    comment stands above: a hook, a static function, a macro.

    Bad:
        /**
         * Programs may veto a name here.
         */
        __bpf_hook_start();
    Good:
        /*
         * Programs may veto a name here.
         */
        __bpf_hook_start();
    """
    del kernel
    first = doc.lines[0][1]
    if doc.opening is None or doc.name or not first or _STARTS.match(first):
        return
    at = Place(doc.opening.path, doc.opening.line, doc.opening.column, doc.opening.column + 3)
    yield Remark(
        at,
        "this comment opens with /** but is no kernel-doc: its first line names nothing",
        fix=Fix('write "/*"', (Edit(at, "/*"),)),
    )
