from collections.abc import Iterator

from kfunclint.facts.unreadable import Unreadable
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Unreadable, Level.WARNING, see="Documentation/process/coding-style.rst: 2) Breaking long lines and strings")
def check(unreadable: Unreadable, kernel: Kernel) -> Iterator[Remark]:
    """A file with kfuncs has a line that no person wrote to be read.

    It breaks a limit that no C file of the kernel comes near, such as 4,096 characters, or a macro that becomes a
    million tokens by others that it names. Nothing in the file could be parsed, so no rule has seen its code: read it
    with more care, not with less.

    Bad:
        #define A0 x,
        #define A1 A0 A0
        ...                     (each twice the one above it, up to A20)
    Good:
        x,
    """
    del kernel
    yield Remark(
        unreadable.at,
        f"{unreadable.reason}: nothing in this file could be checked",
    )
