import re
from collections.abc import Iterator
from itertools import pairwise

from kfunclint.facts import Prose
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel import Kernel
from kfunclint.rule import rule

_SHORTEST = 6
_NAME = re.compile(r"(?<![\w/.<>@=*&\\$%#+~^|:'-])[a-z]\w*_\w*(?![\w/*\[\]\\@<>|{}'-]|\.\w|->|::)", re.ASCII)


@rule(Prose, Level.CHECK, see="Documentation/process/submitting-patches.rst: Describe your changes")
def check(prose: Prose, kernel: Kernel) -> Iterator[Remark]:
    """A name in a message or comment is written otherwise in the code.

    No line of the series has that name, and one has it with two letters swapped, or with one where this has two. Other
    slips are left alone, as both names may be right: bpf_strcasestr() and bpf_strncasestr(), free_list and free_llist.
    So are capitals.

    Bad:
        give it back with bpf_foo_reelase()
    Good:
        give it back with bpf_foo_release()
    """
    del kernel
    for match in _NAME.finditer(prose.text):
        name = match[0]
        if len(name) < _SHORTEST or name.lower() in prose.names:
            continue
        meant = [known for known in dict.fromkeys(_slips(name.lower())) if known in prose.names]
        if len(meant) == 1 and name.islower():
            at = prose.place(*match.span())
            yield Remark(
                at,
                f'"{name}" is nowhere in the code, only {meant[0]}',
                fix=Fix(f'write "{meant[0]}"', (Edit(at, meant[0]),)),
            )


def _slips(name: str) -> Iterator[str]:
    """The names of which this one may be a slip: two letters swapped, or one too many of a pair."""
    for index, (one, other) in enumerate(pairwise(name)):
        if one.isalpha() and other.isalpha():
            yield name[:index] + (other + one if one != other else one) + name[index + 2 :]
