"""Reviews made by hand, so that the reports can be tested without mail, parser and rules."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from kfunclint.checker.lines import LineIndex, fingerprint
from kfunclint.checker.result import Review
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import (
    Edit,
    Finding,
    Fix,
    Level,
    Origin,
    Place,
    Reason,
    Remark,
    SuppressedFinding,
    UnusedSuppression,
)
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release, Target
from kfunclint.mail.message import Headers, Mail, MailSource, Series, Subject, TitlePlace
from kfunclint.patch import postimage
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.rule.rule import Description
from kfunclint.value import replace

ADD = """\
Add a kfunc that gives the depot at the top of the tree.

The top depot lives as long as the machine, so it's not necessarily to
count references to it. Programs can hold on to it for as long as they
want, and give it back with bpf_depot_put() like any other depot.

Signed-off-by: Ann Author <ann@example.org>
---
 kernel/depot/bpf.c | 16 ++++++++++++++++
 1 file changed, 16 insertions(+)

diff --git a/kernel/depot/bpf.c b/kernel/depot/bpf.c
index 1111111..2222222 100644
--- a/kernel/depot/bpf.c
+++ b/kernel/depot/bpf.c
@@ -12,6 +12,22 @@ struct depot_ops;
 
 __bpf_kfunc_start_defs();
 
