"""From what was found in a series to what is to be said of it, to whom and when; all of it is written down at once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby

from kfunclint.bot import clock, log, steps
from kfunclint.bot.delivery.message import Unsafe, compose, own_id, page_address, page_name, recipients
from kfunclint.bot.feedback.outcomes import compare_versions
from kfunclint.bot.gathering import mails_of
from kfunclint.bot.ledger.database import Database
from kfunclint.bot.ledger.outbox import Entry, State, entries, move
from kfunclint.bot.manners.ignored import bare_addresses
from kfunclint.bot.manners.lists import Permission, permission
from kfunclint.bot.manners.recipients import recipient
from kfunclint.bot.manners.worth_saying import worth_saying
from kfunclint.bot.reviewing import Judgement
from kfunclint.bot.settings import BotSettings, Mode
from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.report import formats
from kfunclint.text import pluralize
from kfunclint.value import Value, replace

_LONGEST_ADDRESS = 200  # of what a check of Patchwork links to (patchwork/models.py, 3.3)


class PlannedMail(Value):
    """A mail about a patch; `state` is that of its row: a draft, for the reason `why`, or queued."""

    patch: str
    msgid: str
    author: str
    body: bytes
    keys: tuple[str, ...]
    state: State
    why: str
    not_before: float


class Check(Value):
    """What a Patchwork is told of a patch; `page` is the address of the page about its series, or ""."""

    patch: str
    state: str
    description: str
    page: str


class Plan(Value):
    """What is to be said of a series; `why` tells people why not more."""

    key: str
    review: Review | None
    mails: tuple[PlannedMail, ...]
    checks: tuple[Check, ...]
    why: str


def plan(database: Database, settings: BotSettings, key: str, judgement: Judgement) -> Plan:
    """Decide what to say; nothing is written."""
    review = judgement.review
    if review is None:
        return Plan(key, None, (), (), judgement.trouble or "touches no kfunc")
    checks = tuple(_checks(settings, judgement, review)) if settings.patchwork else ()
    allowed = permission(_addresses(database, key, judgement), settings)
    why = _why_no_mail(judgement, allowed)
    if why:
        return Plan(key, review, (), checks, why)
    findings = worth_saying(database, settings, key, review)
    mails: list[PlannedMail] = []
    reasons: list[str] = [judgement.trouble] if judgement.trouble else []
    for _, group in groupby(findings, key=lambda finding: finding.origin.patch):
        try:
            mails.append(_mail(database, settings, judgement, list(group), allowed))
        except Unsafe as reason:
            log.event("unsafe", series=key, why=str(reason))
            reasons.append(f"no mail: {reason}")
    return Plan(key, review, tuple(mails), checks, "; ".join(reasons))


def _why_no_mail(judgement: Judgement, allowed: Permission) -> str:
    if not judgement.series.complete:
        return "incomplete: what a later patch repairs cannot be seen"
    if allowed.mode is Mode.OFF:
        return "no list that it went to allows it"
    return ""


def _addresses(database: Database, key: str, judgement: Judgement) -> set[str]:
    """Where a series went to: what its headers say, and the lists in whose archives its mails are."""
    headers = [mail.headers for mail in mails_of(judgement.series)]
    archives = database.rows(
        "SELECT DISTINCT copy.list FROM mail JOIN mail AS copy ON copy.msgid = mail.msgid WHERE mail.series=?", key
    )
    written = {address for each in headers for address in bare_addresses((*each.to, *each.cc))}
    return written | {row["list"] for row in archives if row["list"]}


def _mail(
    database: Database, settings: BotSettings, judgement: Judgement, findings: list[Finding], allowed: Permission
) -> PlannedMail:
    """The mail about the findings of one patch. Raises Unsafe where there can be none."""
    review = judgement.review
    assert review is not None
    headers = formats.mails(review)[findings[0].origin.patch].headers
    to = recipient(headers, tuple(settings.lists), settings, database)
    if not to.entry:
        raise Unsafe(to.why)
    reasons = (
        to.why,
        f"could not be looked at whole: {judgement.trouble}" if judgement.trouble else "",
        "its author has taken it back" if judgement.taken_back else "",
        "the list wants drafts alone" if allowed.mode.rank < Mode.AUTHOR.rank else "",
        "" if settings.may_mail else "a person sends",
    )
    why = next(filter(None, reasons), "")
    last = max(float(row["seen"]) for row in database.rows("SELECT seen FROM mail WHERE msgid=?", headers.message_id))
    return PlannedMail(
        patch=headers.message_id,
        msgid=own_id(settings.instance or _without_name(database), headers.message_id),
        author=to.address,
        body=compose(settings, review, findings, to, allowed.lists),
        keys=tuple(finding.key for finding in findings),
        state=State.DRAFT if why else State.QUEUED,
        why=why,
        not_before=last + allowed.embargo,
    )


def _without_name(database: Database) -> str:
    """What stands for the instance of a bot that has no name, so that two of them do not write the same drafts."""
    return f"{str(database.setting('identity'))[:12]}.localhost"


def _checks(settings: BotSettings, judgement: Judgement, review: Review) -> Iterator[Check]:
    page = page_address(settings, review)
    page = page if len(page) <= _LONGEST_ADDRESS else ""
    for patch in judgement.series.patches:  # all of them, also of a series that could not be reviewed
        part = _part(review, patch.subject.number)
        counts = {level: count for level, count in formats.counts_by_level(part.findings).items() if count}
        text = ", ".join(pluralize(count, level) for level, count in counts.items()) or formats.nothing_said(part)
        description = "; ".join(filter(None, (text, judgement.trouble)))
        yield Check(patch.headers.message_id, _state(part, judgement.trouble), description[:200], page)


def _part(review: Review, number: int | None) -> Review:
    """What a review says of one patch, and what it withholds there."""
    return replace(
        review,
        findings=tuple(finding for finding in review.findings if finding.origin.patch == number),
        withheld=tuple(one for one in review.withheld if one.finding.origin.patch == number),
    )


def _state(part: Review, trouble: str) -> str:
    """The state of a check: what others have named stands as well."""
    named = (suppressed.finding for suppressed in part.withheld if suppressed.named)
    levels = {finding.level for finding in (*part.findings, *named)}
    if Level.ERROR in levels:
        return "fail"
    return "warning" if trouble or Level.WARNING in levels else "success"


def write(database: Database, settings: BotSettings, planned: Plan) -> None:
    """Write a plan down: rows for what goes out, what was found, and that the series was reviewed.

    A row that is there already is only changed as long as nobody has it; one mail about a patch, for ever.
    """
    with database.transaction("queue"):
        rows = {entry.dedup: entry for entry in entries(database, "series=? AND kind='mail'", planned.key)}
        for mail in planned.mails:
            _write_mail(database, planned.key, mail, rows.pop(f"mail:{mail.patch}", None))
            steps.at("queue.row")
        for row in rows.values():
            if row.state is State.QUEUED or (row.state is State.DRAFT and row.drafted is None):
                move(database, row, State.DROPPED, "not found any more, or said by somebody else")
        for check in planned.checks:
            _write_check(database, settings, planned.key, check)
            steps.at("queue.row")
        if planned.review:
            _write_findings(database, planned)
            if planned.review.series and planned.review.series.complete and not planned.review.troubles:
                compare_versions(database, planned.key, planned.review)
        page = page_name(planned.review) if planned.review else ""
        database.execute(
            "UPDATE series SET state=CASE state WHEN 'open' THEN 'reviewed' ELSE state END,"
            " why=?, reviewed=?, tries=0, page=? WHERE key=?",
            *(planned.why, clock.now(), page, planned.key),
        )


def _write_mail(database: Database, key: str, mail: PlannedMail, row: Entry | None) -> None:
    rcpt = " ".join(recipients(mail.body))
    if row is None:
        database.execute(
            "INSERT OR IGNORE INTO outbox (dedup, kind, series, patch, msgid, author, rcpt, body, state, not_before,"
            " why, changed) VALUES (?,'mail',?,?,?,?,?,?,?,?,?,?)",
            *(f"mail:{mail.patch}", key, mail.patch, mail.msgid, mail.author, rcpt, mail.body, mail.state),
            *(mail.not_before, mail.why, clock.now()),
        )
    elif row.state is State.QUEUED:
        if mail.state is State.DRAFT:
            row = move(database, row, State.DRAFT, mail.why)
        database.execute("UPDATE outbox SET body=?, rcpt=? WHERE dedup=?", mail.body, rcpt, row.dedup)


def _write_check(database: Database, settings: BotSettings, key: str, check: Check) -> None:
    """A check that says something else than the last one goes out again: the newest counts."""
    assert settings.patchwork is not None
    context = settings.patchwork.context
    said = {"context": context, "state": check.state, "description": check.description}
    body = json.dumps(said | ({"target_url": check.page} if check.page else {})).encode()
    database.execute(
        "INSERT INTO outbox (dedup, kind, series, patch, author, rcpt, body, state, changed)"
        " VALUES (?,'check',?,?,'',?,?,'queued',?) ON CONFLICT (dedup) DO UPDATE SET body=excluded.body,"
        " state='queued', tries=0, not_before=0, changed=excluded.changed WHERE body<>excluded.body",
        *(f"check:{check.patch}:{context}", key, check.patch, check.patch, body, clock.now()),
    )


def _write_findings(database: Database, planned: Plan) -> None:
    assert planned.review is not None
    said = {key: mail.msgid for mail in planned.mails for key in mail.keys}
    ids = {number: mail.headers.message_id for number, mail in formats.mails(planned.review).items()}
    database.execute("DELETE FROM finding WHERE series=? AND said IS NULL AND outcome IS NULL", planned.key)
    for finding in planned.review.findings:
        database.execute(
            "INSERT INTO finding (key, series, patch, rule, level, place, message, said) VALUES (?,?,?,?,?,?,?,?)"
            " ON CONFLICT (series, key) DO UPDATE SET said=coalesce(said, excluded.said)",
            *(finding.key, planned.key, ids[finding.origin.patch], finding.rule, finding.level),
            *(_place(finding), finding.message, said.get(finding.key)),
        )


def _place(finding: Finding) -> str:
    return f"{finding.at.path}:{finding.at.line}" if finding.at.path else f"message, line {finding.at.line}"
