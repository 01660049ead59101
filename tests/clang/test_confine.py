"""Hostile C: nothing is read but what the hunk holds, and what kills the parser costs that file and no other."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hunks import PATH, function, statements, visible

from kfunclint.c.syntax import Unit
from kfunclint.clang import Parser, frames, job, limits, units, worker
from kfunclint.clang import parser as parser_module
from kfunclint.clang.native import Unusable
from kfunclint.patch.postimage import PostImage

GOOD = "int use(int n)\n{\n\treturn n;\n}\n"


@pytest.fixture(scope="module")
def clang() -> worker.Worker:
    """libclang in this process, so that only its options and the overlay stand between it and the files."""
    return worker.Worker()


def unit(parser: Parser, text: str) -> Unit:
    return parser.parse(PostImage(PATH, (visible(text, 1),)))


# ---- the canary


@pytest.mark.parametrize(
    "overlay",
    [
        "/nowhere/overlay",
        "",
        "junk",
        '{"version": 0, "fallthrough": true, "roots": []}',
        '{"version": 0, "roots": []}',
        '{"version": 9, "fallthrough": false, "roots": []}',
    ],
)
def test_canary(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, overlay: str) -> None:
    path = Path(overlay if overlay.startswith("/") else tmp_path / "overlay")
    if path.parent == tmp_path:
        path.write_text(overlay)
    monkeypatch.setattr(worker, "overlay", lambda: str(path))
    with pytest.raises(Unusable, match="confinement does not hold"):
        worker.Worker()


def with_worker(monkeypatch: pytest.MonkeyPatch, change: str) -> Parser:
    """A parser of which the worker runs some code before it begins."""
    begin, end = parser_module._BOOTSTRAP.rsplit("; ", 1)
    monkeypatch.setattr(parser_module, "_BOOTSTRAP", f"{begin}; import os, time; {change}; {end}")
    return Parser()


WORKER = "import kfunclint.clang.worker as worker, kfunclint.clang.job as job"


def test_refusal_reaches_the_parent(monkeypatch: pytest.MonkeyPatch) -> None:
    with with_worker(monkeypatch, f"{WORKER}; worker.overlay = lambda: '/nowhere'") as parser:
        for _ in range(2):
            failure = unit(parser, GOOD).failure
            assert str(failure) == "libclang is not usable: it could read files, its confinement does not hold"


# ---- includes

SECRET = "int shelf_secret(void)\n{\n\treturn 1;\n}\n"
INCLUDES = {
    "plain": '#include "{}"\n',
    "angles": "#include <{}>\n",
    "digraph": '%:include "{}"\n',
    "trigraph": '??=include "{}"\n',
    "comment in it": '#/**/include "{}"\n',
    "comment before it": '/* */ #include "{}"\n',
    "comment of lines": '/*\n*/ # /* \n */ include /**/ "{}"\n',
    "split word": '#inc\\\nlude "{}"\n',
    "split word with a blank": '#inc\\ \nlude "{}"\n',
    "split hash": '\\\n#\\\ninclude "{}"\n',
    "split digraph": '%\\\n:include "{}"\n',
    "form feed": '\x0c#\x0binclude "{}"\n',
    "carriage return": '\r#include "{}"\r\n',
    "import": '#import "{}"\n',
    "include_next": '#include_next "{}"\n',
    "include_macros": '#__include_macros "{}"\n',
    "macro": '#define FILE "{}"\n#include FILE\n',
    "macro with arguments": "#define FILE(x) <x>\n#include FILE({})\n",
    "has_include": '#if __has_include("{}")\nint shelf_secret(void)\n{{\n\treturn 2;\n}}\n#endif\n',
    "has_include in an expression": "#if 1 - !__has_include(<{}>)\nint shelf_secret(void)\n{{\n}}\n#endif\n",
    "undef of has_include": '#undef __has_include\n#if __has_include("{}")\nint shelf_secret(void)\n{{\n}}\n#endif\n',
    "dependency": '#pragma GCC dependency "{}"\n',
    "pragma operator": '_Pragma("GCC dependency \\"{}\\"")\n',
    "embed": 'int shelf_secret[] = {{\n#embed "{}"\n}};\n',
    "module map": '#pragma clang module load "{}"\n',
    "line": '#line 1 "{}"\nint x = y;\n',
    "assembler": 'asm(".incbin \\"{}\\"");\n',
    "in a macro": '#define INC #include "{}"\nINC\n',
    "in arguments": 'int f(int);\nint x = f(\n#include "{}"\n);\n',
}

BREAKING = {"trigraph", "in a macro"}  # a syntax error, which takes the function behind it along


@pytest.fixture(params=["file", "fifo"])
def secret(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A file with something to find in it, or one that blocks whoever opens it."""
    path = tmp_path / "secret.h"
    if request.param == "fifo":
        os.mkfifo(path)
    else:
        path.write_text(SECRET)
    return path