+/**
+ * bpf_depot_top - Give the depot at the top
+ *
+ * It has no parent, and is never freed. What it holds is what all the
+ * others hold, and what was never given to one of them, as depot_stat()
+ * counts it.
+ */
+__bpf_kfunc struct depot *bpf_depot_top(u64 flags)
+{
+	if (flags)
+		return NULL;
+
+	/* nobody frees it */
+	return top_depot;
+}
+
 /**
  * bpf_depot_put - Give a depot back
  * @depot: which one
"""  # noqa: W293 - diffs have such lines

REGISTER = """\
Let all programs call it.

Signed-off-by: Ann Author <ann@example.org>
---
 kernel/depot/bpf.c | 1 +
 1 file changed, 1 insertion(+)

diff --git a/kernel/depot/bpf.c b/kernel/depot/bpf.c
index 2222222..3333333 100644
--- a/kernel/depot/bpf.c
+++ b/kernel/depot/bpf.c
@@ -40,5 +56,6 @@ __bpf_kfunc void bpf_depot_put(struct depot *depot)
 __bpf_kfunc_end_defs();
 
 BTF_KFUNCS_START(bpf_depot_ids)
+BTF_ID_FLAGS(func, bpf_depot_top, KF_ACQUIRE)
 BTF_ID_FLAGS(func, bpf_depot_put, KF_RELEASE)
 BTF_KFUNCS_END(bpf_depot_ids)
"""  # noqa: W293

PATH = "kernel/depot/bpf.c"


def a_mail(number: int, total: int, title: str, body: str) -> Mail:
    """Patch n of m by Ann Author; the bodies of an mbox follow each other from its line 10 on."""
    count = f" {number}/{total}" if total > 1 else ""
    author = "Ann Author <ann@example.org>"
    return Mail(
        subject=Subject(title, ("bpf-next",), number, total, text=f"[PATCH bpf-next{count}] {title}"),
        body=body,
        source=MailSource(
            file="series.mbox",
            body_line=10 + 100 * (number - 1),
            title=TitlePlace(7 + 100 * (number - 1), len(f"Subject: [PATCH bpf-next{count}] ") + 1),
        ),
        headers=Headers(
            author=author,
            sender=author,
            date="Tue, 21 Oct 2025 09:30:01 +0200",
            message_id=f"depot-{number}@example.org",
            in_reply_to="depot-0@example.org",
            references=("depot-0@example.org",),
            to=("bpf@example.org",),
            cc=('"Maintainer, Max" <max@example.org>', author),
        ),
    )


def with_fields(mail: Mail, **fields: Any) -> Mail:
    """The mail with other fields, whichever part of it holds them; `subject` is the text of the subject."""
    if "subject" in fields:
        fields["text"] = fields.pop("subject")
    parts: dict[str, Any] = {
        name: replace(part, **{field: fields.pop(field) for field in part.__match_args__ if field in fields})
        for name, part in (("subject", mail.subject), ("headers", mail.headers), ("source", mail.source))
    }
    return replace(mail, **parts, **fields)


def a_review(mails: list[Mail], findings: list[Finding] | None = None, cover: Mail | None = None) -> Review:
    """A review of these mails for 6.18."""
    series = Series(tuple(mails), cover, mails[0].subject.version, mails[0].subject.total, "", ())
    patches = tuple(parse_patch(mail) for mail in mails)
    letter = parse_patch(cover) if cover else None
    sources = postimage.apply_series(patches)
    return Review(
        series=series,
        patches=patches,
        cover=letter,
        sources=sources,
        lines=LineIndex(patches, letter, sources),
        base=None,
        kernel=Target.exactly(Release(6, 18), "in development on 21 Oct 2025"),
        findings=tuple(findings or ()),
        skipped={},
        failures={},
        unreadable=(),
        rules=(),
    )


def unchecked(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc uses top_depot without testing depot_disabled() first.

    The top depot is there even on a kernel booted with depot=off, but nobody looks after it.

    Bad:
        return top_depot;
    Good:
        if (depot_disabled())
                return NULL;
        return top_depot;
    """
    raise NotImplementedError


def mails() -> list[Mail]:
    """The two patches of the sample."""
    return [
        a_mail(1, 2, "depot: add bpf_depot_top()", ADD),
        a_mail(2, 2, "depot: register bpf_depot_top()", REGISTER),
    ]


def place(review: Review, words: str, within: str = "") -> Place:
    """Where the first added line or message line that has the words has them; `within`: only lines with these words."""
    for one in (review.cover, *review.patches):
        found = _place(one, words, within) if one else None
        if found:
            return found
    raise LookupError(words)


def _place(one: Patch, words: str, within: str) -> Place | None:
    for line in one.message:
        if words in line.text and within in line.text:
            start = line.text.index(words) + 1
            return Place(None, line.mail_line, start, start + len(words), one.mail.subject.number)
    for file in one.files:
        for diff_line in (line for hunk in file.hunks for line in hunk.lines):
            if diff_line.new and words in diff_line.text and within in diff_line.text:
                start = diff_line.text.index(words) + 1
                return Place(file.new_path, diff_line.new, start, start + len(words))
    return None


def titled(review: Review, words: str) -> Place:
    """Where the first title that has the words has them."""
    mail = next(one.mail for one in review.patches if words in one.mail.subject.title)
    start = mail.subject.title.index(words) + 1
    return Place(None, 0, start, start + len(words), mail.subject.number)


def a_finding(review: Review, at: Place, rule: str, level: Level, message: str, **more: object) -> Finding:
    """A finding at a place of a review; `more` are further fields of it."""
    texts = LineIndex(review.patches, review.cover, postimage.apply_series(review.patches))
    function, fix = more.pop("function", None), more.pop("fix", None)
    assert function is None or isinstance(function, str)
    assert fix is None or isinstance(fix, Fix)
    finding = Finding(
        rule=rule,
        level=level,
        strict=False,
        at=at,
        message=message,
        because=(),
        fix=fix,
        diff=texts.diff(fix) if fix else "",
        see="scripts/kernel-doc",
        function=function,
        quoted=texts.text(at),
        origin=texts.origin(at) or Origin(0, "", 1),
        key=fingerprint(rule, at.path, function, texts.text(at)),
    )
    return replace(finding, **more)  # type: ignore[arg-type]


def wrong_word(review: Review) -> Finding:
    """A word of a commit message, with the word that it should be."""
    at = place(review, "necessarily")
    message = '"not necessarily to" should be "not necessary to"'
    return a_finding(
        review, at, "text/grammar", Level.CHECK, message, fix=Fix('write "necessary"', (Edit(at, "necessary"),))
    )


def return_missing(review: Review) -> Finding:
    """A kernel-doc comment without a section."""
    return a_finding(
        review,
        place(review, "bpf_depot_top", " - Give"),
        "kerneldoc/return-missing",
        Level.CHECK,
        "the kernel-doc of bpf_depot_top() has no Return: section",
        function="bpf_depot_top",
    )


def unguarded(review: Review) -> Finding:
    """A line of C, with a fix of several lines above it."""
    at = place(review, "top_depot", "return")
    lines = Edit(Place(PATH, at.line - 4), "\tif (depot_disabled())\n\t\treturn NULL;\n\n")
    return a_finding(
        review,
        at,
        "guards/depot-disabled-unchecked",
        Level.WARNING,
        "bpf_depot_top() uses top_depot without testing depot_disabled(): "
        "it is allocated even with depot=off, so a NULL test does not replace that",
        function="bpf_depot_top",
        fix=Fix("return NULL first if depot_disabled()", (lines,)),
        see="kernel/depot/core.c: depot_init()",
    )


def flag_missing(review: Review) -> Finding:
    """A line of patch 2 that a line of patch 1 makes wrong."""
    at = place(review, "bpf_depot_top", "BTF_ID_FLAGS")
    end = place(review, "KF_ACQUIRE").end_column
    return a_finding(
        review,
        at,
        "flags/ret-null-missing",
        Level.ERROR,
        "bpf_depot_top() can return NULL but is registered without KF_RET_NULL",
        function="bpf_depot_top",
        because=(Reason(place(review, "return NULL"), "NULL is returned here"),),
        fix=Fix("add KF_RET_NULL", (Edit(Place(PATH, at.line, end, end), " | KF_RET_NULL"),)),
        see="kernel/bpf/verifier.c: check_kfunc_call()",
    )


def sample() -> Review:
    """Two patches with four findings of all levels, in a message, a comment, C and a set."""
    review = a_review(mails())
    found = (wrong_word(review), return_missing(review), unguarded(review), flag_missing(review))
    doc = inspect.getdoc(unchecked) or ""
    rules = tuple(Description(one.rule, one.level, one.see, doc, one.strict) for one in found)
    return replace(review, findings=found, rules=rules)


def of_title() -> Review:
    """A review with nothing but a remark on a word of the second title."""
    found = sample()
    at = titled(found, "register")
    fix = Fix('write "list"', (Edit(at, "list"),))
    return replace(found, findings=(a_finding(found, at, "text/x", Level.CHECK, "no word", fix=fix),))


def trouble() -> Review:
    """No findings, but one withheld, a request without effect, a rule that was skipped and one that failed."""
    found = a_review(mails())
    return replace(
        found,
        withheld=(SuppressedFinding(wrong_word(found), "Max Maintainer has said it"),),
        unused=(
            UnusedSuppression(
                "series.mbox", 21, "kfunclint: ignore text - my way", "nothing was found that it silences"
            ),
        ),
        skipped={"guards/depot-disabled-unchecked": "without the whole body of bpf_depot_get()"},
        failures={"flags/odd": "Traceback (most recent call last):\n  ...\nKeyError: 'flags'\n"},
    )
