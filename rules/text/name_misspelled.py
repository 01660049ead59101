from collections.abc import Iterator

from kfunclint.facts.docs import Prose
from kfunclint.facts.spelling import slips
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Prose, Level.CHECK, see="Documentation/process/submitting-patches.rst: Describe your changes")
def check(prose: Prose, kernel: Kernel) -> Iterator[Remark]:
    """A name in a title, message or comment is written otherwise in the code.

    No line of the series has that name, and one has it with two letters swapped, or with one where this has two. Other
    slips are told only with a tree, where no file has the name or, if a letter is wrong, missing or too many, the word
    in it: without one both may be right, as bpf_strcasestr() and bpf_strncasestr() are. Nor is it told where other
    names of the series have the word in it. Capitals are left alone.

    Bad:
        give it back with bpf_foo_reelase()
    Good:
        give it back with bpf_foo_release()
    """
    del kernel
    absent = "is in no line of the patch" if prose.meant is None else "is nowhere in the code"
    for match in prose.strangers:
        meant = _meant(match[0], prose)
        if meant:
            at = prose.place(*match.span())
            yield Remark(
                at,
                f'"{match[0]}" {absent}, only {meant}',
                fix=Fix(f'write "{meant}"', (Edit(at, meant),)),
            )


def _meant(name: str, prose: Prose) -> str | None:
    if prose.meant is not None:
        near = [prose.meant[name]] if name in prose.meant else []
    else:
        near = list(slips(name, prose.names))
    return near[0] if len(near) == 1 and not _is_right(name, near[0], prose) else None


def _is_right(name: str, near: str, prose: Prose) -> bool:
    """Do other names of the series have the word, so that the slip is in the code?"""
    words = zip(name.split("_"), near.split("_"), strict=True)
    return any(word != other and word in prose.names for word, other in words)
