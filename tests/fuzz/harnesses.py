"""What strangers' bytes go through, stage by stage: each harness takes any bytes and raises where a stage does wrong.

An InputError is how a stage refuses; everything else that comes out of one is a fault.
"""

from __future__ import annotations

import contextlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import kfunclint
from kfunclint.c.brackets import Brackets
from kfunclint.c.declarators import functions, heading
from kfunclint.c.lexer import code
from kfunclint.clang import Parser, units
from kfunclint.clang.job import Shim
from kfunclint.clang.prune import KeptFunctions, prune
from kfunclint.clang.repair import SourceRange, repair
from kfunclint.clang.stub_inference import Text, infer
from kfunclint.clang.stubs import Stubs
from kfunclint.errors import InputError
from kfunclint.extract.facts import extract
from kfunclint.extract.sets import scan
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level
from kfunclint.flow.accounts import Accounts
from kfunclint.kernel.release import Release
from kfunclint.mail.inbox import only_mail, read_inbox, select_series
from kfunclint.mail.mbox import Raw
from kfunclint.patch import postimage
from kfunclint.patch.diff import parse_patch
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.pipeline.cage import Stopped, understood
from kfunclint.report import formats

ROOT = Path(__file__).parent.parent.parent
_HEADER = b"From: Ann Author <ann@example.org>\nSubject: [PATCH] depot: let programs look a depot up\n\n"
_KFUNC = b"""\
__bpf_kfunc struct depot *bpf_depot_find(struct depot *depot, u64 id)
{
	if (!depot || id > depot->most)
		return NULL;
	return depot->all[id];
}
BTF_KFUNCS_START(depot_ids)
BTF_ID_FLAGS(func, bpf_depot_find, KF_ACQUIRE | KF_RET_NULL)
BTF_KFUNCS_END(depot_ids)"""
_SHIM = Shim((ROOT / "kfunclint" / "clang" / "shim.h").read_text())


class Harness(NamedTuple):
    """A stage: what takes bytes, with a parser for those that need one, and what makes bytes to begin with."""

    run: Callable[[bytes, Parser], None]
    seeds: Callable[[], list[bytes]]


def mail(data: bytes, parser: Parser) -> None:
    """Bytes into mails and series."""
    inbox = read_inbox([data])
    assert inbox.series or inbox.errors or inbox.replies
    for every in (False, True):
        with contextlib.suppress(InputError):
            select_series(inbox, None, every)


def patch(data: bytes, parser: Parser) -> None:
    """A mail of one patch into its hunks, the post-image and the pre-image."""
    with contextlib.suppress(InputError):
        parsed = parse_patch(only_mail(Raw("fuzz", 1, _HEADER + data)))
        for image in (*postimage.apply_series([parsed]), *postimage.pre_images([parsed])):
            assert [part.start for part in image.ranges] == sorted(part.start for part in image.ranges)


def scanned(data: bytes, parser: Parser) -> None:
    """Lines of C into sets, entries, comments and all facts that need no parser."""
    sources = [_image(data)]
    extract((), None, sources, scan(sources), {})


def text_of_c(data: bytes, parser: Parser) -> None:
    """A visible range made into what libclang is given."""
    first, *lines = _text(data).split("\n")
    visible = SourceRange(7, first, lines or [""], [number % 2 == 0 for number in range(len(lines) or 1)])
    for text in (repair(visible, _SHIM.reserved).text, prune(visible, _SHIM.reserved, KeptFunctions((9,), ())).text):
        assert text.count("\n") + 1 == len(visible.lines)
        tokens = code(text)
        functions(tokens)
        Brackets(tokens)
        infer(Text(tokens), _SHIM.names, Stubs())
    heading(first)


def flow(data: bytes, parser: Parser) -> None:
    """Statements into the account of a kfunc."""
    code_of = f"__bpf_kfunc struct depot *bpf_f(struct depot *p, int n)\n{{\n{_text(data)}\n}}"
    unit = parser.parse(_image(code_of.encode()))
    bodies = {function.name: function for function in unit.functions}
    for name, function in bodies.items():
        Accounts(bodies).of(name, function.body)


