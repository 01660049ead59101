"""Entries, sets, registrations and comments, read from the tokens alone.

This sees what a parser does not: what stands behind cut-off text, in a branch of #if that is off, or in a macro.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kfunclint.clang import lexer
from kfunclint.clang.lexer import Token
from kfunclint.facts import Comment, Entry, Flag, KfuncSet, Registration
from kfunclint.finding import Place
from kfunclint.source import Source, Stretch

_REGISTER = {"register_btf_kfunc_id_set": 2, "register_btf_fmodret_id_set": 1}
_SET = re.compile(r"BTF_(KFUNCS|SET8)_(START|END)")
_DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+(\w+)\(([^()]*)\)(.*)", re.DOTALL | re.ASCII)
_LONGEST_CALL = 2000  # tokens between two parentheses; without a bound a file of open ones takes quadratic time
_COMMENT_LINE = re.compile(r"[ \t]*\*([ \t/]|$)")


@dataclass(frozen=True, slots=True)
class Scan:
    """What one file shows: tokens of every stretch, and the facts that tokens alone give."""

    path: str
    tokens: tuple[tuple[Token, ...], ...]
    entries: tuple[Entry, ...]
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]
    comments: tuple[Comment, ...]


@dataclass(frozen=True, slots=True)
class _Macro:
    """A #define whose body makes entries: the index of the parameter that is the kfunc's name, and the flags."""

    name: str
    parameter: int
    flags: tuple[Flag, ...] | None
    set: KfuncSet | None


def scan(sources: Iterable[Source]) -> tuple[Scan, ...]:
    """Scan all files of a series together: an X-macro of one may be used in another."""
    files = [(source.path, [_tokens(stretch) for stretch in source.stretches]) for source in sources]
    registrations = _registrations(files)
    sets = {path: [_sets(path, tokens, registrations) for tokens in stretches] for path, stretches in files}
    macros = [
        macro
        for path, stretches in files
        for tokens, spans in zip(stretches, sets[path], strict=True)
        for macro in _macros(path, tokens, spans)
    ]
    return tuple(
        Scan(
            path=path,
            tokens=tuple(tuple(tokens) for tokens in stretches),
            entries=tuple(
                entry
                for tokens, spans in zip(stretches, sets[path], strict=True)
                for entry in _entries(path, tokens, spans, macros)
            ),
            sets=_distinct(span.set for spans in sets[path] for span in spans),
            registrations=tuple(registration for registration in registrations if registration.at.path == path),
            comments=tuple(
                _comment(path, token) for tokens in stretches for token in tokens if token.kind == "comment"
            ),
        )
        for path, stretches in files
    )


def _distinct(sets: Iterable[KfuncSet]) -> tuple[KfuncSet, ...]:
    return tuple({found.name: found for found in sets}.values())


def _tokens(stretch: Stretch) -> list[Token]:
    """The tokens of a stretch; the rest of a comment that began above it is one comment token."""
    text = stretch.text
    tail = _comment_tail(text)
    blank = "".join(char if char == "\n" else " " for char in text[:tail])
    found = lexer.tokens(blank + text[tail:], stretch.start)
    if tail:
        found.insert(0, Token("comment", text[:tail].rstrip("\n"), stretch.start, 1, 0))
    return found


def _comment_tail(text: str) -> int:
    """How many characters at the start belong to a comment that opened out of view."""
    close, opening = text.find("*/"), text.find("/*")
    if close >= 0 and (opening < 0 or close < opening):
        return close + 2
    lines = [line for line in text.split("\n") if line.strip()]
    if lines and opening < 0 and close < 0 and all(_COMMENT_LINE.match(line) for line in lines):
        return len(text)
    return 0


def place(path: str, token: Token) -> Place:
    """Where a token stands; of one over several lines, its first line."""
    return Place(path, token.line, token.column, token.column + len(token.text.partition("\n")[0]))


def _comment(path: str, token: Token) -> Comment:
    text = token.text
    closed = text.endswith("*/") and text.startswith("/*")
    return Comment(place(path, token), text, text.startswith("/**") and text != "/**/", closed or text.startswith("//"))


# ---- sets


@dataclass(frozen=True, slots=True)
class _Span:
    """The lines from the START of a set, or the top of the stretch, to its END or the bottom."""

    set: KfuncSet
    first: int
    last: int


def _sets(path: str, tokens: Sequence[Token], registrations: Sequence[Registration]) -> list[_Span]:
    spans: list[_Span] = []
    first = tokens[0].line if tokens else 1
    open_: KfuncSet | None = None
    last = tokens[-1].end_line if tokens else 1
    by_set: dict[str | None, list[Registration]] = {}
    for registration in registrations:
        by_set.setdefault(registration.set, []).append(registration)
    for kind, edge, name in _set_marks(tokens):
        own = tuple(by_set.get(name.text, ()))
        if edge == "START":
            open_, first = KfuncSet(name.text, kind, place(path, name), own), name.line
            continue
        found = open_ or KfuncSet(name.text, kind, place(path, name), own)
        spans.append(_Span(found, first, name.line))
        open_, first = None, name.line + 1
    if open_ is not None:
        spans.append(_Span(open_, first, last))
    return spans


def _set_marks(tokens: Sequence[Token]) -> Iterator[tuple[str, str, Token]]:
    for index, token in enumerate(tokens[:-2]):
        if token.kind == "name" and (match := _SET.fullmatch(token.text)) and tokens[index + 1].text == "(":
            yield match[1], match[2], tokens[index + 2]


