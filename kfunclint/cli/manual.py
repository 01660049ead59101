"""The short help and the manual page, made of what the commands take."""

from __future__ import annotations

import argparse
import ast
import re
import textwrap
from collections.abc import Iterable, Iterator

from kfunclint import __version__, resources
from kfunclint.cli.completion import Parsers
from kfunclint.report import formats

_USUAL = ("--format", "--output", "--report", "--tree", "--kernel", "--only", "--ignore", "--fail-on", "--help-all")

EXAMPLES = (
    ("kfunclint series.mbox", "review mail, or a patch"),
    ("kfunclint --git origin/master..HEAD", "review commits before sending"),
    ("kfunclint --format reply series.mbox", "draft what a reviewer would mail"),
    ("kfunclint --tree ~/linux --report html=review.html series.mbox", "see whole files, and write a page beside"),
    ("kfunclint tree ~/linux kernel/sched", "review the kfuncs that are there"),
    ("kfunclint explain flags/ret-null-missing", "why a rule matters, and since when"),
)

_DESCRIPTION = """\
kfunclint reads patches for the Linux kernel that add or change BPF kfuncs, and says where the prototype of a kfunc, its
BTF_ID_FLAGS() line, its body, its kernel-doc, its registration and the words around them do not agree, for the kernel
they are aimed at. It speaks of lines that the series adds, and of nothing that it is not sure of.

A series is judged at its end, and for the newest complete version in the input. Without a kernel tree kfunclint knows
what the hunks show; inside of one, or with --tree, it applies the series in memory and sees whole files. Nothing of a
tree is run, and nothing is written to it.

Findings go to standard output, trouble to standard error. Levels are those of checkpatch: error, warning and check."""

_STATUS = {
    "0": "Nothing was found at or above the level of --fail-on.",
    "1": "Something was.",
    "2": "Something could not be read or reviewed, or the arguments are wrong; a line on standard error says what.",
    "130": "Interrupted.",
}
_FILES = {
    ".kfunclint.toml": "Settings of a kernel tree, looked for from the working directory upwards.",
    "~/.config/kfunclint/config.toml": "Settings of your own; those of a tree go before them.",
    "~/.cache/kfunclint/index": "What is known of kernel trees; kept up to date by itself, and may be removed.",
    "~/.cache/kfunclint/parser": "What the parser made of files of kernel trees, the last 1,024 and 64 MiB at most; "
    "may be removed.",
}
_ENVIRONMENT = {
    "NO_COLOR": "No colours, even on a terminal.",
    "FORCE_COLOR": "Colours, even where no terminal is, as for less -R.",
    "XDG_CONFIG_HOME": "The folder to use instead of ~/.config.",
    "XDG_CACHE_HOME": "The folder to use instead of ~/.cache.",
}
_SEE_ALSO = (
    "git-format-patch(1), git-send-email(1), b4(5), scripts/checkpatch.pl and Documentation/bpf/kfuncs.rst in Linux"
)


def summary(parsers: Parsers) -> str:
    """The short help: usage, the three most common calls, the usual options, and every command."""
    review = parsers[""]
    usual = [action for action in review._actions if set(_USUAL) & set(action.option_strings)]
    return "\n".join(
        (
            f"usage: {_synopsis(review)}",
            "       kfunclint COMMAND --help",
            "",
            *(f"  {command:45} {what}" for command, what in EXAMPLES[:3]),
            "",
            *(line for action in usual for line in _row(action)),
            "",
            *(f"  {name:12} {_first(parser)}" for name, parser in parsers.items() if name),
            "",
            "Exit status: 0 nothing found, 1 findings, 2 not reviewed. More: man kfunclint",
            "",
        )
    )


def _row(action: argparse.Action) -> list[str]:
    """An option with what its help says before the first parenthesis or semicolon."""
    value = "" if action.nargs == 0 else f" {_metavar(action)}"
    text = re.split(r";| \(", action.help or "")[0]
    head = f"  {', '.join(action.option_strings) + value:24} "
    return textwrap.wrap(text, 80, initial_indent=head, subsequent_indent=" " * len(head))


def _first(parser: argparse.ArgumentParser) -> str:
    return re.split(r"[.:](?: |$)", parser.description or "")[0]


