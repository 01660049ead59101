"""How much of the C in hunks the parser sees: functions, statements, calls, signatures, and its time.

With --tree, every __bpf_kfunc definition of a kernel tree is cut out as a diff would show it, random windows of a few
lines are cut out of the middle of functions, and every file with kfuncs is taken as a whole. With --mails, the hunks of
real mails are taken. What is there to be seen is counted in the text: a statement is a keyword, a call is a name before
a parenthesis.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import resource
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from kfunclint.c.brackets import LONGEST, Brackets
from kfunclint.c.declarators import CONTROL, Span, functions
from kfunclint.c.lexer import Token, code
from kfunclint.c.syntax import Function, Unit
from kfunclint.clang import Parser
from kfunclint.clang.directives import neutralize
from kfunclint.clang.stub_inference import KEYWORDS
from kfunclint.errors import InputError
from kfunclint.mail.inbox import read_inbox
from kfunclint.patch import postimage
from kfunclint.patch.diff import parse_patch
from kfunclint.patch.postimage import Line, PostImage, VisibleRange

SEED = 20240612
WINDOWS = 720
CONTEXTS = (3, 10, 20)


@dataclass
class Tally:
    """Seen and there, by what is counted; and what each patch cost."""

    seen: Counter[str] = field(default_factory=Counter)
    there: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    misses: list[str] = field(default_factory=list)

    def count(self, what: str, seen: int, there: int) -> None:
        self.seen[what] += seen
        self.there[what] += there

    def line(self, title: str) -> str:
        parts = [f"{what} {self.seen[what]}/{self.there[what]}" for what in self.there]
        times = sorted(self.seconds)
        middle, late = statistics.median(times) * 1000, times[int(len(times) * 0.95)] * 1000
        return (
            f"{title}: {', '.join(parts)}; wall per patch {middle:.1f} ms, p95 {late:.1f}, max {times[-1] * 1000:.1f}"
        )


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tree", type=Path, help="kernel tree for whole kfuncs and for windows")
    arguments.add_argument("--mails", nargs="+", default=[], help="mails, mboxes or folders of them")
    arguments.add_argument("--only", default="", help="only tables of which the title begins so")
    arguments.add_argument("--misses", action="store_true", help="print what was not seen")
    asked = arguments.parse_args()
    with Parser() as parser:
        tallies = [
            (title, make()) for title, make in _tables(parser, asked.tree, asked.mails) if title.startswith(asked.only)
        ]
    for title, tally in tallies:
        print(tally.line(title))
        if asked.misses:
            print("\n".join(f"  {miss}" for miss in tally.misses))
    self_time = os.times()
    print(f"CPU of worker and children: {self_time.children_user + self_time.children_system:.1f} s")
    print(f"largest of them: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.1f} MiB")


def _tables(parser: Parser, tree: Path | None, mails: Sequence[str]) -> Iterator[tuple[str, Callable[[], Tally]]]:
    if tree:
        files = list(_files(tree, "__bpf_kfunc"))
        for context in CONTEXTS:
            yield f"kfuncs -U{context}", partial(_kfuncs, parser, files, context)
        for context in CONTEXTS[:2]:
            yield f"windows -U{context}", partial(_windows, parser, files, context)
        yield "whole files", lambda: _wholes(parser, _files(tree, "BTF_ID_FLAGS"))
    if mails:
        yield "mails", partial(_mails, parser, mails)


# ---- what there is to be seen


@dataclass
class File:
    """A file of the tree: its lines, its tokens without comments and conditionals, the functions among them."""

    path: str
    lines: list[str]
    tokens: list[Token]
    spans: list[Span]


def _files(tree: Path, word: str) -> Iterator[File]:
    for path in sorted(tree.rglob("*.c")):
        if "tools" in path.relative_to(tree).parts or "samples" in path.relative_to(tree).parts:
            continue
        text = path.read_text(errors="replace")
        if word in text:
            lines = text.split("\n")
            tokens = code(neutralize(text, [False] * len(lines), ()))
            yield File(str(path.relative_to(tree)), lines, tokens, functions(tokens))


def statements(tokens: Sequence[Token]) -> Counter[tuple[int, str]]:
    """The statement keywords by line, without the `while` that ends a `do`."""
    found = Counter((token.line, token.text) for token in tokens if token.text in CONTROL)
    for at, token in enumerate(tokens):
        if token.text == "while" and _ends_do(tokens, at):
            found[token.line, "while"] -= 1
    return +found


def _ends_do(tokens: Sequence[Token], at: int) -> bool:
    following = tokens[at + 1 : at + LONGEST]
    close = Brackets(following).closing.get(0, len(following))
    behind = [token.text for token in following[close + 1 : close + 2]]
    return behind == [";"] and at > 0 and tokens[at - 1].text in ("}", ";")


def calls(tokens: Sequence[Token]) -> Counter[tuple[int, str]]:
    """The names that stand before a parenthesis, by line."""
    return Counter(
        (one.line, one.text)
        for one, two in itertools.pairwise(tokens)
        if one.kind == "name" and two.text == "(" and one.text not in KEYWORDS
    )


_HANDED_THROUGH = frozenset(
    "likely unlikely READ_ONCE WRITE_ONCE data_race rcu_dereference rcu_dereference_raw rcu_dereference_sched "
    "rcu_dereference_bh rcu_dereference_check rcu_dereference_protected rcu_dereference_bh_check rcu_access_pointer "
    "rcu_assign_pointer RCU_INIT_POINTER smp_load_acquire smp_store_release this_cpu_ptr raw_cpu_ptr per_cpu_ptr "
    "per_cpu this_cpu_read __this_cpu_read this_cpu_write __this_cpu_write ARRAY_SIZE offsetof offsetofend BIT GENMASK "
    "BIT_ULL BUILD_BUG_ON BUG_ON sizeof_field __stringify BTF_TYPE_EMIT va_arg __free CLASS".split()
)


def seen_in(functions_: Iterable[Function]) -> tuple[Counter[tuple[int, str]], Counter[str]]:
    """The statements by line, and the calls."""
    found: Counter[tuple[int, str]] = Counter()
    called: Counter[str] = Counter()
    for function in functions_:
        for node in function.body.walk():
            if node.kind in CONTROL:
                found[node.line, node.kind] += 1
            elif node.kind == "call":
                called[node.text.partition("(")[0]] += 1
            elif node.kind in ("member",):
                called[node.text.lstrip("->.")] += 1
            elif node.kind == "name":
                called[node.text] += 1
    return found, called


def _score(tally: Tally, what: str, tokens: Sequence[Token], unit: Unit) -> tuple[bool, bool]:
    """Count statements and calls; whether all of each were seen."""
    there, names = statements(tokens), calls(tokens)
    seen, called = seen_in(unit.functions)
    missed = there - seen
    lost = Counter(name for _, name in names.elements()) - called
    lost = Counter({name: count for name, count in lost.items() if name not in _HANDED_THROUGH})
    tally.count("statements", there.total() - missed.total(), there.total())
    tally.count("calls", names.total() - lost.total(), names.total())
    if missed or lost:
        tally.misses.append(f"{what}: {dict(missed)} {dict(lost)}")
    return not missed, not lost


def _parse(parser: Parser, tally: Tally, file: PostImage) -> Unit:
    begin = time.perf_counter()
    unit = parser.parse(file)
    tally.seconds.append(time.perf_counter() - begin)
    if unit.failure:
        tally.misses.append(f"{file.path}: {unit.failure}")
    return unit


# ---- whole kfuncs


def _kfuncs(parser: Parser, files: Iterable[File], context: int) -> Tally:
    tally = Tally()
    for file in files:
        for span in file.spans:
            if any(token.text == "__bpf_kfunc" for token in file.tokens[span.header : span.name]):
                _kfunc(parser, tally, file, span, context)
    return tally


def _kfunc(parser: Parser, tally: Tally, file: File, span: Span, context: int) -> None:
    name = file.tokens[span.name].text
    first, end = file.tokens[span.header].line, file.tokens[span.close].line
    entry = next((number for number, line in enumerate(file.lines, 1) if _registered(line) == name), None)
    wanted = [range(first - context, end + context + 1)]
    if entry is not None:
        wanted.append(range(entry - context, entry + context + 1))
    added = set(range(first, end + 1)) | {entry}
    unit = _parse(parser, tally, _cut(file, wanted, added))
    _judge(tally, file, span, unit)


def _judge(tally: Tally, file: File, span: Span, unit: Unit) -> None:
    """Count what was seen of one function that is there from its header to its end."""
    name = file.tokens[span.name].text
    found = [one for one in unit.functions if one.name == name]
    tally.count("functions", len(found[:1]), 1)
    whole = _score(tally, f"{file.path} {name}", file.tokens[span.open : span.close], Unit(file.path, tuple(found)))
    tally.count("both complete", all(whole), 1)
    tally.count("marked complete", any(one.complete for one in found), 1)
    if found and not found[0].complete:
        tally.misses.append(f"{file.path} {name}: not complete")
    tally.count("signatures", any(_same_signature(one, file, span) for one in found), 1)


def _registered(line: str) -> str:
    """The kfunc that a line registers, "" if it does not."""
    words = line.replace("(", " ").replace(",", " ").replace(")", " ").split()
    return words[2] if words[:2] == ["BTF_ID_FLAGS", "func"] and len(words) > 2 else ""


def _cut(file: File, wanted: Iterable[range], added: set[int | None]) -> PostImage:
    """The lines of some ranges as a source; ranges that touch make one visible range."""
    numbers = sorted({number for numbers in wanted for number in numbers if 1 <= number <= len(file.lines)})
    ranges: list[VisibleRange] = []
    run: list[int] = []
    for number in [*numbers, 0]:
        if run and number != run[-1] + 1:
            ranges.append(_stretch(file, run, added))
            run = []
        run.append(number)
    return PostImage(file.path, tuple(ranges))


def _stretch(file: File, numbers: list[int], added: set[int | None]) -> VisibleRange:
    heading = _heading(file.lines, numbers[0])
    lines = []
    for at, number in enumerate(numbers):
        patch, mail_line = (1, number) if number in added else (None, None)
        lines.append(Line(file.lines[number - 1], patch, mail_line, heading if at == 0 else ""))
    return VisibleRange(numbers[0], tuple(lines))


def _heading(lines: Sequence[str], first: int) -> str:
    """What git writes behind the second @@: the last line above that begins with a letter."""
    for number in range(first - 2, max(first - 400, -1), -1):
        if lines[number][:1].isalpha() or lines[number][:1] in ("_", "$"):
            return lines[number][:80].rstrip()
    return ""


def _same_signature(function: Function, file: File, span: Span) -> bool:
    """Are the parameters' names and types those of the text, but for attributes?"""
    tokens = file.tokens[span.name + 2 : span.open - 1]
    text = " ".join(token.text for token in tokens)
    written = [] if text in ("void", "") else text.split(" , ")
    if len(written) != len(function.parameters):
        return False
    return all(
        _squeezed(f"{parameter.type}{parameter.name}") == _squeezed(" ".join(_without_attributes(words.split())))
        or "[" in words
        or "( *" in words
        for parameter, words in zip(function.parameters, written, strict=True)
    )


