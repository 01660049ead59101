"""Where the hunks of a patch fit into a file, by the rules of git apply."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from kfunclint.patch.diff import Hunk
from kfunclint.patch.postimage import HunkPlacement
from kfunclint.value import Value

MAX_LINES = 500_000
_LEAST_CONTEXT = 1
_MOST_LEFT_OUT = 20
_TAKEN = "\0"
_UNKNOWN = "\1"


class Misfit(Exception):
    """A hunk that does not fit; `str()` says which and why."""


class LineInterner:
    """A character for every different line, so that lines are searched as text is: in linear time."""

    def __init__(self) -> None:
        self._letters: dict[str, str] = {}

    def learn(self, lines: Sequence[str]) -> str:
        """The letters of the lines of a file. Raises Misfit for too many of them."""
        if len(lines) + len(self._letters) > 2 * MAX_LINES or len(lines) > MAX_LINES:
            raise Misfit(f"more than {MAX_LINES} lines")
        return "".join([self._letters.setdefault(line, chr(len(self._letters) + 2)) for line in lines])

    def spell(self, lines: Sequence[str]) -> str:
        """The letters of lines to search for; what no file has gets one that is nowhere."""
        return "".join([self._letters.get(line, _UNKNOWN) for line in lines])


def place_hunks(
    image: Sequence[str], hunks: Sequence[Hunk], alphabet: LineInterner, tree: str
) -> tuple[HunkPlacement, ...]:
    """Where the hunks fit into the lines of a file, one after the other. Raises Misfit, which names the tree.

    As git apply -C1 does it (apply.c: apply_one_fragment()), but for one thing: where only less context fits, it must
    fit at one place alone.
    """
    text = alphabet.learn(image)
    placements = []
    for hunk in hunks:
        placement = _place_hunk(text, hunk, alphabet)
        if isinstance(placement, str):
            raise Misfit(f"the hunk at line {hunk.mail_line} of the mail {placement} {tree}")
        lines = hunk.lines[placement.top : len(hunk.lines) - placement.bottom]
        old, new = sum(line.sign != "+" for line in lines), sum(line.sign != "-" for line in lines)
        text = text[: placement.at] + _TAKEN * new + text[placement.at + old :]
        placements.append(placement)
    return tuple(placements)


class _ContextReduction(Value):
    """A hunk with some lines of context left out; at the start or the end of the file if it says so."""

    top: int
    bottom: int
    at_start: bool
    at_end: bool


def _place_hunk(text: str, hunk: Hunk, alphabet: LineInterner) -> HunkPlacement | str:
    """Where a hunk fits, or the words of why it does not, to be followed by where."""
    searched = alphabet.spell([line.text for line in hunk.lines if line.sign != "+"])
    if not searched:
        # git puts it at the end whatever it says
        return (
            HunkPlacement(len(text), 0, 0) if hunk.new_start - 1 == len(text) else "without context does not apply to"
        )
    for reduction in _reductions(hunk):
        part = searched[reduction.top : len(searched) - reduction.bottom]
        if reduction.at_start or reduction.at_end:
            at = _find_at_end(text, part, reduction)
        elif reduction.top or reduction.bottom:
            at = text.find(part)
            if at >= 0 and text.find(part, at + 1) >= 0:
                return "fits at several places of"
        else:
            at = _nearest(text, part, max(hunk.new_start - 1, 0))
        if at >= 0:
            return HunkPlacement(at, reduction.top, reduction.bottom)
    return "does not apply to"


def _reductions(hunk: Hunk) -> Iterator[_ContextReduction]:
    """Ever less context, as git takes it away."""
    signs = [line.sign for line in hunk.lines]
    top = next((at for at, sign in enumerate(signs) if sign != " "), len(signs))
    bottom = next((at for at, sign in enumerate(reversed(signs)) if sign != " "), len(signs))
    leading, trailing = top, bottom
    at_start, at_end = hunk.old_start <= 1, not trailing
    yield _ContextReduction(0, 0, at_start, at_end)
    if max(leading, trailing) > _LEAST_CONTEXT and (at_start or at_end):
        yield _ContextReduction(0, 0, False, False)
    while max(leading, trailing) > _LEAST_CONTEXT and max(top - leading, bottom - trailing) < _MOST_LEFT_OUT:
        if leading >= trailing:
            leading -= 1
        if trailing > leading:
            trailing -= 1
        yield _ContextReduction(top - leading, bottom - trailing, False, False)


def _find_at_end(text: str, part: str, reduction: _ContextReduction) -> int:
    at = 0 if reduction.at_start else len(text) - len(part)
    reaches_end = not reduction.at_end or at + len(part) == len(text)
    return at if at >= 0 and reaches_end and text.startswith(part, at) else -1


def _nearest(text: str, part: str, index: int) -> int:
    """The place nearest to an index, the one below it of two as near, -1 for none."""
    if text.startswith(part, index):
        return index
    below = text.find(part, index + 1)
    # not rfind(): in hostile text it takes quadratic time
    reversed_at = text[: index + len(part) - 1][::-1].find(part[::-1])
    above = min(len(text), index + len(part) - 1) - reversed_at - len(part) if reversed_at >= 0 else -1
    if below < 0 or above < 0:
        return max(below, above)
    return below if below - index <= index - above else above
