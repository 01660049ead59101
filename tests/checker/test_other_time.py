"""A tree of another time than the mails: it is said once, and decides nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from conftest import Lint
from trees import BTF, FILES, write

MAIL = """\
From: Ann Author <ann@example.org>
Date: {date}
Subject: [PATCH{tag}] bpf: count depots

---
diff --git a/kernel/bpf/depot.c b/kernel/bpf/depot.c
--- a/kernel/bpf/depot.c
+++ b/kernel/bpf/depot.c
@@ -1 +1,2 @@
 {context}
+int more;
diff --git a/kernel/bpf/shelf.c b/kernel/bpf/shelf.c
new file mode 100644
--- /dev/null
+++ b/kernel/bpf/shelf.c
@@ -0,0 +1,8 @@
+__bpf_kfunc int bpf_shelf_run(u32 id, struct bpf_prog_aux *aux)
+{{
+	return id;
+}}
+
+BTF_KFUNCS_START(shelf_ids)
+BTF_ID_FLAGS(func, bpf_shelf_run, {flag})
+BTF_KFUNCS_END(shelf_ids)
"""
EARLY, LATE = "Tue, 22 Oct 2024 10:00:00 +0200", "Tue, 20 Jan 2026 10:00:00 +0100"
IDS = "".join(f"#define {name}()\n" for name in ("BTF_ID", "BTF_ID_FLAGS", "BTF_KFUNCS_START", "BTF_KFUNCS_END"))
SAYS = "the tree is of another time: the tree's Makefile says 6.12.7"


@pytest.mark.parametrize(
    ("date", "tag", "context", "flag", "why"),
    [
        (EARLY, "", "int depot;", "KF_TRUSTED_ARGS", "the tree's Makefile says 6.12.7"),
        (EARLY, " bpf-next", "int depot;", "KF_TRUSTED_ARGS", "bpf-next during 6.12"),
        (EARLY, "", "int other;", "KF_TRUSTED_ARGS", "in development on 22 Oct 2024"),
        (LATE, "", "int depot;", "KF_TRUSTED_ARGS", "the tree's Makefile says 6.12.7"),
        (
            LATE,
            "",
            "int other;",
            "KF_TRUSTED_ARGS",
            f"in development on 20 Jan 2026; {SAYS}, and 1 of 2 files does not apply",
        ),
        (LATE, " bpf-next", "int depot;", "KF_ACQUIRE", "the tree's Makefile says 6.12.7"),
        (
            LATE,
            "",
            "int depot;",
            "KF_IMPLICIT_ARGS",
            f"it uses KF_IMPLICIT_ARGS, which came with 7.0; {SAYS}, and it has no KF_IMPLICIT_ARGS",
        ),
    ],
)
def test_a_tree_of_another_time_is_left_out(  # noqa: PLR0917
    date: str, tag: str, context: str, flag: str, why: str, tmp_path: Path, lint: Lint
) -> None:
    files = {"include/linux/btf.h": f"{BTF}#define __bpf_kfunc\n", "include/linux/btf_ids.h": IDS}
    write(tmp_path / "linux", FILES | files)
    text = MAIL.format(date=date, tag=tag, context=context, flag=flag)
    review = lint(text, tree=str(tmp_path / "linux"))
    assert review.kernel.why == why
    assert (review.base is None) == ("another time" in why)
    if review.base is None:
        assert review.findings == lint(text).findings
        assert not any("does not apply" in reason for reason in review.skipped.values())


def test_who_names_a_release_gets_the_tree(tmp_path: Path, lint: Lint) -> None:
    write(tmp_path / "linux", FILES)
    text = MAIL.format(date=LATE, tag=" bpf-next", context="int other;", flag="KF_IMPLICIT_ARGS")
    review = lint(text, kernel="6.12", tree=str(tmp_path / "linux"))
    assert review.base is not None
    assert "flags/flag-too-new" in {finding.rule for finding in review.findings}
