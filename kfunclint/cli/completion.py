"""The command `kfunclint completion SHELL`: what bash, zsh and fish need to complete command lines."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence

from kfunclint.cli.arguments import Arguments, name_of
from kfunclint.cli.completable import Completable, declared

Parsers = dict[str, argparse.ArgumentParser]

FILES = ":files"
_WORDS = "--words"

_SCRIPTS = {
    "bash": """\
_kfunclint() {
    local word files= current=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=()
    while IFS= read -r word; do
        if [ "$word" = :files ]; then files=yes; else COMPREPLY+=("$word"); fi
    done < <("$1" completion --words "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
    case ${COMPREPLY[0]-} in *=) compopt -o nospace ;; esac
    [ -n "$files" ] || return 0
    compopt -o filenames
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "${current#=}")
}
complete -F _kfunclint kfunclint
""",
    "zsh": """\
#compdef kfunclint
_kfunclint() {
    local -a found
    found=("${(@f)$("$words[1]" completion --words "${(@)words[2,CURRENT]}" 2>/dev/null)}")
    if (( ${found[(I):files]} )); then
        found=("${(@)found:#:files}")
        compset -P '*='
        _files
    fi
    compadd -S '' -- "${(@M)found:#*=}"
    compadd -- "${(@)found:#*=}"
}
if [ "$funcstack[1]" = _kfunclint ]; then _kfunclint "$@"; else compdef _kfunclint kfunclint; fi
""",
    "fish": """\
function __kfunclint
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for word in ($words[1] completion --words $words[2..-1] "$current" 2>/dev/null)
        if test $word = :files
            set -l prefix (string match -r -- '^[^/=]*=' "$current")
            string replace -r -- '^' "$prefix" (__fish_complete_path (string replace -r -- '^[^/=]*=' '' "$current"))
        else
            echo $word
        end
    end
end
complete -c kfunclint -f -a '(__kfunclint)'
""",
}


def run(argv: Sequence[str]) -> int:
    """Print the script for a shell; the script itself asks with --words and the words typed, the last as far as it is.

    Gives the exit status.
    """
    if argv[:1] == [_WORDS]:
        sys.stdout.write("".join(f"{word}\n" for word in candidates(argv[1:] or [""], parsers())))
        return 0
    sys.stdout.write(_SCRIPTS[parser().parse_args(argv).shell])
    return 0


def parser() -> argparse.ArgumentParser:
    """The arguments that the command takes."""
    parser = Arguments(
        prog="kfunclint completion", description="Print the script that lets a shell complete kfunclint's arguments."
    )
    parser.add_argument("shell", type=name_of("shell", _SCRIPTS), choices=_SCRIPTS, help="bash, zsh or fish")
    return parser


def parsers() -> Parsers:
    """What takes the arguments of each command; that of a review has the name ""."""
    from kfunclint.cli import b4_series, bot, config, hook, mine, review, rules, test, tree

    return {
        "": review.parser(),
        "tree": tree.parser(),
        "mine": mine.parser(),
        "hook": hook.parser(),
        "b4-series": b4_series.parser(),
        "bot": bot.parser(),
        "rules": rules.parser("rules"),
        "explain": rules.parser("explain"),
        "test": test.parser(),
        "config": config.parser(),
        "completion": parser(),
    }


def candidates(words: Sequence[str], by_command: Parsers) -> list[str]:
    """What the last of the words behind `kfunclint` may become; FILES among them stands for the names of files.

    bash makes words of its own of "=" and what stands on both sides of it.
    """
    *before, current = words
    if current == "=":
        before, current = [*before, "="], ""
    command = before[0] if before and before[0] in by_command else ""
    options = {name: action for action in by_command[command]._actions for name in action.option_strings}
    if before[-1:] == ["="]:
        return _values(options.get(before[-2]), current) if len(before) > 1 and before[-2] in options else [FILES]
    name, equals, value = current.partition("=")
    if equals and name in options:
        return [each if each == FILES else f"{name}={each}" for each in _values(options[name], value)]
    if equals and before and before[-1] in options:
        return [FILES]
    if before and before[-1] in options and options[before[-1]].nargs != 0:
        return _values(options[before[-1]], current)
    if current.startswith("-"):
        return _matching(options, current)
    return [
        *([] if before else _matching(filter(None, by_command), current)),
        *_positional(by_command[command], current),
    ]


def _positional(parser: argparse.ArgumentParser, current: str) -> list[str]:
    return _values(next((action for action in parser._actions if not action.option_strings), None), current)


def _matching(words: Iterable[str], current: str) -> list[str]:
    return [word for word in words if word.startswith(current)]


def _values(action: argparse.Action | None, current: str) -> list[str]:
    """What may stand for the value of an option, or for an argument."""
    if action is None:
        return []
    if action.choices:
        return _matching(map(str, action.choices), current)
    match declared(action):
        case Completable.RULE | Completable.RULE_OR_FAMILY as values:
            return _matching(_rules(families=values is Completable.RULE_OR_FAMILY), current)
        case Completable.RELEASE:
            return _matching(_releases(), current)
        case Completable.REPORT:
            return _matching((f"{name}=" for name in _formats()), current)
        case Completable.FREE:
            return []
        case None:
            return [FILES]


def _rules(*, families: bool) -> Iterator[str]:
    from kfunclint.rule import loader

    ids = [rule.id for rule in loader.shipped()]
    if families:
        yield from sorted({id_.partition("/")[0] for id_ in ids})
    yield from ids


def _formats() -> tuple[str, ...]:
    from kfunclint.report import formats

    return formats.formats()


def _releases() -> Iterable[str]:
    from kfunclint.kernel.release import releases
    from kfunclint.kernel.target import REQUESTS

    return (*(str(release) for _, release in releases()), *REQUESTS)
