"""Fixtures: a mail plus lines that begin with #, which say what must be found in it and what must not.

# want RULE "part of the message"   about the line above; the text is optional
# ok RULE                           the line above looks guilty to that rule and is not
# todo RULE                         a known miss on the line above; fails as soon as it is found
# note RULE "part of the note"      a finding elsewhere in the hunk, between which and here no line was removed, points
#                                   at the line above
# with kernel=6.8 tree=shelf        options, before the first header; a tree is a folder of fixtures/trees/
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from kfunclint.finding import Finding

_MARK = re.compile(r'# (?P<kind>want|ok|todo|note) (?P<rule>\S+)(?: "(?P<text>.*)")?')
_WITH = re.compile(r"# with (?P<options>.*)")


@dataclass(frozen=True)
class Mark:
    """An expectation: `line` is the 1-based line of the bare text that it is about."""

    kind: str
    line: int
    rule: str
    text: str

    def met_by(self, finding: Finding, line: int) -> bool:
        if self.rule != finding.rule:
            return False
        if self.kind == "note":
            notes = (one.note for one in finding.because if one.at.line - finding.at.line == self.line - line)
            return any(self.text in note for note in notes)
        return self.line == line and self.text in finding.message


@dataclass
class Fixture:
    """A fixture taken apart: the text that kfunclint sees, the marks, and the options."""

    text: str
    marks: list[Mark] = field(default_factory=list)
    options: dict[str, str] = field(default_factory=dict)


def read(path: Path) -> Fixture:
    lines: list[str] = []
    fixture = Fixture("")
    for line in path.read_text().splitlines():
        if mark := _MARK.fullmatch(line):
            fixture.marks.append(Mark(mark["kind"], len(lines), mark["rule"], mark["text"] or ""))
        elif not lines and (options := _WITH.fullmatch(line)):
            for option in options["options"].split():
                name, _, value = option.partition("=")
                fixture.options[name] = value
        else:
            lines.append(line)
    fixture.text = "\n".join(lines) + "\n"
    return fixture


def complaints(fixture: Fixture, found: Iterable[tuple[Finding, int]]) -> list[str]:
    """Everything in which findings, each with its line of the text, and marks differ."""
    found = list(found)
    wrong: list[str] = []
    for mark in fixture.marks:
        hit = any(mark.met_by(finding, line) for finding, line in found)
        if hit != (mark.kind in ("want", "note")):
            wrong.append(f"line {mark.line}: {mark.kind} {mark.rule} {mark.text!r}: {'found' if hit else 'not found'}")
    wanted = [mark for mark in fixture.marks if mark.kind == "want"]
    for finding, line in found:
        if not any(mark.met_by(finding, line) for mark in wanted):
            wrong.append(f"line {line}: surplus {finding.rule}: {finding.message}")
    return wrong
