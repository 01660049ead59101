"""What is said of whole kernels: every finding but those about a missing Return: section, each of them true."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from kfunclint.cli.main import main

TREES = Path(os.environ["KFUNCLINT_TREES"])
SAID: dict[str, list[tuple[str, str, str, str | None]]] = {
    "6.1": [
        ("check", "text/spelling", "net/ipv4/tcp_cubic.c", "cubictcp_acked"),  # "timetamps"
        # opts->reserved is read before opts__sz is compared; mended later
        ("warning", "guards/size-untested", "net/netfilter/nf_conntrack_bpf.c", "bpf_skb_ct_alloc"),
        ("warning", "guards/size-untested", "net/netfilter/nf_conntrack_bpf.c", "bpf_skb_ct_lookup"),
        ("warning", "guards/size-untested", "net/netfilter/nf_conntrack_bpf.c", "bpf_xdp_ct_alloc"),
        ("warning", "guards/size-untested", "net/netfilter/nf_conntrack_bpf.c", "bpf_xdp_ct_lookup"),
    ],
    "6.12": [
        ("check", "sets/result-ignored", "fs/verity/measure.c", None),  # fsverity_init_bpf() returns nothing
        ("warning", "body/errno-from-unsigned", "kernel/bpf/helpers.c", "bpf_dynptr_size"),  # -EINVAL as __u32
        ("warning", "body/const-written", "kernel/bpf/helpers.c", "bpf_dynptr_adjust"),  # lost its const later
        ("check", "body/null-check-dead", "kernel/bpf/map_iter.c", "bpf_map_sum_elem_count"),  # KF_TRUSTED_ARGS
        ("warning", "flags/ret-null-missing", "kernel/sched/ext.c", "scx_bpf_cpu_rq"),  # NULL for a wrong CPU
        ("check", "kerneldoc/name-mismatch", "kernel/sched/ext.c", "scx_bpf_dump_bstr"),  # says scx_bpf_dump
        ("check", "kerneldoc/parameter-excess", "kernel/sched/ext.c", "scx_bpf_cpuperf_set"),  # @flags
        ("check", "kerneldoc/parameter-undescribed", "kernel/sched/ext.c", "scx_bpf_put_idle_cpumask"),
        ("check", "text/spelling", "kernel/sched/ext.c", "scx_bpf_dispatch"),  # "upto"
        ("check", "text/spelling", "net/ipv4/tcp_cubic.c", "cubictcp_acked"),
        ("check", "sets/set-twice", "net/core/filter.c", None),  # the four LWT types share a hook
        # any cgroup that a program has walked to
        ("warning", "flags/trusted-args-missing", "kernel/cgroup/rstat.c", "cgroup_rstat_flush"),
        ("warning", "flags/trusted-args-missing", "kernel/cgroup/rstat.c", "cgroup_rstat_updated"),
    ],
    "7.3": [
        ("check", "sets/result-ignored", "fs/verity/measure.c", None),
        ("warning", "body/errno-from-unsigned", "kernel/bpf/helpers.c", "bpf_dynptr_size"),
        ("warning", "flags/ret-null-without-pointer", "kernel/bpf/rqspinlock.c", "bpf_res_spin_lock"),  # an int
        ("warning", "flags/ret-null-without-pointer", "kernel/bpf/rqspinlock.c", "bpf_res_spin_lock_irqsave"),
        # pointer arguments are never NULL there
        ("check", "body/null-check-dead", "kernel/bpf/crypto.c", "bpf_crypto_ctx_create"),
        ("check", "body/null-check-dead", "kernel/bpf/map_iter.c", "bpf_map_sum_elem_count"),
        ("check", "body/null-check-dead", "kernel/bpf/stream.c", "bpf_stream_vprintk"),
        ("check", "body/null-check-dead", "net/core/bpf_ksock.c", "bpf_ksock_connect"),
        ("check", "body/null-check-dead", "net/core/bpf_ksock.c", "bpf_ksock_create"),
        ("check", "body/null-check-dead", "net/ipv4/fou_bpf.c", "bpf_skb_set_fou_encap"),
        ("check", "text/grammar", "kernel/bpf/helpers.c", "bpf_copy_from_user_task_str"),  # "an task's"
        ("check", "text/grammar", "mm/bpf_memcontrol.c", "bpf_mem_cgroup_usage"),  # "it special"
        ("check", "text/grammar", "mm/bpf_memcontrol.c", "bpf_mem_cgroup_usage"),  # "it not reflecting"
        ("check", "text/spelling", "fs/bpf_fs_kfuncs.c", "bpf_remove_dentry_xattr"),  # "Rmove"
        ("check", "text/spelling", "kernel/sched/ext/ext.c", "scx_bpf_dsq_insert___v2"),
        ("check", "text/spelling", "net/ipv4/tcp_cubic.c", "cubictcp_acked"),
        ("check", "sets/set-twice", "net/core/filter.c", None),  # the four LWT types share a hook
    ],
}
# scripts/kernel-doc -Wall says the same of 50 kfuncs of 6.12, of 78 of 7.3, and of those of 6.1, which have hardly any
# kernel-doc
WITHOUT_RETURN = {"6.1": 0, "6.12": 50, "7.3": 78}
# 7.3 only as long as it is to be had
RELEASES = [release for release in SAID if release != "7.3" or (TREES / "linux-source-7.3").is_dir()]


def audit(release: str, capsys: pytest.CaptureFixture[str], *options: str) -> list[dict[str, Any]]:
    main(["tree", str(TREES / f"linux-source-{release}"), "--format", "json", *options])
    found = json.loads(capsys.readouterr().out)
    assert (found["skipped"], found["failures"]) == ({}, {})
    return list(found["findings"])


@pytest.mark.parametrize("release", RELEASES)
def test_every_finding_is_true(release: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = audit(release, capsys)
    rules = Counter(one["rule"] for one in found)
    assert rules.pop("kerneldoc/return-missing", 0) == WITHOUT_RETURN[release]
    others = [one for one in found if one["rule"] != "kerneldoc/return-missing"]
    said = Counter((one["level"], one["rule"], one["path"], one["function"]) for one in others)
    assert said == Counter(SAID[release])


def test_flags_that_differ_are_those_of_hid(capsys: pytest.CaptureFixture[str]) -> None:
    assert not audit("6.12", capsys, "--only", "sets/flags-differ")
    found = audit("6.12", capsys, "--only", "sets/flags-differ", "--kernel", "7.3")
    names = {"allocate_context", "release_context", "hw_request", "hw_output_report", "input_report"}
    assert {one["function"] for one in found} == {f"hid_bpf_{name}" for name in names}
