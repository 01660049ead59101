"""Precision and recall, rule by rule, over labelled mails and whole kernels.

LABELS.toml names mails and says what is wrong with each. One table a mail:

    [[file]]
    path = "mail/foo.eml"            below the folder of LABELS.toml
    clean = true                     nothing is wrong with it but what is labelled

      [[file.finding]]               a fault
      rule = "flag-ret-null-missing" what it is, in the words of who labelled it
      kind = "flags"                 which rules may answer it: one of KINDS below
      function = "bpf_foo"           the kfunc, "" for none
      anchor = "BTF_ID_FLAGS(func, bpf_foo"   text of the line that is wrong
      decidable = "yes"              can a reader of the mail alone tell: yes, partly or no
      status = "accepted"            "rejected patch" is left out, as is decidable = "no"

      [[file.must_not_fire]]         what must not be said: rule, function and anchor as above

A label is answered by a finding of a family of its kind that is about the same thing, see ABOUT, and that has the
anchor in its line, message or reasons, or speaks of the function. A finding is true if it answers a label. It is false
if it says what must not be said, or if it is an error or a warning on a clean mail without a label for it; of all
others nothing is known. In a kernel there are no labels: what is said there, by level, is for a person to judge.
"""

from __future__ import annotations

import argparse
import re
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import kfunclint
from kfunclint.checker.whole_tree import audit
from kfunclint.clang import Parser
from kfunclint.finding import Finding, Level
from kfunclint.rule import loader
from kfunclint.tree.tree import open_tree

KINDS = {
    "flags": ("flags", "sets", "args"),
    "flags-vs-body": ("flags", "body", "args"),
    "flag-vs-commitmsg": ("text", "kerneldoc", "flags"),
    "signature": ("args", "defs", "flags", "body"),
    "suffix": ("args",),
    "registration": ("sets", "defs", "flags", "args"),
    "guard": ("guards", "body", "args"),
    "sleepable": ("flags", "body", "sets"),
    "kerneldoc": ("kerneldoc", "text"),
    "typo-commitmsg": ("text",),
    "typo-comment": ("text",),
    "typo-kerneldoc": ("text", "kerneldoc"),
}
ABOUT = (  # of the first row whose left side is in the name of a label, the right side is in what answers it
    ("errno", "-E[A-Z]|errno|negative"),
    ("null", "null"),
    ("trusted", "trusted|stale"),
    ("acquire", "acquire|reference"),
    ("memcg", "mem_?cg|mem_cgroup"),
    ("rcu", "rcu|unlock"),
    ("release", "release"),
    ("sleepable", "sleep"),
    ("static", "static"),
    ("suffix", "suffix|__"),
    ("index|-sz|len", "index|siz|length|bound|range|as a "),
    ("return", "return"),
    ("param|member|colon", "descri|parameter|member"),
    ("kdoc-name|kdoc-copy", "name|stands above"),
    ("start-defs", "defs|__diag"),
    ("unchecked", "ignored|result"),
)
_BY_TEXT_ALONE = ("typo-commitmsg", "typo-comment", "typo-kerneldoc")
_SHORTEST_LINE = 8  # a shorter one stands in every anchor

Label = Mapping[str, Any]


@dataclass
class Tally:
    """What was said and found: findings by rule, labels by what they are called and whether they can be decided."""

    true: Counter[str] = field(default_factory=Counter)
    false: Counter[str] = field(default_factory=Counter)
    unknown: Counter[str] = field(default_factory=Counter)
    labels: Counter[tuple[str, str]] = field(default_factory=Counter)
    answered: Counter[tuple[str, str]] = field(default_factory=Counter)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("labels", type=Path, nargs="+", metavar="LABELS.toml")
    arguments.add_argument("--tree", type=Path, nargs="*", default=[], metavar="DIR")
    arguments.add_argument("--strict", action="store_true", help="with the strict rules")
    asked = arguments.parse_args()
    tally = Tally()
    with Parser() as parser:
        for path in asked.labels:
            for file in tomllib.loads(path.read_text(encoding="utf-8"))["file"]:
                outcome = kfunclint.review(path.parent / file["path"], parser=parser, strict=asked.strict)
                count(file, [finding for review in outcome.reviews for finding in review.findings], tally)
        trees = {tree.name: said_in(tree, parser, strict=asked.strict) for tree in asked.tree}
    print("\n".join((*rule_table(tally, trees), "", *label_table(tally))))


