"""Entries, sets, registrations and comments, read from the tokens alone.

This sees what a parser does not: what stands behind cut-off text, in a branch of #if that is off, or in a macro.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from kfunclint.c import lexer
from kfunclint.c.lexer import Token
from kfunclint.facts import Comment, Entry, Flag, KfuncSet, Listing, Registration
from kfunclint.finding import Place
from kfunclint.source import Source, Stretch

_REGISTER = {"register_btf_kfunc_id_set": 2, "register_btf_fmodret_id_set": 1}
_STATEMENT_ENDS = frozenset((";", "{", "}"))
_SET = re.compile(r"BTF_(KFUNCS|SET8)_(START|END)")
_DEFINE = re.compile(r"[ \t]*#[ \t]*define[ \t]+(\w+)\(([^()]*)\)(.*)", re.DOTALL | re.ASCII)
_LONGEST_CALL = 400  # tokens between two parentheses; without a bound a file of open ones takes quadratic time
_MOST_TWINS = 16  # sets in which one kfunc is looked for; without a bound a long list of one name takes quadratic time
_DEEPEST = 64  # conditions around a line that are told apart
_CONDITIONAL = re.compile(r"[ \t]*#[ \t]*(if|ifdef|ifndef|else|elif|endif)\b", re.ASCII)
_PROGRAM_TYPE = re.compile(r"BPF_PROG_TYPE_\w+", re.ASCII)
_COMMENT_LINE = re.compile(r"[ \t]*\*([ \t/]|$)")


@dataclass(frozen=True, slots=True)
class Scan:
    """What one file shows: tokens of every stretch, the #if lines around each, and the facts that tokens alone give."""

    path: str
    tokens: tuple[tuple[Token, ...], ...]
    conditions: Conditions
    entries: tuple[Entry, ...]
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]
    comments: tuple[Comment, ...]


_Key = tuple[str, str]  # a set: the file and its name


@dataclass(frozen=True, slots=True)
class _Found:
    """An entry before its set is known in full."""

    listing: Listing
    set: _Key | None
    macro: str | None = None


@dataclass(frozen=True, slots=True)
class _Macro:
    """A #define whose body makes entries: the index of the parameter that is the kfunc's name, and the flags."""

    name: str
    parameter: int
    flags: tuple[Flag, ...] | None
    set: _Key | None


def scan(sources: Iterable[Source]) -> tuple[Scan, ...]:
    """Scan all files of a series together: an X-macro of one may be used in another."""
    files = [(source.path, [_tokens(stretch) for stretch in source.stretches]) for source in sources]
    registrations, hooks = _registrations(files)
    spans = {path: [_spans(path, tokens) for tokens in stretches] for path, stretches in files}
    views = [
        (path, tokens, own) for path, stretches in files for tokens, own in zip(stretches, spans[path], strict=True)
    ]
    macros = [macro for view in views for macro in _macros(*view)]
    found = {
        path: [
            entry
            for tokens, own in zip(stretches, spans[path], strict=True)
            for entry in _entries(path, tokens, own, macros)
        ]
        for path, stretches in files
    }
    sets = _sets([span for view in views for span in view[2]], found, registrations, hooks)
    conditions = {path: Conditions(stretches) for path, stretches in files}
    entries = _joined(found, sets, conditions)
    return tuple(
        Scan(
            path=path,
            tokens=tuple(tuple(tokens) for tokens in stretches),
            conditions=conditions[path],
            entries=entries[path],
            sets=tuple(known for key, known in sets.items() if key[0] == path),
            registrations=tuple(registration for registration in registrations if registration.at.path == path),
            comments=tuple(
                _comment(path, token) for tokens in stretches for token in tokens if token.kind == "comment"
            ),
        )
        for path, stretches in files
    )


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
    """The lines from the START of a set, or the top of the stretch, to its END or the bottom.

    `whole`: both are in view, and nothing but entries stands between them; `strays` are the BTF_ID() lines there.
    """

    key: _Key
    kind: str
    at: Place
    first: int
    last: int
    whole: bool
    strays: tuple[Place, ...]


def _spans(path: str, tokens: Sequence[Token]) -> list[_Span]:
    spans: list[_Span] = []
    code = [token for token in tokens if token.kind not in ("comment", "directive")]
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


def _span(path: str, code: Sequence[Token], start: int | None, end: int | None, top: int) -> _Span:
    """The span between the macros at those indices; without a START it begins at index `top`."""
    mark = start if start is not None else end or 0
    match = _SET.fullmatch(code[mark].text)
    inner = code[top if start is None else start + 4 : end]
    name = code[mark + 2]
    first = code[start].line if start is not None else code[top].line if top < len(code) else name.line
    last = code[end].line if end is not None else code[-1].end_line
    strays = tuple(place(path, token) for token, _ in _calls(inner, ["BTF_ID"]))
    whole = start is not None and end is not None and _only_entries(inner)
    return _Span((path, name.text), match[1] if match else "", place(path, name), first, last, whole, strays)


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


