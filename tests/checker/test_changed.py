"""Which facts of whole files a series may have changed, whatever their type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

from conftest import Lint

from kfunclint.checker.changed import ChangedRegions
from kfunclint.facts.fact import Extent
from kfunclint.facts.facts import Facts
from kfunclint.patch.postimage import Base, HunkPlacement

PATCH = """\
From: Ann Author <ann@example.org>
Date: Tue, 14 Oct 2025 10:00:00 +0200
Subject: [PATCH] shelf: take the second book

--- a/a.c
+++ b/a.c
@@ -10,2 +10,3 @@
 one
+two
 three
"""


@dataclass(frozen=True, slots=True)
class Word:
    """A type of facts that only this test has."""

    extent: tuple[Extent, ...]
    function: str | None = None


def test_facts_of_every_type_are_held_against_the_hunks(lint: Lint) -> None:
    (patch,) = lint(PATCH).patches
    base = Base(cast("Any", None), "linux", "", {}, {(patch.mail.subject.number, 0): (HunkPlacement(9, 0, 0),)}, {})
    near, far, joined = Word((Extent("a.c", 12, 12),)), Word((Extent("a.c", 13, 20),)), Word((Extent("a.c", 1, 10),))
    elsewhere, mail = Word((Extent("b.c", 1, 1),)), Word((Extent(None, 1, 1),))
    facts = Facts({Word: (near, far, joined, elsewhere, mail)})
    assert ChangedRegions([patch], base).filter(facts).by_type(Word) == (near, joined, elsewhere, mail)
