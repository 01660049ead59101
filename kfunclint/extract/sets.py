"""Entries, sets, registrations and comments, read from the tokens alone.

This sees what a parser does not: what stands behind cut-off text, in a branch of #if that is off, or in a macro.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from kfunclint.c import lexer
from kfunclint.c.lexer import Token
from kfunclint.extract.conditions import Conditions
from kfunclint.extract.registrations import (
    read_registrations,
)
from kfunclint.extract.tokens import SetKey, named_calls, place
from kfunclint.facts.docs import Comment
from kfunclint.facts.sets import Entry, Flag, KfuncSet, Listing, Registration, SetKind
from kfunclint.finding import Place
from kfunclint.patch.postimage import PostImage, VisibleRange
from kfunclint.recent import Recent
from kfunclint.value import Value

_SET = re.compile(r"BTF_(KFUNCS|SET8)_(START|END)")
_DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+(\w+)\(([^()]*)\)(.*)", re.DOTALL | re.ASCII)
_MOST_TWINS = 16  # sets in which one kfunc is looked for; without a bound a long list of one name takes quadratic time
_FLAG = re.compile(r"\bKF_[A-Z0-9_]+\b", re.ASCII)
_DEFINE_FLAGS = re.compile(
    r"[ \t]*#[ \t]*define[ \t]+(\w+)[ \t]+((?:[(]\s*)*KF_[A-Z0-9_]+(?:[\s\\()|]*KF_[A-Z0-9_]+)*\s*(?:[)]\s*)*)",
    re.ASCII,
)
_COMMENT_LINE = re.compile(r"[ \t]*\*([ \t/]|$)")


class LexicalScan(Value):
    """What one file shows: the tokens of every visible range, the #if lines around each, and what tokens alone tell."""

    path: str
    tokens: tuple[tuple[Token, ...], ...]
    conditions: Conditions
    entries: tuple[Entry, ...]
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]
    comments: tuple[Comment, ...]


class Lexed(Recent[list[Token]]):
    """The tokens of visible ranges, by first line and text."""


class _UnresolvedEntry(Value):
    """An entry before its set is known in full."""

    listing: Listing
    set: SetKey | None
    macro: str | None = None


class _Flags(NamedTuple):
    """What stands behind the name in an entry: see Listing."""

    flags: tuple[Flag, ...] | None
    zero: Place | None = None
    dropped: tuple[Flag, ...] = ()
    commas: tuple[Place, ...] = ()

    def of(self, name: str, at: Place) -> Listing:
        """The listing of a kfunc with these flags."""
        return Listing(name, at, self.flags, zero=self.zero, dropped=self.dropped, commas=self.commas)


_Defines = Mapping[str, tuple[str, ...]]  # the flags that a #define without parameters stands for


class _Macro(Value):
    """A #define whose body makes entries: the index of the parameter that is the kfunc's name, and the flags."""

    name: str
    parameter: int
    flags: _Flags
    set: SetKey | None


def scan(sources: Iterable[PostImage], lexed: Lexed | None = None) -> tuple[LexicalScan, ...]:
    """Scan all files of a series together: an X-macro of one may be used in another.

    `lexed` has the tokens of what was scanned before, and keeps those of these files.
    """
    recent = Lexed() if lexed is None else lexed
    files = [
        (
            source.path,
            [recent.get((part.start, part.text), partial(_tokens, part)) for part in source.ranges],
        )
        for source in sources
    ]
    registrations, hooks = read_registrations(files)
    spans = {path: [_spans(path, tokens) for tokens in ranges] for path, ranges in files}
    views = [
        (path, tokens, spans_of_range)
        for path, ranges in files
        for tokens, spans_of_range in zip(ranges, spans[path], strict=True)
    ]
    entries_by_path = _entries_by_path(files, spans, views)
    sets = _sets([span for view in views for span in view[2]], entries_by_path, registrations, hooks)
    conditions = {path: Conditions(ranges) for path, ranges in files}
    entries = _resolve(entries_by_path, sets, conditions)
    return tuple(
        LexicalScan(
            path=path,
            tokens=tuple(tuple(tokens) for tokens in ranges),
            conditions=conditions[path],
            entries=entries[path],
            sets=tuple(set_ for key, set_ in sets.items() if key[0] == path),
            registrations=tuple(registration for registration in registrations if registration.at.path == path),
            comments=tuple(_comment(path, token) for tokens in ranges for token in tokens if token.kind == "comment"),
        )
        for path, ranges in files
    )


