"""Checks in Patchwork: asked before told, as a second one would stand there twice."""

from __future__ import annotations

import json
import urllib.error
import urllib.parse
import urllib.request
from http.client import HTTPException
from typing import Any

from kfunclint.bot import clock, steps
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry, State, entries, move
from kfunclint.bot.settings import BotSettings, Patchwork

_FIRST_WAIT, _LONGEST_WAIT = 60.0, 3600.0
_MOST_ANSWER = 4 << 20
_LATER = {408, 429}
_SAID = ("state", "description", "target_url")  # of these the last is null where it was not said


class _No(Exception):
    """Patchwork refuses, and will again."""


def post_all(database: Database, settings: BotSettings) -> None:
    """Post the checks that are due; one that cannot be posted now is tried again later."""
    if settings.patchwork is None:
        return
    for check in entries(database, "kind='check' AND state='queued' AND not_before<=?", clock.now()):
        steps.at("check.before")
        try:
            has_patch = _post(settings.patchwork, check)
        except (_No, OSError, HTTPException, ValueError) as error:
            _fail(database, check, error)
            continue
        with database.transaction("check"):
            if has_patch:
                move(database, check, State.SENT)
            else:
                _wait(database, check, "Patchwork does not have the patch yet")


def _post(settings: Patchwork, check: Entry) -> bool:
    """Make the check the newest of its context; False if Patchwork does not have the patch.

    A patch that went to several lists is there once for each project, and the token need not count in all of them:
    raises _No only if it counts in none.
    """
    patches = _ask(settings, f"patches/?{urllib.parse.urlencode({'msgid': check.patch})}")
    refusals: list[_No] = []
    for patch in patches:
        try:
            _post_to(settings, f"patches/{int(patch['id'])}/checks/", check.body)
        except _No as refusal:
            refusals.append(refusal)
    if refusals and len(refusals) == len(patches):
        raise refusals[0]
    return bool(patches)


def _post_to(settings: Patchwork, checks: str, body: bytes) -> None:
    wanted = json.loads(body)
    query = urllib.parse.urlencode({"context": settings.context, "order": "-date", "per_page": 1})
    there = _ask(settings, f"{checks}?{query}")
    steps.at("check.asked")
    if not there or any((there[0].get(name) or "") != wanted.get(name, "") for name in _SAID):
        _ask(settings, checks, body)
    steps.at("check.posted")


def _ask(settings: Patchwork, path: str, body: bytes | None = None) -> Any:
    """The answer to a request. Raises _No for one that makes no sense again, OSError for one that may later."""
    request = urllib.request.Request(f"{settings.url}/{path}", body, {"Accept": "application/json"})
    token = settings.token_file.read_text(encoding="utf-8").strip()
    request.add_unredirected_header("Authorization", f"Token {token}")
    request.add_header("Content-Type", "application/json")
    try:
        with urllib.request.urlopen(request, timeout=settings.timeout) as answer:
            return json.loads(answer.read(_MOST_ANSWER))
    except urllib.error.HTTPError as error:
        why = f"{error.code} {error.read(300).decode('utf-8', 'replace')}"
        if 400 <= error.code < 500 and error.code not in _LATER:
            raise _No(why) from error
        raise OSError(why) from error


def _fail(database: Database, check: Entry, error: Exception) -> None:
    with database.transaction("check.failed"):
        if isinstance(error, _No):
            move(database, check, State.REFUSED, str(error)[:500])
        else:
            _wait(database, check, f"{type(error).__name__}: {error}"[:500])


def _wait(database: Database, check: Entry, why: str) -> None:
    wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** min(check.tries, 20))
    move(database, check, State.QUEUED, why, tries=check.tries + 1, not_before=clock.now() + wait)
