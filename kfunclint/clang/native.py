"""The few functions of libclang that are needed, as plain Python: no cursor objects, no checks, no registration."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Iterator, Sequence
from ctypes import POINTER, byref, c_char_p, c_int, c_longlong, c_uint, c_ulong, c_ulonglong, c_void_p
from typing import Any, NamedTuple

BREAK, CONTINUE, RECURSE = 0, 1, 2
ERROR = 3  # severity of a diagnostic; a fatal error is above it


class Cursor(ctypes.Structure):
    """CXCursor; its pointers say which node of the tree it is."""

    _fields_ = (("kind", c_int), ("extra", c_int), ("one", c_void_p), ("two", c_void_p), ("three", c_void_p))

    @property
    def key(self) -> tuple[int, int | None, int | None]:
        """The same for every cursor of one node."""
        return self.kind, self.one, self.two


class _String(ctypes.Structure):
    _fields_ = (("data", c_void_p), ("flags", c_uint))


class _Location(ctypes.Structure):
    _fields_ = (("one", c_void_p), ("two", c_void_p), ("place", c_uint))


class _Range(ctypes.Structure):
    _fields_ = (("one", c_void_p), ("two", c_void_p), ("begin", c_uint), ("end", c_uint))


class NativeType(ctypes.Structure):
    """CXType."""

    _fields_ = (("kind", c_int), ("one", c_void_p), ("two", c_void_p))


class _UnsavedFile(ctypes.Structure):
    _fields_ = (("name", c_char_p), ("contents", c_char_p), ("length", c_ulong))


_VISITOR = ctypes.CFUNCTYPE(c_int, Cursor, Cursor, c_void_p)
_FIELDS = ctypes.CFUNCTYPE(c_int, Cursor, c_void_p)
_INCLUSIONS = ctypes.CFUNCTYPE(None, c_void_p, POINTER(_Location), c_uint, c_void_p)

_FUNCTIONS: dict[str, tuple[Any, Sequence[Any]]] = {
    "clang_createIndex": (c_void_p, (c_int, c_int)),
    "clang_parseTranslationUnit2": (
        c_int,
        (c_void_p, c_char_p, POINTER(c_char_p), c_int, POINTER(_UnsavedFile), c_uint, c_uint, POINTER(c_void_p)),
    ),
    "clang_disposeTranslationUnit": (None, (c_void_p,)),
    "clang_getTranslationUnitCursor": (Cursor, (c_void_p,)),
    "clang_getInclusions": (None, (c_void_p, _INCLUSIONS, c_void_p)),
    "clang_getFile": (c_void_p, (c_void_p, c_char_p)),
    "clang_getNumDiagnostics": (c_uint, (c_void_p,)),
    "clang_getDiagnostic": (c_void_p, (c_void_p, c_uint)),
    "clang_disposeDiagnostic": (None, (c_void_p,)),
    "clang_getDiagnosticSeverity": (c_uint, (c_void_p,)),
    "clang_getDiagnosticSpelling": (_String, (c_void_p,)),
    "clang_getDiagnosticLocation": (_Location, (c_void_p,)),
    "clang_getFileLocation": (
        None,
        (_Location, POINTER(c_void_p), POINTER(c_uint), POINTER(c_uint), POINTER(c_uint)),
    ),
    "clang_visitChildren": (c_uint, (Cursor, _VISITOR, c_void_p)),
    "clang_getCString": (c_char_p, (_String,)),
    "clang_disposeString": (None, (_String,)),
    "clang_getCursorSpelling": (_String, (Cursor,)),
    "clang_getCursorLocation": (_Location, (Cursor,)),
    "clang_getCursorExtent": (_Range, (Cursor,)),
    "clang_getCursorType": (NativeType, (Cursor,)),
    "clang_getCursorReferenced": (Cursor, (Cursor,)),
    "clang_getCursorResultType": (NativeType, (Cursor,)),
    "clang_getTypeSpelling": (_String, (NativeType,)),
    "clang_isFunctionTypeVariadic": (c_uint, (NativeType,)),
    "clang_Cursor_getStorageClass": (c_int, (Cursor,)),
    "clang_Cursor_getVarDeclInitializer": (Cursor, (Cursor,)),
    "clang_getCursorBinaryOperatorKind": (c_int, (Cursor,)),
    "clang_getCursorUnaryOperatorKind": (c_int, (Cursor,)),
    "clang_Cursor_Evaluate": (c_void_p, (Cursor,)),
    "clang_EvalResult_getKind": (c_int, (c_void_p,)),
    "clang_EvalResult_isUnsignedInt": (c_uint, (c_void_p,)),
    "clang_EvalResult_getAsLongLong": (c_longlong, (c_void_p,)),
    "clang_EvalResult_getAsUnsigned": (c_ulonglong, (c_void_p,)),
    "clang_EvalResult_dispose": (None, (c_void_p,)),
    "clang_getLocation": (_Location, (c_void_p, c_void_p, c_uint, c_uint)),
    "clang_getCursor": (Cursor, (c_void_p, _Location)),
    "clang_getRangeEnd": (_Location, (_Range,)),
    "clang_getCanonicalType": (NativeType, (NativeType,)),
    "clang_getUnqualifiedType": (NativeType, (NativeType,)),
    "clang_getPointeeType": (NativeType, (NativeType,)),
    "clang_getArrayElementType": (NativeType, (NativeType,)),
    "clang_getArraySize": (c_longlong, (NativeType,)),
    "clang_getTypeDeclaration": (Cursor, (NativeType,)),
    "clang_isInvalidDeclaration": (c_uint, (Cursor,)),
    "clang_getCursorDefinition": (Cursor, (Cursor,)),
    "clang_getEnumDeclIntegerType": (NativeType, (Cursor,)),
    "clang_getTypedefDeclUnderlyingType": (NativeType, (Cursor,)),
    "clang_Type_getSizeOf": (c_longlong, (NativeType,)),
    "clang_Type_visitFields": (c_uint, (NativeType, _FIELDS, c_void_p)),
}


class Unusable(Exception):
    """libclang cannot be loaded, or not be used safely; `str()` says why."""


class Location(NamedTuple):
    """Where something stands: `file` is a handle to compare; `line` and `column` are 1-based, `offset` is 0-based."""

    file: int | None
    line: int
    column: int
    offset: int


class Diagnostic(NamedTuple):
    """An error of the parser, never shown to anybody."""

    text: str
    place: Location


class Library:
    """libclang itself. Raises Unusable if it cannot be found or loaded, or lacks a function."""

    def __init__(self) -> None:
        try:
            library = ctypes.CDLL(_file())
            for name, (result, arguments) in _FUNCTIONS.items():
                function = getattr(library, name)
                function.restype, function.argtypes = result, arguments
        except (ImportError, OSError, AttributeError) as error:
            raise Unusable(str(error) or "it cannot be loaded") from error
        self.c = library
        self._index = library.clang_createIndex(1, 0)

    def parse(
        self, name: str, files: dict[str, str], arguments: Sequence[str], flags: int = 0
    ) -> TranslationUnit | None:
        """Parse one of `files`, texts by name with a byte for every character; None if clang gave up."""
        unsaved = (_UnsavedFile * len(files))()
        for slot, (path, text) in zip(unsaved, files.items(), strict=True):
            slot.name, slot.contents, slot.length = path.encode(), text.encode("latin-1"), len(text)
        options = (c_char_p * len(arguments))(*[argument.encode() for argument in arguments])
        unit = c_void_p()
        failed = self.c.clang_parseTranslationUnit2(
            self._index, name.encode(), options, len(arguments), unsaved, len(files), flags, byref(unit)
        )
        return None if failed or not unit else TranslationUnit(self, unit, name)

    def text(self, string: _String) -> str:
        """What a CXString says; disposes of it."""
        raw: bytes = self.c.clang_getCString(string) or b""
        self.c.clang_disposeString(string)
        return raw.decode("ascii", "replace")


class TranslationUnit:
    """A parsed file. Every question about one of its cursors goes through here."""

    def __init__(self, library: Library, unit: c_void_p, name: str) -> None:
        self.library = library
        self._c = library.c
        self._unit = unit
        self.main = self.file(name)
        self._file, self._line, self._column, self._offset = c_void_p(), c_uint(), c_uint(), c_uint()
        self._slots = (byref(self._file), byref(self._line), byref(self._column), byref(self._offset))

    def close(self) -> None:
        """Give the memory back; no cursor may be used afterwards."""
        self._c.clang_disposeTranslationUnit(self._unit)

    @property
    def root(self) -> Cursor:
        """The cursor above all others."""
        return self._c.clang_getTranslationUnitCursor(self._unit)  # type: ignore[no-any-return]

    def visit(self, top: Cursor, step: Callable[[Cursor, Cursor], int]) -> None:
        """Call `step` for every cursor below `top` with its parent, in preorder; it answers BREAK, CONTINUE or RECURSE.
        What it raises is raised here."""
        failures: list[BaseException] = []

        def guarded(cursor: Cursor, parent: Cursor, _: object) -> int:
            try:
                return step(cursor, parent)
            except BaseException as error:  # ctypes would swallow it
                failures.append(error)
                return BREAK

        self._c.clang_visitChildren(top, _VISITOR(guarded), None)
        if failures:
            raise failures[0]

    def errors(self, limit: int) -> Iterator[Diagnostic]:
        """The first `limit` errors."""
        for number in range(min(self._c.clang_getNumDiagnostics(self._unit), limit)):
            diagnostic = self._c.clang_getDiagnostic(self._unit, number)
            if self._c.clang_getDiagnosticSeverity(diagnostic) >= ERROR:
                text = self.library.text(self._c.clang_getDiagnosticSpelling(diagnostic))
                yield Diagnostic(text, self._place(self._c.clang_getDiagnosticLocation(diagnostic)))
            self._c.clang_disposeDiagnostic(diagnostic)

    def inclusions(self) -> int:
        """How many files were read, the main file among them."""
        files: list[int] = []
        self._c.clang_getInclusions(self._unit, _INCLUSIONS(lambda *_: files.append(1)), None)
        return len(files)

    def file(self, name: str) -> int | None:
        """The handle of a file that was read, None if there is none of that name."""
        handle: int | None = self._c.clang_getFile(self._unit, name.encode())
        return handle

    def place(self, cursor: Cursor) -> Location:
        """Where it stands: an argument of a macro where it is written, the rest of a macro where the macro is used."""
        return self._place(self._c.clang_getCursorLocation(cursor))

    def _place(self, location: _Location) -> Location:
        self._c.clang_getFileLocation(location, *self._slots)
        return Location(self._file.value, self._line.value, self._column.value, self._offset.value)

    def extent(self, cursor: Cursor) -> tuple[int, int]:
        """Begin and end, good for nothing but comparing."""
        extent = self._c.clang_getCursorExtent(cursor)
        return extent.begin, extent.end

    def spelling(self, cursor: Cursor) -> str:
        """The name, or the text of an annotation."""
        return self.library.text(self._c.clang_getCursorSpelling(cursor))

    def type(self, cursor: Cursor) -> str:
        """The type, as C spells it."""
        return self.library.text(self._c.clang_getTypeSpelling(self._c.clang_getCursorType(cursor)))

    def result(self, function: Cursor) -> str:
        """The return type, as C spells it."""
        return self.library.text(self._c.clang_getTypeSpelling(self._c.clang_getCursorResultType(function)))

    def is_variadic(self, function: Cursor) -> bool:
        """Does it end in "..."?"""
        return bool(self._c.clang_isFunctionTypeVariadic(self._c.clang_getCursorType(function)))

    def is_static(self, cursor: Cursor) -> bool:
        """Is it declared static?"""
        static = 3
        return bool(self._c.clang_Cursor_getStorageClass(cursor) == static)

    def initializer(self, variable: Cursor) -> tuple[int, int | None, int | None]:
        """The key of the cursor of the initial value; that of no cursor if there is none."""
        cursor: Cursor = self._c.clang_Cursor_getVarDeclInitializer(variable)
        return cursor.key

    def binary(self, cursor: Cursor) -> int:
        """The number that clang has for its operator."""
        return int(self._c.clang_getCursorBinaryOperatorKind(cursor))

    def unary(self, cursor: Cursor) -> int:
        """The number that clang has for its operator."""
        return int(self._c.clang_getCursorUnaryOperatorKind(cursor))

    def integer(self, cursor: Cursor) -> int | None:
        """The value of a literal, if it is an integer."""
        result = self._c.clang_Cursor_Evaluate(cursor)
        if not result:
            return None
        value: int | None = None
        if self._c.clang_EvalResult_getKind(result) == 1:
            unsigned = self._c.clang_EvalResult_isUnsignedInt(result)
            get = self._c.clang_EvalResult_getAsUnsigned if unsigned else self._c.clang_EvalResult_getAsLongLong
            value = get(result)
        self._c.clang_EvalResult_dispose(result)
        return value

    # ---- types

    def referenced(self, cursor: Cursor) -> Cursor:
        """The declaration of what is named there."""
        return self._c.clang_getCursorReferenced(cursor)  # type: ignore[no-any-return]

    def at(self, name: str, line: int, column: int) -> Cursor:
        """The cursor at a place of a file, of kind 0 or above if there is none."""
        file = self._c.clang_getFile(self._unit, name.encode())
        place = self._c.clang_getLocation(self._unit, file, line, column)
        return self._c.clang_getCursor(self._unit, place)  # type: ignore[no-any-return]

    def lines(self, cursor: Cursor) -> tuple[int | None, int, int]:
        """The file of its name, the line of that and the line on which it ends."""
        place = self.place(cursor)
        end = self._place(self._c.clang_getRangeEnd(self._c.clang_getCursorExtent(cursor)))
        return place.file, place.line, max(place.line, end.line)

    def is_invalid(self, declaration: Cursor) -> bool:
        """Does clang know that it is wrong?"""
        return bool(self._c.clang_isInvalidDeclaration(declaration))

    def definition(self, cursor: Cursor) -> Cursor:
        """The declaration with the content of what is declared there."""
        return self._c.clang_getCursorDefinition(cursor)  # type: ignore[no-any-return]

    def cursor_type(self, cursor: Cursor) -> NativeType:
        """The type of what is declared there."""
        return self._c.clang_getCursorType(cursor)  # type: ignore[no-any-return]

    def result_type(self, function: Cursor) -> NativeType:
        """The type of what it returns."""
        return self._c.clang_getCursorResultType(function)  # type: ignore[no-any-return]

    def enum_type(self, declaration: Cursor) -> NativeType:
        """The integer that an enum is."""
        return self._c.clang_getEnumDeclIntegerType(declaration)  # type: ignore[no-any-return]

    def underlying(self, typedef: Cursor) -> NativeType:
        """What a typedef stands for."""
        return self._c.clang_getTypedefDeclUnderlyingType(typedef)  # type: ignore[no-any-return]

    def canonical(self, type_: NativeType) -> NativeType:
        """The type without any typedef."""
        return self._c.clang_getCanonicalType(type_)  # type: ignore[no-any-return]

    def pointee(self, type_: NativeType) -> NativeType:
        """What a pointer points to."""
        return self._c.clang_getPointeeType(type_)  # type: ignore[no-any-return]

    def element(self, type_: NativeType) -> NativeType:
        """What an array is of."""
        return self._c.clang_getArrayElementType(type_)  # type: ignore[no-any-return]

    def length(self, type_: NativeType) -> int | None:
        """How many elements an array has; None if it does not say."""
        count = self._c.clang_getArraySize(type_)
        return int(count) if count >= 0 else None

    def declaration(self, type_: NativeType) -> Cursor:
        """Where a typedef, struct, union or enum is declared."""
        return self._c.clang_getTypeDeclaration(type_)  # type: ignore[no-any-return]

    def name(self, type_: NativeType) -> str:
        """How C spells it without const and volatile."""
        return self.library.text(self._c.clang_getTypeSpelling(self._c.clang_getUnqualifiedType(type_)))

    def size(self, type_: NativeType) -> int | None:
        """Its size in bytes; None if it is only declared."""
        size = self._c.clang_Type_getSizeOf(type_)
        return int(size) if size >= 0 else None

    def fields(self, record: NativeType) -> Sequence[Cursor]:
        """The fields of a struct or union, unnamed ones among them."""
        cursors: list[Cursor] = []

        def step(cursor: Cursor, _: object) -> int:
            cursors.append(cursor)
            return CONTINUE

        self._c.clang_Type_visitFields(record, _FIELDS(step), None)
        return cursors


def _file() -> str:
    import clang

    bundled = f"{clang.__path__[0]}/native/libclang.so"
    if os.access(bundled, os.R_OK):
        return bundled
    from clang.cindex import conf

    return str(conf.get_filename())