def count(file: Label, findings: Sequence[Finding], tally: Tally) -> None:
    """Add one mail and what was said of it."""
    labels = [one for one in file.get("finding", ()) if one["decidable"] != "no" and one["status"] != "rejected patch"]
    for label in labels:
        key = label["rule"], label["decidable"]
        tally.labels[key] += 1
        tally.answered[key] += any(answers(finding, label) for finding in findings)
    for finding in findings:
        if any(answers(finding, label) for label in file.get("finding", ())):
            tally.true[finding.rule] += 1
        elif (file["clean"] and finding.level is not Level.CHECK) or any(
            repeats(finding, bad) for bad in file.get("must_not_fire", ())
        ):
            tally.false[finding.rule] += 1
        else:
            tally.unknown[finding.rule] += 1


def answers(finding: Finding, label: Label) -> bool:
    """Is a finding what a label says?"""
    about = next((words for names, words in ABOUT if re.search(names, label["rule"])), "")
    if finding.rule.partition("/")[0] not in KINDS.get(label["kind"], ()) or not re.search(
        about, f"{finding.rule} {finding.message}", re.IGNORECASE
    ):
        return False
    return is_at(finding, label) or (
        label["kind"] not in _BY_TEXT_ALONE and bool(label.get("function")) and label["function"] == finding.function
    )


def repeats(finding: Finding, bad: Label) -> bool:
    """Is a finding what must not be said: of the family that the label's first word begins, at that place?"""
    return finding.rule.startswith(bad["rule"].partition("-")[0][:3]) and is_at(finding, bad)


def is_at(finding: Finding, label: Label) -> bool:
    """Does a finding speak of the text of a label?"""
    anchor, line = squeezed(label.get("anchor", "")), squeezed(finding.quoted)
    said = (line, squeezed(finding.message), *(squeezed(reason.note) for reason in finding.because))
    return bool(anchor) and (any(anchor in text for text in said) or (len(line) > _SHORTEST_LINE and line in anchor))


def squeezed(text: str) -> str:
    """A text with single spaces."""
    return " ".join(text.split())


def said_in(tree: Path, parser: Parser, *, strict: bool) -> Counter[tuple[str, str]]:
    """How often each rule speaks in a kernel, by rule and level."""
    rules = [rule for rule in loader.shipped() if strict or not rule.strict]
    review = audit(open_tree(tree), (), rules, parser)
    return Counter((finding.rule, finding.level.value) for finding in review.findings)


def rule_table(tally: Tally, trees: Mapping[str, Counter[tuple[str, str]]]) -> Iterator[str]:
    """A row a rule: what was said of the mails, and how often it speaks in each kernel."""
    names = {*tally.true, *tally.false, *tally.unknown, *(rule for said in trees.values() for rule, _ in said)}
    yield from row("rule", "true", "false", "unknown", "precision", *trees)
    yield from row(*["---"] * (5 + len(trees)))
    for name in sorted(names):
        said = (sum(number for (rule, _), number in counts.items() if rule == name) for counts in trees.values())
        yield from row(f"`{name}`", *judged(tally, [name]), *map(str, said))
    yield from row("all", *judged(tally, names), *(str(counts.total()) for counts in trees.values()))
    loud = (sum(n for (_, level), n in counts.items() if level != Level.CHECK.value) for counts in trees.values())
    yield from row("of which errors and warnings", "", "", "", "", *map(str, loud))


def judged(tally: Tally, names: Iterable[str]) -> tuple[str, ...]:
    """How many findings of some rules are true, false and not known, and how many of the first two are true."""
    true, false, unknown = (sum(of[name] for name in names) for of in (tally.true, tally.false, tally.unknown))
    return str(true), str(false), str(unknown), share(true, true + false)


def label_table(tally: Tally) -> Iterator[str]:
    """A row a kind of label: how many there are, and how many were answered."""
    yield from row("label", "decidable", "found", "recall", "partly", "found", "recall")
    yield from row(*["---"] * 7)
    names = sorted({name for name, _ in tally.labels})
    for name in names:
        yield from row(name, *recalled(tally, [name]))
    yield from row("all", *recalled(tally, names))


def recalled(tally: Tally, names: Iterable[str]) -> Iterator[str]:
    """For what can be decided, and what can in part: labels, those answered, and their share."""
    names = tuple(names)
    for decidable in ("yes", "partly"):
        labels, answered = (sum(of[name, decidable] for name in names) for of in (tally.labels, tally.answered))
        yield from (str(labels), str(answered), share(answered, labels))


def share(part: int, whole: int) -> str:
    """A part in percent; "" of nothing."""
    return f"{100 * part / whole:.0f} %" if whole else ""


def row(*cells: str) -> Iterator[str]:
    """A line of a table in Markdown."""
    yield f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
