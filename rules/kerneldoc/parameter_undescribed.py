import re
from collections.abc import Iterator
from itertools import groupby

from kfunclint.facts.doc_check import excess_sections, intended_parameter, own_doc, undescribed
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_SIGN = re.compile(r"@(\w+)( +-+ +)")


@rule(Kfunc, Level.CHECK, contract=("K2", "K12", "K19"), see="scripts/kernel-doc: push_parameter()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter of a kfunc is missing from its kernel-doc.

    kernel-doc warns "Function parameter or struct member 'x' not described" in every W=1 build. A parameter is
    described by "@x:" at the start of a line: "@x - ..." is no section, and a callback is "@callback:" too.

    Bad:
        * @task: the task
        * @flags - how
    Good:
        * @task: the task
        * @flags: how
    """
    del kernel
    doc = own_doc(kfunc)
    if doc is None:
        return
    misnamed = {intended_parameter(kfunc, section) for section in excess_sections(kfunc)}
    missing = [(name, at) for name, at in undescribed(kfunc) if name not in misnamed]
    for _, same_line in groupby(missing, key=lambda parameter: parameter[1].line):
        parameters = list(same_line)
        names = [name for name, _ in parameters]
        yield Remark(
            parameters[0][1],
            f"the kernel-doc of {kfunc.name}() does not describe {_listed(names)}",
            tuple(_without_colon(doc.lines, names)),
            Fix(f"add {_listed([f'@{name}:' for name in names])}", tuple(_colons(doc.lines, names))),
            or_at=(doc.at,),
        )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _colons(lines: tuple[tuple[Place, str], ...], names: list[str]) -> Iterator[Edit]:
    """A colon for the sign behind each name, if all of them stand there with one."""
    signs = [(at, match) for at, text in lines[1:] if (match := _SIGN.match(text)) and match[1] in names]
    if {match[1] for _, match in signs} == set(names):
        for at, match in signs:
            yield Edit(Place(at.path, at.line, at.column + match.start(2), at.column + match.end()), ": ")


def _without_colon(lines: tuple[tuple[Place, str], ...], names: list[str]) -> Iterator[Reason]:
    for at, text in lines[1:]:
        if text.partition(" ")[0] in {f"@{name}" for name in names}:
            yield Reason(at, "without a colon behind the name this is no description of it")
