"""Is what somebody wrote below a line about the very thing that a finding says of it?

Only names and words that stand there decide: what a finding names as missing or as too much, the word that it would put
for another, or its rule. A remark that names none of them counts for nothing, so the finding is said.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from kfunclint.finding import Finding

_WORD = re.compile(r"\w+:?")
# identifiers, capitals, and the headings of kernel-doc
_NAME = re.compile(r"\b\w*_\w+\b|\b[A-Z][A-Z0-9]+\b|\b[A-Z][a-z]+:")
_FLAG = re.compile(r"[A-Z0-9]+_[A-Z0-9_]+")
_QUOTED = re.compile(r'"([^"]{1,80})"')
_STEM = 5
_FEW = 4
_VAGUE = {"kf", "ret", "args", "iter", "new", "next", "first", "instead", "then", "that", "with"}
_MISSPELLED = {"typo", "spelling", "misspelled", "misspelling", "grammar", "nit"}
_ALL = {"all", "both", "these", "those", "them", "same", "every", "each", "other"}


@lru_cache(maxsize=4096)
def words(text: str) -> frozenset[str]:
    """The words of a text in lower case, also without a colon behind them and without the s of a plural."""
    forms = set(map(str.casefold, _WORD.findall(text)))
    forms |= {word.rstrip(":") for word in forms}
    return frozenset(forms | {re.sub(r"s(:?)$", r"\1", word) for word in forms if len(word) > _FEW})


def _names(text: str) -> set[str]:
    return {name.casefold() for name in _NAME.findall(text)}


def _stems(terms: Iterable[str]) -> set[str]:
    return {word.rstrip(":")[:_STEM] for word in terms}


class Matcher:
    """What tells a remark about a finding from any other about the same line.

    `missing` are the names that the finding has and the line has not, `strong` those of them that are like no word of
    prose, `parts` what flags and headings among them say ("sleep" of KF_SLEEPABLE); `present` are names of the line,
    `surplus` what of it is to go, `mending` the words that say how to mend it. `wrong` is a word of prose that is to be
    another, `right` the other, or several.
    """

    def __init__(self, finding: Finding) -> None:
        line, function_words = words(finding.quoted), words(finding.function or "")
        edits = [edit.text for edit in finding.fix.edits] if finding.fix else []
        mend = finding.fix.description.partition(", or ")[0] if finding.fix else ""
        marked = finding.quoted[finding.at.column - 1 : finding.at.end_column - 1]
        named = (_names(finding.message) - function_words) | _names("\n".join((mend, *edits)))
        self.rule = finding.rule
        self.missing = {name for name in named if name not in line}
        self.strong = {name for name in self.missing if "_" in name or name.endswith(":")}
        self.parts = _parts(_NAME.findall(f"{finding.message} {mend}"), self.strong)
        self.present = ((named | words(marked)) & line) - function_words
        self.surplus = (words(mend) & line) - _VAGUE if mend.startswith("drop ") else set()
        self.mending = _stems(word for word in words(mend) if len(word) >= _FEW and word not in _VAGUE)
        quoted = [phrase.casefold() for phrase in _QUOTED.findall(finding.message)]
        prose = bool(quoted) and quoted[0] == marked.casefold()
        self.wrong = quoted[0] if prose else ""
        self.right = [*quoted[1:], *map(str.casefold, edits)] if prose else []

    def matches_at(self, text: str) -> bool:
        """Is a text that stands right below the line about the same?"""
        text_words = words(text)
        if f"[{self.rule}]" in text:
            return True
        if self.wrong:
            return self._corrects(text_words) or bool(len(text_words) <= _FEW and text_words & _MISSPELLED)
        if text_words & (self.strong | self.surplus) or _stems(text_words) & self.parts:
            return True
        return not self.strong and (bool(text_words & self.missing) or len(_stems(text_words) & self.mending) > 1)

    def matches_nearby(self, text: str, certain: bool = False) -> bool:
        """Is a text that stands a few quoted lines further down about the same? `certain`: only if by a name that is
        like no word of prose."""
        text_words = words(text)
        if self.wrong:
            return self._corrects(text_words)
        if certain or self.strong:
            return bool(text_words & self.strong)
        return len(text_words & (self.missing | self.present)) > 1

    def _corrects(self, text_words: frozenset[str]) -> bool:
        """Does a text put the right word for the wrong one? One that people use anyway says so only on its own."""
        right = any(words(right) <= text_words for right in self.right if right)
        telling = len(self.wrong) >= _FEW and (self.wrong in text_words or bool(text_words & _MISSPELLED))
        return right and (telling or len(text_words) <= _FEW)


def _parts(names: Iterable[str], strong: set[str]) -> set[str]:
    """The stems of what flags and headings are made of."""
    compounds = [name for name in names if name.casefold() in strong and (_FLAG.fullmatch(name) or name.endswith(":"))]
    return _stems(
        word for name in compounds for word in re.split("[_:]", name.casefold()) if word not in _VAGUE and word
    )


def speaks_of_several(text: str) -> bool:
    """Does a text speak of several lines at once?"""
    return bool(words(text) & _ALL)


# What an author says who means to change it; what he begins with who agrees.
_DO = (
    r"(?:add|address|adjust|amend|change|correct|do|drop|fix|include|make|move|put|reflect|remove|rename|repair|rephrase"
    r"|replace|resend|respin|rework|reword|send|switch|update|use)"
)
_PROMISE = re.compile(
    rf"\b(?:will|'?ll|shall|going to|gonna|let me|can|could|should|must|need to|needs to) (?:\w+ ){{0,2}}{_DO}\b"
    r"|\b(?:added|addressed|changed|corrected|done|dropped|fixed|removed|renamed|replaced|updated)\b(?! by\b)"
    r"|\bin (?:the )?(?:next|v\d+)\b|\bgood (?:call|catch|idea|point|spot)\b|\byou(?: a|')re (?:\w+ )?right\b"
    r"|\b(?:mea culpa|my (?:bad|fault|mistake)|i missed|missed (?:it|that|this)|forgot)\b",
    re.I,
)
_AGREED = re.compile(
    r"(?:(?:hi|hello|hey)\b[^.!?]{0,40}[,.!] )?"
    r"(?:ack|agreed?|correct|done|fair|got it|indeed|makes sense|noted|ok|okay|oops|right|sounds|sure|thanks?|thank you"
    r"|true|yeah|yep|yes|yup)\b",
    re.I,
)
_CONTRAST = re.compile(r"\b(?:although|but|however|though|except)\b", re.I)
_SHORTEST_REASON = 4


def is_reason(text: str) -> bool:
    """Does an author's answer say why the line is to stay as it is? No promise, no agreement, no mere question."""
    text = " ".join(text.split())
    if _PROMISE.search(text) or (_AGREED.match(text) and not _CONTRAST.search(text)):
        return False
    sentences = [sentence for sentence in re.split(r"(?<=[.!?])\s", text) if sentence]
    return len(text.split()) >= _SHORTEST_REASON and not all(sentence.endswith("?") for sentence in sentences)
