from collections.abc import Iterator

from kfunclint.facts.doc_check import excess_sections, intended_parameter
from kfunclint.facts.docs import Doc, Section
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_line
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, contract=("K3", "K18"), see="scripts/kernel-doc: check_sections()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc describes a parameter that it does not have.

    kernel-doc warns "Excess function parameter" in every W=1 build. A suffix such as __nullable is a part of the name.

    Bad:
        * @opts: what to do            (of bpf_foo(struct foo_opts *opts__nullable))
    Good:
        * @opts__nullable: what to do
    """
    del kernel
    for section in excess_sections(kfunc):
        name = section.name
        meant = intended_parameter(kfunc, section)
        at = Place(section.at.path, section.at.line, section.at.column, section.at.column + len(name))
        yield Remark(
            at,
            f"{kfunc.name}() has no parameter {name[1:]}" + (f", only {meant}" if meant else ""),
            fix=_fix(kfunc.doc, section, at, meant),
            or_at=(kfunc.at,),
        )


def _fix(doc: Doc | None, section: Section, at: Place, meant: str | None) -> Fix:
    if meant:
        return Fix(f"write @{meant}", (Edit(at, f"@{meant}"),))
    line = _only_line(doc, section) if doc else None
    return Fix(f"drop {section.name}", (drop_line(line),) if line else ())


def _only_line(doc: Doc, section: Section) -> Place | None:
    """The line of a section that has no other; None where what stands below may belong to it."""
    lines = [(at, text) for at, text in doc.lines if at.line >= section.at.line]
    heads = {other.at.line for other in doc.sections}
    is_over = len(lines) == 1 or not lines[1][1].strip() or lines[1][0].line in heads
    return lines[0][0] if lines[0][0].line == section.at.line and is_over else None
