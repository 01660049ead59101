"""Stretches of a post-image made into one text that a C parser can read, line N of it being line N of the file."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import NamedTuple

from kfunclint.c import declarators
from kfunclint.c.declarators import Heading
from kfunclint.c.lexer import Token, code
from kfunclint.clang import bottom_edge, top_edge
from kfunclint.clang.directives import neutralize
from kfunclint.clang.top_edge import TopEdge


class SourceRange(NamedTuple):
    """Lines in view without a gap, the first with its 1-based number, and the @@ heading in front of them."""

    start: int
    heading: str
    lines: list[str]
    added: list[bool]


class Repaired(NamedTuple):
    """A visible range that can be parsed: `prefix` belongs on the line above it, `text` has as many lines.

    What begins on a line from `whole_from` to before `cut_from` stands there as it was written. `heading` is what was
    used as the header of the function that begins above the visible range; "" in its name means that nothing told it.
    """

    start: int
    prefix: str
    text: str
    whole_from: int
    cut_from: int
    heading: Heading | None

    @property
    def end(self) -> int:
        """The line behind the last one."""
        return self.start + self.text.count("\n") + 1


_NAMELESS = "__kfunclint_fragment_"


def repair(visible: SourceRange, reserved: Collection[str]) -> Repaired:
    """Repair both edges of a visible range, reduced to plain text before; #define of a `reserved` name is dropped."""
    text = neutralize("\n".join(visible.lines), visible.added, reserved)
    tokens = code(text, visible.start)
    spans = declarators.functions(tokens)
    whole = spans[0].header if spans else len(tokens)
    first_line = visible.lines[tokens[0].line - visible.start] if tokens else ""
    upper = top_edge.repair(tokens, first_line, whole, _begins_table(visible.heading))
    heading = _heading(visible) if upper.inside else None
    remaining = tokens[upper.skip :]
    lower = bottom_edge.repair(remaining, _braces(upper))
    return Repaired(
        start=visible.start,
        prefix=_before(upper, heading),
        text=_Edits(text, tokens).apply(upper, lower.cut + upper.skip, lower.after),
        whole_from=tokens[upper.end].line if upper.end < len(tokens) and upper.end else _edge(visible, upper, tokens),
        cut_from=remaining[lower.start].line if lower.start < len(remaining) else visible.start + len(visible.lines),
        heading=heading,
    )


def _edge(visible: SourceRange, upper: TopEdge, tokens: Sequence[Token]) -> int:
    """The first line that the upper edge does not concern, where no token tells it."""
    return visible.start + len(visible.lines) if upper.end and upper.end >= len(tokens) else visible.start


def _begins_table(heading: str) -> bool:
    words = heading.split()
    return heading.rstrip().endswith("{") and "(" not in heading and bool({"struct", "enum", "union", "="} & set(words))


def _heading(visible: SourceRange) -> Heading:
    heading = declarators.heading(visible.heading)
    return heading or Heading(f"int {_NAMELESS}{visible.start}()", "")


def _before(upper: TopEdge, heading: Heading | None) -> str:
    if heading is None:
        return ""
    return heading.header if upper.braced else f"{heading.header} {{ {upper.before}"


def _braces(upper: TopEdge) -> str:
    """A letter for every brace that goes before the visible range."""
    if not upper.inside or upper.braced:
        return ""
    words = upper.before.replace("do {", "d").replace("{", "b")
    return "b" + "".join(letter for letter in words if letter in "db")


class _Edits:
    """Drops and inserts without moving a line."""

    def __init__(self, text: str, tokens: Sequence[Token]) -> None:
        self.text = text
        self.tokens = tokens

    def apply(self, upper: TopEdge, cut: int, after: str) -> str:
        """The text without the tokens below `upper.skip` and from `cut` on, with closing braces and `after`."""
        begin = self._offset(upper.skip) if upper.skip else 0
        end = self._offset(cut)
        text = self.text[begin:end]
        if upper.close is not None and upper.extra:
            at = self._end_of(upper.close - 1) - begin
            text = f"{text[:at]} {'}' * upper.extra}{text[at:]}" if at > 0 else "}" * upper.extra + text
        text = _blank(self.text[:begin]) + text
        behind = self.text[end:]
        length = len(text.rstrip())
        return f"{text[:length]} {after}{text[length:]}{_blank(behind)}" if after.strip() else text + _blank(behind)

    def _offset(self, at: int) -> int:
        return self.tokens[at].offset if at < len(self.tokens) else len(self.text)

    def _end_of(self, at: int) -> int:
        return self.tokens[at].offset + len(self.tokens[at].text) if at >= 0 else 0


def _blank(text: str) -> str:
    """As many lines and columns of nothing."""
    lines = text.split("\n")
    return "\n" * (len(lines) - 1) + " " * len(lines[-1])
