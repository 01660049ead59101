"""What lines tell of the tree that they were made on."""

from __future__ import annotations

import pytest

from kfunclint.kernel.evidence import Evidence, dated_words, evidence
from kfunclint.kernel.flags import flag_rows
from kfunclint.mail.message import Mail, MailSource, Subject
from kfunclint.patch.diff import Patch, parse_patch

ENTRY = "BTF_ID_FLAGS(func, bpf_shelf_size, KF_TRUSTED_ARGS)"
OTHER = "BTF_ID_FLAGS(func, bpf_shelf_walk, KF_TRUSTED_ARGS | KF_SLEEPABLE)"


def patch(*lines: str, number: int = 1, path: str = "mm/shelf.c") -> Patch:
    """A patch n of 3 of one hunk."""
    old = sum(line[0] != "+" for line in lines)
    new = sum(line[0] != "-" for line in lines)
    body = "\n".join((f"--- a/{path}", f"+++ b/{path}", f"@@ -1,{old} +1,{new} @@", *lines, ""))
    return parse_patch(Mail(Subject("mm: shelves", number=number, total=3), body, MailSource("a.patch")))


@pytest.mark.parametrize(
    ("patches", "found", "brought", "doubtful"),
    [
        # what was there before: context and what is taken away
        ([patch(f" {ENTRY}", "+int a;")], {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"}, set(), set()),
        ([patch(f"-{ENTRY}", "+int a;")], {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"}, set(), set()),
        ([patch(f"+{ENTRY}")], set(), {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"}, set()),
        ([patch(" __bpf_kfunc_start_defs();", "+int a;")], {"__bpf_kfunc_start_defs"}, set(), set()),
        # the next patch shows what the first one brought
        (
            [patch(f"+{ENTRY}", " KF_RCU"), patch(f" {ENTRY}", "+int a;", number=2)],
            {"KF_RCU"},
            {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"},
            set(),
        ),
        (
            [patch(f"+\t{ENTRY}"), patch(f"-{ENTRY}", "+int a;", number=2)],
            set(),
            {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"},
            set(),
        ),
        # in the order of their numbers, whatever that of the mails was
        (
            [patch(f" {ENTRY}", "+int a;", number=2), patch(f"+{ENTRY}")],
            set(),
            {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"},
            set(),
        ),
        # another line is the base's own
        (
            [patch(f"+{ENTRY}"), patch(f" {OTHER}", "+int a;", number=2)],
            {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS", "KF_SLEEPABLE"},
            {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"},
            set(),
        ),
        # who has not seen the first patch does not know what it brought
        ([patch(f" {ENTRY}", "+int a;", number=2)], set(), set(), {"KF_TRUSTED_ARGS", "BTF_ID_FLAGS"}),
        ([patch(" KF_RELEASE", "+KF_RCU", number=3)], set(), {"KF_RCU"}, {"KF_RELEASE"}),
        ([patch(" KF_RCU", "+int a;"), patch(" KF_RELEASE", "+int a;", number=3)], {"KF_RCU"}, set(), {"KF_RELEASE"}),
        # words of documents and words that no release has; what the series defines is its own
        ([patch(f" {ENTRY}", "+KF_RCU", path="Documentation/bpf/kfuncs.rst")], set(), set(), set()),
        ([patch(" KF_NOBODY_KNOWS KF_RCUS", "+#define KF_SHELVED 1")], set(), set(), set()),
        ([patch(" KF_RCU", "+# define KF_IMPLICIT_ARGS (1 << 16)", "+KF_IMPLICIT_ARGS")], {"KF_RCU"}, set(), set()),
    ],
)
def test_lines_tell(patches: list[Patch], found: set[str], brought: set[str], doubtful: set[str]) -> None:
    assert evidence(patches) == Evidence(frozenset(found), frozenset(brought), frozenset(doubtful))


def test_rows_are_of_flags_and_macros() -> None:
    assert flag_rows().keys() < dated_words().keys()
    for bounds in dated_words().values():
        assert bounds.since is not None
        assert bounds.until is None or bounds.since <= bounds.until
