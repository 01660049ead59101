"""Joins what the scan and the parser saw of a series into facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from kfunclint import kerneldoc, prose
from kfunclint.facts import Comment, Doc, Entry, Facts, Kfunc, Prose
from kfunclint.finding import Place
from kfunclint.patch import Patch
from kfunclint.scan import Scan
from kfunclint.syntax import Function, Unit


def gather(patches: Iterable[Patch], cover: Patch | None, scans: Sequence[Scan], units: Mapping[str, Unit]) -> Facts:
    """All facts of a series; `units` are by path, `cover` is the cover letter."""
    entries = tuple(entry for scan in scans for entry in scan.entries)
    registered: dict[str, list[Entry]] = {}
    for entry in entries:
        registered.setdefault(entry.name, []).append(entry)
    docs = {scan.path: _docs(scan) for scan in scans}
    kfuncs = tuple(
        _kfunc(scan.path, function, registered.get(function.name, ()), docs[scan.path].get(function.first_line))
        for scan in scans
        for function in _functions(units.get(scan.path))
        if function.name and (function.marker or function.name in registered)
    )
    return Facts(
        kfuncs=kfuncs,
        entries=entries,
        sets=tuple(found for scan in scans for found in scan.sets),
        registrations=tuple(registration for scan in scans for registration in scan.registrations),
        docs=tuple(doc for scan in scans for doc in docs[scan.path].values()),
        comments=tuple(comment for scan in scans for comment in scan.comments),
        prose=(*_messages(patches, cover), *(found for scan in scans for found in _comments(scan, kfuncs))),
    )


def _functions(unit: Unit | None) -> tuple[Function, ...]:
    return unit.functions if unit else ()


def _kfunc(path: str, function: Function, entries: Sequence[Entry], doc: Doc | None) -> Kfunc:
    return Kfunc(
        name=function.name,
        at=Place(path, function.line, function.column, function.column + len(function.name)),
        end_line=function.end_line,
        returns=function.returns,
        parameters=function.parameters,
        static=function.static,
        marker=function.marker,
        body=function.body if function.complete else None,
        entries=tuple(entries),
        doc=doc,
    )


def _docs(scan: Scan) -> dict[int, Doc]:
    """The kernel-doc comments of a file, by the line of the code that follows each at once."""
    comments = {(comment.at.line, comment.at.column): comment for comment in scan.comments}
    found: dict[int, Doc] = {}
    for tokens in scan.tokens:
        telling = [token for token in tokens if token.kind != "comment" or token.text.startswith("/**")]
        for token, following in pairwise(telling):
            if token.kind == "comment" and following.kind not in ("comment", "directive"):
                doc = kerneldoc.doc(comments[token.line, token.column])
                if doc is not None:
                    found[following.line] = doc
    return found


def _messages(patches: Iterable[Patch], cover: Patch | None) -> Iterator[Prose]:
    if cover is not None:
        yield from prose.of_message(cover.message, "cover", 0)
    for patch in patches:
        yield from prose.of_message(patch.message, "message", patch.mail.number)


def _comments(scan: Scan, kfuncs: Iterable[Kfunc]) -> Iterator[Prose]:
    own = [kfunc for kfunc in kfuncs if kfunc.at.path == scan.path]
    for comment in scan.comments:
        yield from prose.of_comment(comment, _owner(comment, own))


def _owner(comment: Comment, kfuncs: Iterable[Kfunc]) -> str | None:
    """The kfunc that a comment stands in, or that it documents."""
    last = comment.at.line + comment.text.count("\n")
    for kfunc in kfuncs:
        documents = kfunc.doc is not None and comment.at.line <= kfunc.doc.at.line <= last
        if documents or kfunc.at.line <= comment.at.line <= kfunc.end_line:
            return kfunc.name
    return None
