"""What a parse with the real headers of a tree needs: files, include folders and options, put together for the worker.

Nothing of the tree is run. The configuration is our own, for 64-bit x86; of a compile_commands.json only macros and
include folders inside the tree are taken.
"""

from __future__ import annotations

import itertools
import json
import posixpath
import re
import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from kfunclint.clang import generated_headers
from kfunclint.errors import InputError

if TYPE_CHECKING:
    from kfunclint.c.syntax import Function, Unit
    from kfunclint.patch.postimage import PostImage

TREE, MADE = "/kfunclint/tree", "/kfunclint/made"
MAX_BYTES = 16 << 20
MAX_READS = 16_384
MAX_INCLUDES = 65_536
MAX_COMMANDS = 64 << 20
_MAX_BOUNDS = 256
_ORDERINGS = ("<", ">", "<=", ">=")
_FOLDERS = (
    f"{TREE}/arch/x86/include",
    MADE,
    f"{TREE}/include",
    f"{TREE}/arch/x86/include/uapi",
    f"{MADE}/uapi",
    f"{TREE}/include/uapi",
)
_COMMANDS = "compile_commands.json"
_ALWAYS = ("include/linux/kconfig.h", "include/linux/compiler_types.h")
_INCLUDE = re.compile(rb"""^[ \t]*#[ \t]*include(_next)?[ \t]*([<"])([^>"\n]+)[>"]""", re.MULTILINE)
_OBJECT = re.compile(r"([\w-]+)\.o\b", re.ASCII)
_MACRO = re.compile(r"[A-Za-z_]\w*(?:=[\x20-\x7e]*)?", re.ASCII)


class Files(Protocol):
    """The files of a kernel tree. `root` is the folder on disk if the tree is one as it is, else None."""

    @property
    def root(self) -> Path | None: ...

    def read(self, path: str) -> bytes | None:
        """The content of a file, by its path in the tree; None if there is none, or if it is a link out of the tree.
        Raises InputError if it cannot be read."""


def request(source: PostImage, unit: Unit, files: Files, series: Iterable[PostImage], on_disk: bool) -> dict[str, Any]:
    """The question for the types in the signatures of a unit's functions, and of the names that these compare with.

    `series` has the whole files that a series changes, which go before those of the tree. `on_disk`: let the worker
    read the tree itself.
    """
    changed = {image.path: _text(image) for image in (*series, source) if image.whole}
    read = _HeaderReader(files, changed)
    main = _translation_unit(source.path, read)
    folders, macros = _build_record(read(_COMMANDS), main)
    folders = [*_FOLDERS, *folders, posixpath.dirname(f"{TREE}/{main}")]
    texts = {f"{MADE}/{path}": text for path, text in generated_headers.headers(read).items()}
    root = files.root if on_disk else None
    if root is None:
        texts |= _closure(main, read, folders, texts)
    last_line = changed[source.path].count("\n") + 1
    declarations = {name: f"extern __typeof__({name}) __kfunclint_{name};" for name in _bounds(unit)}
    changed[source.path] = "\n".join([changed[source.path], *declarations.values()])
    texts |= {f"{TREE}/{path}": text for path, text in changed.items()}
    return {
        "tree": TREE,
        "root": None if root is None else str(root.resolve()),
        "main": f"{TREE}/{main}",
        "file": f"{TREE}/{source.path}",
        "types_of": [
            (function.name, function.line, function.column, _spellings(function))
            for function in unit.functions
            if function.name
        ],
        "names": [
            (name, line, text.rindex(" ") + 2) for line, (name, text) in enumerate(declarations.items(), last_line + 1)
        ],
        "options": [f"-I{folder}" for folder in folders]
        + [f"-D{macro}" for macro in macros]
        + [word for path in _ALWAYS for word in ("-include", f"{TREE}/{path}")],
        "texts": texts,
    }


def spelled(source: PostImage, unit: Unit) -> tuple[Any, ...]:
    """What of a file its question depends on, for a tree whose other files are all known by its state."""
    signatures = [(function.name, function.line, function.column, _spellings(function)) for function in unit.functions]
    return source.path, _text(source), signatures, _bounds(unit)


def _spellings(function: Function) -> list[str]:
    return [function.returns, *(parameter.type for parameter in function.parameters)]


def _bounds(unit: Unit) -> list[str]:
    """The names that functions compare with something. One that a function declares may be another's, too: its type is
    not asked."""
    nodes = [node for function in unit.functions for node in function.body.walk()]
    locals_ = {node.text for node in nodes if node.kind == "var"}
    locals_.update(parameter.name for function in unit.functions for parameter in function.parameters)
    sides = (side for node in nodes if node.kind == "binary" and node.text in _ORDERINGS for side in node.kids)
    return sorted({side.text for side in sides if side.kind == "name" and not side.note} - locals_)[:_MAX_BOUNDS]