def _entries_by_path(
    files: Sequence[tuple[str, list[list[Token]]]],
    spans: Mapping[str, Sequence[Sequence[_SetLines]]],
    views: Sequence[tuple[str, list[Token], Sequence[_SetLines]]],
) -> dict[str, list[_UnresolvedEntry]]:
    defines = _flag_names(token for _, tokens, _ in views for token in tokens if token.kind == "directive")
    macros = [macro for view in views for macro in _macros(*view, defines)]
    return {
        path: [
            entry
            for tokens, spans_of_range in zip(ranges, spans[path], strict=True)
            for entry in _entries(path, tokens, spans_of_range, macros, defines)
        ]
        for path, ranges in files
    }


def _tokens(visible: VisibleRange) -> list[Token]:
    """The tokens of a visible range; the rest of a comment that began above it is one comment token."""
    text = visible.text
    tail = _comment_tail(text)
    blank = "".join(char if char == "\n" else " " for char in text[:tail])
    range_tokens = lexer.tokens(blank + text[tail:], visible.start)
    if tail:
        range_tokens.insert(0, Token("comment", text[:tail].rstrip("\n"), visible.start, 1, 0))
    return range_tokens


def _comment_tail(text: str) -> int:
    """How many characters at the start belong to a comment that opened out of view."""
    close, opening = text.find("*/"), text.find("/*")
    if close >= 0 and (opening < 0 or close < opening):
        return close + 2
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and opening < 0 and close < 0 and all(_COMMENT_LINE.match(line) for line in lines):
        return len(text)
    return 0


def _comment(path: str, token: Token) -> Comment:
    text = token.text
    closed = text.endswith("*/") and text.startswith("/*")
    return Comment(place(path, token), text, text.startswith("/**") and text != "/**/", closed or text.startswith("//"))


# ---- sets


class _SetLines(Value):
    """The lines from the START of a set, or the top of the visible range, to its END or the bottom.

    `whole`: both are in view, and nothing but entries stands between them; `strays` are the BTF_ID() lines there.
    """

    key: SetKey
    kind: SetKind
    at: Place
    first: int
    last: int
    whole: bool
    strays: tuple[Place, ...]
    macros: tuple[Place, ...]


def _spans(path: str, tokens: Sequence[Token]) -> list[_SetLines]:
    spans: list[_SetLines] = []
    code = lexer.code_of(tokens)
    start: int | None = None  # the index of the START that is open
    top = 0
    for index in _set_marks(code):
        match = _SET.fullmatch(code[index].text)
        if match and match[2] == "START":
            start = index
        elif match:
            spans.append(_span(path, code, start, index, top))
            start, top = None, index + 4
    if start is not None:
        spans.append(_span(path, code, start, None, top))
    return spans


def _span(path: str, code: Sequence[Token], start: int | None, end: int | None, top: int) -> _SetLines:
    """The span between the macros at those indices; without a START it begins at index `top`."""
    mark = start if start is not None else end or 0
    kind: SetKind = "KFUNCS" if code[mark].text.startswith("BTF_KFUNCS_") else "SET8"
    inner = code[top if start is None else start + 4 : end]
    name = code[mark + 2]
    first = code[start].line if start is not None else code[top].line if top < len(code) else name.line
    last = code[end].line if end is not None else code[-1].end_line
    strays = tuple(place(path, token) for token, _ in named_calls(inner, ["BTF_ID"]))
    whole = start is not None and end is not None and _only_entries(inner)
    ends = (start, end)
    macros = tuple(place(path, code[index]) for index in ends if index is not None) if None not in ends else ()
    return _SetLines((path, name.text), kind, place(path, name), first, last, whole, strays, macros)