def _key_at(spans: Sequence[_Span], line: int) -> _Key | None:
    at = bisect_right(spans, line, key=lambda span: span.first) - 1
    return spans[at].key if at >= 0 and line <= spans[at].last else None


def _sets(
    spans: Iterable[_Span],
    found: Mapping[str, Sequence[_Found]],
    registrations: Sequence[Registration],
    hooks: Mapping[_Key, tuple[str, ...]],
) -> dict[_Key, KfuncSet]:
    """Every set with what is known of it; the two ends of one may stand in different stretches."""
    listings: dict[_Key, list[Listing]] = {}
    for entries in found.values():
        for entry in entries:
            if entry.set is not None:
                listings.setdefault(entry.set, []).append(entry.listing)
    own: dict[_Key, list[Registration]] = {}
    for registration in registrations:
        if registration.set is not None:
            own.setdefault((registration.at.path or "", registration.set), []).append(registration)
    parts: dict[_Key, list[_Span]] = {}
    for span in spans:
        parts.setdefault(span.key, []).append(span)
    return {
        key: KfuncSet(
            name=key[1],
            kind=some[0].kind,
            at=some[0].at,
            registrations=tuple(own.get(key, ())),
            listings=tuple(listings.get(key, ())),
            whole=some[0].whole,
            strays=tuple(stray for span in some for stray in span.strays),
            hooks=hooks.get(key),
        )
        for key, some in parts.items()
    }


def _joined(
    found: Mapping[str, Sequence[_Found]], sets: Mapping[_Key, KfuncSet], conditions: Mapping[str, Conditions]
) -> dict[str, tuple[Entry, ...]]:
    listed: dict[str, list[tuple[_Key, Listing]]] = {}
    for entries in found.values():
        for entry in entries:
            if entry.set is not None:
                listed.setdefault(entry.listing.name, []).append((entry.set, entry.listing))

    def twins(entry: _Found) -> tuple[tuple[KfuncSet, Listing], ...]:
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
                condition=conditions[path].at(entry.listing.at.line),
                twins=twins(entry),
            )
            for entry in entries
        )
        for path, entries in found.items()
    }


# ---- conditions


class Conditions:
    """The #if lines around each line of a file.

    They are words such as "CONFIG_NET" or "!CONFIG_NET", outermost first. In a stretch that does not begin at line 1
    an unknown number of others stands around all: a word that begins with "?" stands for them, the same one as long as
    none of them has ended.
    """

    def __init__(self, stretches: Iterable[Sequence[Token]]) -> None:
        self._from: list[int] = []
        self._words: list[tuple[str, ...]] = []
        for tokens in stretches:
            if tokens:
                self._add(tokens)

    def _add(self, tokens: Sequence[Token]) -> None:
        first = tokens[0].line
        words: tuple[str, ...] = () if first == 1 else (f"?{first}",)
        self._keep(first, words)
        for token in tokens:
            if token.kind == "directive" and (match := _CONDITIONAL.match(token.text)):
                words = _after(words, match[1], token)
                self._keep(token.end_line, words)

    def _keep(self, line: int, words: tuple[str, ...]) -> None:
        self._from.append(line)
        self._words.append(words)

    def at(self, line: int) -> tuple[str, ...]:
        """The words around a line (1-based) that is in view."""
        return self._words[max(0, bisect_right(self._from, line) - 1)] if self._words else (f"?{line}",)


def _after(words: tuple[str, ...], kind: str, token: Token) -> tuple[str, ...]:
    """The words behind a conditional directive, where `words` hold before it."""
    if kind.startswith("if"):
        return (*words, _condition(kind, token.text))[-_DEEPEST:]
    if not words or words[-1].startswith("?"):
        return (*words[:-1], f"?{token.line}")
    if kind == "endif":
        return words[:-1]
    if kind == "else" and not words[-1].startswith("elif "):
        last = words[-1]
        return (*words[:-1], last.removeprefix("!") if last.startswith("!") else f"!{last}")
    return (*words[:-1], f"elif {token.line}")


def _condition(kind: str, text: str) -> str:
    words = "".join(re.sub(r"/\*.*?\*/|//.*", "", text, flags=re.DOTALL).replace("\\\n", " ").split())
    words = words.removeprefix(f"#{kind}")
    words = re.sub(r"(?:defined|IS_ENABLED|IS_BUILTIN|IS_REACHABLE)\(?(\w+)\)?", r"\1", words)
    return f"!{words}" if kind == "ifndef" else words


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


