"""Does an author take a series back?"""

from __future__ import annotations

import re

from kfunclint.mail.message import Mail, address

_TAKES_BACK = re.compile(
    r"\b(?:withdraw(?:n|ing)?|self[- ]nak|(?:please|pls) (?:ignore|disregard|drop|skip)|(?:ignore|disregard) this)\b"
    r"|^\s*nak(?:ed)?\b",
    re.I,
)
_MOST = 20_000


def is_taken_back(answer: Mail, authors: set[str]) -> bool:
    """Says one of the authors of a series, in an answer to it, that it is not to be looked at? What is quoted does not
    count."""
    if address(answer) not in authors:
        return False
    own = (line for line in answer.body[:_MOST].split("\n") if not line.lstrip().startswith(">"))
    return any(_TAKES_BACK.search(line) for line in own)
