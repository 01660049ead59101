"""Stretches of a post-image made into one text that a C parser can read, line N of it being line N of the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from kfunclint.c import declarators
from kfunclint.c.declarators import Heading
from kfunclint.c.lexer import Token, code
from kfunclint.clang import bottom_edge, top_edge
from kfunclint.clang.directives import plain
from kfunclint.clang.top_edge import Head


class Stretch(NamedTuple):
    """Lines in view without a gap, the first with its 1-based number, and the @@ heading in front of them."""

    start: int
    heading: str
    lines: list[str]
    added: list[bool]


class Mended(NamedTuple):
    """A stretch that can be parsed: `before` belongs on the line above it, `text` has as many lines as the stretch.

    What begins on a line from `whole_from` to before `cut_from` stands there as it was written. `heading` is what was
    used as the header of the function that begins above the stretch; "" in its name means that nothing told it.
    """

    start: int
    before: str
    text: str
    whole_from: int
    cut_from: int
    heading: Heading | None

    @property
    def end(self) -> int:
        """The line behind the last one."""
        return self.start + self.text.count("\n") + 1


_NAMELESS = "__kfunclint_fragment_"


def mend(stretch: Stretch, reserved: Collection[str]) -> Mended:
    """Repair both edges of a stretch, after reducing it to plain text; #define of a `reserved` name is dropped."""
    text = plain("\n".join(stretch.lines), stretch.added, reserved)
    tokens = code(text, stretch.start)
    spans = declarators.functions(tokens)
    whole = spans[0].header if spans else len(tokens)
    first_line = stretch.lines[tokens[0].line - stretch.start] if tokens else ""
    upper = top_edge.repair(tokens, first_line, whole, _begins_table(stretch.heading))
    heading = _heading(stretch) if upper.inside else None
    left = tokens[upper.skip :]
    lower = bottom_edge.repair(left, _braces(upper))
    return Mended(
        start=stretch.start,
        before=_before(upper, heading),
        text=_Edits(text, tokens).apply(upper, lower.cut + upper.skip, lower.after),
        whole_from=tokens[upper.end].line if upper.end < len(tokens) and upper.end else _edge(stretch, upper, tokens),
        cut_from=left[lower.start].line if lower.start < len(left) else stretch.start + len(stretch.lines),
        heading=heading,
    )


def _edge(stretch: Stretch, upper: Head, tokens: Sequence[Token]) -> int:
    """The first line that the upper edge does not concern, where no token tells it."""
    return stretch.start + len(stretch.lines) if upper.end and upper.end >= len(tokens) else stretch.start


def _begins_table(heading: str) -> bool:
    words = heading.split()
    return heading.rstrip().endswith("{") and "(" not in heading and bool({"struct", "enum", "union", "="} & set(words))


def _heading(stretch: Stretch) -> Heading:
    found = declarators.heading(stretch.heading)
    return found or Heading(f"int {_NAMELESS}{stretch.start}()", "", False, False)


def _before(upper: Head, heading: Heading | None) -> str:
    if heading is None:
        return ""
    return heading.header if upper.braced else f"{heading.header} {{ {upper.before}"


def _braces(upper: Head) -> str:
    """A letter for every brace that goes before the stretch."""
    if not upper.inside or upper.braced:
        return ""
    words = upper.before.replace("do {", "d").replace("{", "b")
    return "b" + "".join(letter for letter in words if letter in "db")


class _Edits:
    """Drops and inserts without moving a line."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens

    def apply(self, upper: Head, cut: int, after: str) -> str:
        """The text without the tokens below `upper.skip` and from `cut` on, with closing braces and `after`."""
        begin = self._offset(upper.skip) if upper.skip else 0
        end = self._offset(cut)
        text = self.text[begin:end]
        if upper.close is not None and upper.extra:
            at = self._end_of(upper.close - 1) - begin
            text = f"{text[:at]} {'}' * upper.extra}{text[at:]}" if at > 0 else "}" * upper.extra + text
        text = _blank(self.text[:begin]) + text
        rest = self.text[end:]
        last = len(text.rstrip())
        return f"{text[:last]} {after}{text[last:]}{_blank(rest)}" if after.strip() else text + _blank(rest)

    def _offset(self, at: int) -> int:
        return self.tokens[at].offset if at < len(self.tokens) else len(self.text)

    def _end_of(self, at: int) -> int:
        return self.tokens[at].offset + len(self.tokens[at].text) if at >= 0 else 0


def _blank(text: str) -> str:
    """As many lines and columns of nothing."""
    lines = text.split("\n")
    return "\n" * (len(lines) - 1) + " " * len(lines[-1])