@pytest.mark.parametrize("name", INCLUDES)
def test_include(parser: Parser, secret: Path, name: str) -> None:
    text = INCLUDES[name].format(secret) + GOOD
    found = unit(parser, text)
    assert found.failure is None
    assert "use" in [one.name for one in found.functions] or name in BREAKING
    assert not [one for one in found.functions if one.name == "shelf_secret" and statements(one) == "(return 1)"]
    assert found == unit(parser, text.replace("secret.h", "absent.h"))


@pytest.mark.parametrize("name", INCLUDES)
def test_overlay_alone(clang: worker.Worker, secret: Path, name: str) -> None:
    """The same without the text stage, which drops the directives."""
    files = {job.MAIN: INCLUDES[name].format(secret) + GOOD, job.SHIM: clang.shim.text, job.STUBS: ""}
    tree = clang.library.parse(job.MAIN, files, clang.arguments)
    assert tree is not None
    names: list[str] = []
    tree.visit(tree.root, lambda cursor, _: names.append(tree.spelling(cursor)) or 1)  # type: ignore[func-returns-value]
    read = tree.inclusions()
    tree.close()
    assert read <= len(files)
    assert "use" in names or name in BREAKING
    expected = ["shelf_secret"] if name == "embed" else []
    assert [one for one in names if "secret" in one] == expected


# ---- what clang dies of

N = 100_000


def inside(text: str) -> str:
    return f"int use(int a)\n{{\n\t{text}\n}}\n"


DOUBLING = "#define A0 x,\n" + "".join(f"#define A{at + 1} A{at} A{at}\n" for at in range(40))
FAILING = {
    "brackets": (inside("return " + "(" * 200 + "1" + ")" * 200 + ";"), "brackets nested"),
    "blocks": ("void f(void)\n{\n" + "{\n" * 200 + "}\n" * 200 + "}\n", "brackets nested"),
    "not": (inside("return " + "!" * 3000 + "a;"), "operators or casts in a row"),
    "minus": (inside("return " + "- " * 1500 + "a;"), "operators or casts in a row"),
    "stars": ("int " + "*" * 3000 + "p;\n", "operators or casts in a row"),
    "sizeof": (inside("return " + "sizeof " * 500 + "a;"), "operators or casts in a row"),
    "casts": (inside("return " + "(int)" * 800 + "a;"), "operators or casts in a row"),
    "plus": (inside("return a" + "\n+ a" * 20_000 + ";"), "operators in a statement"),
    "assignments": (inside("a" + "\n= a" * 10_000 + ";"), "operators in a statement"),
    "conditions": (inside("return " + "a ? 1 :\n" * 20_000 + "0;"), "a statement"),
    "commas": (inside("return " + "a,\n" * 20_000 + "0;"), "operators in a statement"),
    "members": (inside("return a" + "->a\n" * 20_000 + ";"), "operators in a statement"),
    "if": (inside("if (a)\n" * 10_000 + ";"), "nested"),
    "do": (inside("do\n" * 10_000 + ";" + "while (a);\n" * 10_000), "nested"),
    "for": (inside("for (;;)\n" * 10_000 + ";"), "nested"),
    "else": (inside("if (a)\n;\nelse\n" * 10_000 + ";"), "else-if"),
    "cases": (inside("switch (a) {" + "".join(f"case {at}:\n" for at in range(10_000)) + ";}"), "labels in a row"),
    "labels": (inside("".join(f"l{at}:\n" for at in range(10_000)) + ";"), "labels in a row"),
    "continued lines": ("#define X \\\n" + "1 + \\\n" * 100_000 + "1\n", "continued"),
    "long name": ("int " + "a" * 10_000_000 + ";\n", "more than 2 MiB"),
    "long comment": ("/*" + ("x" * 4000 + "\n") * 12_500 + "*/\n", "more than 2 MiB"),
    "long line": (inside("g();" * 2000), "a line of more than"),
    "doubling macros": (DOUBLING + inside("g(A30 0);"), "not analysed: a macro of more than"),
    "range designators": ("#define ALL [0 ... 100000000] = 1\nint a[] = { ALL };\n" + GOOD, "parser stopped"),
}