def _set_at(spans: Sequence[_Span], line: int) -> KfuncSet | None:
    at = bisect_right(spans, line, key=lambda span: span.first) - 1
    return spans[at].set if at >= 0 and line <= spans[at].last else None


# ---- entries


def bracketed(tokens: Sequence[Token], opening: int) -> list[list[Token]] | None:
    """What stands between the bracket at index `opening` and its partner, split at the commas; None for no partner."""
    depth = 0
    found: list[list[Token]] = [[]]
    for token in tokens[opening : opening + _LONGEST_CALL]:
        if token.text in ("(", "[", "{"):
            depth += 1
            if depth == 1:
                continue
        elif token.text in (")", "]", "}"):
            depth -= 1
            if depth == 0:
                return found
        if token.text == "," and depth == 1:
            found.append([])
        else:
            found[-1].append(token)
    return None


def _calls(tokens: Sequence[Token], names: Iterable[str]) -> Iterator[tuple[Token, list[list[Token]]]]:
    """Every NAME(...) with its arguments, in code and not in directives or comments."""
    wanted = frozenset(names)
    tokens = [token for token in tokens if token.kind not in ("comment", "directive")]
    for index, token in enumerate(tokens[:-1]):
        if token.kind == "name" and token.text in wanted and tokens[index + 1].text == "(":
            arguments = bracketed(tokens, index + 1)
            if arguments is not None:
                yield token, arguments


def _flags(path: str, arguments: Sequence[list[Token]]) -> tuple[Flag, ...] | None:
    """The flags of an entry's arguments behind the name: none, or one OR of KF_ names."""
    if len(arguments) > 1:
        return None
    words = [token for token in arguments[0] if token.text not in ("(", ")")] if arguments else []
    if any(token.text != "|" for token in words[1::2]) or (words and len(words) % 2 == 0):
        return None
    if any(not token.text.startswith("KF_") for token in words[::2]):
        return None
    return tuple(Flag(token.text, place(path, token)) for token in words[::2])


def _entries(path: str, tokens: Sequence[Token], spans: Sequence[_Span], macros: Sequence[_Macro]) -> Iterator[Entry]:
    for _, (prefix, *rest) in _calls(tokens, ["BTF_ID_FLAGS"]):
        if [token.text for token in prefix] == ["func"] and rest and len(rest[0]) == 1:
            name = rest[0][0]
            yield Entry(name.text, place(path, name), _flags(path, rest[1:]), _set_at(spans, name.line))
    yield from _macro_entries(path, [*tokens, *_directive_tokens(tokens)], macros)


def _macro_entries(path: str, tokens: Sequence[Token], macros: Sequence[_Macro]) -> Iterator[Entry]:
    by_name = {macro.name: macro for macro in macros}
    for token, arguments in _calls(tokens, by_name) if by_name else ():
        macro = by_name[token.text]
        if macro.parameter < len(arguments) and len(arguments[macro.parameter]) == 1:
            name = arguments[macro.parameter][0]
            yield Entry(name.text, place(path, name), macro.flags, macro.set, macro.name)


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


def _macros(path: str, tokens: Sequence[Token], spans: Sequence[_Span]) -> Iterator[_Macro]:
    for token in tokens:
        if token.kind != "directive" or "BTF_ID_FLAGS" not in token.text:
            continue
        if not (match := _DEFINE.fullmatch(token.text)):
            continue
        parameters = [parameter.strip() for parameter in match[2].split(",")]
        for _, (prefix, *rest) in _calls(list(_inside(token, match.start(3))), ["BTF_ID_FLAGS"]):
            name = rest[0][0].text if rest and len(rest[0]) == 1 else ""
            if [word.text for word in prefix] == ["func"] and name in parameters:
                yield _Macro(match[1], parameters.index(name), _flags(path, rest[1:]), _set_at(spans, token.line))


# ---- registrations


def _registrations(files: Sequence[tuple[str, list[list[Token]]]]) -> list[Registration]:
    found: list[Registration] = []
    for path, stretches in files:
        sets = {name: ids for tokens in stretches for name, ids in _id_sets(tokens)}
        for tokens in stretches:
            for token, arguments in _calls(tokens, _REGISTER):
                if len(arguments) == _REGISTER[token.text] and not _is_parameter(arguments[-1]):
                    type_ = "".join(word.text for word in arguments[0]) if len(arguments) == 2 else ""
                    variable = arguments[-1][-1].text if arguments[-1] else ""
                    found.append(Registration(token.text, type_, sets.get(variable), place(path, token)))
    return found


def _is_parameter(argument: Sequence[Token]) -> bool:
    """Is it `const struct btf_kfunc_id_set *kset`, in a prototype of the function?"""
    return any(token.text == "*" for token in argument)


def _id_sets(tokens: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """Every `struct btf_kfunc_id_set NAME = { .set = &IDS }` as (NAME, IDS)."""
    words = [token for token in tokens if token.kind not in ("comment", "directive")]
    for index, token in enumerate(words[:-3]):
        if token.text == "btf_kfunc_id_set" and words[index + 2].text == "=" and words[index + 3].text == "{":
            for argument in bracketed(words, index + 3) or ():
                texts = [word.text for word in argument]
                if texts[:4] == [".", "set", "=", "&"] and len(texts) == 5:
                    yield words[index + 1].text, texts[4]
