from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_KNOWN = {"return": "Return:", "context": "Context:"}


@rule(Kfunc, Level.CHECK, contract=("K17",), see="scripts/kernel-doc: dump_section()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc has two Return: or two Context: sections.

    kernel-doc warns "duplicate section name" in every W=1 build. "Return:", "Returns:" and "@return:" are the same
    section to it.

    Bad:
        * Return: 0 on success.
        * Return: -EINVAL for bad flags.
    Good:
        * Return: 0 on success, -EINVAL for bad flags.
    """
    del kernel
    if kfunc.doc is None or not kfunc.doc.name:
        return
    for name, written in _KNOWN.items():
        first, *others = [section.at for section in kfunc.doc.sections if section.name == name] or [kfunc.doc.at]
        for other in others:
            yield Remark(
                other,
                f"the kernel-doc of {kfunc.name}() has a second {written} section",
                (Reason(first, "the first one"),),
                Fix("join the two"),
                or_at=(first,),
            )
