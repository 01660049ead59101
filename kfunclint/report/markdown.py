"""What a rule says of itself, as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE_SPAN = re.compile(r"(`[^`]*`)")
_SPECIAL = re.compile(r"([\\*_<\[\]])")


def explanation(doc: str) -> str:
    """The docstring of a rule below its first line: paragraphs, and what is wrong and right as blocks of C."""
    return "\n".join(_blocks(doc.partition("\n")[2].strip("\n"))) + "\n"


def escaped(text: str) -> str:
    """A text that means nothing to Markdown but for what stands in backquotes."""
    parts = _CODE_SPAN.split(text)
    return "".join(part if part.startswith("`") else _SPECIAL.sub(r"\\\1", part) for part in parts)


def _blocks(text: str) -> Iterator[str]:
    is_code = False
    for line in text.split("\n"):
        if line.startswith("    ") != is_code and line:
            yield from ("```", "") if is_code else ("", "```c")
            is_code = not is_code
        yield line[4:] if is_code else escaped(line)
    if is_code:
        yield "```"
