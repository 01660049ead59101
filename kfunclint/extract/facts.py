"""Joins what the scan and the parser saw of a series into facts."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Unit
from kfunclint.extract import kerneldoc, uses
from kfunclint.extract.kfuncs import build_kfuncs
from kfunclint.extract.paragraphs import of_comment, of_message, of_title
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import place
from kfunclint.facts.docs import Comment, Doc, Prose
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Filter
from kfunclint.finding import Place
from kfunclint.patch.diff import Patch
from kfunclint.patch.postimage import PostImage
from kfunclint.resources import table

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(\)", re.ASCII)
_LONG_NAME = re.compile(r"\b[A-Za-z_]\w*_\w+", re.ASCII)
_LONGEST_STRUCT = 3000  # tokens
_LONGEST_HEAD = 50  # tokens of a function in front of its parameters
_LONGEST_PROTOTYPE = 200  # tokens


def extract(
    patches: Iterable[Patch],
    cover: Patch | None,
    sources: Sequence[PostImage],
    scans: Sequence[LexicalScan],
    units: Mapping[str, Unit],
) -> Facts:
    """All facts of a series; `scans` are of the sources, one each, `units` are by path, `cover` is the cover letter.

    Hooks that fmod_ret programs attach to are no kfuncs, and files that break the contract on purpose, to test the
    verifier, have no say: neither gives an entry, a set or a kfunc.
    """
    files = [(source, scan) for source, scan in zip(sources, scans, strict=True) if not _tests_the_verifier(scan.path)]
    held = [scan for _, scan in files]
    entries = tuple(entry for scan in held for entry in scan.entries if not (entry.set and entry.set.is_fmodret))
    documented = {scan.path: docs(scan) for scan in scans}
    gone = _removed_names(patches)
    kfuncs = tuple(uses.mark_missing_entries(build_kfuncs(files, scans, units, entries, documented), files, gone))
    names = _names(scans, gone)
    messages = tuple(_messages(patches, cover, names))
    comments = tuple(
        found for source, scan in zip(sources, scans, strict=True) for found in _comments(source, scan, kfuncs, names)
    )
    return Facts(
        kfuncs=_with_mentions(kfuncs, messages, comments, sources),
        entries=entries,
        sets=tuple(found for scan in held for found in scan.sets),
        registrations=tuple(registration for scan in held for registration in scan.registrations),
        filters=tuple(_filters(held, units)),
        helpers=tuple(uses.find_helpers(files, units, {kfunc.name for kfunc in kfuncs} | gone)),
        docs=tuple(doc for scan in scans for doc in documented[scan.path].values()),
        comments=tuple(comment for scan in scans for comment in scan.comments),
        prose=(*messages, *comments),
    )


def _tests_the_verifier(path: str) -> bool:
    return path.startswith(tuple(table("special")["tests"]["paths"]))


def _with_mentions(
    kfuncs: Iterable[Kfunc], messages: Iterable[Prose], comments: Iterable[Prose], sources: Iterable[PostImage]
) -> tuple[Kfunc, ...]:
    """The kfuncs with what titles, messages and kernel-doc tell of each."""
    told: dict[str, list[Prose]] = {}
    titles = {paragraph.lines[0][0].patch: paragraph for paragraph in messages if paragraph.kind == "title"}
    files = {source.path: source for source in sources}
    for kfunc in kfuncs:
        line = files[kfunc.at.path or ""].line(kfunc.at.line)
        if kfunc.definition.is_new and line is not None and line.patch in titles:
            told.setdefault(kfunc.name, []).append(titles[line.patch])
    for paragraph in messages:
        for name in dict.fromkeys(_CALLED.findall(paragraph.text)) if paragraph.kind != "title" else ():
            told.setdefault(name, []).append(paragraph)
    for paragraph in comments:
        if paragraph.kind == "doc" and paragraph.function:
            told.setdefault(paragraph.function, []).append(paragraph)
    return tuple(replace(kfunc, mentions=tuple(told[kfunc.name])) if kfunc.name in told else kfunc for kfunc in kfuncs)


def _filters(scans: Iterable[LexicalScan], units: Mapping[str, Unit]) -> Iterator[Filter]:
    names = {registration.filter for scan in scans for registration in scan.registrations if registration.filter}
    for scan in scans:
        unit = units.get(scan.path)
        for function in unit.functions if unit else ():
            if function.name in names and function.complete and len(function.parameters) == 2:
                at = Place(scan.path, function.line, function.column, function.column + len(function.name))
                yield Filter(function.name, at, function.parameters[1].name, function.body)


def docs(scan: LexicalScan) -> dict[int, Doc]:
    """The kernel-doc comments of a file, by the line of the code that follows each at once."""
    comments = {(comment.at.line, comment.at.column): comment for comment in scan.comments}
    found: dict[int, Doc] = {}
    for tokens in scan.tokens:
        telling = [token for token in tokens if token.kind != "directive" and not _is_plain(token)]
        for index, (token, following) in enumerate(pairwise(telling)):
            if token.kind == "comment" and following.kind != "comment":
                above = kerneldoc.prototype(telling[index + 1 : index + _LONGEST_HEAD])
                doc = kerneldoc.doc(comments[token.line, token.column], above)
                if doc is not None and not _is_described_in_place(telling[index + 1 : index + _LONGEST_PROTOTYPE]):
                    found[following.line] = _with_members(doc, scan.path, tokens, token)
    return found


def _is_described_in_place(code: Sequence[Token]) -> bool:
    """Do comments among its parameters go on with the kernel-doc of the function that the code begins with?

    See scripts/kernel-doc: process_inline().
    """
    return any(token.kind == "comment" for token in takewhile(lambda token: token.text not in ("{", ";"), code))


def _with_members(doc: Doc, path: str, tokens: Sequence[Token], comment: Token) -> Doc:
    """The doc with the members of the struct below it, if that is the one it documents."""
    documented = re.match(r"struct (\w+)\s*(?:[-:]|$)", doc.lines[0][1])
    if documented is None:
        return doc
    index = bisect_left(tokens, (comment.line, comment.column), key=lambda token: (token.line, token.column))
    name, members = kerneldoc.members(tokens[index + 1 : index + _LONGEST_STRUCT])
    if name != documented[1]:
        return doc
    return replace(doc, struct=name, members=tuple((member.text, place(path, member)) for member in members))


def _is_plain(token: Token) -> bool:
    return token.kind == "comment" and not token.text.startswith("/**")


def _removed_names(patches: Iterable[Patch]) -> frozenset[str]:
    """The names in lines that the series takes out."""
    return frozenset(
        name
        for patch in patches
        for file in patch.files
        for hunk in file.hunks
        for line in hunk.lines
        if line.sign == "-"
        for name in _LONG_NAME.findall(line.text)
    )


def _names(scans: Iterable[LexicalScan], gone: Iterable[str]) -> frozenset[str]:
    """The names in the code and the words that they are made of, and those that are gone; in lower case."""
    names = {token.text for scan in scans for tokens in scan.tokens for token in tokens if token.kind == "name"}
    return frozenset(word for name in (*names, *gone) for word in (name.lower(), *name.lower().split("_")))


def _messages(patches: Iterable[Patch], cover: Patch | None, names: frozenset[str]) -> Iterator[Prose]:
    for patch in (cover, *patches):
        if patch is not None:
            number = patch.mail.number
            yield from of_title(patch.mail.title, number, names)
            yield from of_message(patch.message, "message" if number else "cover", number, names)


def _comments(source: PostImage, scan: LexicalScan, kfuncs: Iterable[Kfunc], names: frozenset[str]) -> Iterator[Prose]:
    """The paragraphs of the comments of which the series adds a line."""
    own = [kfunc for kfunc in kfuncs if kfunc.at.path == scan.path]
    for comment in scan.comments:
        span = range(comment.at.line, comment.at.line + comment.text.count("\n") + 1)
        if any((line := source.line(number)) and line.added for number in span):
            yield from of_comment(comment, _owner(comment, own), names)


def _owner(comment: Comment, kfuncs: Iterable[Kfunc]) -> str | None:
    """The kfunc that a comment stands in, or that it documents."""
    last = comment.at.line + comment.text.count("\n")
    for kfunc in kfuncs:
        documents = kfunc.doc is not None and comment.at.line <= kfunc.doc.at.line <= last
        if documents or kfunc.at.line <= comment.at.line <= kfunc.definition.last_line:
            return kfunc.name
    return None
