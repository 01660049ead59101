"""Joins what the scan and the parser saw of a series into facts."""

from __future__ import annotations

import importlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache
from itertools import pairwise, takewhile
from pathlib import Path
from typing import Any

from kfunclint.c.lexer import Token
from kfunclint.c.syntax import Unit
from kfunclint.extract import kerneldoc, uses
from kfunclint.extract.extractor import Extractor, Material, extractor
from kfunclint.extract.kfuncs import build_kfuncs
from kfunclint.extract.paragraphs import of_comment, of_message, of_title
from kfunclint.extract.sets import LexicalScan
from kfunclint.extract.tokens import place
from kfunclint.facts.docs import Comment, Doc, Prose
from kfunclint.facts.facts import Facts
from kfunclint.facts.kfunc import Helper, Kfunc, KfuncOfTest
from kfunclint.facts.sets import Entry, FileRegistrations, Filter, KfuncSet, Registration
from kfunclint.finding import Place
from kfunclint.flow.behaviour import Behaviours, shipped
from kfunclint.patch.diff import Hunk, Patch
from kfunclint.patch.postimage import PostImage
from kfunclint.resources import table
from kfunclint.value import replace

_CALLED = re.compile(r"\b([A-Za-z_]\w*)\(\)", re.ASCII)
_OF_KFUNCS = re.compile(r"kfunc|BTF_ID_FLAGS|BTF_SET8_|\bKF_[A-Z]")
_LONG_NAME = re.compile(r"\b[A-Za-z_]\w*_\w+", re.ASCII)
_KFUNC_MACROS = frozenset({"__bpf_kfunc", "__bpf_kfunc_start_defs", "__bpf_hook_start"})
_LONGEST_STRUCT = 3000  # tokens
_LONGEST_HEAD = 50  # tokens of a function in front of its parameters
_LONGEST_PROTOTYPE = 200  # tokens


def extract(
    patches: Iterable[Patch],
    cover: Patch | None,
    sources: Sequence[PostImage],
    scans: Sequence[LexicalScan],
    units: Mapping[str, Unit],
    *,
    behaviours: Behaviours | None = None,
) -> Facts:
    """All facts of a series, of every type that an extractor yields; see Material.

    Hooks that fmod_ret programs attach to are no kfuncs, and files that break the contract on purpose, to test the
    verifier, have no say: neither gives an entry, a set or a Kfunc.
    """
    by_type = extractors()
    material = Material(patches, cover, sources, scans, units, behaviours=behaviours or shipped(), extractors=by_type)
    return Facts({kind: material.facts(kind) for kind in by_type})