def _only_entries(code: Sequence[Token]) -> bool:
    """Do these tokens hold nothing that could make an entry out of view?"""
    depth = 0
    for token in code:
        if depth == 0 and token.text not in ("BTF_ID_FLAGS", "BTF_ID", "(", ";"):
            return False
        depth += (token.text == "(") - (token.text == ")")
    return True


def _set_marks(code: Sequence[Token]) -> Iterator[int]:
    for index, token in enumerate(code[:-2]):
        if token.kind == "name" and _SET.fullmatch(token.text) and code[index + 1].text == "(":
            yield index


def _key_at(spans: Sequence[_SetLines], line: int) -> SetKey | None:
    at = bisect_right(spans, line, key=lambda span: span.first) - 1
    return spans[at].key if at >= 0 and line <= spans[at].last else None


def _sets(
    spans: Iterable[_SetLines],
    entries_by_path: Mapping[str, Sequence[_UnresolvedEntry]],
    registrations: Sequence[Registration],
    hooks: Mapping[SetKey, tuple[str, ...]],
) -> dict[SetKey, KfuncSet]:
    """Every set with what is known of it; the two ends of one may stand in different ranges."""
    listings: dict[SetKey, list[Listing]] = {}
    for entries in entries_by_path.values():
        for entry in entries:
            if entry.set is not None:
                listings.setdefault(entry.set, []).append(entry.listing)
    registrations_of: dict[SetKey, list[Registration]] = {}
    for registration in registrations:
        if registration.set is not None:
            registrations_of.setdefault((registration.at.path or "", registration.set), []).append(registration)
    parts: dict[SetKey, list[_SetLines]] = {}
    for span in spans:
        parts.setdefault(span.key, []).append(span)
    return {
        key: KfuncSet(
            name=key[1],
            kind=spans_of_set[0].kind,
            at=spans_of_set[0].at,
            registrations=tuple(registrations_of.get(key, ())),
            entries=tuple(listings.get(key, ())),
            is_complete=spans_of_set[0].whole,
            unflagged_ids=tuple(stray for span in spans_of_set for stray in span.strays),
            macros=spans_of_set[0].macros,
            program_types=hooks.get(key),
        )
        for key, spans_of_set in parts.items()
    }


def _resolve(
    unresolved: Mapping[str, Sequence[_UnresolvedEntry]],
    sets: Mapping[SetKey, KfuncSet],
    conditions: Mapping[str, Conditions],
) -> dict[str, tuple[Entry, ...]]:
    listed: dict[str, list[tuple[SetKey, Listing]]] = {}
    for entries in unresolved.values():
        for entry in entries:
            if entry.set is not None:
                listed.setdefault(entry.listing.name, []).append((entry.set, entry.listing))

    def twins(entry: _UnresolvedEntry) -> tuple[tuple[KfuncSet, Listing], ...]:
        others = listed.get(entry.listing.name, ())[:_MOST_TWINS]
        return tuple((sets[key], other) for key, other in others if key != entry.set)

    return {
        path: tuple(
            Entry(
                name=entry.listing.name,
                at=entry.listing.at,
                flags=entry.listing.flags,
                set=sets[entry.set] if entry.set is not None else None,
                macro=entry.macro,
                zero=entry.listing.zero,
                dropped=entry.listing.dropped,
                commas=entry.listing.commas,
                condition=conditions[path].at(entry.listing.at.line),
                other_entries=twins(entry),
            )
            for entry in entries
        )
        for path, entries in unresolved.items()
    }


# ---- entries


def _flags(path: str, arguments: Sequence[Sequence[Token]], defines: _Defines) -> _Flags:
    """The flags of an entry's arguments behind the name."""
    dropped = tuple(
        Flag(token.text, place(path, token))
        for argument in arguments[1:]
        for token in argument
        if token.text.startswith("KF_")
    )
    if len(arguments) > 1:
        return _Flags(None, dropped=dropped, commas=tuple(_commas(path, arguments)))
    words = [token for token in arguments[0] if token.text not in ("(", ")")] if arguments else []
    if [token.text for token in words] == ["0"]:
        return _Flags((), place(path, words[0]))
    if any(token.text != "|" for token in words[1::2]) or (words and len(words) % 2 == 0):
        return _Flags(None)
    if any(not token.text.startswith("KF_") and token.text not in defines for token in words[::2]):
        return _Flags(None)
    flags = (Flag(name, place(path, token)) for token in words[::2] for name in defines.get(token.text, (token.text,)))
    return _Flags(tuple(flags))


