"""File names as diffs write them."""

from __future__ import annotations

import re

MAX_PATH = 4096


_ESCAPES = {b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v"}


def unquoted(name: str) -> str:
    """A file name as git writes it, without quotes, escapes and the tab and time that may follow."""
    if not name.startswith('"'):
        return name.split("\t", 1)[0]
    raw = name.rstrip()[1:].removesuffix('"').encode()
    return re.sub(rb"\\([0-3][0-7]{2}|.)", _unescape, raw).decode("utf-8", "replace")


def _unescape(match: re.Match[bytes]) -> bytes:
    code = match[1]
    return bytes([int(code, 8)]) if code.isdigit() and len(code) == 3 else _ESCAPES.get(code, code)


_PREFIXES = frozenset("abciow12")


def without_prefix(old: str, new: str) -> tuple[str | None, str | None]:
    """Take away a/ and b/, or what else stands before two names that are the same behind it."""
    old_prefix, old_rest = _split_prefix(old)
    new_prefix, new_rest = _split_prefix(new)
    if "/dev/null" in (old, new):
        return (None if old == "/dev/null" else _without_known_prefix(old)), (
            None if new == "/dev/null" else _without_known_prefix(new)
        )
    same_rest = bool(old_rest) and old_rest == new_rest and old_prefix != new_prefix
    if same_rest or (old_prefix != new_prefix and old_prefix in _PREFIXES and new_prefix in _PREFIXES):
        return old_rest, new_rest
    return old, new


def _without_known_prefix(name: str) -> str:
    prefix, rest = _split_prefix(name)
    return rest if rest and prefix in _PREFIXES else name


def _split_prefix(name: str) -> tuple[str, str]:
    prefix, _, rest = name.partition("/")
    return prefix, rest


def objection(path: str) -> str | None:
    """Why no file may have this path, if so."""
    if path.startswith("/"):
        return "absolute path"
    if ".." in path.split("/"):
        return "path that leads out of the tree"
    if not path.strip() or len(path) > MAX_PATH or any(char < " " or char == "\x7f" for char in path):
        return "not a file name"
    return None
