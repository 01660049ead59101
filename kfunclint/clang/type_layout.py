"""The types in signatures and of names as the headers of a tree declare them. Runs in the confined child."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from kfunclint.c import failure, kinds
from kfunclint.c.failure import FailureKind
from kfunclint.clang.kinds import FIRST_INTEGER, FIRST_SIGNED, LAST_INTEGER, CursorKind, TypeKind
from kfunclint.clang.native import CONTINUE, Cursor, Diagnostic, Library, NativeType, TranslationUnit

OPTIONS = (
    "-x c -std=gnu11 --target=x86_64-linux-gnu -nostdinc -O2 -w -Wno-everything -ferror-limit=0 -fno-spell-checking "
    "-fms-extensions -fshort-wchar -fbracket-depth=256 -Xclang -disable-pragma-debug-crash -D_Pragma(x)= "
    '-D__KERNEL__ -DCC_USING_FENTRY -D__NR_syscalls=462 -DKBUILD_MODNAME="x" -DKBUILD_BASENAME="x" -DKBUILD_MODFILE="x"'
).split()
_SKIP_FUNCTION_BODIES, _KEEP_GOING = 0x40, 0x200
_MAX_ERRORS = 1000
_MISSING = re.compile(r"file not found$|^cannot open file|^error opening file")
_MAX_FIELDS = 512  # of one type, with those of the structs in it: what is larger is no argument by value
_MAX_DEPTH = 3  # structs in one another, the verifier's limit (kernel/bpf/verifier.c: __btf_type_is_scalar_struct())

_ARRAYS = (TypeKind.CONSTANT_ARRAY, TypeKind.INCOMPLETE_ARRAY)
_OTHERS: Mapping[int, kinds.TypeKind] = {
    TypeKind.VOID: "void",
    TypeKind.FLOAT: "float",
    TypeKind.DOUBLE: "float",
    TypeKind.LONG_DOUBLE: "float",
    TypeKind.POINTER: "pointer",
    TypeKind.FUNCTION_NO_PROTO: "function",
    TypeKind.FUNCTION_PROTO: "function",
}

Answer = dict[str, Any]


class TypeLayout(NamedTuple):
    """The same as kfunclint.c.syntax.Type, which the worker need not load."""

    kind: kinds.TypeKind
    size: int | None = None
    signed: bool | None = None
    length: int | None = None
    scalars: bool | None = None
    target: TypeLayout | None = None


class _Unknown(Exception):
    """An error stands in a declaration, or it is too large."""


def run(request: Any, library: Library, overlay: str) -> Answer:
    """The types in the signatures of some functions; `overlay` is the file that hides what is not to be read."""
    options = [*OPTIONS, "-ivfsoverlay", overlay, *request["options"]]
    tree = library.parse(request["main"], request["texts"], options, _SKIP_FUNCTION_BODIES | _KEEP_GOING)
    if tree is None:
        return failure.stopped("clang gave up")
    errors = list(tree.errors(_MAX_ERRORS))
    if any(_MISSING.search(error.text) for error in errors):
        return failure.answer(FailureKind.NOT_ANALYSED, "a header is missing")
    reader = _LayoutReader(tree, errors)
    types: dict[str, TypeLayout] = {}
    for name, line, column, spellings in request["types_of"]:
        function = tree.at(request["file"], line, column)
        if function.kind == CursorKind.FUNCTION_DECL and tree.spelling(function) == name:
            types |= reader.signature(function, spellings)
    for name, line, column in request["names"]:
        variable = tree.at(request["file"], line, column)
        if variable.kind == CursorKind.VAR_DECL:
            types |= reader.named(name, variable)
    return {"types": types}


class _LayoutReader:
    """Reads types of one tree."""

    def __init__(self, tree: TranslationUnit, errors: Iterable[Diagnostic]) -> None:
        self.tree = tree
        self.errors: dict[int | None, list[int]] = {}
        for error in errors:
            self.errors.setdefault(error.place.file, []).append(error.place.line)
        for lines in self.errors.values():
            lines.sort()
        self.fields_left = 0

    def signature(self, function: Cursor, spellings: Sequence[str]) -> Iterator[tuple[str, TypeLayout]]:
        """The types of the result and of the parameters by their spellings, which are in this order."""
        types = [self.tree.result_type(function), *map(self.tree.cursor_type, self._parameters(function))]
        if len(types) == len(spellings):
            for spelling, type_ in zip(spellings, types, strict=True):
                if shape := self._whole(type_, 0):
                    yield spelling, shape

    def named(self, name: str, variable: Cursor) -> Iterator[tuple[str, TypeLayout]]:
        """The type of a variable, if it is known, under a name."""
        if not self.tree.is_invalid(variable) and (shape := self._whole(self.tree.cursor_type(variable), 0)):
            yield name, shape

    def _whole(self, type_: NativeType, stars: int) -> TypeLayout | None:
        """A type with what it points to, None if it is unknown."""
        self.fields_left = _MAX_FIELDS
        try:
            shape, type_ = self.shape(type_, 0), self._behind_typedefs(type_)
        except _Unknown:
            return None
        if shape.kind != "pointer" or stars == _MAX_DEPTH:
            return shape
        return shape._replace(target=self._whole(self.tree.pointee(type_), stars + 1))

    def _parameters(self, function: Cursor) -> Sequence[Cursor]:
        found: list[Cursor] = []

        def step(cursor: Cursor, parent: Cursor) -> int:
            del parent
            if cursor.kind == CursorKind.PARM_DECL:
                found.append(cursor)
            return CONTINUE

        self.tree.visit(function, step)
        return found

    def shape(self, type_: NativeType, depth: int) -> TypeLayout:
        """A type in a struct that is `depth` deep in others. Raises _Unknown."""
        type_ = self._behind_typedefs(type_)
        size = self.tree.size(type_)
        if type_.kind in _ARRAYS:
            element = self.shape(self.tree.element(type_), depth)
            return TypeLayout(
                "array", size, length=self.tree.length(type_), scalars=_is_scalar(element), target=element
            )
        kind = self.tree.canonical(type_).kind
        if FIRST_INTEGER <= kind <= LAST_INTEGER:
            return TypeLayout("integer", size, signed=kind >= FIRST_SIGNED)
        if kind == TypeKind.ENUM:
            return self._enum(self.tree.declaration(type_), size)
        if kind == TypeKind.RECORD:
            return self._record(self.tree.declaration(type_), type_, size, depth)
        if kind not in _OTHERS:
            raise _Unknown
        return TypeLayout(_OTHERS[kind], None if _OTHERS[kind] == "function" else size)

    def _behind_typedefs(self, type_: NativeType) -> NativeType:
        while (declaration := self.tree.declaration(type_)).kind == CursorKind.TYPEDEF_DECL:
            self._check(declaration)
            type_ = self.tree.underlying(declaration)
        return type_

    def _check(self, declaration: Cursor) -> None:
        """Raise _Unknown if clang found an error in it."""
        file, first, last = self.tree.lines(declaration)
        lines = self.errors.get(file, ())
        at = bisect_left(lines, first)
        if (at < len(lines) and lines[at] <= last) or self.tree.is_invalid(declaration):
            raise _Unknown

    def _enum(self, declaration: Cursor, size: int | None) -> TypeLayout:
        if size is None:
            return TypeLayout("enum")
        self._check(self.tree.definition(declaration))
        return TypeLayout("enum", size, signed=self.tree.enum_type(declaration).kind >= FIRST_SIGNED)

    def _record(self, declaration: Cursor, type_: NativeType, size: int | None, depth: int) -> TypeLayout:
        kind: kinds.TypeKind = "union" if declaration.kind == CursorKind.UNION_DECL else "struct"
        if size is None:
            return TypeLayout(kind)
        self._check(self.tree.definition(declaration))
        fields = self.tree.fields(type_)
        self.fields_left -= len(fields)
        if self.fields_left < 0:
            raise _Unknown
        shapes = [self.shape(self.tree.cursor_type(field), depth + 1) for field in fields]
        return TypeLayout(kind, size, scalars=depth <= _MAX_DEPTH and all(map(_is_memory, shapes)))


def _is_scalar(shape: TypeLayout) -> bool:
    return shape.kind in ("integer", "enum")


def _is_memory(field: TypeLayout) -> bool:
    """Does the verifier let a program pass such a field as plain memory (__btf_type_is_scalar_struct())?"""
    return _is_scalar(field) or (bool(field.scalars) and (field.kind != "array" or bool(field.length)))
