"""Writes the configuration that deep parsing assumes: the options that headers mention, as a distribution sets them.

An option that could be a module is taken as built in, so that all declarations are in view. What makes the headers of
64-bit x86 need more than themselves (other instruction sets in the same kernel) is left out.
"""

from __future__ import annotations

import argparse
import lzma
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

OUTPUT = Path(__file__).parent.parent / "kfunclint" / "clang" / "config.txt"
FOLDERS = ("include", "arch/x86/include", "block", "drivers/hid", "fs", "kernel", "lib", "mm", "net", "security")
LEFT_OUT = {"COMPAT", "COMPAT_32", "IA32_EMULATION", "X86_X32_ABI", "CC_VERSION_TEXT"}
ADDED = ("FS_VERITY", "HID_BPF", "SCHED_CLASS_EXT")  # with kfuncs, and off in the distribution
_OPTION = re.compile(rb"\bCONFIG_([A-Z0-9_]+)")
_SETTING = re.compile(r"CONFIG_(\w+)=(.*)")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    arguments.add_argument("--tree", type=Path, action="append", required=True, help="a kernel tree; may be repeated")
    arguments.add_argument("--config", type=Path, action="append", required=True, help="a .config, or one with .xz")
    asked = arguments.parse_args()
    mentioned = {name for tree in asked.tree for name in options(tree)}
    settings = {name: value for config in asked.config for name, value in set_in(config)}
    settings |= dict.fromkeys(ADDED, "1")
    lines = sorted(
        name if value == "1" else f"{name}={value}"
        for name, value in settings.items()
        if name in mentioned and name not in LEFT_OUT
    )
    OUTPUT.write_text("\n".join(lines) + "\n")


def options(tree: Path) -> Iterator[str]:
    """The options that headers mention, and files with kfuncs."""
    for folder in FOLDERS:
        for path in _sources(tree / folder):
            text = path.read_bytes()
            if path.suffix == ".h" or b"BTF_ID_FLAGS" in text:
                yield from (name.decode().removesuffix("_MODULE") for name in _OPTION.findall(text))


def _sources(folder: Path) -> Iterable[Path]:
    return (path for path in sorted(folder.rglob("*.[ch]")) if path.is_file())


def set_in(config: Path) -> Iterator[tuple[str, str]]:
    """Every option that is set, and its value as a header has it."""
    data = config.read_bytes()
    text = (lzma.decompress(data) if config.suffix == ".xz" else data).decode()
    for name, value in _SETTING.findall(text):
        yield name, "1" if value in ("y", "m") else value


if __name__ == "__main__":
    main()
