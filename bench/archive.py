"""Archives of 1,000 and 50,000 mails with --only-kfuncs: mails a second of CPU, and memory. One in fifty is a patch
with a kfunc."""

from __future__ import annotations

import tempfile
from pathlib import Path

import mails
from measured import KFUNCLINT, run

_SIZES = (1_000, 50_000)
_EVERY = 50


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "archive.mbox"
        for count in _SIZES:
            with path.open("w") as file:
                for number in range(count):
                    file.write(_mail(number))
            took = run([KFUNCLINT, "--only-kfuncs", str(path)])
            print(
                f"{count:,} mails, {path.stat().st_size / 1e6:.0f} MB: {count / took.cpu:,.0f} mails a second of CPU, "
                f"largest process {took.peak / 1024:.1f} MiB",
                flush=True,
            )


def _mail(number: int) -> str:
    if number % _EVERY:
        return mails.talk(f"talk{number}")
    diff = mails.new_file("kernel/depot/all.c", mails.kfuncs(1, "k"))
    return "".join(mails.series(f"patch{number}", [diff]))


if __name__ == "__main__":
    main()
