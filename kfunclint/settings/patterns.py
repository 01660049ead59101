"""Patterns of file names, as settings have them."""

from __future__ import annotations

from fnmatch import fnmatchcase


def matches(path: str, pattern: str) -> bool:
    """Is the path one that the pattern describes? `*`, `?` and `[a-z]` stand for what is in a name, `**` for any number
    of folders; behind a folder and a slash everything in it is meant.

    Every name is held against every part at most once, so that no pattern takes long.
    """
    written = (pattern + "**" if pattern.endswith("/") else pattern).split("/")
    parts = [part for part, before in zip(written, ["", *written], strict=False) if not part == before == "**"]
    folders = {at for at, part in enumerate(parts) if part == "**"}
    next_ = {0, 1} if 0 in folders else {0}  # `**` can stand for nothing
    for name in path.split("/"):
        on = {at + 1 for at in next_ - folders if at < len(parts) and fnmatchcase(name, parts[at])}
        next_ = on | next_ & folders
        next_ |= {at + 1 for at in next_ & folders}
    return len(parts) in next_