def _commas(path: str, arguments: Sequence[Sequence[Token]]) -> Iterator[Place]:
    """What stands between the arguments, where that is on one line."""
    for before, behind in pairwise(arguments):
        if before and behind and before[-1].end_line == behind[0].line:
            start = place(path, before[-1])
            yield Place(path, start.line, start.end_column, behind[0].column)


def _flag_names(directives: Iterable[Token]) -> _Defines:
    """What each `#define NAME` of flags stands for, unless there are two of a name."""
    defines: dict[str, tuple[str, ...]] = {}
    twice = set()
    for token in directives:
        if match := _DEFINE_FLAGS.fullmatch(token.text):
            twice |= {match[1]} & defines.keys()
            defines[match[1]] = tuple(_FLAG.findall(match[2]))
    return {name: flags for name, flags in defines.items() if name not in twice}


def _entries(
    path: str, tokens: Sequence[Token], spans: Sequence[_SetLines], macros: Sequence[_Macro], defines: _Defines
) -> Iterator[_UnresolvedEntry]:
    for _, (prefix, *others) in named_calls(tokens, ["BTF_ID_FLAGS"]):
        if [token.text for token in prefix] == ["func"] and others and len(others[0]) == 1:
            name = others[0][0]
            flags = _flags(path, others[1:], defines)
            yield _UnresolvedEntry(flags.of(name.text, place(path, name)), _key_at(spans, name.line))
    yield from _macro_entries(path, [*tokens, *_directive_tokens(tokens)], macros)


def _macro_entries(path: str, tokens: Sequence[Token], macros: Sequence[_Macro]) -> Iterator[_UnresolvedEntry]:
    by_name = {macro.name: macro for macro in macros}
    for token, arguments in named_calls(tokens, by_name) if by_name else ():
        macro = by_name[token.text]
        if macro.parameter < len(arguments) and len(arguments[macro.parameter]) == 1:
            name = arguments[macro.parameter][0]
            yield _UnresolvedEntry(macro.flags.of(name.text, place(path, name)), macro.set, macro.name)


def _directive_tokens(tokens: Iterable[Token]) -> Iterator[Token]:
    """The tokens of the bodies of #defines: an X-macro's list is one."""
    for token in tokens:
        if token.kind == "directive" and (match := _DEFINE_LIST.match(token.text)):
            yield from _inside(token, match.end())


_DEFINE_LIST = re.compile(r"[ \t]*#[ \t]*define[ \t]+\w+(?=\s)", re.ASCII)


def _inside(token: Token, offset: int) -> Iterator[Token]:
    """The tokens of a directive from `offset` in its text on, at their lines and columns."""
    head = token.text[:offset]
    body = token.text[offset:].replace("\\\n", " \n")
    line = token.line + head.count("\n")
    shift = token.column - 1 + offset if "\n" not in head else offset - head.rfind("\n") - 1
    for inner in lexer.code(body, line):
        yield inner._replace(column=inner.column + shift) if inner.line == line else inner


def _macros(path: str, tokens: Sequence[Token], spans: Sequence[_SetLines], defines: _Defines) -> Iterator[_Macro]:
    for token in tokens:
        if token.kind != "directive" or "BTF_ID_FLAGS" not in token.text:
            continue
        if not (match := _DEFINE.fullmatch(token.text)):
            continue
        parameters = [parameter.strip() for parameter in match[2].split(",")]
        for _, (prefix, *rest) in named_calls(list(_inside(token, match.start(3))), ["BTF_ID_FLAGS"]):
            name = rest[0][0].text if rest and len(rest[0]) == 1 else ""
            if [word.text for word in prefix] == ["func"] and name in parameters:
                yield _Macro(
                    match[1], parameters.index(name), _flags(path, rest[1:], defines), _key_at(spans, token.line)
                )
