"""Who tests what first in Debian's 6.1 and 6.12, as people counted who read the functions."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from kfunclint.checker.context import build_facts
from kfunclint.clang import Parser
from kfunclint.cli.main import main
from kfunclint.facts.kfunc import Kfunc
from kfunclint.flow.questions import Condition, scalar_of, uses, was_asked
from kfunclint.index import index, usage
from kfunclint.index.usage import Usage
from kfunclint.tree.tree import open_tree

TREES = Path(os.environ["KFUNCLINT_TREES"])
OFF = Condition("mem_cgroup_disabled()", False)

# public functions that use the symbol: those that test mem_cgroup_disabled() first, and those that do not
MEMCG: dict[tuple[str, str], tuple[set[str], set[str]]] = {
    ("6.12", "root_mem_cgroup"): (
        {
            "mem_cgroup_lruvec",
            "mem_cgroup_flush_stats",
            "get_mem_cgroup_from_mm",
            "get_mem_cgroup_from_folio",
            "mem_cgroup_iter",
            "mem_cgroup_calculate_protection",
        },
        {
            "memcg_to_vmpressure",
            "mem_cgroup_css_from_folio",
            "mem_cgroup_iter_break",
            "mem_cgroup_get_oom_group",  # tests whether memory is on the default hierarchy
            "reparent_shrinker_deferred",
        },
    ),
    ("6.12", "mem_cgroup_from_task()"): (
        {
            "count_memcg_events_mm",
            "memcg_memory_event_mm",
            "get_mem_cgroup_from_mm",
            "get_mem_cgroup_from_current",
            "lru_gen_migrate_mm",
        },
        {"mm_match_cgroup", "memcg1_can_attach", "mem_cgroup_get_oom_group", "mem_cgroup_sk_alloc"},
    ),
    ("6.1", "root_mem_cgroup"): (
        {"mem_cgroup_lruvec", "get_mem_cgroup_from_mm", "mem_cgroup_iter", "mem_cgroup_calculate_protection"},
        {
            "memcg_to_vmpressure",
            "mem_cgroup_css_from_page",
            "mem_cgroup_iter_break",
            "mem_cgroup_get_oom_group",
            "reparent_shrinker_deferred",
        },
    ),
}


@pytest.fixture(autouse=True, scope="module")
def no_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def find(release: str, symbol: str, parser: Parser) -> Usage:
    with closing(open_tree(TREES / f"linux-source-{release}")) as tree:
        return usage.find_usage(tree, symbol, parser, most=32)


@pytest.mark.parametrize(("release", "symbol"), MEMCG)
def test_who_asks_for_the_memory_controller(release: str, symbol: str, parser: Parser) -> None:
    yes, no = MEMCG[release, symbol]
    found = find(release, symbol, parser)
    assert {peer.name for peer in found.testing(OFF)} == yes
    assert {peer.name for peer in found.public} == yes | no
    assert found.is_custom(OFF) == (len(yes) > len(no))


def test_a_finding_says_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "one.patch").write_text(
        "From: Ann Author <ann@example.org>\nSubject: [PATCH] mm: let programs see the root\n\nTo walk from it.\n---\n"
        "diff --git a/mm/bpf_root.c b/mm/bpf_root.c\nnew file mode 100644\n--- /dev/null\n+++ b/mm/bpf_root.c\n"
        "@@ -0,0 +1,4 @@\n+__bpf_kfunc struct mem_cgroup *bpf_root(void)\n+{\n+\treturn root_mem_cgroup;\n+}\n"
    )
    reasons = {}
    for release in ("6.12", "6.1"):
        tree = str(TREES / f"linux-source-{release}")
        main([str(tmp_path / "one.patch"), "--tree", tree, "--only", "guards", "--format", "json"])
        (found,) = json.loads(capsys.readouterr().out)["findings"]
        reasons[release] = [(one["path"], one["note"]) for one in found["because"]]
    note = (
        "6 of the 11 public functions that use root_mem_cgroup test mem_cgroup_disabled() first, "
        "get_mem_cgroup_from_mm(), get_mem_cgroup_from_folio() and mem_cgroup_iter() among them"
    )
    assert reasons == {"6.12": [("mm/memcontrol.c", note)], "6.1": []}


@pytest.mark.parametrize(
    ("symbol", "guards"),
    [
        ("root_mem_cgroup", ["mem_cgroup_disabled()"]),
        ("mem_cgroup_from_task()", ["mem_cgroup_disabled()"]),
        ("task_css()", []),
        ("cgroup_psi()", []),  # used by static functions that are called when it is on
        ("cpu_rq()", []),
        ("ops_cpu_valid()", []),
        ("get_task_mm()", []),
    ],
)
def test_what_is_proposed(symbol: str, guards: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", symbol, "--tree", str(TREES / "linux-source-6.12")]) == 0
    rows = tomllib.loads(capsys.readouterr().out)
    assert [(row["guard"], row["holds"]) for row in rows.values()] == [(guard, False) for guard in guards]


# ---- the kfuncs themselves, contract 7.2


def kfuncs(release: str, parser: Parser) -> tuple[Kfunc, ...]:
    with closing(open_tree(TREES / f"linux-source-{release}")) as tree:
        found = index.build(tree)
        paths = {file.path for file in found.files} | {one.at.path or "" for one in found.elsewhere}
        sources = [source for path in sorted(paths) if (source := index.source_of(tree, path))]
        return build_facts(sources, lambda source, names: parser.parse(source, names=names))[0].by_type(Kfunc)


def test_kfuncs_that_reach_the_data_of_a_cpu(parser: Parser) -> None:
    found = {
        kfunc.name: [use for use in uses(kfunc.account, "index") if use.what == "a CPU" and not use.calls]
        for kfunc in kfuncs("6.12", parser)
    }
    found = {name: picked for name, picked in found.items() if picked}
    checked = {
        name
        for name, picked in found.items()
        if all(was_asked(scalar_of(use.term) or use.term, use.path) for use in picked)
    }
    masks = {f"bpf_cpumask_{what}_cpu" for what in ("set", "clear", "test", "test_and_set", "test_and_clear")}
    assert checked == masks | {
        "scx_bpf_kick_cpu",
        "scx_bpf_dsq_nr_queued",
        "scx_bpf_cpuperf_cap",
        "scx_bpf_cpuperf_cur",
        "scx_bpf_cpuperf_set",
        "scx_bpf_cpu_rq",
    }
    # the running CPU, and every possible one in turn
    assert found.keys() - checked == {"scx_bpf_reenqueue_local", "bpf_map_sum_elem_count"}


def test_scx_root_is_younger(parser: Parser) -> None:
    assert find("6.12", "scx_root", parser) == Usage("scx_root", (), 0)
