"""What functions of other files of a tree do."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import pytest
from conftest import ROOT
from hunks import functions

from kfunclint.clang import Parser
from kfunclint.flow.behaviour import UNKNOWN, Behaviour, shipped
from kfunclint.flow.summary import common
from kfunclint.index import functions as module
from kfunclint.index.functions import TreeFunctions, seek_callees
from kfunclint.tree.tree import Tree, open_tree

CALLER = """\
static int inner(struct crate *crate, u32 nr)
{
	stock_wait(crate);
	return stock_select(crate, nr, 0);
}

__bpf_kfunc int bpf_crane(struct crate *crate, u32 nr)
{
	stock_find(nr);
	stock_find_far(nr);
	stock_private(nr);
	stock_weight(crate);
	stock_nowhere(crate);
	fget(nr);
	return inner(crate, nr);
}"""


@pytest.fixture
def shelf() -> Iterator[Tree]:
    with contextlib.closing(open_tree(ROOT / "fixtures" / "trees" / "shelf")) as tree:
        yield tree


def sought(tree: Tree, parser: Parser, own: frozenset[str] = frozenset()) -> TreeFunctions:
    found = TreeFunctions(tree, parser, shipped(), own, lambda what: None)
    of_file = functions(parser, CALLER, 1)
    seek_callees(found, [("kernel/shelf/crane.c", "bpf_crane", {one.name: one for one in of_file})])
    return found


def test_what_harms_is_told(shelf: Tree, parser: Parser) -> None:
    of = sought(shelf, parser).of
    assert (of("stock_select").index, of("stock_select").picks) == (1, "a CPU")
    assert of("stock_find").null == "it returns at kernel/shelf/stock.c:30"
    assert of("stock_find_far").null == "it returns at kernel/shelf/stock.c:36"
    assert of("stock_far").null == "it returns at kernel/shelf/far.c:7"
    assert of("stock_wait").always
    assert of("stock_wait").reads == (0,)
    assert all(of(name).opaque for name in ("stock_select", "stock_find", "stock_wait"))


@pytest.mark.parametrize(
    "name",
    ["stock_private", "stock_nowhere", "stock_open", "stock_weight"],
    ids=["static", "nowhere", "not called", "two"],
)
def test_of_others_nothing_is_known(name: str, shelf: Tree, parser: Parser) -> None:
    assert sought(shelf, parser).of(name) is UNKNOWN


def test_a_row_beats_the_tree(shelf: Tree, parser: Parser) -> None:
    assert sought(shelf, parser).behaviours.of("fget") is shipped().of("fget")


def test_files_of_the_series_are_not_taken_from_the_tree(shelf: Tree, parser: Parser) -> None:
    found = sought(shelf, parser, frozenset({"kernel/shelf/stock.c"}))
    assert found.of("stock_wait") is UNKNOWN


def test_files_are_counted(shelf: Tree, parser: Parser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MOST_FILES", 1)
    of = sought(shelf, parser).of
    assert of("stock_wait").always
    assert not of("stock_find_far").null


def test_of_several_definitions_what_all_say() -> None:
    one = Behaviour(null="it is full", always=True, reads=(0, 1), index=1, picks="a CPU", shifts=(2,), opaque=True)
    other = Behaviour(null="it is closed", reads=(1, 2), index=1, picks="a CPU", shifts=(2,), opaque=True)
    both = common([one, other])
    assert (both.null, both.always, both.reads, both.index, both.shifts) == ("it is full", False, (1,), 1, (2,))
    assert not common([one, Behaviour(opaque=True)]).null