@pytest.mark.parametrize("name", FAILING)
def test_hostile(parser: Parser, name: str) -> None:
    text, reason = FAILING[name]
    found = unit(parser, text)
    assert found.failure is not None
    assert reason in str(found.failure)
    assert len(str(found.failure)) < 80
    assert not found.functions
    assert statements(function(parser, GOOD)) == "(return n)"


SURVIVING = {
    "initializer": "int a[] = {\n" + "{\n" * 100 + "1" + "}\n" * 100 + "};\n",
    "numbers": "int a[] = {\n" + "1,\n" * 10_000 + "};\n",
    "strings": 'char *a = "a"\n' + '"a"\n' * 20_000 + ";\n",
    "statements": inside("g(a);\n" * 4000),
    "unknown names": inside("".join(f"u{at} = v{at};\n" for at in range(4000))),
    "unknown types": "".join(f"t{at}_t v{at};\n" for at in range(20_000)),
    "declarations": "".join(f"int v{at};\n" for at in range(20_000)),
    "conditionals": "#if 1\n" * 20_000 + "#endif\n" * 20_000,
    "else": "#else\n" * 20_000,
    "macros": "".join(f"#define M{at} M{at + 1}\n" for at in range(20_000)) + inside("M1;"),
    "arguments": "#define E(x) x x\nint y;\n" + inside("E(" * 12 + "g();" + ")" * 12),
    "types": "typedef int t0;\n" + "".join(f"typedef struct {{ t{at} a, b; }} t{at + 1};\n" for at in range(60)),
    "attributes": "int f(void)" + " __a\n" * 20_000 + "{\n}\n",
    "attributes with arguments": "int f(void)\n" + "__a(1)\n" * 20_000 + "{\n}\n",
    "open parentheses": "int f" + "(\n" * 100 + inside("return 1;"),
    "closing parentheses": ")\n" * 20_000,
    "closing braces": "\t}\n" * 20_000,
    "comments": "/*\n" * 20_000,
    "comments without text": "/**/\n" * 20_000,
    "half registrations": "BTF_ID_FLAGS(func,\n" * 100,
    "registrations": "".join(f"BTF_ID_FLAGS(func, f{at}, KF_A)\n" for at in range(5000)),
    "huge array": "char a[1ull << 60];\nenum { X = sizeof(a) };\n",
    "large integers": "_BitInt(8388608) x;\n",
    "crash": "#pragma clang __debug crash\n",
    "crash by operator": '_Pragma("clang __debug parser_crash")\n',
    "crash of the stack": "#pragma clang __debug overflow_stack\n",
    "self-include": "#include __FILE__\n#include __FILE__\n",
    "reserved names": "#define BTF_ID_FLAGS(x) crash\n#define __bpf_kfunc\n#undef NULL\n#define __builtin_trap\n",
    "names of our own": "int __kfunclint_unknown(void)\n{\n}\nstruct __kfunclint_any { int a; };\n",
    "assembler": 'asm("' + "x" * 2000 + '");\n',
    "quotes": "\"\n'\n" * 20_000,
    "carriage returns": "int a;\r\r\n" * 1000,
    "control": "\0\x01\x1b\x7f\ufeff\u2028\u202e\udcff" * 100,
}


@pytest.mark.parametrize("name", SURVIVING)
def test_strange_but_harmless(parser: Parser, name: str) -> None:
    found = unit(parser, SURVIVING[name])
    assert found.failure is None
    assert statements(function(parser, GOOD)) == "(return n)"


# ---- the processes

