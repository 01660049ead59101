"""The census of Debian's 6.1, 6.12 and, as long as it is there, 7.3 is what grep counted, in every format."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from kfunclint.index import census, index
from kfunclint.index.census import Census
from kfunclint.report import catalogue
from kfunclint.tree.tree import open_tree

TREES = Path(os.environ["KFUNCLINT_TREES"])

# BTF_ID_FLAGS(func, ...) lines by file
FILES_6_1 = {
    "net/bpf/test_run.c": 24,
    "net/netfilter/nf_conntrack_bpf.c": 10,
    "net/netfilter/nf_nat_bpf.c": 1,
    "net/ipv4/tcp_bbr.c": 8,
    "net/ipv4/tcp_cubic.c": 6,
    "net/ipv4/tcp_dctcp.c": 6,
    "net/ipv4/bpf_tcp_ca.c": 5,
    "kernel/trace/bpf_trace.c": 4,
    "kernel/cgroup/rstat.c": 2,
    "kernel/bpf/helpers.c": 1,
}
FILES_6_12 = {
    "kernel/bpf/helpers.c": 59,
    "kernel/sched/ext.c": 42,
    "kernel/bpf/cpumask.c": 25,
    "drivers/hid/bpf/hid_bpf_dispatch.c": 12,
    "net/netfilter/nf_conntrack_bpf.c": 10,
    "net/ipv4/tcp_bbr.c": 8,
    "net/ipv4/tcp_cubic.c": 6,
    "net/ipv4/tcp_dctcp.c": 6,
    "net/bpf/test_run.c": 6,
    "kernel/trace/bpf_trace.c": 6,
    "net/core/filter.c": 5,
    "net/ipv4/bpf_tcp_ca.c": 5,
    "kernel/bpf/crypto.c": 5,
    "fs/bpf_fs_kfuncs.c": 5,
    # one line, the body of XDP_METADATA_KFUNC(), which XDP_METADATA_KFUNC_xxx in include/net/xdp.h uses three times:
    # the census has these three, so every count by lines that knows KF_TRUSTED_ARGS or KFUNCS is two larger here
    "net/core/xdp.c": 3,
    "net/ipv4/fou_bpf.c": 2,
    "net/xfrm/xfrm_interface_bpf.c": 2,
    "net/xfrm/xfrm_state_bpf.c": 2,
    "kernel/cgroup/rstat.c": 2,
    "kernel/bpf/arena.c": 2,
    "net/netfilter/nf_nat_bpf.c": 1,
    "net/netfilter/nf_flow_table_bpf.c": 1,
    "net/mptcp/bpf.c": 1,
    "kernel/bpf/map_iter.c": 1,
    "fs/verity/measure.c": 1,
}
FILES_7_3 = {
    "kernel/bpf/helpers.c": 128,
    "kernel/sched/ext/ext.c": 89,
    "kernel/bpf/cpumask.c": 26,
    "kernel/sched/ext/idle.c": 14,
    "drivers/hid/bpf/hid_bpf_dispatch.c": 12,
    "net/netfilter/nf_conntrack_bpf.c": 10,
    "fs/bpf_fs_kfuncs.c": 9,
    "net/core/filter.c": 9,
    "mm/bpf_memcontrol.c": 8,
    "net/sched/bpf_qdisc.c": 8,
    "net/ipv4/tcp_bbr.c": 8,
    "net/ipv4/tcp_dctcp.c": 7,
    "net/bpf/test_run.c": 6,
    "net/ipv4/tcp_cubic.c": 6,
    "kernel/bpf/crypto.c": 5,
    "net/core/bpf_ksock.c": 5,
    "net/ipv4/bpf_tcp_ca.c": 5,
    "fs/binfmt_misc_bpf.c": 4,
    "kernel/sched/ext/cid.c": 4,
    "kernel/bpf/rqspinlock.c": 4,
    "drivers/base/power/wakeup.c": 3,
    "kernel/bpf/arena.c": 3,
    "net/core/xdp.c": 3,  # one line, as in 6.12
    "kernel/trace/bpf_trace.c": 2,
    "kernel/cgroup/rstat.c": 2,
    "io_uring/bpf-ops.c": 2,
    "net/xfrm/xfrm_interface_bpf.c": 2,
    "net/xfrm/xfrm_state_bpf.c": 2,
    "net/ipv4/fou_bpf.c": 2,
    "fs/verity/measure.c": 1,
    "kernel/bpf/map_iter.c": 1,
    "net/netfilter/nf_nat_bpf.c": 1,
    "net/netfilter/nf_flow_table_bpf.c": 1,
    "net/mptcp/bpf.c": 1,
}
FILES = {"6.1": FILES_6_1, "6.12": FILES_6_12, "7.3": FILES_7_3}
# 7.3 only as long as it is to be had
RELEASES = [release for release in FILES if release != "7.3" or (TREES / "linux-source-7.3").is_dir()]
# a set that is there for a filter of 7.3 to look at, and that nobody registers
UNREGISTERED = {"scx_kfunc_ids_cpu_only"}
COMBINATIONS_6_1 = {
    "": 38,
    "KF_ACQUIRE | KF_RET_NULL": 8,
    "KF_RELEASE": 6,
    "KF_TRUSTED_ARGS": 6,
    "KF_SLEEPABLE": 2,
    "KF_RET_NULL": 2,
    "KF_DESTRUCTIVE": 2,
    "KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE": 1,
    "KF_ACQUIRE | KF_KPTR_GET | KF_RET_NULL": 1,
    "KF_ACQUIRE | KF_RELEASE | KF_RET_NULL": 1,
}
COMBINATIONS_6_12 = {
    "": 74,
    "KF_RCU": 40,
    "KF_TRUSTED_ARGS": 17,  # 14 lines and the three of net/core/xdp.c
    "KF_ACQUIRE | KF_RET_NULL": 15,
    "KF_RELEASE": 15,
    "KF_SLEEPABLE": 8,
    "KF_ITER_NEXT | KF_RET_NULL": 7,
    "KF_ITER_DESTROY": 7,
    "KF_ACQUIRE | KF_RCU | KF_RET_NULL": 6,
    "KF_ACQUIRE": 4,
    "KF_RET_NULL": 4,
    "KF_SLEEPABLE | KF_TRUSTED_ARGS": 4,
    "KF_ACQUIRE | KF_RET_NULL | KF_SLEEPABLE": 3,
    "KF_ITER_NEW": 2,
    "KF_ITER_NEW | KF_RCU_PROTECTED | KF_TRUSTED_ARGS": 2,
    "KF_ITER_NEW | KF_RCU": 1,
    "KF_ITER_NEW | KF_RCU_PROTECTED": 1,
    "KF_ITER_NEW | KF_TRUSTED_ARGS": 1,
    "KF_DESTRUCTIVE": 1,
    "KF_ACQUIRE | KF_RELEASE | KF_RET_NULL": 1,
    "KF_ACQUIRE | KF_RCU": 1,
    "KF_ACQUIRE | KF_TRUSTED_ARGS": 1,
    "KF_ACQUIRE | KF_RET_NULL | KF_TRUSTED_ARGS": 1,
    "KF_RELEASE | KF_SLEEPABLE": 1,
    "KF_RET_NULL | KF_TRUSTED_ARGS": 1,
}
FLAGS_6_12 = {
    "KF_RCU": 48,
    "KF_RET_NULL": 38,
    "KF_ACQUIRE": 32,
    "KF_TRUSTED_ARGS": 27,  # 24 lines and the three of net/core/xdp.c
    "KF_RELEASE": 17,
    "KF_SLEEPABLE": 16,
    "KF_RCU_PROTECTED": 3,
}
CALLS_6_12 = {
    "STRUCT_OPS": 13,
    "SCHED_CLS": 9,
    "XDP": 8,
    "TRACING": 8,
    "SYSCALL": 7,
    "UNSPEC": 3,
    "LSM": 2,
    "SCHED_ACT": 2,
    "CGROUP_SKB": 2,
    **dict.fromkeys("SK_SKB SOCKET_FILTER LWT_OUT LWT_IN LWT_XMIT LWT_SEG6LOCAL".split(), 1),
    **dict.fromkeys("NETFILTER CGROUP_SOCK_ADDR KPROBE".split(), 1),
}


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory) -> Iterable[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


def taken(release: str, *paths: str) -> Census:
    tree = open_tree(TREES / f"linux-source-{release}")
    try:
        return census.take(tree, paths)
    finally:
        tree.close()


@pytest.fixture(scope="module")
def old() -> Census:
    return taken("6.1")


@pytest.fixture(scope="module")
def new() -> Census:
    return taken("6.12")


def entries(found: Census) -> list[dict[str, Any]]:
    """The entries as JSON has them."""
    return list(json.loads(catalogue.render("json", found))["entries"])


def combinations(found: Census) -> Counter[str]:
    return Counter(" | ".join(sorted(entry["flags"])) for entry in entries(found))


def test_entries_and_kfuncs(old: Census, new: Census) -> None:
    assert (len(entries(old)), old.kfuncs, old.hooks) == (67, 67, 0)
    # 215 lines and the three of net/core/xdp.c; one hook of net/bpf/test_run.c is a kfunc, too
    assert (len(entries(new)), new.kfuncs, new.hooks) == (218, 204, 5)


@pytest.mark.parametrize("release", RELEASES)
def test_entries_by_file(release: str) -> None:
    assert Counter(entry["set"]["path"] for entry in entries(taken(release))) == FILES[release]


def test_sets(old: Census, new: Census) -> None:
    assert Counter(entry["set"]["kind"] for entry in entries(old)) == {"SET8": 67}
    assert Counter(entry["set"]["kind"] for entry in entries(new)) == {"KFUNCS": 217, "SET8": 1}
    (hook,) = [entry for entry in entries(new) if entry["set"]["kind"] == "SET8"]
    assert (hook["name"], hook["program_types"]) == ("update_socket_protocol", ["fmodret"])


def test_flags(old: Census, new: Census) -> None:
    assert combinations(old) == COMBINATIONS_6_1
    assert combinations(new) == COMBINATIONS_6_12
    flags = Counter(flag for entry in entries(new) for flag in entry["flags"])
    assert {flag: flags[flag] for flag in FLAGS_6_12} == FLAGS_6_12


def test_registrations_by_program_type() -> None:
    tree = open_tree(TREES / "linux-source-6.12")
    found = index.build(tree)
    tree.close()
    calls = Counter(
        call.program_type.removeprefix("BPF_PROG_TYPE_")
        for file in found.files
        for call in file.registrations
        if call.call == "register_btf_kfunc_id_set"
    )
    assert calls == CALLS_6_12


@pytest.mark.parametrize("release", RELEASES)
def test_every_kfunc_is_defined_and_registered(release: str) -> None:
    found = entries(taken(release))
    assert all(entry["definition"] for entry in found)
    unregistered = {entry["set"]["name"] for entry in found if not entry["program_types"]}
    assert unregistered == (UNREGISTERED if release == "7.3" else set())


def test_functions_that_stand_far_from_their_set(old: Census, new: Census) -> None:
    where = {entry["name"]: entry["definition"]["path"] for entry in entries(old)}
    assert where["crash_kexec"] == "kernel/kexec_core.c"
    assert where["tcp_reno_ssthresh"] == "net/ipv4/tcp_cong.c"
    assert where["cgroup_rstat_updated"] == "kernel/cgroup/rstat.c"
    where = {entry["name"]: entry["definition"]["path"] for entry in entries(new)}
    assert where["update_socket_protocol"] == "net/socket.c"


def test_markers(old: Census, new: Census) -> None:
    assert not any(entry["definition"]["marker"] for entry in entries(old))  # 6.1 has no __bpf_kfunc
    # a hook is no kfunc, and need not have it
    without = {entry["name"] for entry in entries(new) if not entry["definition"]["marker"]}
    assert without == {"update_socket_protocol"}
    static = {entry["definition"]["path"] for entry in entries(new) if entry["definition"]["static"]}
    assert static == {"net/ipv4/tcp_cubic.c", "net/ipv4/tcp_dctcp.c", "net/ipv4/tcp_bbr.c"}


def test_selftests(old: Census, new: Census) -> None:
    del old, new  # they are in the cache now
    assert len(taken("6.1", "tools/testing/selftests/bpf/bpf_testmod").rows) == 1
    assert len(taken("6.12", "tools/testing/selftests/bpf/bpf_testmod").rows) == 54


def test_the_page_says_the_same(old: Census, new: Census) -> None:
    for found in (old, new):
        page = catalogue.render("html", found)
        shown = re.findall(
            r'<tr tabindex="-1"[^>]*? data-flags="([^"]*)" data-types="([^"]*)" data-files="([^\s"]+)', page
        )
        assert Counter(" | ".join(sorted(flags.split())) for flags, _, _ in shown) == combinations(found)
        assert Counter(path for _, _, path in shown) == Counter(row.file for row in found.rows)
        names = re.findall(r'<td class="name"><a [^>]*><code>(\w+)</code></a></td>', page)
        assert names == [entry["name"] for entry in entries(found)]
        assert re.search(rf"{found.kfuncs} kfuncs( and {found.hooks} hooks)? in {len(found.rows)} entries", page)
