"""Misspelled words: codespell's dictionary, the kernel's own list, and how far two words are apart."""

from __future__ import annotations

import importlib.util
from functools import cache, lru_cache
from pathlib import Path

from kfunclint.content import table


@lru_cache(maxsize=10_000)
def corrections(word: str) -> tuple[str, ...]:
    """What a misspelled word may have been meant to be, the likeliest first; nothing for a word that is right or that
    kernel texts use (rules/tables/spelling.toml). Lower case in, lower case out."""
    if not word.isascii() or word in table("spelling")["accepted"]:
        return ()
    entry = _entry(word.encode())
    # "word->right", "word->one, two," or "word->right, why it may be no mistake"
    right, comma, rest = entry.partition(",")
    if not comma:
        return (right,) if right else ()
    return tuple(choice.strip() for choice in entry.split(",") if choice.strip()) if rest.endswith(",") else ()


def listed(text: str) -> dict[str, str]:
    """The words of a scripts/spelling.txt, wrong to right; its phrases are left out.

    See scripts/checkpatch.pl: it reads lines "wrong||right".
    """
    pairs = (line.partition("||") for line in text.splitlines() if not line.startswith("#"))
    accepted = table("spelling")["accepted"]
    return {wrong: right for wrong, _, right in pairs if wrong.isalpha() and right and wrong not in accepted}


@cache
def _dictionary() -> bytes:
    """The lines of codespell's dictionary; the package itself takes 80 ms to import."""
    spec = importlib.util.find_spec("codespell_lib")
    if spec is None or spec.origin is None:
        raise ImportError("codespell is not installed")
    return b"\n" + (Path(spec.origin).parent / "data" / "dictionary.txt").read_bytes()


def _entry(word: bytes) -> str:
    """What stands behind the word in the dictionary, "" if it is not there.

    A search by halves: the lines are sorted but for their case, and splitting them all would take longer than a review.
    """
    lines, sought = _dictionary(), word + b"->"
    low, high = 0, len(lines)  # the line that begins behind a line break in low:high
    while low < high:
        start = lines.rfind(b"\n", low, (low + high) // 2 + 1)
        if start < 0:
            start = lines.find(b"\n", low, high)
            if start < 0:
                return ""
        end = lines.find(b"\n", start + 1)
        line = lines[start + 1 : end if end >= 0 else len(lines)].lower()
        if line.startswith(sought):
            return line[len(sought) :].decode("utf-8", "replace")
        if line < sought:
            low = start + 1
        else:
            high = start
    return ""


def one_edit_apart(one: str, other: str) -> bool:
    """Does one letter inserted, dropped, replaced, or swapped with its neighbour make the one into the other?"""
    if abs(len(one) - len(other)) > 1 or one == other:
        return False
    short, long = sorted((one, other), key=len)
    start = next((index for index, char in enumerate(short) if char != long[index]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = long[start + 1 : start + 2] + long[start]
    return short[start + 1 :] == long[start + 1 :] or (
        short[start : start + 2] == swapped and short[start + 2 :] == long[start + 2 :]
    )
