"""For code scanning: SARIF 2.1.0, one run."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

from kfunclint import __version__
from kfunclint.checker.result import Review
from kfunclint.finding import Edit, Finding, Fix, Level, Place
from kfunclint.mail.message import Mail
from kfunclint.report import formats, links, markdown
from kfunclint.resources import url
from kfunclint.rule.rule import Description
from kfunclint.text import pluralize, visible

PAGE = True
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.CHECK: "note"}
_SEVERITIES = {Level.ERROR: "error", Level.WARNING: "warning", Level.CHECK: "recommendation"}
# what GitHub takes: with more of them it refuses the whole file
_MOST_RESULTS = 25_000
_MOST_REASONS = 1000

# the second is the only one that GitHub reads
_FINGERPRINTS = ("kfunclint/v1", "primaryLocationLineHash")

Object = dict[str, Any]


def render(review: Review) -> str:
    """The log as a JSON object in ASCII, with a line break at the end.

    GitHub refuses a whole file for one result without a file, so what is found in a message is a notification.
    """
    worst_first = sorted(review.findings, key=lambda finding: -finding.level.rank)
    in_files = [finding for finding in worst_first if finding.at.path is not None]
    used = {finding.rule for finding in worst_first}
    rules = [rule for rule in review.rules if rule.id in used]
    index = {rule.id: number for number, rule in enumerate(rules)}
    run = {
        "tool": {"driver": _driver(rules)},
        "automationDetails": {"id": f"kfunclint/{_category(review)}"},
        "invocations": [_invocation(review, worst_first, index)],
        "columnKind": "unicodeCodePoints",
        "results": list(_results(in_files[:_MOST_RESULTS], index)),
    }
    return formats.as_json({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]})


def _driver(rules: Sequence[Description]) -> Object:
    return {
        "name": "kfunclint",
        "fullName": f"kfunclint {__version__}",
        "version": __version__,
        "semanticVersion": __version__,
        **formats.unless_empty("informationUri", url("Homepage")),
        "rules": [_rule(rule) for rule in rules],
    }


def _category(review: Review) -> str:
    """What stands for the series, the same whenever it is reviewed: its first Message-ID, or else its title."""
    mail = formats.first(review)
    name = mail.headers.message_id if mail else ""
    return visible(name or formats.title(review)).replace("/", " ")


def _rule(rule: Description) -> Object:
    summary, _, rest = rule.doc.partition("\n")
    see = f"Kernel source: {rule.see}"
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in re.split(r"\W", rule.id)),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": " ".join(rest.strip().partition("\n\n")[0].split()) or summary},
        "help": {
            "text": f"{rule.doc}\n\n{see}",
            "markdown": f"{markdown.explanation(rule.doc)}\n{markdown.escaped(see)}\n",
        },
        **formats.unless_empty("helpUri", links.rule_page(rule.id)),
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {
            "precision": "medium" if rule.strict else "high",
            "problem.severity": _SEVERITIES[rule.level],
            "tags": ["bpf", "kfunc", rule.id.partition("/")[0]],
        },
    }


def _rule_reference(rule: str, index: dict[str, int]) -> Object:
    return {"id": rule, "index": index[rule]} if rule in index else {"id": rule}


def _results(findings: Iterable[Finding], index: dict[str, int]) -> Iterator[Object]:
    seen = Counter[str]()
    for finding in findings:
        seen[finding.key] += 1
        result = {
            "ruleId": finding.rule,
            **({"ruleIndex": index[finding.rule]} if finding.rule in index else {}),
            "level": _LEVELS[finding.level],
            "message": {"text": _message(finding)},
            "locations": [{"physicalLocation": _physical(finding.at)}],
            "partialFingerprints": dict.fromkeys(_FINGERPRINTS, f"{finding.key}:{seen[finding.key]}"),
        }
        if related := list(_related(finding)):
            result["relatedLocations"] = related
        if finding.fix and finding.fix.sure_edits and all(edit.at.path for edit in finding.fix.edits):
            result["fixes"] = [_fix(finding.fix)]
        yield result


def _message(finding: Finding) -> str:
    """The words of the rule, a link to each place that is a reason, and the fix."""
    links = [f"[{_plain(reason['message']['text'])}]({reason['id']})" for reason in _related(finding)]
    fix = [f"Fix: {_plain(finding.fix.description)}."] if finding.fix else []
    return " ".join([f"{_plain(finding.message)}.", *(f"{link}." for link in links), *fix])


def _plain(text: str) -> str:
    """A text without links: in SARIF, a message with [words](address) has one."""
    return visible(text).replace("](", "] (")


def _related(finding: Finding) -> Iterator[Object]:
    for number, reason in enumerate((reason for reason in finding.because if reason.at.path is not None), 1):
        if number > _MOST_REASONS:
            return
        yield {
            "id": number,
            "physicalLocation": _physical(reason.at),
            "message": {"text": visible(reason.note)},
        }


def _physical(at: Place) -> Object:
    region = {"startLine": at.line, "startColumn": at.column, "endLine": at.line, "endColumn": at.end_column}
    return {"artifactLocation": _artifact(at.path or ""), "region": region}


def _artifact(path: str) -> Object:
    return {"uri": quote(path, errors="replace")}


def _fix(fix: Fix) -> Object:
    edits = sorted(fix.edits, key=lambda edit: (edit.at.path or "", edit.at.line, edit.at.column))
    return {
        "description": {"text": visible(fix.description)},
        "artifactChanges": [
            {"artifactLocation": _artifact(path), "replacements": [_replacement(edit) for edit in file_edits]}
            for path, file_edits in groupby(edits, key=lambda edit: edit.at.path or "")
        ],
    }


def _replacement(edit: Edit) -> Object:
    return {"deletedRegion": _physical(edit.at)["region"], "insertedContent": {"text": edit.text}}


def _invocation(review: Review, findings: Sequence[Finding], index: dict[str, int]) -> Object:
    """What happened: findings in messages, and what was not looked at."""
    mails = formats.mails(review)
    left_out = sum(finding.at.path is not None for finding in findings) - _MOST_RESULTS
    notifications = [_of_message(finding, mails, index) for finding in findings if finding.at.path is None]
    notifications += [
        _notification("error" if name in review.unchecked else "note", f"not checked: {name}: {why}")
        for name, why in review.skipped.items()
    ]
    notifications += [_notification("error", f"the rule failed: {name}") for name in review.failures]
    notifications += [_notification("error", f"not read: {why}") for why in review.unreadable]
    notifications += [_notification("note", silence) for silence in [formats.silence(review)] if silence]
    notifications += [_notification("warning", f"left out: {pluralize(left_out, 'finding')}")] if left_out > 0 else []
    return {
        "executionSuccessful": not review.troubles,
        "toolExecutionNotifications": notifications,
    }


def _notification(level: str, text: str) -> Object:
    return {"level": level, "message": {"text": _plain(text)}}


def _of_message(finding: Finding, mails: dict[int, Mail], index: dict[str, int]) -> Object:
    mail = mails[finding.at.patch or 0]
    notification = _notification(_LEVELS[finding.level], f"{formats.in_message(mail, finding.at)}: {finding.message}")
    return notification | {"associatedRule": _rule_reference(finding.rule, index)}
