from collections.abc import Iterator

from kfunclint.facts.cut_message import CutMessage
from kfunclint.finding import Edit, Fix, Level, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(CutMessage, Level.WARNING, see="git am(1): DISCUSSION; git's mailinfo.c: patchbreak()")
def check(message: CutMessage, kernel: Kernel) -> Iterator[Remark]:
    """A line of a commit message makes git end the message there.

    git am takes a line that begins with "diff -", "Index: " or "--- " and a word for the beginning of the patch. What
    stands below it, trailers too, is not committed. It is said where a trailer (Signed-off-by, Reviewed-by) is lost:
    notes below the trailers are meant to be.

    Bad:
        The log says
        --- begin of the log ---
        depot 3 is empty

        Signed-off-by: Ann Author <ann@example.org>
    Good:
        The log says
         --- begin of the log ---
    """
    del kernel
    yield Remark(
        message.at,
        "git am ends the message at this line, so the words and trailers below it will be lost",
        (Reason(message.trailer, "this is lost"),),
        Fix("indent the line", (Edit(Place(None, message.at.line, 1, 1, message.at.patch), " "),)),
    )
