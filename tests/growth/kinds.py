"""Mails in which one thing stands any number of times, for the tests that hold a review to linear time.

A rule that goes through everything for everything has its kind here: a function from a number to the text of a mail,
with @kind.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable

Kind = Callable[[int], str]
KINDS: dict[str, Kind] = {}

HEAD = "From: Ann Author <ann@example.org>\nDate: Tue, 21 Oct 2025 10:00:00 +0000\n"


def kind(make: Kind) -> Kind:
    KINDS[make.__name__.replace("_", "-")] = make
    return make


def many(line: str, count: int) -> str:
    """A line so often, with its number for "@" and the next one for "#"."""
    return "".join(line.replace("@", str(at)).replace("#", str(at + 1)) for at in range(count))


def file(text: str, path: str = "kernel/depot/bpf.c") -> str:
    """The diff that adds a file."""
    lines = text.rstrip("\n").split("\n")
    added = "".join(f"+{line}\n" for line in lines)
    return f"diff --git a/{path} b/{path}\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n{added}"


def mail(diff: str, message: str = "Count depots.\n", subject: str = "[PATCH] depot: count") -> str:
    return (
        f"{HEAD}Subject: {subject}\nMessage-ID: <{zlib.crc32(subject.encode())}@example.org>\n\n{message}\n---\n{diff}"
    )


def kfunc(body: str, *, doc: str = "", parameters: str = "struct depot *depot", before: str = "") -> str:
    """A file with one kfunc that returns a pointer, and its set."""
    return (
        f"{before}__bpf_kfunc_start_defs();\n\n{doc}__bpf_kfunc struct depot *bpf_depot_next({parameters})\n{{\n{body}"
        "\treturn depot;\n}\n\n__bpf_kfunc_end_defs();\n\n"
        "BTF_KFUNCS_START(depot_ids)\nBTF_ID_FLAGS(func, bpf_depot_next)\nBTF_KFUNCS_END(depot_ids)\n"
    )


def in_body(line: str) -> Kind:
    return lambda count: mail(file(kfunc(many(line, count))))


BODIES = {
    "calls-tested": "\tif (depot_is_@(depot))\n\t\treturn NULL;\n",
    "members-tested": "\tif (depot->m@ > 3)\n\t\treturn NULL;\n",
    "assignments": "\tint n@ = depot->n@;\n",
    "copies": "\tstruct depot *d# = d@;\n",
    "conditions-kept": "\tbool b# = b@ && depot->b@;\n",
    "conditions-doubled": "\tbool b# = b@ && b@;\n",
    "negations": "\tbool b# = !b@;\n",
    "loops": "\tfor (int i@ = 0; i@ < 3; i@++)\n\t\tdepot_visit(depot, i@);\n",
    "labels": "l@:\n\tif (depot->m@)\n\t\tgoto l@;\n",
    "jumps": "\tif (depot->m@)\n\t\tgoto l#;\nl@:\n",
    "locks": "\tspin_lock(&depot->lock@);\n\tspin_unlock(&depot->lock@);\n",
    "leaks": "\tif (depot->m@) {\n\t\tspin_lock(&depot->lock);\n\t\treturn NULL;\n\t}\n",
    "lookups": "\tstruct depot *d@ = depot_find(@);\n\td@->count++;\n",
    "indices": "\tdepot->slots[depot->at@]++;\n",
    "allocations": "\tvoid *p@ = kmalloc(8, GFP_KERNEL);\n",
    "ternaries": "\tdepot = depot->m@ ? depot->m@ : depot;\n",
    "ors": "\tif (depot->a@ || depot->b@ && depot->c@)\n\t\treturn NULL;\n",
    "warnings": "\tWARN_ON(depot->m@);\n",
}
for name, line in BODIES.items():
    KINDS[name] = in_body(line)


@kind
def cases(count: int) -> str:
    return mail(
        file(
            kfunc("\tswitch (depot->m) {\n" + many("\tcase @:\n\t\tdepot_is_@(depot);\n\t\tbreak;\n", count) + "\t}\n")
        )
    )


@kind
def helpers(count: int) -> str:
    """Each calls the one above it."""
    texts = many("static int f#(struct depot *d)\n{\n\treturn d->m@ ? f@(d) : 0;\n}\n\n", count)
    return mail(file(kfunc(f"\tif (f{count}(depot))\n\t\treturn NULL;\n", before=texts)))


@kind
def kfuncs(count: int) -> str:
    text = many("__bpf_kfunc int bpf_depot_@(struct depot *depot)\n{\n\treturn depot->m@;\n}\n\n", count)
    entries = many("BTF_ID_FLAGS(func, bpf_depot_@)\n", count)
    return mail(file(f"{text}BTF_KFUNCS_START(ids)\n{entries}BTF_KFUNCS_END(ids)\n"))


@kind
def same_kfunc(count: int) -> str:
    return mail(file(kfunc("") * count))


@kind
def same_entry(count: int) -> str:
    return mail(
        file(kfunc("").replace("BTF_ID_FLAGS(func, bpf_depot_next)\n", "BTF_ID_FLAGS(func, bpf_depot_next)\n" * count))
    )


@kind
def patches_of_a_file(count: int) -> str:
    """A series, each of which adds a kfunc at the end of a file."""
    text = "__bpf_kfunc int bpf_depot_@(struct depot *depot)\n{\n\treturn 0;\n}\n\n"
    added = [many(text.replace("@", str(at)).replace("\n", "\n+"), 1)[:-1] for at in range(count)]
    heads = ["--- /dev/null\n+++ b/a.c\n@@ -0,0 +1,5 @@\n"] + [
        f"--- a/a.c\n+++ b/a.c\n@@ -{5 * at - 1},2 +{5 * at - 1},7 @@\n }}\n \n" for at in range(1, count)
    ]
    return "\n".join(
        "From git@z Thu Jan  1 00:00:00 1970\n"
        + mail(f"diff --git a/a.c b/a.c\n{head}+{lines}", subject=f"[PATCH {at}/{count}] x")
        for at, (head, lines) in enumerate(zip(heads, added, strict=True), 1)
    )


@kind
def sets(count: int) -> str:
    text = many("BTF_KFUNCS_START(ids_@)\nBTF_ID_FLAGS(func, bpf_depot_next)\nBTF_KFUNCS_END(ids_@)\n", count)
    return mail(file(kfunc("") + text))


@kind
def registrations(count: int) -> str:
    text = many(
        "static int __init f@(void)\n{\n\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &s@);\n}\n", count
    )
    return mail(file(kfunc("") + text))


@kind
def parameters(count: int) -> str:
    names = "struct depot *depot" + many(", int n@", count)
    described = many(" * \0n@: a number\n", count).replace("\0", "@")
    doc = f"/**\n * bpf_depot_next() - next\n{described} */\n"
    return mail(file(kfunc("", parameters=names, doc=doc)))


@kind
def macros(count: int) -> str:
    return mail(file(kfunc("", before=many("#define M@ M#\n", count))))


@kind
def comments(count: int) -> str:
    return mail(file(kfunc("", before=many("/* what it is is @ */\n", count))))


@kind
def one_comment(count: int) -> str:
    return mail(file(kfunc("", doc="/**\n * bpf_depot_next() - next\n" + " * it and and so\n" * count + " */\n")))


@kind
def one_paragraph(count: int) -> str:
    return mail(file(kfunc("")), message="it and and so\n" * count)


@kind
def paragraphs(count: int) -> str:
    return mail(file(kfunc("")), message="bpf_depot_next() may return NULL.\n\n" * count)


@kind
def one_line(count: int) -> str:
    return mail(file(kfunc("")), message="so " + "and and " * count)


@kind
def silences(count: int) -> str:
    return mail("kfunclint: ignore flags - why\n" * count + file(kfunc("\tif (!depot)\n\t\treturn NULL;\n")))


@kind
def files(count: int) -> str:
    return mail(
        "".join(file(kfunc("").replace("depot_next", f"depot_{at}"), f"kernel/depot/f{at}.c") for at in range(count))
    )


@kind
def hunks(count: int) -> str:
    hunk = "@@ -{0},2 +{0},3 @@\n a;\n+b;\n c;\n"
    head = "diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n"
    return mail(head + "".join(hunk.replace("+{0}", f"+{10 * at + at + 1}").format(10 * at + 1) for at in range(count)))


@kind
def patches(count: int) -> str:
    """A series, each of which adds a kfunc to a file of its own."""
    return "\n".join(
        "From git@z Thu Jan  1 00:00:00 1970\n"
        + mail(
            file(kfunc("").replace("depot_next", f"depot_{at}"), f"kernel/depot/f{at}.c"),
            subject=f"[PATCH {at + 1}/{count}] x",
        )
        for at in range(count)
    )


@kind
def mails(count: int) -> str:
    """Series of one patch each."""
    return "\n".join(
        "From git@z Thu Jan  1 00:00:00 1970\n" + mail(file(kfunc("")), subject=f"[PATCH] depot: count, {at}")
        for at in range(count)
    )


@kind
def names(count: int) -> str:
    return mail(file(many("static int depot_crate_@;\n", count) + kfunc("")))