PROBE = """
import ctypes, json, os, resource, socket, sys
from kfunclint.clang import confine

file = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT)
if sys.argv[2] == "alone":
    confine.seccomp.shut = lambda libc: False
confine.confine()

def attempt(act):
    try:
        return act() and None
    except OSError as why:
        return why.errno

print(json.dumps({
    "read": attempt(lambda: os.open("/etc/passwd", os.O_RDONLY)),
    "list": attempt(lambda: os.listdir("/")),
    "create": attempt(lambda: os.open(sys.argv[1] + ".new", os.O_RDWR | os.O_CREAT)),
    "connect": attempt(lambda: socket.create_connection(("127.0.0.1", 9))),
    "execute": attempt(lambda: os.execv("/bin/true", ["true"])),
    "signal": attempt(lambda: os.kill(os.getppid(), 0)),
    "write": attempt(lambda: os.write(file, b"x")),
    "limits": sys.argv[2] == "alone" and [resource.getrlimit(limit)[0] for limit, _ in confine._LIMITS],
    "privileges": ctypes.CDLL(None).prctl(39, 0, 0, 0, 0),
    "landlock": ctypes.CDLL(None).syscall(444, None, ctypes.c_size_t(0), 1),
}))
"""
EACCES, EPERM, EFBIG = 13, 1, 27


def probe(path: Path, how: str) -> Any:
    command = [sys.executable, "-c", PROBE, str(path), how]
    return json.loads(subprocess.run(command, capture_output=True, check=True, cwd=ROOT).stdout)


def test_confined_process(tmp_path: Path) -> None:
    """What limits and Landlock hold, where there is no seccomp."""
    said = probe(tmp_path / "file", "alone")
    assert said["limits"] == [5, 1 << 30, 8 << 20, 0, 0, 64, 0]
    assert said["privileges"] == 1
    assert said["write"] == EFBIG
    if said["landlock"] > 0:  # kernels before 5.13 have no Landlock
        assert [said[act] for act in ("read", "list", "create", "execute")] == [EACCES] * 4
    assert said["connect"] == EACCES or said["landlock"] < 4
    assert said["signal"] == EPERM or said["landlock"] < 6


def test_seccomp_is_asked_before_landlock(tmp_path: Path) -> None:
    said = probe(tmp_path / "file", "with seccomp")
    assert said["write"] == EFBIG
    assert [said[act] for act in ("create", "execute", "signal")] == [EPERM] * 3


