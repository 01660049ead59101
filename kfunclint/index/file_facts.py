"""What one file of a kernel tree holds of kfuncs: read from the tokens of the whole file, without a parser."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Sequence

from kfunclint import paths
from kfunclint.c import declarators, lexer
from kfunclint.c.brackets import Brackets
from kfunclint.c.lexer import Token
from kfunclint.extract import facts
from kfunclint.extract.sets import Lexed, LexicalScan, scan
from kfunclint.extract.tokens import place
from kfunclint.facts.sets import Entry, KfuncSet, Registration
from kfunclint.finding import Place
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.tree.walk import LARGEST
from kfunclint.value import Value

HINT = "kfunc"
"""A file without this string is not `marked`. A set is local to its file (include/linux/btf_ids.h: BTF_KFUNCS_START()),
so a struct btf_kfunc_id_set stands in it too; one string, as a whole tree is searched for it."""

Read = Callable[[str], bytes | None]

_MARK = re.compile(
    rb"\b(?:BTF_ID_FLAGS|BTF_KFUNCS_START|BTF_SET8_START|__bpf_kfunc|btf_kfunc_id_set|btf_id_dtor_kfunc"
    rb"|register_btf_(?:kfunc_id_set|fmodret_id_set|id_dtor_kfuncs))\b"
)
_MACRO = re.compile(r"[ \t]*#[ \t]*define[ \t]+(\w+)\(", re.ASCII)
_INCLUDE = re.compile(rb'^[ \t]*#[ \t]*include[ \t]+[<"]([\w./+-]+)[>"]', re.MULTILINE)
_MOST_INCLUDES = 500


class KfuncDefinition(Value):
    """The definition of a function that is a kfunc or carries __bpf_kfunc (`marker`); `at` is its name there,
    `documented` tells whether a kernel-doc comment stands before it."""

    name: str
    at: Place
    marker: bool
    static: bool
    documented: bool


class FileFacts(Value):
    """What one file holds. `reads` are the headers that also had a say: `entries` made by an X-macro stand in them."""

    path: str
    reads: tuple[str, ...]
    definitions: tuple[KfuncDefinition, ...]
    entries: tuple[Entry, ...]
    sets: tuple[KfuncSet, ...]
    registrations: tuple[Registration, ...]


def marked(data: bytes) -> bool:
    """Does a file hold a macro, a struct or a call that kfuncs are made known with?

    One that does not holds no facts, save perhaps the definition of a function that is older than kfuncs are.
    """
    return _MARK.search(data) is not None


def read(path: str, data: bytes, read_other: Read) -> FileFacts:
    """The facts of a file with the text `data`.

    Definitions are those with __bpf_kfunc and those of the names in its own entries. `read_other` gives the text of
    another file of the tree, None where there is none: a macro that makes entries may be used in a header that is
    included.
    """
    lexed = Lexed()
    (file_scan,) = scan([_source(path, data)], lexed)
    macros = _macros(file_scan)
    headers = dict(_headers(path, data, macros, read_other)) if macros else {}
    if headers:
        file_scan, *header_scans = scan(
            [_source(path, data), *(_source(name, text) for name, text in headers.items())], lexed
        )
    else:
        header_scans = []
    entries = (
        *file_scan.entries,
        *(entry for header_scan in header_scans for entry in header_scan.entries if entry.macro in macros),
    )
    return FileFacts(
        path=path,
        reads=tuple(headers),
        definitions=tuple(
            _definitions(file_scan, lexer.code_of(file_scan.tokens[0]), {entry.name for entry in entries})
        ),
        entries=tuple(map(_entry, entries)),
        sets=tuple(map(_set, file_scan.sets)),
        registrations=tuple(map(_registration, file_scan.registrations)),
    )


# An index is kept on disk and is asked what there is and where; the rest a review reads from the file itself.


def _entry(entry: Entry) -> Entry:
    of_set = _set(entry.set) if entry.set else None
    return Entry(entry.name, entry.at, entry.flags, set=of_set, macro=entry.macro)


def _set(scanned: KfuncSet) -> KfuncSet:
    return KfuncSet(scanned.name, scanned.kind, scanned.at, tuple(map(_registration, scanned.registrations)))


def _registration(scanned: Registration) -> Registration:
    return Registration(scanned.call, scanned.program_type, scanned.set, scanned.at, filter=scanned.filter)


def definitions(path: str, data: bytes, names: Collection[str]) -> tuple[KfuncDefinition, ...]:
    """The definitions of functions with these names in a file that has none of its own to show."""
    alternatives = "|".join(re.escape(name) for name in sorted(names)).encode()
    if not re.search(rb"^(?:\w[^\n;={}]*[\s*])?(?:" + alternatives + rb")[ \t]*\(", data, re.MULTILINE):
        return ()
    (file_scan,) = scan([_source(path, data)])
    return tuple(
        definition
        for definition in _definitions(file_scan, lexer.code_of(file_scan.tokens[0]), names)
        if definition.name in names
    )


def _macros(file_scan: LexicalScan) -> list[str]:
    """The names of the macros with arguments that make entries."""
    texts = (token.text for token in file_scan.tokens[0] if token.kind == "directive" and "BTF_ID_FLAGS" in token.text)
    return [match[1] for match in map(_MACRO.match, texts) if match]


def _source(path: str, data: bytes) -> PostImage:
    text = data.decode("utf-8", "replace").removesuffix("\n")
    return PostImage(path, (VisibleRange(1, tuple(Line(line) for line in text.split("\n"))),))


def _headers(path: str, data: bytes, macros: Sequence[str], other: Read) -> Iterator[tuple[str, bytes]]:
    """The headers that a file includes and that hold one of the macros."""
    words = re.compile("|".join(rf"\b{name}\b" for name in macros).encode())
    names = dict.fromkeys(match.decode() for match in _INCLUDE.findall(data))
    for name in list(names)[:_MOST_INCLUDES]:
        for folder in ("include", posixpath.dirname(path)):
            candidate = posixpath.normpath(posixpath.join(folder, name))
            text = other(candidate) if paths.objection(candidate) is None else None
            if text is not None:
                if len(text) <= LARGEST and words.search(text):
                    yield candidate, text
                break


# ---- definitions


def _definitions(file_scan: LexicalScan, tokens: Sequence[Token], names: Collection[str]) -> Iterator[KfuncDefinition]:
    """Every NAME(...) with a brace behind it, of a wanted name or behind __bpf_kfunc."""
    docs = facts.docs(file_scan)
    brackets = Brackets(tokens)
    for at in _candidates(tokens, names):
        if declarators.opens_body(brackets, at):
            first = declarators.start(brackets, at)
            words = {token.text for token in tokens[first:at]}
            name_place = place(file_scan.path, tokens[at])
            documented = tokens[first].line in docs
            yield KfuncDefinition(tokens[at].text, name_place, "__bpf_kfunc" in words, "static" in words, documented)


def _candidates(tokens: Sequence[Token], names: Collection[str]) -> Iterator[int]:
    marker = False
    for at, token in enumerate(tokens):
        if token.text == "__bpf_kfunc":
            marker = True
        elif token.text == "(" and at and tokens[at - 1].kind == "name":
            if (marker and not tokens[at - 1].text.startswith("__")) or tokens[at - 1].text in names:
                yield at - 1
                marker = False
        elif token.text in (";", "{"):
            marker = False
