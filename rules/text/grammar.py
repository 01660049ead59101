import re
from collections.abc import Iterator
from functools import cache

from kfunclint.facts.docs import Prose
from kfunclint.finding import Edit, Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.fixes import drop_word
from kfunclint.rule.rule import rule


@rule(Prose, Level.CHECK, see="Documentation/process/submitting-patches.rst: Describe your changes")
def check(prose: Prose, kernel: Kernel) -> Iterator[Remark]:
    """A word in a title, message or comment is the wrong one.

    No dictionary finds these, as every word for itself is right: "it's not necessarily to" for "necessary", a word
    written twice or left out, "it's own", "less then", "can happens", a or an before the wrong sound. Each class holds
    only words for which it is certain (rules/tables/grammar.toml); quotes, code and identifiers are left alone.

    Bad:
        it's not necessarily to take the lock
    Good:
        it's not necessary to take the lock
    """
    del kernel
    text = _QUOTED.sub(lambda match: "\0" * len(match[0]), prose.text)
    for slips in (_adverbs, _own, _than, _articles, _in_place):
        for start, end, better in slips(text):
            at = prose.place(start, end)
            yield Remark(
                at,
                f'"{text[start:end]}" should read "{better}"',
                fix=Fix(f'write "{better}"', (Edit(at, better),)),
            )
    yield from _repeated(prose, text)


_Slips = Iterator[tuple[int, int, str]]  # offsets of a wrong word, and the right one

_QUOTED = re.compile(r"\"[^\"]{0,200}\"|`[^`]{0,200}`|(?<!\w)'[^']{0,40}'(?!\w)|\bhttps?://\S+")
# what prose has around a word: no part of an identifier, a path, a mail address or an option
_BEFORE, _BEHIND = r"(?<![\w/.<>@=*&\\-])", r"(?![\w/=*()\[\]\\]|\.\w|->)"

# "if there is more then go on" only lacks a comma
_CONDITION = re.compile(r"\b(?:[Ii]f|[Ww]hen|[Ww]henever|[Oo]nce)\b[^.;]*$")
_CLAUSE = 200  # characters
# "as they need to to be safe" only lacks one, too
_AS_THEY_NEED = re.compile(r"\b(?:as|if|than|unless) (?:\w+ ){1,2}(?:needs?|wants?|have|has|had|likes?|able) $")


@cache
def _pattern(before: str, words: tuple[str, ...], behind: str, flags: int = 0) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(f"{before}(?P<word>{'|'.join(map(re.escape, longest_first))}){behind}", flags)


def _matches(text: str, before: str, words: tuple[str, ...], behind: str, flags: int = 0) -> Iterator[re.Match[str]]:
    """Where a word stands between the two patterns; to compile them for a text without the words would take longer than
    all the rest."""
    folded = text.lower() if flags & re.IGNORECASE else text
    return _pattern(before, words, behind, flags).finditer(text) if any(word in folded for word in words) else iter(())


def _adverbs(text: str) -> _Slips:
    adjective = table("grammar")["adverb"]["adjective"]
    subject = _BEFORE + r"it(?:'s| is| was)?(?: not|n't| isn't| wasn't)? "
    to_verb = r" to (?!(?:the|an?|its|their|this|that|these|those|all|each)\b)[a-z]"
    for match in _matches(text, subject, tuple(adjective), to_verb, re.IGNORECASE):
        if " " in match[0][: match.start("word") - match.start()].strip() or "'" in match[0]:
            yield *match.span("word"), adjective[match["word"].lower()]


def _own(text: str) -> _Slips:
    for match in _matches(text, _BEFORE, ("it's", "It's"), r" own(?![\w-])"):
        yield *match.span("word"), match["word"].replace("'", "")


def _than(text: str) -> _Slips:
    known = table("grammar")["than"]
    before = _BEFORE + f"(?:{'|'.join(known['comparative'])}) "
    for match in _matches(text, before, ("then",), f" (?:{'|'.join(known['object'])})\\b"):
        if not _CONDITION.search(text, max(0, match.start() - _CLAUSE), match.start()):
            yield *match.span("word"), "than"


def _articles(text: str) -> _Slips:
    known = table("grammar")["article"]
    for article, better, words in (("a", "an", "after_an"), ("an", "a", "after_a")):
        # a capital A may name something: task A, CPU A
        before = _BEFORE + f"(?P<article>{article}{'|An' if article == 'an' else ''}) "
        for match in _matches(text, before, tuple(known[words]), _BEHIND):
            capital = match["article"][0].isupper()
            yield *match.span("article"), better.capitalize() if capital else better


def _in_place(text: str) -> _Slips:
    """The classes that need no more than the words in front and behind."""
    for row in table("grammar").values():
        if "words" in row and "before" in row:
            for match in _matches(text, _BEFORE + row["before"], tuple(row["words"]), row["behind"]):
                yield *match.span("word"), row["words"][match["word"]]


def _repeated(prose: Prose, text: str) -> Iterator[Remark]:
    words = tuple(table("grammar")["repeated"]["words"])
    titled = tuple(word.capitalize() for word in words if len(word) > 1)
    for match in _matches(text, _BEFORE, (*words, *titled), " "):
        word = match["word"].lower()
        end = match.end() + len(word)
        again = _pattern("", (word,), _BEHIND + "(?![-'])").match(text, match.end())
        if not again or _means_both(word, text, match.start(), end) or _is_picture(text, match.start(), end):
            continue
        message, drop = f'"{word}" stands here twice', f'drop one "{word}"'
        second = prose.place(match.end(), end)
        if prose.place(*match.span("word")).line != second.line:
            begins = any(at.line == second.line and len(line) > len(word) for at, line in prose.lines)
            yield Remark(second, message, fix=Fix(drop, (drop_word(second),) if begins else ()))
            continue
        both = prose.place(match.start(), end)
        yield Remark(both, message, fix=Fix(drop, (Edit(both, match["word"]),)))


def _is_picture(text: str, start: int, end: int) -> bool:
    """Do the two stand beside another word of one letter, as the bits of a register do in a table?"""
    return bool(
        re.search(r"(?<!\w)\w $", text[max(0, start - 3) : start]) or re.match(r" \w(?!\w)", text[end : end + 3])
    )


def _means_both(word: str, text: str, start: int, end: int) -> bool:
    """Does a clause end between the two, as in "what it is is" and "when you need it it is there", or is the second the
    operation, as in "and and out the lines"?
    """
    before = text[max(0, start - _CLAUSE) : start]
    if word == "and" and re.match(r" (?:out|or|xor)\b", text[end : end + 5]):
        return True
    if word == "to" and _AS_THEY_NEED.search(before):
        return True
    if word in table("grammar")["repeated"]["ends_a_clause"] and _CONDITION.search(before):
        return True
    return bool({"what", "all", "whatever", "who"} & set(before[-40:].lower().split()[-3:]))