def test_child_is_confined(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What runs the parser is the process that was limited."""
    steal = "lambda *_: {'failure': ['not analysed', open('/etc/passwd').read() and 'read']}"
    with with_worker(monkeypatch, f"{WORKER}; job.run = {steal}") as parser:
        expected = "not analysed: read" if no_landlock() else "parser stopped (PermissionError)"
        assert str(unit(parser, GOOD).failure) == expected
    write = (
        f"lambda *_: {{'failure': ['not analysed', str(os.write(os.open({str(tmp_path / 'x')!r}, 66, 384), b'x'))]}}"
    )
    with with_worker(monkeypatch, f"{WORKER}; job.run = {write}") as parser:
        assert str(unit(parser, GOOD).failure).startswith("parser stopped")


def no_landlock() -> bool:
    return not Path("/sys/kernel/security").exists() and os.uname().release < "5.13"


CHILD = {
    "dies": ("os._exit(0)", "parser stopped (no answer)"),
    "crashes": ("__import__('ctypes').string_at(0)", "parser stopped (signal 11)"),
    "loops": ("[0 for _ in iter(int, 1)]", "parser stopped (CPU limit)"),
    "takes all memory": ("bytearray(2 << 30)", "parser stopped (out of memory)"),
    "raises": ("1 / 0", "parser stopped (ZeroDivisionError)"),
    "answers too much": ("{'failure': ['not analysed', 'x' * (20 << 20)]}", "parser stopped (answer too large)"),
    "answers a number": ("7", "parser stopped (answer not understood)"),
    "answers nothing": ("None", "parser stopped (answer not understood)"),
    "answers half": ("{}", "parser stopped (answer not understood)"),
    "answers rubbish": ("{'functions': [{}]}", "parser stopped (answer not understood)"),
    "answers what no json is": (
        "{'failure': ['not analysed', float('nan')]}",
        "parser stopped (answer not understood)",
    ),
}


@pytest.mark.parametrize("name", CHILD)
def test_child(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    act, reason = CHILD[name]
    limit = "import kfunclint.clang.confine as confine; confine._LIMITS = ((0, 1), *confine._LIMITS[1:])"
    chosen = f"lambda request, *more: good(request, *more) if 'good' in str(request) else {act}"
    run = f"{limit}; good = job.run; job.run = {chosen}"
    with with_worker(monkeypatch, f"{WORKER}; {run}") as parser:
        assert str(unit(parser, GOOD).failure) == reason
        assert unit(parser, "int good(void)\n{\n}\n").functions[0].name == "good"


def test_child_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    run = "worker.WALL_SECONDS = 0.5; job.run = lambda *_: time.sleep(60)"
    with with_worker(monkeypatch, f"{WORKER}; {run}") as parser:
        assert str(unit(parser, GOOD).failure) == "parser stopped (time limit)"


PROCESS = "job.run = lambda *_: {'failure': ['not analysed', str(os.getpid()), None]}"


def processes(parser: Parser, files: int) -> list[str]:
    """Who parses so many files."""
    return [str(unit(parser, GOOD).failure) for _ in range(files)]


def test_a_child_parses_the_files_of_a_series_and_no_others(monkeypatch: pytest.MonkeyPatch) -> None:
    with with_worker(monkeypatch, f"{WORKER}; {PROCESS}") as parser:
        assert len(set(processes(parser, 3))) == 3
        parser.begin_series()
        first = processes(parser, 3)
        parser.begin_series()
        second = processes(parser, 3)
        assert len(set(first)) == len(set(second)) == 1
        assert first != second


def test_a_child_has_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with with_worker(monkeypatch, f"{WORKER}; {PROCESS}; worker._KEPT_SECONDS = 0") as parser:
        parser.begin_series()
        assert len(set(processes(parser, 3))) == 3


@pytest.mark.parametrize("act", ["os._exit(0)", "1 / 0", "bytearray(2 << 30)", "7"])
def test_what_goes_wrong_in_a_child_is_tried_in_a_new_one(monkeypatch: pytest.MonkeyPatch, act: str) -> None:
    """Its memory and its time may have gone to the files before."""
    second = f"calls = []; good = job.run; job.run = lambda *_: {act} if calls else calls.append(0) or good(*_)"
    with with_worker(monkeypatch, f"{WORKER}; {second}") as parser:
        parser.begin_series()
        assert [unit(parser, GOOD).failure for _ in range(4)] == [None] * 4


ANSWER = "worker.Worker.answer = lambda *_: "
OWN = {
    "dies": (f"{ANSWER}os._exit(0)", "parser stopped (worker died)"),
    "never starts": ("os._exit(3)", "parser stopped (worker died)"),
    "says too much": ("worker.frames.send = lambda pipe, *_: os.write(pipe, b'\\xff' * 9)", "answer too large"),
    "says no json": ("worker.frames.send = lambda pipe, *_: os.write(pipe, b'\\0\\0\\0\\1x')", "not understood"),
    "says half": (
        "worker.frames.send = lambda pipe, *_: (os.write(pipe, b'\\0\\0\\0\\7x'), os._exit(0))",
        "worker died",
    ),
    "nests": (f"{ANSWER}eval('[' * 90 + ']' * 90)", "not understood"),
}


@pytest.mark.parametrize("name", OWN)
def test_worker(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    change, reason = OWN[name]
    with with_worker(monkeypatch, f"{WORKER}; {change}") as parser:
        assert reason in str(unit(parser, GOOD).failure)
        assert reason in str(unit(parser, GOOD).failure)


def test_worker_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser_module, "WALL_SECONDS", 0.5)
    with with_worker(monkeypatch, f"{WORKER}; {ANSWER}time.sleep(60)") as parser:
        assert str(unit(parser, GOOD).failure) == "parser stopped (time limit)"


def test_worker_that_was_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with Parser() as parser:
        assert parser._worker
        parser._worker.kill()
        parser._worker.wait()
        assert statements(function(parser, GOOD)) == "(return n)"


def test_no_worker_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    with Parser() as parser:
        assert str(unit(parser, GOOD).failure) == "parser stopped (worker died)"


def test_no_process_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    with Parser() as parser:
        assert parser._worker
        process = parser._worker
    assert process.returncode is not None


# ---- frames


def piped(data: bytes) -> int:
    reader, writer = os.pipe()
    os.write(writer, data)
    os.close(writer)
    os.set_blocking(reader, False)
    return reader


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "gone"),
        (b"\0\0", "gone"),
        (b"\0\0\0\x09{}", "gone"),
        (b"\xff\xff\xff\xff", "answer too large"),
        (b"\0\0\0\x02{x", "answer not understood"),
        (b"\0\0\0\x02\xff\xfe", "answer not understood"),
        (b"\0\x0f\0\0" + b"[" * 0xF0000, "answer not understood"),
    ],
)
def test_broken_frame(data: bytes, reason: str) -> None:
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    if os.fork() == 0:
        os.close(reader)
        os.write(writer, data)
        os._exit(0)
    os.close(writer)
    with pytest.raises(frames.Broken, match=reason):
        frames.receive(reader, time.monotonic() + 10)
    os.close(reader)
    os.wait()


def test_frame_that_comes_too_late() -> None:
    reader, writer = os.pipe()
    with pytest.raises(frames.Broken, match="time limit") as raised:
        frames.receive(reader, time.monotonic())
    assert raised.value.late
    os.close(reader)
    with pytest.raises(frames.Broken, match="gone"):
        frames.send(writer, {}, time.monotonic() + 10)
    os.close(writer)


FUNCTION = {
    "name": "f",
    "line": 1,
    "column": 1,
    "first_line": 1,
    "end_line": 1,
    "returns": "int",
    "parameters": [["a", "int"]],
    "marker": False,
    "static": False,
    "variadic": False,
    "complete": True,
    "misread": None,
    "body": [["block", 1, 1, "", 0, "", ""]],
}
LIES: dict[str, Callable[[], object]] = {
    "name": lambda: 7,
    "line": lambda: 0,
    "column": lambda: -1,
    "end_line": lambda: "1",
    "end_line far": lambda: 1 << 60,
    "returns": lambda: None,
    "misread": lambda: 0,
    "parameters": lambda: [["a"]],
    "body": lambda: [["block", 1, 1, "", 1, "", ""]],
    "body rows": lambda: [["block", 1, 1, "", 0, "", ""]] * 2,
    "body count": lambda: [["block", 1, 1, "", -1, "", "", 9]],
    "body nest": lambda: [["block", 1, 1, "", 1, "", ""]] * 100_000,
    "body none": list,
    "body kind": lambda: [[["block"], 1, 1, "", 0, "", ""]],
    "body type": lambda: [["block", 1, 1, "", 0, "", 7]],
    "body huge": lambda: [["block", 1, 1, "", 1 << 60, "", ""]],
}


def test_answer_of_the_right_form() -> None:
    assert units.unit(PATH, {"functions": [FUNCTION]}).failure is None


@pytest.mark.parametrize("name", LIES)
def test_answer_of_the_wrong_form(name: str) -> None:
    answer = {"functions": [FUNCTION | {name.split(maxsplit=1)[0]: LIES[name]()}]}
    assert str(units.unit(PATH, answer).failure) == "parser stopped (answer not understood)"


def test_limits_leave_room_for_the_kernel() -> None:
    """Each is well above what the largest files of the kernel have."""
    assert limits.MAX_BYTES > 2 * 875_000
    assert limits.MAX_LINE > 8 * 453
    assert limits.MAX_BRACKETS > 103
    assert limits.MAX_RUN > 10 * 5
    assert limits.MAX_ELSE_IF > 10 * 25
    assert limits.MAX_CONTINUED > 7 * 140


def test_the_worker_leaves_no_bytecode_where_none_is_wanted(tmp_path: Path) -> None:
    for name in ("kfunclint", "rules", "reports"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    patch = str(ROOT / "fixtures" / "series.mbox")
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "kfunclint", patch, "--no-tree"]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (1, b"")
    assert not list(tmp_path.rglob("__pycache__"))