def _synopsis(parser: argparse.ArgumentParser) -> str:
    words = [parser.prog]
    if sum(bool(action.option_strings) for action in parser._actions) > 1:
        words.append("[OPTION]...")
    return " ".join([*words, *(_argument(action) for action in parser._actions if not action.option_strings)])


def _argument(action: argparse.Action) -> str:
    name = _metavar(action)
    text = f"{name}..." if action.nargs in ("*", "+") else name
    return f"[{text}]" if action.nargs in ("*", "?") else text


def _metavar(action: argparse.Action) -> str:
    return action.metavar if isinstance(action.metavar, str) else action.dest.upper()


# ---- the page


def page(parsers: Parsers) -> str:
    """The manual page kfunclint(1) in the macros of man(7)."""
    review = parsers[""]
    return "\n".join(
        (
            f'.TH KFUNCLINT 1 "" "kfunclint {__version__}" "User Commands"',
            *_section("NAME", [f"kfunclint \\- {_roff(_lower(_first(review)))}"]),
            *_section("SYNOPSIS", _synopses(parsers.values())),
            *_section("DESCRIPTION", _paragraphs(_DESCRIPTION)),
            *_section("OPTIONS", _options(review)),
            *_section("FORMATS", _terms(_formats())),
            *_section("COMMANDS", _commands(parsers)),
            *_section("EXIT STATUS", _terms(_STATUS)),
            *_section("FILES", _terms(_FILES)),
            *_section("ENVIRONMENT", _terms(_ENVIRONMENT)),
            *_section("EXAMPLES", _examples()),
            *_section("SEE ALSO", [_text(_SEE_ALSO)]),
            "",
        )
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _roff(text: str) -> str:
    """Words as they are: no escapes, and hyphens that can be copied."""
    return text.replace("\\", "\\e").replace("-", "\\-")


def _text(text: str) -> str:
    """A paragraph as it is, in lines none of which is a request."""
    lines = textwrap.wrap(_roff(text), 80, break_long_words=False, break_on_hyphens=False)
    return "\n".join(f"\\&{line}" if line.startswith((".", "'")) else line for line in lines)


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield f".SH {title}"
    yield from lines


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(text.split("\n\n")):
        if number:
            yield ".PP"
        yield _text(paragraph)


def _synopses(parsers: Iterable[argparse.ArgumentParser]) -> Iterator[str]:
    for number, parser in enumerate(parsers):
        if number:
            yield ".br"
        yield f".B {_roff(parser.prog)}"
        if rest := _synopsis(parser).removeprefix(parser.prog).strip():
            yield _roff(rest)


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """The arguments of a command, each with all that its help says."""
    for action in parser._actions:
        yield ".TP"
        yield ", ".join(_names(action))
        text = (action.help or "").replace("%%", "%")
        yield _text(f"{text[:1].upper()}{text[1:]}.")


def _names(action: argparse.Action) -> Iterator[str]:
    if not action.option_strings:
        yield f"\\fI{_roff(_metavar(action))}\\fR"
    for name in action.option_strings:
        value = "" if action.nargs == 0 else f" \\fI{_roff(_metavar(action))}\\fR"
        yield f"\\fB{_roff(name)}\\fR{value}"


def _formats() -> dict[str, str]:
    """What each format is, in the words of its module."""
    folder = resources.folder("reports")
    texts = {name: (folder / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8") for name in formats.formats()}
    return {name: (ast.get_docstring(ast.parse(text)) or "").partition("\n")[0] for name, text in texts.items()}


def _terms(terms: dict[str, str]) -> Iterator[str]:
    for term, text in terms.items():
        yield from (".TP", f"\\fB{_roff(term)}\\fR", _text(text))


def _commands(parsers: Parsers) -> Iterator[str]:
    for name, parser in parsers.items():
        if name:
            yield f".SS {_roff(_synopsis(parser))}"
            yield _text(parser.description or "")
            yield from _options(parser)


def _examples() -> Iterator[str]:
    for command, what in EXAMPLES:
        yield from (".TP", f"\\fB{_roff(command)}\\fR", _text(f"{what[:1].upper()}{what[1:]}."))
