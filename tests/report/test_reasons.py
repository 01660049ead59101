"""How the way to a finding is told: at most three places, and one that the mail does not show in words alone."""

from __future__ import annotations

from pathlib import Path

import pytest

import kfunclint
from kfunclint.clang import Parser
from kfunclint.report import formats

OLD = """\
#include <linux/btf.h>

static u64 slot_value(struct shelf *shelf, u32 slot)
{
	return shelf->values[slot];
}

/* A few lines between: what stands above is in no hunk. */
struct slot_head {
	u32 first;
	u32 last;
	u32 count;
};

__bpf_kfunc u64 bpf_slot_sum(struct shelf *shelf, u32 slot)
{
	return 0;
}
"""
PATCH = """\
From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
From: Ann Author <ann@example.org>
Date: Tue, 14 Oct 2025 10:00:00 +0200
Message-ID: <report.reasons@example.org>
To: bpf@example.org
Subject: [PATCH bpf-next] shelf: give the sum

Give it.

Signed-off-by: Ann Author <ann@example.org>
---
 kernel/shelf/slot.c | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/kernel/shelf/slot.c b/kernel/shelf/slot.c
index 1111111..2222222 100644
--- a/kernel/shelf/slot.c
+++ b/kernel/shelf/slot.c
@@ -15,4 +15,4 @@ struct slot_head {
 __bpf_kfunc u64 bpf_slot_sum(struct shelf *shelf, u32 slot)
 {
-	return 0;
+	return slot_value(shelf, slot);
 }
--
2.47.0
"""


@pytest.fixture
def outcome(tmp_path: Path, parser: Parser) -> kfunclint.Outcome:
    """The review of a call of an old helper, with the tree that has that."""
    for path, text in (("Makefile", "VERSION = 6\nPATCHLEVEL = 18\n"), ("kernel/shelf/slot.c", OLD)):
        (tmp_path / "tree" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "tree" / path).write_text(text)
    (tmp_path / "tree/include/linux").mkdir(parents=True)
    (tmp_path / "tree/include/linux/btf.h").write_text("#define __bpf_kfunc __used noinline\n")
    (tmp_path / "a.patch").write_text(PATCH)
    return kfunclint.review(tmp_path / "a.patch", tree=tmp_path / "tree", parser=parser)


def test_the_use_in_an_old_helper_is_told_behind_the_call(outcome: kfunclint.Outcome) -> None:
    (review,) = outcome.reviews
    (finding,) = review.findings
    assert (finding.rule, finding.at.line) == ("guards/index-unchecked", 17)
    assert [(reason.at.line, reason.note) for reason in finding.because] == [
        (15, "the argument comes from the program"),
        (5, "the index is here, in slot_value()"),
    ]


def test_a_line_that_the_mail_does_not_show_is_not_quoted(outcome: kfunclint.Outcome) -> None:
    (review,) = outcome.reviews
    reply = " ".join(formats.render("reply", review).split())
    assert "The index is here, in slot_value() (line 5 of kernel/shelf/slot.c)." in reply
    assert "shelf->values[slot]" not in reply
    assert 'The argument comes from the program: "__bpf_kfunc u64 bpf_slot_sum(' in reply
