"""Kernel-doc and paragraphs: what is read as text, and at which place."""

from __future__ import annotations

import pytest
from scans import one

from kfunclint.c import lexer
from kfunclint.extract import kerneldoc
from kfunclint.extract.paragraphs import of_comment, of_message
from kfunclint.facts.docs import Doc
from kfunclint.patch.diff import MessageLine


def doc(text: str) -> Doc | None:
    return kerneldoc.doc(one(text).comments[0])


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("bpf_foo - Do it", "bpf_foo"),
        ("bpf_foo() - Do it", "bpf_foo"),
        ("bpf_foo: Do it", "bpf_foo"),
        ("bpf_foo", "bpf_foo"),
        ("struct foo *bpf_foo - Do it", ""),
        ("foo *bpf_foo() - Do it", "bpf_foo"),
        ("Do it now.", ""),
        ("struct foo - A thing", ""),
        ("bpf_foo(a, b) - Do it", ""),
        ("Do it now - or not: later", ""),
        ("var bpf_foo - Do it", ""),
        ("define bpf_foo - Do it", "bpf_foo"),
        ("const struct foo *bpf_foo - Do it", "bpf_foo"),
        ("(odd) - Do it", ""),
    ],
)
def test_name_line(line: str, name: str) -> None:
    found = doc(f"/**\n * {line}\n * @a: b\n */\n")
    assert found is not None
    assert found.name == name
    assert found.at.line == 2


@pytest.mark.parametrize(
    ("line", "purpose"),
    [("bpf_foo - Do it", "Do it"), ("bpf_foo: Do it - now", "Do it - now"), ("bpf_foo()", ""), ("bpf_foo() -", "")],
)
def test_purpose(line: str, purpose: str) -> None:
    found = doc(f"/**\n * {line}\n */\n")
    assert found is not None
    assert found.purpose == purpose


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("__bpf_kfunc int bpf_foo(void)", "bpf_foo"),
        ("__bpf_kfunc struct foo *\nbpf_foo(void) {", "bpf_foo"),
        ("__bpf_kfunc_start_defs();", "__bpf_kfunc_start_defs"),
        ("__printf(2, 0)\n__bpf_kfunc int bpf_foo(void)", "bpf_foo"),
        ("__attribute__((a(1), b)) __cond_acquires(0, &x) int bpf_foo(void)", "bpf_foo"),
        ("__printf(2, 0)(", None),
        ("__section(x) int bpf_foo(void)", "__section"),
        ("struct foo {", None),
        ("int x;", None),
        ("int x", None),
    ],
)
def test_prototype(code: str, name: str | None) -> None:
    assert kerneldoc.prototype(lexer.tokens(code)) == name


def test_place_of_the_name() -> None:
    found = doc("/**\n * bpf_foo() - Do it\n */\n")
    assert found is not None
    assert (found.at.line, found.at.column, found.at.end_column) == (2, 4, 11)


@pytest.mark.parametrize(
    ("line", "section"),
    [
        ("Return: x", "return"),
        ("RETURNS : x", "return"),
        ("  returns: x", "return"),
        ("@return: x", "return"),
        ("@returns: x", "@returns"),
        ("@Return: x", "@returns"),
        ("* Return: x", "return"),
        ("an item * @flags: x", "@flags"),
        ("@flags: x", "@flags"),
        ("@...: more", "@..."),
        ("Context: any", "context"),
        ("Returns x", None),
        ("Return::", None),
        ("See Return: x", None),
    ],
)
def test_section(line: str, section: str | None) -> None:
    found = doc(f"/**\n * bpf_foo - Do it\n * {line}\n */\n")
    assert found is not None
    assert [known.name for known in found.sections] == ([section] if section else [])


@pytest.mark.parametrize(
    "text",
    ["/* x\n */", "\t/**\n\t * x - y\n\t */", "/** one */", "/**\n * DOC: overview\n */", "/**\n * cut off", "/**/"],
)
def test_not_kernel_doc(text: str) -> None:
    assert doc(text + "\n") is None


def paragraphs(text: str) -> list[str]:
    lines = [MessageLine(line, number) for number, line in enumerate(text.split("\n"), 1)]
    return [found.text for found in of_message(lines, "message", 1)]


def test_paragraphs_of_a_message() -> None:
    text = (
        "First line\nsecond line.\n\n- an item\n  that goes on\n- another\n\n    code(here);\n\n> quoted\n$ make it\n"
        '[   12.345678] oops\n foo.c | 3 ++\nhttps://example.org/x\n\nFixes: 0123456789ab ("x")\nCc: a@example.org\n'
        "Signed-off-by: Ann Author <ann@example.org>\n"
    )
    assert paragraphs(text) == ["First line second line.", "an item that goes on", "another"]


def test_hanging_indents_go_on() -> None:
    text = (
        "v3: - an item\n      that goes on\nv2: a line\n    that goes on\n\nNote: a line\n      that goes on\n\n"
        "Usage:\n      code(here);\n\nA line\n      code(here);\n"
    )
    assert paragraphs(text) == [
        "an item that goes on",
        "a line that goes on",
        "Note: a line that goes on",
        "Usage:",
        "A line",
    ]


def test_a_cover_letter_ends_at_the_shortlog() -> None:
    lines = [
        MessageLine(line, n) for n, line in enumerate(["Words.", "", "Ann Author (2):", "  mm: add the the thing"])
    ]
    assert [found.text for found in of_message(lines, "cover", 0)] == ["Words."]


def test_places_in_a_message() -> None:
    lines = [MessageLine("  - it is", 7), MessageLine("    here", 8)]
    (found,) = of_message(lines, "message", 3)
    assert found.text == "it is here"
    at = found.place(6, 10)
    assert (at.path, at.patch, at.line, at.column, at.end_column) == (None, 3, 8, 5, 9)
    assert found.place(3, 10).end_column == 10  # ends with the first line


def test_paragraphs_of_comments() -> None:
    text = (
        "/**\n * bpf_foo - Do it\n * @a: the first\n *     of them\n * @b: the second\n *\n * Words::\n"
        " *\n *   code();\n"
        " *\n * More words.\n * - an item\n */\nint x; /* behind */ // and this\n"
    )
    found = [(p.text, p.kind) for comment in one(text).comments for p in of_comment(comment, None)]
    assert found == [
        ("bpf_foo - Do it", "doc"),
        ("the first of them", "doc"),
        ("the second", "doc"),
        ("Words::", "doc"),
        ("More words.", "doc"),
        ("an item", "doc"),
        ("behind", "comment"),
        ("and this", "comment"),
    ]


def test_code_in_a_comment_is_known_by_its_depth() -> None:
    text = "/* Like so::\n *\n *\tcode();\n * and\n *\tmore();\n * words. */\n"
    found = [p.text for comment in one(text).comments for p in of_comment(comment, None)]
    assert found == ["Like so::", "and", "words."]


def test_places_in_a_comment() -> None:
    (comment,) = one("\tint x;\t/* one\n\t\t * two three\n\t\t */\n").comments
    (found,) = of_comment(comment, "bpf_foo")
    start = found.text.index("three")
    at = found.place(start, start + 5)
    assert (at.path, at.line, at.column, at.end_column) == ("a.c", 2, 10, 15)
    assert found.function == "bpf_foo"
