"""Whether a series builds on another one, which may bring what no kernel has yet."""

from __future__ import annotations

import re

from kfunclint.mail.message import Mail, Series


def builds_on(series: Series) -> bool:
    """Does a series name another one that it builds on, or may a mail of it that is not there do so?

    It does by prerequisite-patch-id, by words such as "depends on" and "on top of", or by a link to a mail that is no
    earlier version of itself.
    """
    mails = [*filter(None, (series.cover,)), *series.patches]
    return bool(series.prerequisites) or _has_unseen(series) or any(map(_names_another, mails))


def _has_unseen(series: Series) -> bool:
    """Is a patch missing, or a cover letter that the first patch is in reply to?"""
    is_headed = series.cover is not None or series.total == 1
    return not series.complete or not (is_headed or not series.patches[0].headers.in_reply_to)


def _names_another(mail: Mail) -> bool:
    lines = mail.lines[: mail.layout.diff]
    return _BUILDS.search(" ".join(lines)) is not None or any(map(_links, ("", *lines), lines))


def _links(above: str, line: str) -> bool:
    """Does a line link to a mail that is neither an earlier version nor what a trailer names?"""
    return _LINK.search(line) is not None and not _OWN.search(line) and not _OWN_BELOW.search(above)


_BUILDS = re.compile(
    r"\b(?:depend(?:s|ed|ing|ent)?|based|builds?|building|built|rel(?:y|ies)|sits?|stacked|rebased|appl(?:y|ies)) "
    r"(?:up)?on\b|\bon top of\b|\bprerequisites?\b|\bdependenc(?:y|ies)\b"
    r"|\b(?:needs?|requires?|follow-?up (?:to|of)|goes? with|introduced (?:by|in)|added (?:by|in)|comes? with)"
    r" (?:\S{1,40} ){0,4}?(?:series|patch|patches|patchset|rfc)\b",
    re.I,
)
_LINK = re.compile(r"https?://(?:www\.)?(?:lore\.kernel|patch\.msgid|lkml|patchwork|marc)\.[\w.-]{1,80}/\S", re.I)
_OWN = re.compile(r"^[\w-]+-by:|^(?:Link|Closes|Fixes|Message-Id|Cc):|\bv\d+\b|\bversions?\b|\bchange(?:s|log)\b", re.I)
_OWN_BELOW = re.compile(r"\bv\d+\b[^.]*:\s*$|\bversions?:\s*$", re.I)
