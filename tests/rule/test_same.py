"""The fixtures once more with a tree that has the whole files: what only hunks showed before is said just the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import ROOT, Lint
from trees import FILES, write

from kfunclint.finding import Finding
from kfunclint.fixture.marks import read
from kfunclint.kernel import kernel, suffixes
from kfunclint.kernel.release import Release
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.patch.diff import parse_patch
from kfunclint.patch.postimage import pre_images
from kfunclint.rule import loader

FAMILIES = sorted({found.id.partition("/")[0] for found in loader.shipped()})
FIXTURES = sorted(path for family in FAMILIES for path in (ROOT / "fixtures" / family).glob("*.patch"))
# of a kfunc far from any __bpf_kfunc_start_defs() only the whole file tells that it stands outside, and bare
TOLD_BY_A_TREE_ALONE = {"defs/outside-defs": {"defs/outside-defs", "defs/marker-needless", "kerneldoc/undocumented"}}


# these need all functions of a kernel, of which a fixture has few
NEED_A_KERNEL = {"sets/acquired-never-released", "sets/entry-undefined"}


@pytest.mark.parametrize(
    "path",
    [path for path in FIXTURES if "tree" not in read(path).options],
    ids=lambda path: f"{path.parent.name}/{path.stem}",
)
def test_a_tree_says_the_same(path: Path, tmp_path: Path, lint: Lint) -> None:
    fixture = read(path)
    alone = lint(fixture.text, kernel=fixture.options.get("kernel"))
    release = alone.kernel.release
    write(tmp_path / "linux", FILES | vocabulary(release) | whole(fixture.text, tmp_path / "before.patch"))
    told = lint(fixture.text, kernel=str(release), tree=str(tmp_path / "linux"))
    alone = lint(fixture.text, kernel=str(release))
    assert told.base is not None
    assert files_in(told.skipped) == files_in(alone.skipped)
    own = f"{path.parent.name}/{path.name.partition('.')[0]}"
    more = {key(one) for one in told.findings if one.rule not in NEED_A_KERNEL} - {key(one) for one in alone.findings}
    assert {key(one) for one in alone.findings} <= {key(one) for one in told.findings}
    assert {rule for rule, *_ in more} == TOLD_BY_A_TREE_ALONE.get(own, set())


def files_in(skipped: Mapping[str, str]) -> set[str]:
    """The C files among what was not looked at."""
    return {path for path in skipped if path.endswith((".c", ".h"))}


def key(finding: Finding) -> tuple[object, ...]:
    return finding.rule, finding.level, finding.origin


def whole(text: str, mails: Path) -> dict[str, str]:
    """The files as they may have been before the series: what hunks do not show is empty lines."""
    mails.write_text(text)
    (series,) = select_series(read_inbox([str(mails)]), None, False)
    found = {}
    for source in pre_images([parse_patch(one) for one in series.patches]):
        lines: list[str] = []
        for visible in source.ranges:
            lines += [""] * (visible.start - 1 - len(lines)) + [line.text for line in visible.lines]
        found[source.path] = "".join(f"{line}\n" for line in lines)
    return found


def vocabulary(release: Release) -> dict[str, str]:
    """The files that tell what a kernel knows, as the tables have it for a release."""
    known = kernel.kernel_of_release(release, "")
    flags = [name for name in known.flags if known.has_flag(name)]
    macros = "" if release < Release(6, 4) else "#define __bpf_kfunc __used\n#define __bpf_kfunc_start_defs()\n"
    read_ = [
        f'btf_param_match_suffix(btf, arg, "{one.name}")' for one in suffixes.suffixes().values() if one.read_by(known)
    ]
    return {
        "include/linux/btf.h": macros + "".join(f"#define {name} (1 << {bit})\n" for bit, name in enumerate(flags)),
        "include/linux/btf_ids.h": "" if release < Release(6, 9) else "#define BTF_KFUNCS_START(name)\n",
        "kernel/bpf/btf.c": "".join(f"int {name};\n" for name in read_),
        "Makefile": f"VERSION = {release.major}\nPATCHLEVEL = {release.minor}\nSUBLEVEL = 0\nEXTRAVERSION =\n",
    }
