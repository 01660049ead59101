"""How much more time and memory ten times as much takes: the exponent between 80 and 800 of each kind, where 1.0 is in
proportion. What a start takes, that of one, is taken off both times."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import mails
from measured import KFUNCLINT, Run, run

_SIZES = (1, 80, 800)
_TELLING = 0.1


def _patches(count: int) -> str:
    diffs = (mails.new_file(f"kernel/depot/{number}.c", mails.kfuncs(1, str(number))) for number in range(count))
    return "".join(mails.series("patches", diffs))


def _patches_to_one_file(count: int) -> str:
    first = mails.new_file("kernel/depot/all.c", mails.kfuncs(1, "0"))
    others = (
        "diff --git a/kernel/depot/all.c b/kernel/depot/all.c\n--- a/kernel/depot/all.c\n+++ b/kernel/depot/all.c\n"
        + mails.hunk(15 * number, 15 * number + 1, mails.kfuncs(1, str(number)))
        for number in range(1, count)
    )
    return "".join(mails.series("one-file", [first, *others]))


def _hunks(count: int) -> str:
    added = (mails.kfuncs(1, str(number)) for number in range(count))
    return "".join(mails.series("hunks", [mails.changed_file("kernel/depot/all.c", added)]))


def _files(count: int) -> str:
    diffs = (mails.new_file(f"kernel/depot/{number}.c", mails.kfuncs(1, str(number))) for number in range(count))
    return "".join(mails.series("files", ["".join(diffs)]))


def _kfuncs(count: int) -> str:
    return "".join(mails.series("kfuncs", [mails.new_file("kernel/depot/all.c", mails.kfuncs(count, "k"))]))


def _length(count: int) -> str:
    added = mails.lines(10 * count) + mails.kfuncs(1, "k")
    return "".join(mails.series("length", [mails.new_file("kernel/depot/all.c", added)]))


def _mails(count: int) -> str:
    return "".join(
        text
        for number in range(count)
        for text in mails.series(f"mail{number}", [mails.new_file("kernel/depot/all.c", mails.kfuncs(1, "k"))])
    )


KINDS: Mapping[str, Callable[[int], str]] = {
    "patches": _patches,
    "patches to one file": _patches_to_one_file,
    "hunks": _hunks,
    "files": _files,
    "kfuncs": _kfuncs,
    "lines, ten each": _length,
    "mails of one patch": _mails,
}


def exponent(small: float, large: float) -> str:
    """Of what becomes ten times as much; "-" where there is too little of it to tell."""
    return f"{math.log10(large / small):.2f}" if small >= _TELLING else "-"


def main() -> None:
    print(f"{'of each':22} {'80: cpu s':>10} {'800: cpu s':>11} {'exponent':>9} {'800: MiB':>9} {'exponent':>9}")
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in KINDS.items():
            one, small, large = (_measured(Path(folder) / "series.mbox", make(count)) for count in _SIZES)
            print(
                f"{kind:22} {small.cpu:10.2f} {large.cpu:11.2f} "
                f"{exponent(small.cpu - one.cpu, large.cpu - one.cpu):>9} "
                f"{large.peak / 1024:9.1f} {exponent(small.peak, large.peak):>9}",
                flush=True,
            )


def _measured(path: Path, text: str) -> Run:
    path.write_text(text)
    return run([KFUNCLINT, str(path)])


if __name__ == "__main__":
    main()
