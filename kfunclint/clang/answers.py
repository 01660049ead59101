"""Answers of the parser about files of a tree, kept between runs.

An answer is kept under a digest of its question, which holds all that it depends on but the parser, and of the parser.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kfunclint.shelf import Shelf, digest

_SHELF = Shelf("parser", most_files=1024, most_bytes=64 << 20, largest=4 << 20)
_PACKAGE = Path(__file__).parent.parent
_DIGEST = 32  # characters
_READ = 1 << 20  # bytes of a module

Answered = Callable[[Any, Callable[[], Any]], Any]
"""Gives the answer to a question, or has the parser asked for it with a function."""


def kept(question: Any, ask: Callable[[], Any]) -> Any:
    """The answer that was kept, or that of the parser, which is kept unless it says why there is none."""
    parser = _parser()
    if parser is None:
        return ask()
    key = digest(f"{parser} {name_of(question)}".encode())
    answer = _load(key)
    if answer is None:
        answer = ask()
        if isinstance(answer, dict) and "failure" not in answer:
            body = json.dumps(answer, separators=(",", ":")).encode()
            _SHELF.store(key, digest(body).encode() + body)
    return answer


def name_of(question: Any) -> str:
    """What tells a question from others."""
    return digest(json.dumps(question, separators=(",", ":"), sort_keys=True).encode())


def _load(key: str) -> Any:
    """None where nothing is kept that is as it was written."""
    try:
        data = _SHELF.load(key)
        body = data[_DIGEST:]
        return json.loads(body) if digest(body).encode() == data[:_DIGEST] else None
    except (OSError, RuntimeError, ValueError):
        return None


@cache
def _parser() -> str | None:
    """What tells this parser from any other: the text of its modules, Python and libclang; None where the latter is not
    known."""
    spec = importlib.util.find_spec("clang")  # imports nothing
    folders = spec.submodule_search_locations if spec else None
    try:
        libclang = Path(next(iter(folders or ()), "")) / "native" / "libclang.so"
        status = libclang.stat()
        texts = [digest(path.read_bytes()[:_READ]) for path in _modules()]
    except OSError:
        return None
    return digest(repr((sys.version, os.fspath(libclang), status.st_size, status.st_mtime_ns, texts)).encode())


def _modules() -> Iterator[Path]:
    for folder in ("c", "clang"):
        yield from sorted(path for path in (_PACKAGE / folder).iterdir() if path.is_file())
