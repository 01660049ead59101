"""Generated mails with kfuncs, as large as one likes in one respect."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

_KFUNC = """\
+/**
+ * bpf_depot_{name} - Count what is in a depot
+ * @depot: the depot
+ *
+ * Return: how many, -ENOENT if it is empty.
+ */
+__bpf_kfunc int bpf_depot_{name}(struct depot *depot)
+{{
+	struct crate *crate = depot_first(depot);
+
+	if (!crate)
+		return -ENOENT;
+	return crate->count;
+}}
+
"""
_LONG = "+static int depot_line_{name};\n"


def kfuncs(count: int, tag: str) -> str:
    """Added lines with that many kfuncs."""
    return "".join(_KFUNC.format(name=f"{tag}_{number}") for number in range(count))


def lines(count: int) -> str:
    """That many added lines that declare variables."""
    return "".join(_LONG.format(name=number) for number in range(count))


def new_file(path: str, added: str) -> str:
    """The diff that brings a file."""
    return f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n{hunk(0, 1, added)}"


def changed_file(path: str, hunks: Iterable[str]) -> str:
    """The diff that adds hunks to a file, far from each other."""
    body = "".join(hunk(1000 * number, 1000 * number + 1, added) for number, added in enumerate(hunks, start=1))
    return f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n{body}"


def hunk(old: int, new: int, added: str) -> str:
    """A hunk of added lines alone."""
    return f"@@ -{old},0 +{new},{added.count(chr(10))} @@\n{added}"


def series(name: str, diffs: Iterable[str]) -> Iterator[str]:
    """The mails of a series, each with a diff, as an mbox has them."""
    bodies = list(diffs)
    for number, diff in enumerate(bodies, start=1):
        above = f"In-Reply-To: <{name}-1@example.org>\n" if number > 1 else ""
        yield (
            "From mboxrd@z Thu Jan  1 00:00:00 1970\n"
            "From: Ann Author <ann@example.org>\n"
            "Date: Tue, 14 Oct 2025 10:00:00 +0200\n"
            f"Message-ID: <{name}-{number}@example.org>\n{above}"
            f"Subject: [PATCH bpf-next {number}/{len(bodies)}] depot: count, {name}\n\n"
            f"Programs count.\n\nSigned-off-by: Ann Author <ann@example.org>\n---\n{diff}-- \n2.47.0\n\n"
        )


def talk(name: str) -> str:
    """A mail without a patch, as most of an archive are."""
    text = "".join(f"I have looked at line {number} of it, and it is as it should be.\n" for number in range(40))
    return (
        "From mboxrd@z Thu Jan  1 00:00:00 1970\n"
        "From: Max Maintainer <max@example.org>\n"
        "Date: Tue, 14 Oct 2025 11:00:00 +0200\n"
        f"Message-ID: <{name}@example.org>\n"
        f"Subject: Re: depot: count, {name}\n\n{text}\n"
    )