class _HeaderReader:
    """Files of the tree as the series leaves them, each read once, and no more than `MAX_READS`."""

    def __init__(self, files: Files, changed: Mapping[str, str]) -> None:
        self.files = files
        self.contents: dict[str, bytes | None] = {path: text.encode("latin-1") for path, text in changed.items()}

    def __call__(self, path: str) -> bytes | None:
        if path not in self.contents:
            if len(self.contents) >= MAX_READS:
                return None
            try:
                self.contents[path] = self.files.read(path)
            except InputError:
                self.contents[path] = None
        return self.contents[path]


def _text(source: PostImage) -> str:
    """A byte for every character, so that columns agree."""
    return source.ranges[0].text.encode("latin-1", "replace").decode("latin-1") if source.ranges else ""


def _translation_unit(path: str, read: _HeaderReader) -> str:
    """The file that is compiled: a .c file that has no object may be included by one that does."""
    folder, name = posixpath.split(path)
    makefile = (read(posixpath.join(folder, "Makefile")) or b"").decode("latin-1")
    objects = sorted(set(_OBJECT.findall(makefile)))
    if posixpath.splitext(name)[0] not in objects:
        for source_file in (posixpath.join(folder, f"{stem}.c") for stem in objects):
            if any(match[3].decode("latin-1") == name for match in _INCLUDE.finditer(read(source_file) or b"")):
                return source_file
    return path


# ---- headers handed over


def _closure(main: str, read: _HeaderReader, folders: Sequence[str], generated: Mapping[str, str]) -> dict[str, str]:
    """Every file of the tree that `main` may include, by the path at which clang will look for it."""
    texts: dict[str, str] = {}
    todo = [f"{TREE}/{path}" for path in (*_ALWAYS, main)]
    size, includes = 0, 0
    while todo and size < MAX_BYTES and includes < MAX_INCLUDES:
        path = todo.pop()
        text = _content(path, read, generated)
        if path not in texts and text is not None:
            texts[path] = text.decode("latin-1")
            size += len(text)
            for match in itertools.islice(_INCLUDE.finditer(text), MAX_INCLUDES):
                includes += 1
                todo += _places(path, match, folders, read, generated)
    return {path: text for path, text in texts.items() if path not in generated}


def _content(path: str, read: _HeaderReader, generated: Mapping[str, str]) -> bytes | None:
    if path.startswith(f"{MADE}/"):
        return generated[path].encode() if path in generated else None
    normal_path = posixpath.normpath(path)
    return read(normal_path.removeprefix(f"{TREE}/")) if normal_path.startswith(f"{TREE}/") else None


def _places(
    path: str, match: re.Match[bytes], folders: Sequence[str], read: _HeaderReader, generated: Mapping[str, str]
) -> Iterator[str]:
    """The first place at which clang finds what a file includes, or all of them for #include_next."""
    nearest = [posixpath.dirname(path)] if match[2] == b'"' else []
    candidates = (f"{folder}/{match[3].decode('latin-1')}" for folder in (*nearest, *folders))
    headers = (candidate for candidate in candidates if _content(candidate, read, generated) is not None)
    return headers if match[1] else itertools.islice(headers, 1)


# ---- compile_commands.json


def _build_record(text: bytes | None, path: str) -> tuple[list[str], list[str]]:
    """Include folders and macros with which a build compiled a file, from the record it left."""
    if text is None or len(text) > MAX_COMMANDS:
        return [], []
    try:
        for entry in json.loads(text):
            full = posixpath.normpath(posixpath.join(entry["directory"], entry["file"]))
            if full.endswith(f"/{path}"):
                words = entry["arguments"] if "arguments" in entry else shlex.split(entry["command"])
                base = full.removesuffix(path)
                return list(_folders(words, entry["directory"], base)), list(_macros(words))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        pass  # not what a build writes
    return [], []


def _values(words: list[str], option: str) -> Iterator[str]:
    """What stands behind an option, in its word or in the next one."""
    following = False
    for word in words:
        if following or (word.startswith(option) and word != option):
            yield word if following else word.removeprefix(option)
        following = word == option and not following


def _folders(words: list[str], directory: str, base: str) -> Iterator[str]:
    for value in _values(words, "-I"):
        folder = posixpath.normpath(posixpath.join(directory, value))
        if folder.startswith(base) and folder.isprintable():
            yield f"{TREE}/{folder.removeprefix(base)}"


def _macros(words: list[str]) -> Iterator[str]:
    return (value for value in _values(words, "-D") if _MACRO.fullmatch(value))
