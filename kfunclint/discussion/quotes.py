"""One reply taken apart: what it quotes, and what stands below it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from kfunclint.mail.body import is_signature
from kfunclint.value import Value

# What a person reads as the lines a remark is about; what one writes about them.
MOST_QUOTED = 10
_MOST_BELOW = 60
_DEEPEST = 20
_LONGEST_LINE = 1000
_MOST_LINES = 20_000


class Utterance(Value):
    """What one person wrote in one go: the level of quoting (0: by who sent the reply) and the lines, squashed."""

    level: int
    lines: tuple[str, ...]


class QuotedBlock(Value):
    """Quoted lines of one level, squashed and at most MOST_QUOTED of them, and what was written right below the last:
    by whoever quoted them first, and by who answered that."""

    level: int
    quoted: tuple[str, ...]
    utterances: tuple[Utterance, ...]


def normalized(text: str) -> str:
    """A line with single spaces, so that a mailer's tabs and margins make no difference."""
    return " ".join(text[:_LONGEST_LINE].split())


def quoted_blocks(body: str) -> tuple[QuotedBlock, ...]:
    """The blocks of a reply, in order; none where nothing stands below a quote, as when it is written on top of it.

    Signatures, lines that say who wrote, and marks of what was cut count for nothing, and a cut ends a quote.
    """
    runs = [(level, [text for _, text in lines]) for level, lines in groupby(_lines(body), key=lambda line: line[0])]
    return tuple(_blocks(runs))


def _blocks(runs: Sequence[tuple[int, list[str]]]) -> Iterator[QuotedBlock]:
    for at, (level, lines) in enumerate(runs):
        quoted = _behind_cut(lines)
        if 0 < level <= _DEEPEST and quoted and (utterances := tuple(_below(runs, at))):
            yield QuotedBlock(level, tuple(quoted[-MOST_QUOTED:]), utterances)


def _below(runs: Sequence[tuple[int, list[str]]], at: int) -> Iterator[Utterance]:
    """What was written below a run of quoted lines, up to a cut or the next line of the same mail."""
    budget = _MOST_BELOW
    for level, lines in runs[at + 1 : at + 1 + _MOST_BELOW]:
        if level >= runs[at][0] or budget <= 0:
            return
        above_cut = tuple(takewhile(lambda line: not _CUT.fullmatch(line), lines[:budget]))
        if above_cut:
            yield Utterance(level, above_cut)
        if len(above_cut) < len(lines):
            return
        budget -= len(above_cut)


_QUOTES = re.compile(r"(?: {0,2}>)*")
_CUT = re.compile(r"[][(){}<> ]*(?:\.{2,}|\u2026|snip(?:ped)?|cut|trimmed)[][(){}<> .]*", re.I)
_WROTE = re.compile(r".{0,300}\b(?:wrote|writes|said) ?:")
_FOOTER = re.compile(r"[_-]{20,}")


def _lines(body: str) -> Iterator[tuple[int, str]]:
    """The lines that are not empty, each with its level of quoting, up to the signature or the footer of a list."""
    for line in body.split("\n", _MOST_LINES)[:_MOST_LINES]:
        quotes = _QUOTES.match(line[:_LONGEST_LINE])
        end = quotes.end() if quotes else 0
        if not end and (is_signature(line) or _FOOTER.fullmatch(line.strip())):
            return
        text = normalized(line[end:])
        if text and not _WROTE.fullmatch(text):
            yield line.count(">", 0, end), text


def _behind_cut(lines: Sequence[str]) -> Sequence[str]:
    cut = next((at for at in range(len(lines) - 1, -1, -1) if _CUT.fullmatch(lines[at])), -1)
    return lines[cut + 1 :]
