"""A rule of one's own, as the tests of the loader and of the runner of fixtures have it."""

from __future__ import annotations

RULE = '''\
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, see="kernel/shelf/shelf.c: shelf_open()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc is named after no shelf.

    Nobody finds it.

    Bad:
        bpf_take()
    Good:
        bpf_shelf_take()
    """
    del kernel
    if "shelf" not in kfunc.name:
        yield Remark(kfunc.at, f"{kfunc.name}() is named after no shelf")
'''
