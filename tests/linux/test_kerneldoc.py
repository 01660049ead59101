"""Beside scripts/kernel-doc -Wall of Linux 6.12, and of 7.3 where it is there: the same verdict on every kfunc of that
tree, as it is and with every kernel-doc of a kfunc spoilt in one way.

KFUNCLINT_TREES names a folder with the kernel tree linux-source-6.12, written in Perl, and maybe linux-source-7.3, in
Python. Where the verdicts differ on purpose:

- a wrong name: kernel-doc goes on about parameters, we do not, as they may belong to another function
- more than a word in front of the dash: a wrong name to 6.12, no name to 7.3 and to us
- a struct's name where the function's ought to be: no name to 6.12 and to us, 7.3 takes all below for the struct
- "const type *name": the name to 7.3 and to us, words to 6.12
- a section named after a parameter but for its suffix: two warnings there, one remark here
- "@returns:" or "@Return:" on a void function, or beside a Return: section: a surplus parameter there, nothing here
- a struct with another one in it, or with a member that is conditional, private or made by a macro: nothing here
- a section other than Return: and Context: given twice: nothing here
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kfunclint.checker.review import review
from kfunclint.clang import Parser
from kfunclint.extract.facts import docs
from kfunclint.extract.sets import scan
from kfunclint.finding import Finding
from kfunclint.mail.inbox import read_inbox
from kfunclint.patch.postimage import Line, PostImage, VisibleRange
from kfunclint.rule import loader

TREES = {
    release: Path(os.environ.get("KFUNCLINT_TREES", "")) / f"linux-source-{release}" for release in ("6.12", "7.3")
}
RELEASES = [release for release, tree in TREES.items() if release == "6.12" or tree.is_dir()]
FOLDERS = ("kernel", "mm", "net", "fs", "io_uring", "drivers/base", "drivers/hid", "tools/testing/selftests/bpf")
STRUCTS = ("kernel", "net/core", "net/ipv4", "net/xfrm", "drivers/hid")
SCHED = {"6.12": "kernel/sched/ext.c", "7.3": "kernel/sched/ext/sub.c"}
SPOILT = [
    (release, path)
    for release in RELEASES
    for path in ("kernel/bpf/helpers.c", "kernel/bpf/cpumask.c", SCHED[release], "net/netfilter/nf_conntrack_bpf.c")
]
KFUNC = re.compile(r"^__bpf_kfunc\b(?!_)[^;{(]*?(\w+)\(", re.MULTILINE)
DOC = re.compile(r"^/\*\*\n(?: \*(?!/).*\n)+ \*/\n(?=__bpf_kfunc\b(?!_))", re.MULTILINE)
BODY = re.compile(r"^\{\n.*?^\}\n", re.MULTILINE | re.DOTALL)  # nothing to kernel-doc, and slow to parse

NAME, UNDESCRIBED, EXCESS = "kerneldoc/name-mismatch", "kerneldoc/parameter-undescribed", "kerneldoc/parameter-excess"
NAMELESS, SHORT = "kerneldoc/name-missing", "kerneldoc/description-missing"
SAYINGS = {
    r"expecting prototype for (?P<documented>.*)\(\)\. Prototype was for (?P<function>\w+)\(\)": NAME,
    r"(?:member|function parameter) '(?P<what>[^']+)' not described in '(?P<function>\w+)'": UNDESCRIBED,
    r"Excess function parameter '(?P<what>[^']+)' description in '(?P<function>\w+)'": EXCESS,
    r"No description found for return value of '(?P<function>\w+)'": "kerneldoc/return-missing",
    r"This comment starts with|wrong kernel-doc identifier": NAMELESS,
    r"missing initial short description": SHORT,
    r"duplicate section name '(?:Return|Context)'": "kerneldoc/section-repeated",
}
Verdict = tuple[str, str, str]  # kfunc, rule, parameter


def files(tree: Path) -> list[str]:
    """The files of the tree that define kfuncs."""
    if not tree.is_dir():
        pytest.fail("KFUNCLINT_TREES names no folder with linux-source-6.12")
    paths = (path for folder in FOLDERS for path in sorted((tree / folder).rglob("*.c")))
    return [path.relative_to(tree).as_posix() for path in paths if KFUNC.search(path.read_text(errors="replace"))]


def below(text: str, line: int) -> str:
    """The first kfunc that is defined below a line, if no other function ends in between."""
    for match in KFUNC.finditer(text):
        between = text[: match.start()].split("\n")[line:]
        if text.count("\n", 0, match.start(1)) >= line - 1:
            return "" if "}" in between else match[1]
    return ""


def kernel_doc(file: Path, release: str) -> str:
    """What kernel-doc of a release says of a file."""
    runs = ["perl"] if release == "6.12" else [sys.executable, "-B"]
    command = [*runs, str(TREES[release] / "scripts/kernel-doc"), "-Wall", "-none", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60).stderr


def theirs(file: Path, release: str) -> set[Verdict]:
    """What kernel-doc of a release says of the kfuncs of a file."""
    text = file.read_text(errors="replace")
    kfuncs = {match[1] for match in KFUNC.finditer(text)}
    found: set[Verdict] = set()
    for line, said in re.findall(r":(\d+)(?:: warning:)? (.*)", kernel_doc(file, release)):
        for saying, known in SAYINGS.items():
            if match := re.search(saying, said):
                groups = match.groupdict()
                names = [groups[key] for key in ("function", "documented") if groups.get(key) in kfuncs]
                function = (names or [below(text, int(line))] if "function" not in groups else names or [""])[0]
                words = known == NAME and not groups["documented"].isidentifier()
                found.add((function, NAMELESS if words else known, groups.get("what") or ""))
    nameless = {function for function, known, _ in found if known == NAMELESS}
    wrong = nameless | {function for function, known, _ in found if known == NAME}
    return {
        verdict
        for verdict in found
        if verdict[0]
        and not (verdict[1] == UNDESCRIBED and verdict[0] in wrong)
        and not (verdict[1] == SHORT and verdict[0] in nameless)
        and not (verdict[1] == EXCESS and verdict[2].lower() in ("return", "returns"))
    }


def ours(path: str, text: str, parser: Parser, folder: Path, release: str) -> set[Verdict]:
    """What we say of the kfuncs of a file that a patch adds to a release."""
    lines = BODY.sub("{\n}\n", text).split("\n")[:-1]
    head = (
        "From: Ann Author <ann@example.org>\nMessage-ID: <1@example.org>\nSubject: [PATCH] x\n\nx\n---\n"
        f"diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{len(lines)} @@\n"
    )
    patch = folder / "new.patch"
    patch.write_text(head + "".join(f"+{line}\n" for line in lines))
    (series,) = read_inbox([str(patch)]).series
    rules = [found for found in loader.shipped() if found.id in SAYINGS.values()]
    found = review(series, rules, parser, release)
    assert not found.failures
    assert not found.unreadable
    kfuncs = {match[1] for match in KFUNC.finditer(text)}
    return {verdict for finding in found.findings for verdict in verdicts(finding) if verdict[0] in kfuncs}


def verdicts(finding: Finding) -> Iterator[Verdict]:
    function = finding.function or ""
    if finding.rule == UNDESCRIBED:
        names = re.split(", | and ", finding.message.partition(" does not describe ")[2])
        yield from ((function, UNDESCRIBED, name) for name in names)
    elif match := re.search(r"has no parameter ([\w.]+)(?:, only (\w+))?", finding.message):
        yield function, EXCESS, match[1]
        if match[2]:
            yield function, UNDESCRIBED, match[2]
    else:
        yield function, finding.rule, ""


@pytest.mark.parametrize("release", RELEASES)
def test_every_kfunc_as_it_is(release: str, parser: Parser, tmp_path: Path) -> None:
    found: set[Verdict] = set()
    for path in files(TREES[release]):
        file = TREES[release] / path
        mine = ours(path, file.read_text(errors="replace"), parser, tmp_path, release)
        assert mine == theirs(file, release), path
        found |= mine
    assert len(found) > 50


@pytest.mark.parametrize("release", RELEASES)
def test_every_struct_as_it_is(release: str) -> None:
    structs = 0
    for path in sorted(path for folder in STRUCTS for path in (TREES[release] / folder).rglob("*.[ch]")):
        text = path.read_text(errors="replace")
        if "\n * struct " not in text:
            continue
        (scanned,) = scan([PostImage("a.c", (VisibleRange(1, tuple(map(Line, text.split("\n")))),))])
        known = [doc for doc in docs(scanned).values() if doc.members]
        mine = {(doc.struct, name) for doc in known for name, _ in doc.members if not doc.section(f"@{name}")}
        said = re.findall(r"struct member '([^']+)' not described in '(\w+)'", kernel_doc(path, release))
        assert mine == {(name, member) for member, name in said if name in {doc.struct for doc in known}}, path
        structs += len(known)
    assert structs > 50


WAYS: dict[str, Callable[[str], str]] = {
    "K1 another name": lambda doc: re.sub(r"^ \* (\w+)", r" * \1x", doc, count=1, flags=re.M),
    "K1 a sentence with a dash": lambda doc: re.sub(r"^ \* .*", " * Does a thing - and more", doc, count=1, flags=re.M),
    "K1 arguments": lambda doc: re.sub(r"^ \* (\w+)\S*", r" * \1(a, b)", doc, count=1, flags=re.M),
    "K2 no parameter": lambda doc: re.sub(r"^ \* @\w+:.*\n", "", doc, flags=re.M),
    "K2 one parameter less": lambda doc: re.sub(r"^ \* @\w+:.*\n", "", doc, count=1, flags=re.M),
    "K3 one more": lambda doc: re.sub(r"\A(.*\n.*\n)", r"\1 * @zzz: none\n * @a.b: none\n", doc),
    "K4 no section": lambda doc: re.sub(r"(?im)^ \* returns?:", " * It gives:", doc),
    "K5 prose": lambda doc: re.sub(r"(?im)^ \* returns?:", " * Returns", doc),
    "K6 capitals": lambda doc: re.sub(r"(?im)^ \* returns?:", " *   RETURNS :", doc),
    "K7 @return": lambda doc: re.sub(r"(?im)^ \* returns?:", " * @return:", doc),
    "K8 @returns": lambda doc: re.sub(r"(?im)^ \* returns?:", " * @returns:", doc),
    "K8 @Return": lambda doc: re.sub(r"(?im)^ \* returns?:", " * @Return:", doc),
    "K9 list": lambda doc: re.sub(r"(?im)^ \* (returns?:|@)", r" * * \1", doc),
    "K10 colon": lambda doc: doc.replace(" - ", ": ", 1),
    "K11 no description": lambda doc: re.sub(r"^ \* (\w+).*", r" * \1()", doc, count=1, flags=re.M),
    "K12 dash": lambda doc: re.sub(r"^( \* @\w+):", r"\1 -", doc, flags=re.M),
    "K13 a sentence": lambda doc: re.sub(r"^ \* .*", " * Does a thing, and more.", doc, count=1, flags=re.M),
    "K13 words": lambda doc: re.sub(r"^ \* .*", " * Does a thing", doc, count=1, flags=re.M),
    "K14 struct pointer": lambda doc: re.sub(r"^ \* ", " * struct foo *", doc, count=1, flags=re.M),
    "K14 const pointer": lambda doc: re.sub(r"^ \* ", " * const foo *", doc, count=1, flags=re.M),
    "K14 pointer": lambda doc: re.sub(r"^ \* ", " * foo *", doc, count=1, flags=re.M),
    "K15 one line": lambda doc: "/** Does a thing */\n",
    "K16 a macro between": lambda doc: doc + "__bpf_kfunc_start_defs();\n\n",
    "K16 macros that are dropped": lambda doc: doc + "__printf(2, 0) __attribute__((x(1)))\n",
    "K16 a condition between": lambda doc: doc + "#ifdef CONFIG_X\n",
    "K17 twice": lambda doc: doc.replace(" */\n", " *\n * Return: one\n * Context: x\n *\n * Returns: two\n */\n"),
    "K17 notes": lambda doc: doc.replace(" */\n", " *\n * Note: one\n */\n"),
    "K18 no suffix": lambda doc: re.sub(r"^( \* @\w+?)__\w+:", r"\1:", doc, flags=re.M),
    "K20 blank": lambda doc: re.sub(r"^( \* @\w+):", r"\1 :", doc, flags=re.M),
    "K21 plain": lambda doc: doc.replace("/**", "/*", 1),
    "trailing blanks": lambda doc: doc.replace("\n", "  \n"),
    "indented text": lambda doc: doc.replace("\n * ", "\n *\t"),
}
ON_PURPOSE = {("7.3", "K14 struct pointer"), ("6.12", "K14 const pointer")}


@pytest.mark.parametrize(
    ("release", "path", "way"), [(*file, way) for way in WAYS for file in SPOILT if (file[0], way) not in ON_PURPOSE]
)
def test_every_doc_spoilt(release: str, path: str, way: str, parser: Parser, tmp_path: Path) -> None:
    text = DOC.sub(lambda match: WAYS[way](match[0]), (TREES[release] / path).read_text(errors="replace"))
    file = tmp_path / "new.c"
    file.write_text(text)
    assert ours(path, text, parser, tmp_path, release) == theirs(file, release)
