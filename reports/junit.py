"""For dashboards of tests: JUnit XML, a suite a series, a case a finding and one for each patch without any."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterator, Mapping, Sequence

from kfunclint.checker.result import Review
from kfunclint.finding import Finding
from kfunclint.mail.message import Mail
from kfunclint.report import formats
from kfunclint.text import excerpt, visible

_NO_CHARACTER = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(review: Review) -> str:
    """The document, with a line break at the end."""
    return render_all([review])


def render_all(reviews: Sequence[Review]) -> str:
    """One document for all series. A finding is a failure, what was not looked at is an error."""
    root = ET.Element("testsuites", name="kfunclint")
    root.extend(_suite(review) for review in reviews)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _suite(review: Review) -> ET.Element:
    name = _text(formats.title(review))
    cases = [*_cases(review)]
    failures, errors = (sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error"))
    counts = {"tests": len(cases), "failures": failures, "errors": errors}
    suite = ET.Element("testsuite", {"name": name} | {key: str(count) for key, count in counts.items()})
    suite.extend(cases)
    if silence := formats.silence(review):
        ET.SubElement(suite, "system-out").text = _text(silence)
    return suite


def _cases(review: Review) -> Iterator[ET.Element]:
    mails = formats.mails(review)
    # of a tree, findings have the number of the file for a patch
    names = {number: mail.subject.text or mail.source.file for number, mail in mails.items()} or {0: review.tree}
    for number, name in names.items():
        findings = [finding for finding in review.findings if finding.origin.patch == number or not mails]
        yield from (_failure(finding, name, mails) for finding in findings)
        if not (findings or review.troubles):
            yield _case("kfunclint", name)
    for number, trouble in enumerate(review.troubles, 1):
        case = _case("kfunclint", f"not checked ({number})")
        ET.SubElement(case, "error", message=_text(trouble), type="not checked")
        yield case


def _case(group: str, name: str) -> ET.Element:
    return ET.Element("testcase", classname=_text(group), name=_text(name))


def _failure(finding: Finding, group: str, mails: Mapping[int, Mail]) -> ET.Element:
    file, line, column = formats.place(finding.at, mails)
    case = _case(group, f"{finding.rule} {file}:{line}:{column}")
    failure = ET.SubElement(case, "failure", message=_text(formats.with_fix(finding)), type=finding.level.value)
    failure.text = "\n".join(map(_text, _lines(finding, mails)))
    return case


def _lines(finding: Finding, mails: Mapping[int, Mail]) -> Iterator[str]:
    yield excerpt(finding.quoted, finding.at.column)[0].strip()
    for reason in finding.because:
        file, line, _ = formats.place(reason.at, mails)
        yield f"{file}:{line}: {reason.note}"


def _text(text: str) -> str:
    """A text that XML can hold."""
    return _NO_CHARACTER.sub("\ufffd", visible(text))