def _without_attributes(words: list[str]) -> list[str]:
    return [word for word in words if word not in ("__user", "__rcu", "__percpu", "__maybe_unused")]


def _squeezed(text: str) -> str:
    return text.replace(" ", "")


# ---- whole files


def _wholes(parser: Parser, files: Iterable[File]) -> Tally:
    tally = Tally()
    for file in files:
        lines = tuple(Line(text) for text in file.lines)
        unit = _parse(parser, tally, PostImage(file.path, (VisibleRange(1, lines),), whole=True))
        tally.count("files", unit.failure is None, 1)
        registered = [name for line in file.lines if (name := _registered(line))]
        for span in file.spans:
            marked = any(token.text == "__bpf_kfunc" for token in file.tokens[span.header : span.name])
            if marked or file.tokens[span.name].text in registered:
                _judge(tally, file, span, unit)
    return tally


# ---- windows


def _windows(parser: Parser, files: Sequence[File], context: int) -> Tally:
    tally = Tally()
    chance = random.Random(SEED)
    size = 2 * context + 1
    spans = [
        (file, span)
        for file in files
        for span in file.spans
        if file.tokens[span.close].line - file.tokens[span.open].line > size + 2
    ]
    for _ in range(WINDOWS):
        file, span = chance.choice(spans)
        first, end = file.tokens[span.open].line + 1, file.tokens[span.close].line
        begin = chance.randrange(first, end - size)
        inside = range(begin, begin + size)
        unit = _parse(parser, tally, _cut(file, [inside], {begin + context}))
        tokens = [token for token in file.tokens[span.open : span.close] if token.line in inside]
        whole = _score(tally, f"{file.path}:{begin}", tokens, unit)
        tally.count("windows", all(whole[:1]), 1)
        tally.count("named", any(one.name == file.tokens[span.name].text for one in unit.functions), 1)
    return tally


# ---- mails


def _mails(parser: Parser, names: Sequence[str]) -> Tally:
    tally = Tally()
    for series in read_inbox(names).series:
        for one in series.patches:
            try:
                files = postimage.apply_series([parse_patch(one)])
            except InputError:
                continue
            for file in files:
                if file.path.endswith(".c"):
                    _mail(parser, tally, file)
    return tally


def _mail(parser: Parser, tally: Tally, file: PostImage) -> None:
    unit = _parse(parser, tally, file)
    tally.count("files", unit.failure is None, 1)
    for part in file.ranges:
        lines = [line.text for line in part.lines]
        tokens = code(neutralize("\n".join(lines), [line.added for line in part.lines], ()), part.start)
        for span in functions(tokens):
            name = tokens[span.name].text
            found = [one for one in unit.functions if one.name == name and one.line == tokens[span.name].line]
            tally.count("functions", len(found[:1]), 1)
            tally.count("marked complete", any(one.complete for one in found), 1)
            if not any(one.complete for one in found):
                tally.misses.append(f"{file.path} {name}: {'not complete' if found else 'not found'}")
            _score(tally, f"{file.path} {name}", tokens[span.open : span.close], Unit(file.path, tuple(found)))


if __name__ == "__main__":
    main()