def _entries(path: str, tokens: Sequence[Token], spans: Sequence[_Span], macros: Sequence[_Macro]) -> Iterator[_Found]:
    for _, (prefix, *rest) in _calls(tokens, ["BTF_ID_FLAGS"]):
        if [token.text for token in prefix] == ["func"] and rest and len(rest[0]) == 1:
            name = rest[0][0]
            yield _Found(Listing(name.text, place(path, name), _flags(path, rest[1:])), _key_at(spans, name.line))
    yield from _macro_entries(path, [*tokens, *_directive_tokens(tokens)], macros)


def _macro_entries(path: str, tokens: Sequence[Token], macros: Sequence[_Macro]) -> Iterator[_Found]:
    by_name = {macro.name: macro for macro in macros}
    for token, arguments in _calls(tokens, by_name) if by_name else ():
        macro = by_name[token.text]
        if macro.parameter < len(arguments) and len(arguments[macro.parameter]) == 1:
            name = arguments[macro.parameter][0]
            yield _Found(Listing(name.text, place(path, name), macro.flags), macro.set, macro.name)


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
                yield _Macro(match[1], parameters.index(name), _flags(path, rest[1:]), _key_at(spans, token.line))


# ---- registrations


@dataclass(frozen=True, slots=True)
class _Struct:
    """A `struct btf_kfunc_id_set NAME = { .set = &IDS, ... }`; `private`: it is static, so used in its file alone."""

    name: str
    ids: str | None
    owner: str
    filter: str
    private: bool


def _registrations(
    files: Sequence[tuple[str, list[list[Token]]]],
) -> tuple[list[Registration], dict[_Key, tuple[str, ...]]]:
    """All registrations, and for each set of which none can be out of view the program types."""
    found: list[Registration] = []
    hooks: dict[_Key, tuple[str, ...]] = {}
    for path, stretches in files:
        codes = [[token for token in tokens if token.kind not in ("comment", "directive")] for tokens in stretches]
        structs = {known.name: known for code in codes for known in _structs(code)}
        module = any(token.text == "MODULE_LICENSE" for code in codes for token in code)
        for code in codes:
            own = list(_registered(path, code, structs, module))
            found += own
            hooks.update(((path, ids), types) for ids, types in _all_hooks(code, own))
    return found, hooks


def _registered(
    path: str, code: Sequence[Token], structs: Mapping[str, _Struct], module: bool
) -> Iterator[Registration]:
    for index, token in enumerate(code[:-1]):
        if token.kind != "name" or token.text not in _REGISTER or code[index + 1].text != "(":
            continue
        arguments = bracketed(code, index + 1)
        if arguments is None or len(arguments) != _REGISTER[token.text] or _is_parameter(arguments[-1]):
            continue
        struct = structs.get(arguments[-1][-1].text) if arguments[-1] else None
        yield Registration(
            call=token.text,
            program_type="".join(word.text for word in arguments[0]) if len(arguments) == 2 else "",
            set=struct.ids if struct else None,
            at=place(path, token),
            owner=struct.owner if struct else None,
            filter=struct.filter if struct else None,
            ignored=index > 0 and code[index - 1].text in _STATEMENT_ENDS,
            module=module,
        )


def _is_parameter(argument: Sequence[Token]) -> bool:
    """Is it `const struct btf_kfunc_id_set *kset`, in a prototype of the function?"""
    return any(token.text == "*" for token in argument)


def _all_hooks(code: Sequence[Token], registrations: Sequence[Registration]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The program types of every set whose static struct and registrations stand in one stretch.

    A file registers a set in one function, so when that and the struct above are in view there is no more to see.
    """
    end = max((token.line for token in code if token.text == "}" and token.column == 1), default=0)
    private = {struct.ids for struct in _structs(code) if struct.private} if registrations else set()
    types: dict[str, list[str]] = {}
    for known in registrations:
        if known.set in private and known.set is not None:
            types.setdefault(known.set, []).append(known.program_type if known.at.line < end else "")
    for ids, own in types.items():
        if all(_PROGRAM_TYPE.fullmatch(type_) for type_ in own):
            yield ids, tuple(own)


def _structs(code: Sequence[Token]) -> Iterator[_Struct]:
    for index, token in enumerate(code[:-3]):
        if token.text == "btf_kfunc_id_set" and code[index + 2].text == "=" and code[index + 3].text == "{":
            given = {
                field[1].text: "".join(word.text for word in field[3:])
                for field in bracketed(code, index + 3) or ()
                if len(field) > 3 and field[0].text == "." and field[2].text == "="
            }
            yield _Struct(
                name=code[index + 1].text,
                ids=given["set"].removeprefix("&") if given.get("set", "").startswith("&") else None,
                owner=given.get("owner", ""),
                filter=given.get("filter", "").removeprefix("&"),
                private=any(word.text == "static" for word in code[max(0, index - 3) : index]),
            )