def review(data: bytes, parser: Parser) -> None:
    """A mail into its review, in every format."""
    outcome = kfunclint.review(data, parser=parser, caged=False, strict=True)
    for one in outcome.reviews:
        assert not one.failures, one.failures
        for name in formats.formats():
            formats.render(name, one).encode()


def answer(data: bytes, parser: Parser) -> None:
    """What a worker that was taken over may say, into a unit and its facts."""
    try:
        message = json.loads(data)
    except (ValueError, RecursionError):
        return
    units.types(message)
    unit = units.unit("a.c", message)
    image = _image(_KFUNC)
    for kfunc in extract((), None, [image], scan([image]), {"a.c": unit}).by_type(Kfunc):
        assert not unit.failure, kfunc


def value(data: bytes, parser: Parser) -> None:
    """What a child that was taken over may say, into values of kfunclint and nothing else."""
    with contextlib.suppress(Stopped):
        understood(data)


def _image(data: bytes) -> PostImage:
    lines = tuple(Line(line) for line in _text(data).split("\n"))
    return PostImage("a.c", (VisibleRange(1, lines),))


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace").replace("\r", "")


def _files(*patterns: str) -> list[bytes]:
    """The fixtures that patterns name, none above 8 KiB."""
    paths = sorted(path for pattern in patterns for path in (ROOT / "fixtures").glob(pattern))
    return [path.read_bytes() for path in paths if path.is_file() and path.stat().st_size < 8192]


def _diffs() -> list[bytes]:
    return [text[text.index(b"\ndiff ") + 1 :] for text in _files("defs/*.patch", "sets/*.patch") if b"\ndiff " in text]


def _c_texts() -> list[bytes]:
    """What patches add."""
    added = ([line[1:] for line in text.split(b"\n") if line[:1] == b"+" and line[:3] != b"+++"] for text in _diffs())
    return [_KFUNC, *(b"\n".join(lines) for lines in added)]


def _bodies() -> list[bytes]:
    return [text.partition(b"{\n")[2].partition(b"\n}")[0] for text in _c_texts() if b"{\n" in text]


def _answers() -> list[bytes]:
    parameters = [["depot", "struct depot *"], ["id", "u64"]]
    body = [["block", 2, 1, "", 1, "", ""], ["return", 5, 2, "", 0, "", ""]]
    function = {
        "name": "bpf_depot_find",
        "line": 1,
        "column": 27,
        "first_line": 1,
        "end_line": 6,
        "misread": None,
        "returns": "struct depot *",
        "parameters": parameters,
        "marker": True,
        "static": False,
        "variadic": False,
        "complete": True,
        "body": body,
    }
    pointer = ["pointer", 8, None, None, None, ["struct", 4, None, None, 1, None]]
    answers = [
        {"functions": [function], "types": {"struct depot *": pointer}},
        {"failure": ["stopped", "clang gave up", 3]},
    ]
    return [json.dumps(answer).encode() for answer in answers]


def _values() -> list[bytes]:
    values = [("ask", ("step", "x")), ("failed", "x"), ("done", (Release(6, 12), Level.ERROR, frozenset({1})))]
    return [pickle.dumps(value, pickle.HIGHEST_PROTOCOL) for value in values]


HARNESSES = {
    "mail": Harness(mail, lambda: _files("mail/*", "bad/*", "threads/*.mbox")),
    "patch": Harness(patch, _diffs),
    "scan": Harness(scanned, _c_texts),
    "c": Harness(text_of_c, _c_texts),
    "flow": Harness(flow, _bodies),
    "review": Harness(review, lambda: _files("flags/*.patch", "text/*.patch")),
    "answer": Harness(answer, _answers),
    "value": Harness(value, _values),
}
