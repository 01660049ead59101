"""What git says does not depend on what its user likes to see."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from trees import DEPOT, FILES, REGISTERED, WORDS, commit, git

from kfunclint.git import commits
from kfunclint.git.repository import Repository
from kfunclint.index import index
from kfunclint.tree.tree import open_tree

# every key that git-config(1) names for the commands that are run, set to what would change their output
HOSTILE = {
    "color.ui": "always",
    "color.diff": "always",
    "color.grep": "always",
    "color.branch": "always",
    "color.status": "always",
    "core.quotePath": "false",
    "core.abbrev": "4",
    "core.bigFileThreshold": "1",
    "core.pager": "cat -A",
    "core.commentChar": "%",
    "core.whitespace": "tab-in-indent",
    "diff.context": "0",
    "diff.interHunkContext": "50",
    "diff.noPrefix": "true",
    "diff.mnemonicPrefix": "true",
    "diff.srcPrefix": "x/",
    "diff.dstPrefix": "y/",
    "diff.relative": "true",
    "diff.renames": "copies",
    "diff.algorithm": "patience",
    "diff.external": "false",
    "diff.submodule": "log",
    "diff.suppressBlankEmpty": "true",
    "diff.wsErrorHighlight": "all",
    "diff.colorMoved": "zebra",
    "diff.wordRegex": ".",
    "diff.statGraphWidth": "1",
    "format.subjectPrefix": "EVIL v9",
    "format.suffix": ".evil",
    "format.coverLetter": "true",
    "format.from": "Eve <eve@example.org>",
    "format.forceInBodyFrom": "true",
    "format.signOff": "true",
    "format.signature": "evil",
    "format.useAutoBase": "true",
    "format.notes": "true",
    "format.noprefix": "true",
    "format.attach": "yes",
    "format.thread": "deep",
    "format.numbered": "true",
    "format.headers": "X-Evil: yes\\n",
    "format.to": "eve@example.org",
    "format.cc": "eve@example.org",
    "format.pretty": "oneline",
    "format.encodeEmailHeaders": "false",
    "grep.lineNumber": "true",
    "grep.column": "true",
    "grep.fullName": "false",
    "grep.patternType": "perl",
    "i18n.commitEncoding": "utf-16",
    "i18n.logOutputEncoding": "utf-16",
    "log.showSignature": "true",
    "log.mailmap": "true",
    "log.follow": "true",
    "log.date": "relative",
    "log.decorate": "full",
    "log.showRoot": "false",
    "pager.grep": "true",
    "submodule.recurse": "true",
}


def said(folder: Path) -> dict[str, Any]:
    """What every command that is run makes of a repository."""
    repository = Repository(folder)
    tree = open_tree(folder)
    head, first = git(folder, "rev-parse", "HEAD").strip(), git(folder, "rev-list", "--max-parents=0", "HEAD").strip()
    try:
        return {
            "range": commits.in_range(repository, f"{first}..HEAD"),
            "staged": commits.staged(repository),
            "paths": list(tree.paths()),
            "holding": list(tree.containing(("depot",))),
            "read": tree.read("kernel/bpf/depot.c"),
            "recent": repository.recent(10),
            "touching": repository.touching((head,), ["kernel/bpf/depot.c"], 10, 10),
            "difference": repository.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", first, head),
            "index": index.build(tree),
        }
    finally:
        tree.close()
        repository.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    commit(tmp_path, FILES | {"kernel/bpf/depot.c": DEPOT}, "base")
    commit(tmp_path, {"kernel/bpf/depot.c": REGISTERED, "kernel/bpf/d\u00e4pot.c": "int a;\n"}, WORDS + "\n\u00e4\n")
    (tmp_path / "kernel" / "bpf" / "depot.h").write_text("extern int depot;\n\nextern int two;\n")
    git(tmp_path, "add", "-A")
    return tmp_path


@pytest.mark.parametrize("keys", [*([key] for key in HOSTILE), list(HOSTILE)], ids=[*HOSTILE, "all of them"])
def test_no_setting_changes_what_git_says(folder: Path, monkeypatch: pytest.MonkeyPatch, keys: list[str]) -> None:
    before = said(folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder.parent / "another-cache"))
    for key in keys:
        git(folder, "config", key, HOSTILE[key])
    assert said(folder) == before
    assert before["index"].entries
