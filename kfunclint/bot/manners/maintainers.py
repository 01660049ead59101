"""Who maintains the files of a patch, as MAINTAINERS of a kernel tree says it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from kfunclint.bot.manners.ignored import bare_address
from kfunclint.mail.message import Mail
from kfunclint.patch.diff import parse_patch
from kfunclint.tree.tree import open_tree, text

_FIELD = re.compile(r"([A-Z]):\s+(.*\S)")


def is_maintainer(who: str, tree: Path, patch: Mail) -> bool:
    """Does somebody, whose address is in lower case, stand as M: in a section that has a file of the patch?

    Raises InputError for a tree, or a patch, that cannot be read.
    """
    paths = [path for file in parse_patch(patch).files for path in (file.old_path, file.new_path) if path]
    with closing(open_tree(tree)) as opened:
        listed = text(opened, "MAINTAINERS") or ""
    return any(_is_responsible(who, section, paths) for section in re.split(r"\n\s*\n", listed))


def _is_responsible(who: str, section: str, paths: Sequence[str]) -> bool:
    fields = [match.groups() for match in map(_FIELD.match, section.split("\n")) if match]
    if all(name != "M" or bare_address(value) != who for name, value in fields):
        return False
    covered, excluded = ([_pattern(value) for name, value in fields if name == kind] for kind in "FX")
    return any(_is_in(path, covered) and not _is_in(path, excluded) for path in paths)


def _is_in(path: str, patterns: Sequence[re.Pattern[str]]) -> bool:
    return any(pattern.match(path) for pattern in patterns)


def _pattern(value: str) -> re.Pattern[str]:
    """What a value of F: or X: matches: "*" and "?" also stand for a slash, but only what ends in one has all below.

    scripts/get_maintainer.pl, file_match_pattern(), Linux 6.12.
    """
    text = re.escape(value).replace(r"\*", ".*").replace(r"\?", ".")
    depth = value.count("/")
    return re.compile(text if value.endswith("/") else rf"(?=(?:[^/]*/){{{depth}}}[^/]*$){text}")
