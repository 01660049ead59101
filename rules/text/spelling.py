import re
from collections.abc import Container, Iterator
from itertools import accumulate

from kfunclint.facts.docs import Prose
from kfunclint.facts.spelling import corrections
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_SHORTEST = 4
# quotes, addresses, links
_QUOTED = re.compile(r"\"[^\"]{0,200}\"|`[^`]{0,200}`|(?<!\w)'[^']{0,40}'(?!\w)|<[^>]{0,80}>|\bhttps?://\S+")
# no part of an identifier, a path, an address, an option or a format, nor of a word with other letters
_WORD = re.compile(
    r"(?<![^\0-\x7f])(?<![\w/.<>@=*&\\$%#+~^|:'-])[A-Za-z]+(?:'[a-z]+)?"
    r"(?![^\0-\x7f]|[\w/=*(\[\]\\@<>|{}'-]|[.:]\w|->|::)",
    re.ASCII,
)
_SENTENCE = re.compile(r"(?:^|[.:?!] )$")


@rule(Prose, Level.CHECK, see="scripts/checkpatch.pl: TYPO_SPELLING")
def check(prose: Prose, kernel: Kernel) -> Iterator[Remark]:
    """A word in a title, commit message or comment is misspelled.

    The words are those of codespell's dictionary, and what the kernel's scripts/spelling.txt has beside them. What may
    be a name is left alone: capitals inside a line, identifiers, words that the code of the series uses as names; so
    are paths, addresses, quotes and code.

    Bad:
        a task whithin the hierarchy
    Good:
        a task within the hierarchy
    """
    text = _QUOTED.sub(lambda match: "\0" * len(match[0]), prose.text)
    starts = _starts(prose)
    for match in _WORD.finditer(text):
        word = match[0]
        if len(word) < _SHORTEST or word.lower() in prose.names or _may_be_a_name(text, match, starts):
            continue
        listed = kernel.misspellings.get(word.lower())
        choices = (listed,) if listed else corrections(word.lower())
        if not choices:
            continue
        at = prose.place(*match.span())
        better = [choice[0].upper() + choice[1:] if word[0].isupper() else choice for choice in choices]
        fix = Fix(f'write "{better[0]}"', (Edit(at, better[0]),)) if len(better) == 1 else None
        yield Remark(at, f'"{word}" is misspelled: {_listed(better)}', fix=fix)


def _starts(prose: Prose) -> frozenset[int]:
    """Where in the text the lines of a comment begin: there a sentence may begin behind no full stop."""
    lengths = [len(line) + 1 for _, line in prose.lines] if prose.kind in {"comment", "doc"} else []
    return frozenset(accumulate(lengths, initial=0))


def _may_be_a_name(text: str, match: re.Match[str], starts: Container[int]) -> bool:
    """Is there a capital in the word, other than that of a sentence?"""
    if match[0].islower():
        return False
    start = match.start()
    first = start in starts or _SENTENCE.search(text[max(0, start - 2) : start])
    return not (match[0][1:].islower() and first and re.match(r",? [a-z]", text[match.end() :]))


def _listed(words: list[str]) -> str:
    quoted = [f'"{word}"' for word in words]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}?"
