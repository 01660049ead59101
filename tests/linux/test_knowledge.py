"""The tables say of each release what its own sources say."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kfunclint.knowledge.differences import of_tree

TREES = Path(os.environ["KFUNCLINT_TREES"])


@pytest.mark.parametrize("tree", sorted(TREES.glob("linux-source-*")), ids=lambda tree: tree.name)
def test_the_tables_lack_nothing(tree: Path) -> None:
    assert of_tree(tree) == []
