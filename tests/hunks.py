"""Hunks as the parser gets them, and what it made of them in a form that is easy to compare."""

from __future__ import annotations

from collections.abc import Collection

from kfunclint.c.syntax import Function, Node, Unit
from kfunclint.clang import Parser
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

PATH = "kernel/shelf.c"


def visible(text: str, start: int = 10, heading: str = "", added: Collection[int] = ()) -> VisibleRange:
    """The lines of a hunk, the first with number `start`; `added` are the numbers of those that the series brought."""
    lines = []
    for number, line in enumerate(text.removesuffix("\n").split("\n"), start):
        patch, mail_line = (1, number) if number in added else (None, None)
        lines.append(Line(line, patch, mail_line, heading if number == start else ""))
    return VisibleRange(start, tuple(lines))


def parse(parser: Parser, *ranges: VisibleRange) -> Unit:
    """What the parser makes of the hunks of one file; they must not make it fail."""
    unit = parser.parse(PostImage(PATH, ranges))
    assert unit.failure is None
    return unit


def functions(
    parser: Parser, text: str, start: int = 10, heading: str = "", added: Collection[int] = ()
) -> tuple[Function, ...]:
    """The functions in a hunk."""
    return parse(parser, visible(text, start, heading, added)).functions


def function(parser: Parser, text: str, start: int = 10, heading: str = "", added: Collection[int] = ()) -> Function:
    """The only function in a hunk."""
    (found,) = functions(parser, text, start, heading, added)
    return found


def signature(found: Function) -> str:
    """A function as its declaration spells it, with what is known of it in words in front."""
    words = [word for word in ("marker", "static") if getattr(found, word)]
    parameters = [f"{one.type}:{one.name}" for one in found.parameters] + (["..."] if found.variadic else [])
    return " ".join([*words, f"{found.returns}:{found.name}({', '.join(parameters)})"])


def spelled(node: Node) -> str:
    """A node with all below it on one line: (kind text kids), names and literals without their kind."""
    if node.kind in ("name", "number", "string"):
        return node.text
    words = [node.kind, *([node.text] if node.text else []), *([node.note] if node.note else [])]
    return f"({' '.join([*words, *(spelled(kid) for kid in node.kids)])})"


def statements(found: Function) -> str:
    """The statements of a function, spelled."""
    return " ".join(spelled(kid) for kid in found.body.kids)


_ADDING = """\
From: Ann Author <ann@example.org>
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH] bpf: add the widget kfuncs

Let programs work with widgets.

Signed-off-by: Ann Author <ann@example.org>
---
diff --git a/kernel/bpf/widget.c b/kernel/bpf/widget.c
new file mode 100644
index 0000000..2222222
--- /dev/null
+++ b/kernel/bpf/widget.c
@@ -0,0 +1,{count} @@
"""


def adding(text: str) -> str:
    """The mail of a patch that adds a file of kfuncs."""
    lines = text.rstrip("\n").split("\n")
    return _ADDING.format(count=len(lines)) + "".join(f"+{line}\n" for line in lines)
