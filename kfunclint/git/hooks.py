"""The hooks of a git repository: puts ours in, in front of the one that is there, and takes it out again."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from kfunclint.errors import InputError

NAMES = {"send-email": "sendemail-validate", "pre-push": "pre-push", "commit-msg": "commit-msg"}

_MARK = "# Written by kfunclint hook install; kfunclint hook uninstall takes it away."
_BACKUP_SUFFIX = ".before-kfunclint"
_SCRIPT = """\
#!/bin/sh
{mark}
{input}if [ -x "$0{backup}" ]; then
	{give}"$0{backup}" "$@" || exit
fi
{skip}for kfunclint in {command} kfunclint; do
	command -v "$kfunclint" >/dev/null || continue
	{give}"$kfunclint" hook run {name} "$@"
	status=$?
	case $status in 0 | 1 | 130) exit $status ;; esac
done
echo "$0: kfunclint cannot be run any more, so nothing was reviewed" >&2
"""
# git gives pre-push its refs on standard input, and both hooks must read them
_READ_INPUT = """\
input=$(cat && echo .)
input=${input%.}
"""
_GIVE_INPUT = 'printf %s "$input" | '
# Python would start for each file of a series only to find that it is not the last one
_SKIP = """\
# is another file sent behind this one? Git before 2.41 does not say so, but stands above this process with arguments
more() {
	if [ "$GIT_SENDEMAIL_FILE_TOTAL" ]; then
		[ "$GIT_SENDEMAIL_FILE_COUNTER" -lt "$GIT_SENDEMAIL_FILE_TOTAL" ] || return
		[ "$GIT_SENDEMAIL_FILE_COUNTER" -gt 1 ] || rm -f "$memory"
		printf '%s\\0' "$1" >>"$memory"
		return
	fi
	pid=$PPID
	until tr '\\0' '\\n' <"/proc/$pid/cmdline" | grep -q '/git-send-email$'; do
		pid=$(sed 's/.*) . //; s/ .*//' "/proc/$pid/stat")
		[ "$pid" -gt 1 ] || return
	done
	tr '\\0' '\\n' <"/proc/$pid/cmdline" | (
		export LC_ALL=C
		cd "/proc/$pid/cwd" || exit 1
		while read -r argument; do
			[ "$argument" -ef "$1" ] || continue
			read -r next && [ -f "$next" ]
			exit
		done
		for file in "${1%/*}"/*; do [ ! -f "$file" ] || last=$file; done
		[ ! "$last" -ef "$1" ]
	)
}
memory=${GIT_DIR:-.git}/kfunclint-send-email
if more "$1" 2>/dev/null; then exit 0; fi
"""


def install(folder: Path, name: str, command: Path) -> Path:
    """Put the hook of a name in NAMES into a folder of hooks; gives its path.

    `command` is the kfunclint that it calls. A hook that is there is kept beside it, called first, and may refuse.
    Raises InputError where one is kept already, and OSError.
    """
    path = folder / NAMES[name]
    backup = _backup(path)
    folder.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(path) and not _is_ours(path):
        if os.path.lexists(backup):
            raise InputError(str(path), None, f"not kfunclint's, and {backup.name} is there already")
        path.rename(backup)
    new = path.with_name(f"{path.name}.new")
    new.write_text(_script(name, command), encoding="utf-8")
    new.chmod(0o755)
    new.replace(path)
    return path


def _script(name: str, command: Path) -> str:
    reads = name == "pre-push"
    return _SCRIPT.format(
        mark=_MARK,
        backup=_BACKUP_SUFFIX,
        input=_READ_INPUT if reads else "",
        give=_GIVE_INPUT if reads else "",
        skip=_SKIP if name == "send-email" else "",
        command=shlex.quote(str(command)),
        name=NAMES[name],
    )


def uninstall(folder: Path, name: str) -> Path | None:
    """Take the hook of a name in NAMES out of a folder of hooks, and put back the one that was there before it.

    Gives the path, None where there is no hook of kfunclint. Raises OSError.
    """
    path = folder / NAMES[name]
    if os.path.lexists(path) and not _is_ours(path):
        return None
    if os.path.lexists(_backup(path)):
        _backup(path).replace(path)
        return path
    if not path.is_file():
        return None
    path.unlink()
    return path


def _backup(path: Path) -> Path:
    return path.with_name(path.name + _BACKUP_SUFFIX)


def _is_ours(path: Path) -> bool:
    return path.is_file() and _MARK.encode() in path.read_bytes()
