"""Why rules about bodies say nothing of a kfunc."""

from __future__ import annotations

import pytest
from conftest import Lint

from kfunclint.facts.kfunc import MOST_ENTRIES

PATCH = """\
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH] shelf: count books

diff --git a/kernel/shelf/bpf.c b/kernel/shelf/bpf.c
--- a/kernel/shelf/bpf.c
+++ b/kernel/shelf/bpf.c
"""


def patch(code: str) -> str:
    lines = code.rstrip("\n").split("\n")
    return f"{PATCH}@@ -0,0 +1,{len(lines)} @@\n" + "".join(f"+{line}\n" for line in lines)


WHOLE = "__bpf_kfunc int bpf_shelf_count(struct shelf *shelf)\n{\n"
MANY = "".join(f"\tif (shelf_has_{at}(shelf))\n\t\treturn {at};\n" for at in range(2500))


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (WHOLE + "\treturn shelf->count;\n", "without the whole body of bpf_shelf_count()"),
        (WHOLE + "\tif (shelf->count\n\t\treturn 1;\n\treturn 0;\n}\n", "not understood: bpf_shelf_count() at line 4"),
        (WHOLE + MANY + "\treturn 0;\n}\n", "too much to follow: bpf_shelf_count()"),
        (
            WHOLE + "\treturn 0 0;\n}\n\n" + WHOLE.replace("count", "sum") + "\treturn 0;\n",
            "not understood: bpf_shelf_count() at line 3; without the whole body of bpf_shelf_sum()",
        ),
    ],
)
def test_the_reason_tells_why_a_body_is_not_known(code: str, reason: str, lint: Lint) -> None:
    skipped = dict(lint(patch(code), only=("guards/index-unchecked",)).skipped)
    assert skipped.pop("guards/index-unchecked") == reason
    assert skipped == ({"kernel/shelf/bpf.c": reason} if "too much" in reason else {})


def listed(entries: int) -> str:
    lines = "BTF_ID_FLAGS(func, bpf_shelf_count)\n" * entries
    return patch(WHOLE + f"\treturn 0;\n}}\n\nBTF_KFUNCS_START(shelf_ids)\n{lines}BTF_KFUNCS_END(shelf_ids)\n")


def test_entries_that_were_not_looked_at_are_told(lint: Lint) -> None:
    assert not lint(listed(MOST_ENTRIES), only=("sets/flags-differ",)).skipped
    review = lint(listed(MOST_ENTRIES + 1), only=("sets/flags-differ",))
    assert review.skipped == {"kernel/shelf/bpf.c": "too many entries of bpf_shelf_count()"}
    assert review.unchecked == {"kernel/shelf/bpf.c"}


def test_nothing_is_skipped_where_all_is_followed(lint: Lint) -> None:
    assert not lint(patch(WHOLE + "\treturn shelf->count;\n}\n"), only=("guards/index-unchecked",)).skipped
