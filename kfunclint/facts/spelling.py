"""Misspelled words: codespell's dictionary, the kernel's own list, and how far two words are apart."""

from __future__ import annotations

import importlib.util
from collections.abc import Container, Iterator
from functools import cache, lru_cache
from itertools import pairwise
from pathlib import Path
from string import ascii_lowercase

from kfunclint.resources import table

_SHORTEST_WORD = 5


@lru_cache(maxsize=10_000)
def corrections(word: str) -> tuple[str, ...]:
    """What a misspelled word may have been meant to be, the likeliest first; nothing for a word that is right or that
    kernel texts use. Lower case in, lower case out; rules/tables/spelling.toml comes before codespell's dictionary."""
    words = table("spelling")
    if word in words["misspelled"]:
        return (words["misspelled"][word],)
    if not word.isascii() or word in words["accepted"]:
        return ()
    entry = _entry(word.encode())
    # "word->right", "word->one, two," or "word->right, why it may be no mistake"
    right, comma, rest = entry.partition(",")
    if not comma:
        return (right,) if right else ()
    return tuple(choice.strip() for choice in entry.split(",") if choice.strip()) if rest.endswith(",") else ()


def kernel_list(text: str) -> dict[str, str]:
    """The words of a scripts/spelling.txt, wrong to right; scripts/checkpatch.pl reads its lines "wrong||right".

    Left out are its phrases, and the words that kernel texts use all the same (rules/tables/spelling.toml).
    """
    pairs = (line.partition("||") for line in text.splitlines() if not line.startswith("#"))
    accepted = table("spelling")["accepted"]
    return {wrong: right for wrong, _, right in pairs if right and " " not in wrong and wrong not in accepted}


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
    lines, prefix = _dictionary(), word + b"->"
    low, high = 0, len(lines)  # the line that begins behind a line break in low:high
    while low < high:
        start = lines.rfind(b"\n", low, (low + high) // 2 + 1)
        if start < 0:
            start = lines.find(b"\n", low, high)
            if start < 0:
                return ""
        end = lines.find(b"\n", start + 1)
        line = lines[start + 1 : end if end >= 0 else len(lines)].lower()
        if line.startswith(prefix):
            return line[len(prefix) :].decode("utf-8", "replace")
        if line < prefix:
            low = start + 1
        else:
            high = start
    return ""


def slips(name: str, names: Container[str]) -> tuple[str, ...]:
    """The known names of which this one may be a slip: two letters swapped, or one too many of a pair within a word.

    At the start of a word, or where less than three letters are left of it, a letter more makes another word: llist,
    css.
    """
    pairs = [
        (at, letter, next_letter)
        for at, (letter, next_letter) in enumerate(pairwise(name))
        if letter.isalpha() and next_letter.isalpha()
    ]
    corrected = (
        name[:at] + (next_letter + letter if letter != next_letter else letter) + name[at + 2 :]
        for at, letter, next_letter in pairs
        if letter != next_letter or _is_within_word(name, at)
    )
    return tuple(dict.fromkeys(correction for correction in corrected if correction in names))


def _is_within_word(name: str, at: int) -> bool:
    """Is a pair of letters one in a word of at least four, and not its beginning?"""
    start = name.rfind("_", 0, at) + 1
    end = name.find("_", at)
    return at > start and (len(name) if end < 0 else end) - start > 3


def wrong_word(name: str, names: Container[str]) -> tuple[str, str] | None:
    """The wrong word of a name, and the one known name that has another letter, one more or one less within it.

    Words of fewer than five letters, and their first and last letters, do not count: what differs there is often meant
    (foos, vfoo). None where no name or more than one is so near.
    """
    wrong_words: dict[str, str] = {}
    words = name.split("_")
    for index, word in enumerate(words):
        if len(word) >= _SHORTEST_WORD and word.isalpha() and word not in names:
            for right_word in _changed_within(word):
                right_name = "_".join((*words[:index], right_word, *words[index + 1 :]))
                if right_name in names:
                    wrong_words[right_name] = word
    return next((word, right_name) for right_name, word in wrong_words.items()) if len(wrong_words) == 1 else None


def _changed_within(word: str) -> Iterator[str]:
    """The word with a letter dropped, replaced or put in between its first and its last."""
    for at in range(1, len(word)):
        if at < len(word) - 1:
            yield word[:at] + word[at + 1 :]
            yield from (word[:at] + letter + word[at + 1 :] for letter in ascii_lowercase if letter != word[at])
        yield from (word[:at] + letter + word[at:] for letter in ascii_lowercase)


def one_edit_apart(word: str, other: str) -> bool:
    """Does one letter inserted, dropped, replaced, or swapped with its neighbour make the one into the other?"""
    if abs(len(word) - len(other)) > 1 or word == other:
        return False
    short, long = sorted((word, other), key=len)
    start = next((index for index, char in enumerate(short) if char != long[index]), len(short))
    if len(short) < len(long):
        return short[start:] == long[start + 1 :]
    swapped = long[start + 1 : start + 2] + long[start]
    return short[start + 1 :] == long[start + 1 :] or (
        short[start : start + 2] == swapped and short[start + 2 :] == long[start + 2 :]
    )
