"""The kinds of nodes and types, on both sides of the parser."""

from __future__ import annotations

from typing import Literal

NodeKind = Literal[
    "block",
    "if",
    "while",
    "do",
    "for",
    "switch",
    "case",
    "default",
    "label",
    "goto",
    "break",
    "continue",
    "return",
    "decl",
    "var",
    "none",
    "name",
    "member",
    "call",
    "unary",
    "binary",
    "assign",
    "ternary",
    "index",
    "number",
    "string",
    "list",
    "stmtexpr",
    "unevaluated",
    "opaque",
]

TypeKind = Literal["integer", "enum", "float", "pointer", "struct", "union", "array", "function", "void"]
