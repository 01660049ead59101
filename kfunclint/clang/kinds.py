"""The numbers of libclang 18.1, as clang-c/Index.h of that release has them."""

from __future__ import annotations

from enum import IntEnum


class CursorKind(IntEnum):
    """enum CXCursorKind, as far as a unit of C is read; without the prefix CXCursor_."""

    UNION_DECL = 3
    FUNCTION_DECL = 8
    VAR_DECL = 9
    PARM_DECL = 10
    TYPEDEF_DECL = 20
    FIRST_REF = 40
    LAST_REF = 50
    UNEXPOSED_EXPR = 100
    DECL_REF_EXPR = 101
    MEMBER_REF_EXPR = 102
    CALL_EXPR = 103
    INTEGER_LITERAL = 106
    FLOATING_LITERAL = 107
    IMAGINARY_LITERAL = 108
    STRING_LITERAL = 109
    CHARACTER_LITERAL = 110
    PAREN_EXPR = 111
    UNARY_OPERATOR = 112
    ARRAY_SUBSCRIPT_EXPR = 113
    BINARY_OPERATOR = 114
    COMPOUND_ASSIGN_OPERATOR = 115
    CONDITIONAL_OPERATOR = 116
    C_STYLE_CAST_EXPR = 117
    COMPOUND_LITERAL_EXPR = 118
    INIT_LIST_EXPR = 119
    ADDR_LABEL_EXPR = 120
    STMT_EXPR = 121
    UNARY_EXPR = 136
    LABEL_STMT = 201
    COMPOUND_STMT = 202
    CASE_STMT = 203
    DEFAULT_STMT = 204
    IF_STMT = 205
    SWITCH_STMT = 206
    WHILE_STMT = 207
    DO_STMT = 208
    FOR_STMT = 209
    GOTO_STMT = 210
    CONTINUE_STMT = 212
    BREAK_STMT = 213
    RETURN_STMT = 214
    NULL_STMT = 230
    DECL_STMT = 231
    ANNOTATE_ATTR = 406


FIRST_EXPRESSION, LAST_STATEMENT = 100, 399


class TypeKind(IntEnum):
    """enum CXTypeKind, likewise; without the prefix CXType_."""

    VOID = 2
    BOOL = 3
    CHAR_S = 13
    INT128 = 20
    FLOAT = 21
    DOUBLE = 22
    LONG_DOUBLE = 23
    POINTER = 101
    RECORD = 105
    ENUM = 106
    TYPEDEF = 107
    FUNCTION_NO_PROTO = 110
    FUNCTION_PROTO = 111
    CONSTANT_ARRAY = 112
    INCOMPLETE_ARRAY = 114
    ELABORATED = 119


FIRST_INTEGER, LAST_INTEGER = TypeKind.BOOL, TypeKind.INT128
FIRST_SIGNED = TypeKind.CHAR_S
