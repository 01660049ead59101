"""Fuzz one stage with atheris, as long as one likes: `python -m fuzz.run HARNESS MINUTES FOLDER`, or `make fuzz`.

Inputs that reach new code are kept in FOLDER/HARNESS and begin the next run; one that does wrong, takes half a minute
or 2 GiB is written to FOLDER as crash-*, timeout-* or oom-*, and ends the run with a traceback and an exit status.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["kfunclint"]):
    from fuzz.harnesses import HARNESSES

    from kfunclint.clang import Parser


def main() -> None:
    """Run until the time is over; libFuzzer prints the runs per second and leaves the process."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("harness", choices=HARNESSES)
    arguments.add_argument("minutes", type=float)
    arguments.add_argument("folder", type=Path)
    options = arguments.parse_args()
    harness = HARNESSES[options.harness]
    corpus = options.folder / options.harness
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(harness.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    parser = Parser()
    limits = [f"-max_total_time={options.minutes * 60:.0f}", "-max_len=8192", "-timeout=30", "-rss_limit_mb=2048"]
    told = [f"-artifact_prefix={options.folder}/", "-print_final_stats=1", "-verbosity=0"]
    atheris.Setup([sys.argv[0], str(corpus), *limits, *told], lambda data: harness.run(data, parser))
    atheris.Fuzz()


if __name__ == "__main__":
    main()
