"""Does the review work here? A parser that a hardened service has lost says nothing, and all would look clean."""

from __future__ import annotations

from typing import Any

from kfunclint.bot.reviewing import Reviewer
from kfunclint.errors import InputError
from kfunclint.mail.inbox import read_inbox
from kfunclint.pipeline import pipeline
from kfunclint.pipeline.request import Request
from kfunclint.settings import merged
from kfunclint.settings.selection import ActiveRules

_RULE = "flags/ret-null-missing"  # it needs the body of a function, and so the parser
_PATCH = b"""\
From: Ann Author <ann@example.org>
Date: Tue, 21 Oct 2025 09:30:00 +0200
Message-ID: <self-test@example.org>
Subject: [PATCH bpf-next] depot: let programs look a depot up

Give programs a depot by its number.

Signed-off-by: Ann Author <ann@example.org>
---
 kernel/depot/bpf.c | 17 +++++++++++++++++

diff --git a/kernel/depot/bpf.c b/kernel/depot/bpf.c
new file mode 100644
index 000000000000..222222222222
--- /dev/null
+++ b/kernel/depot/bpf.c
@@ -0,0 +1,17 @@
+// SPDX-License-Identifier: GPL-2.0-only
+#include <linux/bpf.h>
+
+__bpf_kfunc_start_defs();
+
+__bpf_kfunc struct depot *bpf_depot_find(u32 id)
+{
+	if (id > 7)
+		return NULL;
+	return depot_get(id);
+}
+
+__bpf_kfunc_end_defs();
+
+BTF_KFUNCS_START(bpf_depot_ids)
+BTF_ID_FLAGS(func, bpf_depot_find, KF_ACQUIRE)
+BTF_KFUNCS_END(bpf_depot_ids)
"""


def check(reviewer: Reviewer) -> None:
    """Review a patch that is known to be wrong. Raises InputError if that is not seen."""
    values: dict[str, Any] = {"only": (_RULE,)}
    selection = ActiveRules(merged.merge(values, ()))
    outcome = pipeline.run(read_inbox([_PATCH]), Request(no_tree=True), selection, reviewer.parser)
    if not any(finding.rule == _RULE for review in outcome.reviews for finding in review.findings):
        skipped = [f"{what}: {why}" for review in outcome.reviews for what, why in review.skipped.items()]
        reason = "; ".join((*(note.text for note in outcome.notes), *skipped)) or "nothing was found"
        raise InputError("self-test", None, f"a patch that is wrong looks clean, so nothing is reviewed: {reason}")
