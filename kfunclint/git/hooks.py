"""The hooks of a git repository: puts ours in, in front of the one that is there, and takes it out again."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from kfunclint.errors import InputError

NAMES = {"send-email": "sendemail-validate", "pre-push": "pre-push"}

_MARK = "# Written by kfunclint hook install; kfunclint hook uninstall takes it away."
_BACKUP_SUFFIX = ".before-kfunclint"
# git gives pre-push its refs on standard input, and both hooks must read them
_SCRIPT = f"""\
#!/bin/sh
{_MARK}
input=
[ {{name}} = sendemail-validate ] || input=$(cat && echo .)
input=${{{{input%.}}}}
if [ -x "$0{_BACKUP_SUFFIX}" ]; then
	printf %s "$input" | "$0{_BACKUP_SUFFIX}" "$@" || exit
fi
for kfunclint in {{command}} kfunclint; do
	command -v "$kfunclint" >/dev/null || continue
	printf %s "$input" | "$kfunclint" hook run {{name}} "$@"
	status=$?
	case $status in 0 | 1 | 130) exit $status ;; esac
done
echo "$0: kfunclint cannot be run any more, so nothing was reviewed" >&2
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
    new.write_text(_SCRIPT.format(name=NAMES[name], command=shlex.quote(str(command))), encoding="utf-8")
    new.chmod(0o755)
    new.replace(path)
    return path


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
