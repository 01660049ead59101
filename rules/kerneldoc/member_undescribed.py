from collections.abc import Iterator

from kfunclint.facts.docs import Doc
from kfunclint.finding import Edit, Fix, Level, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Doc, Level.CHECK, contract=("K2",), see="scripts/kernel-doc: push_parameter()")
def check(doc: Doc, kernel: Kernel) -> Iterator[Remark]:
    """A member of a struct is missing from the kernel-doc of the struct.

    kernel-doc warns "Function parameter or struct member 'x' not described" in every W=1 build, and the build robots
    mail it. A struct with another one in it, a member made by a macro or under a condition is left alone.

    Bad:
        * @size: its size
        * @flags and more                      (of struct foo_opts { u32 size; u32 flags; };)
    Good:
        * @flags: and more
    """
    del kernel
    for name, at in doc.members:
        if doc.section(f"@{name}"):
            continue
        message = f"the kernel-doc of struct {doc.struct} does not describe {name}"
        line = next((line for line, text in doc.lines[1:] if text.partition(" ")[0] == f"@{name}"), None)
        if line is None:
            yield Remark(at, message, fix=Fix(f"add @{name}:"), or_at=(doc.at,))
            continue
        end = line.column + len(f"@{name}")
        colon = Edit(Place(line.path, line.line, end, end), ":")
        yield Remark(
            line, f"{message}: there is no colon behind @{name}", fix=Fix("add the colon", (colon,)), or_at=(at,)
        )