@cache
def extractors() -> Mapping[type[Any], Extractor[Any]]:
    """The extractors of all modules of this package, by what they yield."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    modules = (importlib.import_module(f"kfunclint.extract.{name}") for name in names)
    values = (value for module in modules for value in vars(module).values() if isinstance(value, Extractor))
    return {value.yields: value for value in values}


def _files(material: Material) -> tuple[tuple[PostImage, LexicalScan], ...]:
    """The files that have a say about kfuncs."""
    pairs = zip(material.sources, material.scans, strict=True)
    return tuple((source, scan) for source, scan in pairs if _tests_the_verifier(scan.path) is material.is_of_tests)


def _tests_the_verifier(path: str) -> bool:
    return path.startswith(tuple(table("special")["tests"]["paths"]))


@extractor(Entry)
def entries(material: Material) -> Iterator[Entry]:
    """The lines of sets of kfuncs."""
    for _, scan in material.once(_files):
        yield from (entry for entry in scan.entries if not (entry.set and entry.set.is_fmodret))


@extractor(KfuncSet)
def sets(material: Material) -> Iterator[KfuncSet]:
    """The sets of BTF ids."""
    return (ids for _, scan in material.once(_files) for ids in scan.sets)


@extractor(Registration)
def registrations(material: Material) -> Iterator[Registration]:
    """The calls that register sets."""
    return (registration for _, scan in material.once(_files) for registration in scan.registrations)


@extractor(FileRegistrations)
def file_registrations(material: Material) -> Iterator[FileRegistrations]:
    """The calls that register sets of kfuncs, file by file."""
    for _, scan in material.once(_files):
        calls = tuple(call for call in scan.registrations if call.program_type)
        if calls:
            yield FileRegistrations(scan.path, calls[0].at, calls)


@extractor(Filter)
def filters(material: Material) -> Iterator[Filter]:
    """The functions that registrations name as filters."""
    return _filters([scan for _, scan in material.once(_files)], material.units)


@extractor(Doc)
def kernel_docs(material: Material) -> Iterator[Doc]:
    """The kernel-doc comments."""
    kfuncs = {kfunc.name for kfunc in material.once(_kfuncs_of_code)}
    for scan in material.scans:
        has_kfuncs = bool(scan.sets) or any(token.text in _KFUNC_MACROS for tokens in scan.tokens for token in tokens)
        openings = {comment.at.line + 1: comment.at for comment in scan.comments} if has_kfuncs else {}
        for doc in material.once(_docs_by_line)[scan.path].values():
            opening = openings.get(doc.lines[0][0].line) if doc.above not in kfuncs else None
            yield replace(doc, opening=opening) if opening is not None else doc


@extractor(Comment)
def comments(material: Material) -> Iterator[Comment]:
    """The comments."""
    return (comment for scan in material.scans for comment in scan.comments)


@extractor(Helper)
def helpers(material: Material) -> Iterator[Helper]:
    """The helpers that the series brings."""
    names = {kfunc.name for kfunc in material.once(_kfuncs_of_code)}
    return uses.find_helpers(material.once(_files), material.units, names | material.once(_removed_names))


@extractor(Prose)
def prose(material: Material) -> Iterator[Prose]:
    """The paragraphs of messages, then those of comments."""
    names = material.once(_names)
    with_kfuncs = material.once(_mails_with_kfuncs)
    for paragraph in _messages(material.patches, material.cover, names):
        yield replace(paragraph, is_aside=paragraph.is_aside or paragraph.lines[0][0].patch not in with_kfuncs)
    for source, scan in zip(material.sources, material.scans, strict=True):
        for paragraph in _comments(source, scan, material.once(_kfuncs_of_code), names):
            yield replace(
                paragraph, is_aside=bool(material.patches) and _brought_by(paragraph, source) not in with_kfuncs
            )


@extractor(Kfunc)
def kfuncs(material: Material) -> tuple[Kfunc, ...]:
    """The kfuncs, with what people write of them."""
    return _with_mentions(material.once(_kfuncs_of_code), material.facts(Prose), material.sources)


@extractor(KfuncOfTest)
def kfuncs_of_tests(material: Material) -> Iterator[KfuncOfTest]:
    """The kfuncs of files that test the verifier."""
    if any(_tests_the_verifier(scan.path) for scan in material.scans):
        yield from map(KfuncOfTest, material.of_tests.once(_kfuncs_of_code))


def _docs_by_line(material: Material) -> dict[str, dict[int, Doc]]:
    return {scan.path: docs(scan) for scan in material.scans}


def _kfuncs_of_code(material: Material) -> tuple[Kfunc, ...]:
    """The kfuncs as the code has them."""
    files = material.once(_files)
    kfuncs = build_kfuncs(
        files,
        material.scans,
        material.units,
        material.facts(Entry),
        material.once(_docs_by_line),
        behaviours=material.behaviours,
        is_series=bool(material.patches),
    )
    return tuple(uses.mark_missing_entries(kfuncs, files, material.once(_removed_names)))


def _with_mentions(
    kfuncs: Iterable[Kfunc], paragraphs: Sequence[Prose], sources: Iterable[PostImage]
) -> tuple[Kfunc, ...]:
    """The kfuncs with what titles, messages and kernel-doc tell of each."""
    mentions: dict[str, list[Prose]] = {}
    titles = {paragraph.lines[0][0].patch: paragraph for paragraph in paragraphs if paragraph.kind == "title"}
    files = {source.path: source for source in sources}
    added = (
        (kfunc.name, line.patch)
        for kfunc in kfuncs
        if kfunc.definition.is_new and (line := files[kfunc.at.path or ""].line(kfunc.at.line)) is not None
    )
    for name, patch in dict.fromkeys(added):
        if patch in titles:
            mentions.setdefault(name, []).append(titles[patch])
    for paragraph in paragraphs:
        if paragraph.kind in ("message", "cover"):
            for name in dict.fromkeys(_CALLED.findall(paragraph.text)):
                mentions.setdefault(name, []).append(paragraph)
        elif paragraph.kind == "doc" and paragraph.function:
            mentions.setdefault(paragraph.function, []).append(paragraph)
    return tuple(
        replace(kfunc, mentions=tuple(mentions[kfunc.name])) if kfunc.name in mentions else kfunc for kfunc in kfuncs
    )


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
    by_line: dict[int, Doc] = {}
    for tokens in scan.tokens:
        code_and_docs = [token for token in tokens if token.kind != "directive" and not _is_plain(token)]
        for index, (token, following) in enumerate(pairwise(code_and_docs)):
            if token.kind == "comment" and following.kind != "comment":
                above = kerneldoc.prototype(code_and_docs[index + 1 : index + _LONGEST_HEAD])
                doc = kerneldoc.doc(comments[token.line, token.column], above)
                if doc is not None and not _is_described_in_place(
                    code_and_docs[index + 1 : index + _LONGEST_PROTOTYPE]
                ):
                    by_line[following.line] = _with_members(doc, scan.path, tokens, token)
    return by_line


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


def _removed_names(material: Material) -> frozenset[str]:
    """The names in lines that the series takes out."""
    return frozenset(
        name
        for patch in material.patches
        for file in patch.files
        for line in file.lines
        if line.sign == "-"
        for name in _LONG_NAME.findall(line.text)
    )


def _names(material: Material) -> frozenset[str]:
    """The names in the code and the words that they are made of, and those that are gone; in lower case."""
    ranges = (tokens for scan in material.scans for tokens in scan.tokens)
    names = {token.text for tokens in ranges for token in tokens if token.kind == "name"}
    return frozenset(
        word for name in (*names, *material.once(_removed_names)) for word in (name.lower(), *name.lower().split("_"))
    )


def _mails_with_kfuncs(material: Material) -> frozenset[int]:
    """The numbers of the patches that show or name a kfunc in their diff, and of the cover letter if there are any; a
    mail that is read alone is what the reader wants to be told about."""
    if len(material.patches) <= 1:
        return frozenset({0, *(patch.mail.subject.number for patch in material.patches)})
    names = {entry.name for entry in material.facts(Entry)} | {kfunc.name for kfunc in material.once(_kfuncs_of_code)}
    numbers = {patch.mail.subject.number for patch in material.patches if _has_kfuncs(patch, names)}
    return frozenset({0, *numbers} if numbers else ())


def _has_kfuncs(patch: Patch, names: Set[str]) -> bool:
    texts = (text for file in patch.files for hunk in file.hunks for text in (hunk.heading, *_texts(hunk)))
    return any(_OF_KFUNCS.search(text) or not names.isdisjoint(_LONG_NAME.findall(text)) for text in texts)


def _texts(hunk: Hunk) -> Iterator[str]:
    return (line.text for line in hunk.lines)


def _brought_by(paragraph: Prose, source: PostImage) -> int | None:
    """The patch that brings the first new line of a paragraph, None where it brings none."""
    lines = (source.line(at.line) for at, _ in paragraph.lines)
    return next((line.patch for line in lines if line is not None and line.added), None)


def _messages(patches: Iterable[Patch], cover: Patch | None, names: frozenset[str]) -> Iterator[Prose]:
    for patch in (cover, *patches):
        if patch is not None:
            number = patch.mail.subject.number
            yield from of_title(patch.mail.subject.title, number, names)
            yield from of_message(patch.message, "message" if number else "cover", number, names)


def _comments(source: PostImage, scan: LexicalScan, kfuncs: Iterable[Kfunc], names: frozenset[str]) -> Iterator[Prose]:
    """The paragraphs of the comments of which the series adds a line."""
    owners = _Owners([kfunc for kfunc in kfuncs if kfunc.at.path == scan.path])
    for comment in scan.comments:
        span = range(comment.at.line, comment.at.line + comment.text.count("\n") + 1)
        if any(map(source.is_added, span)):
            yield from of_comment(comment, owners.owner(span), names)


class _Owners:
    """The kfuncs of a file, to be found by their lines."""

    def __init__(self, kfuncs: Sequence[Kfunc]) -> None:
        self._documented = sorted((kfunc.doc.at.line, kfunc.name) for kfunc in kfuncs if kfunc.doc is not None)
        self._defined = sorted((kfunc.at.line, kfunc.definition.last_line, kfunc.name) for kfunc in kfuncs)

    def owner(self, comment: range) -> str | None:
        """The kfunc that the lines of a comment document, or that they stand in."""
        at = bisect_left(self._documented, comment.start, key=lambda documented: documented[0])
        if at < len(self._documented) and self._documented[at][0] in comment:
            return self._documented[at][1]
        at = bisect_right(self._defined, comment.start, key=lambda defined: defined[0])
        _, last, name = self._defined[at - 1] if at else (0, 0, None)
        return name if comment.start <= last else None
