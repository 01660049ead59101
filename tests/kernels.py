"""A small kernel of our own with every way in which kfuncs are listed, for the tests of index and census."""

from __future__ import annotations

DEPOT = "kernel/depot/bpf.c"
XMACRO = "net/core/gauge.c"
GAUGE_H = "include/net/gauge.h"
OLD = "kernel/depot/old.c"
CORE = "kernel/core.c"
FAR = "lib/far.c"

KERNEL: dict[str, str | None] = {
    "Kbuild": "",
    "include/linux/btf.h": """\
#define KF_ACQUIRE (1 << 0)
#define __bpf_kfunc __used noinline
struct btf_kfunc_id_set {
	struct btf_id_set8 *set;
};
int register_btf_kfunc_id_set(enum bpf_prog_type prog_type, const struct btf_kfunc_id_set *kset);
int register_btf_fmodret_id_set(const struct btf_kfunc_id_set *kset);
""",
    DEPOT: """\
#include <linux/btf.h>

__bpf_kfunc_start_defs();

/**
 * bpf_depot_get - take a depot
 * @id: its number
 */
__bpf_kfunc struct depot *
bpf_depot_get(u32 id)
{
	return depot_find(id);
}

/* Plain words. */
__bpf_kfunc void bpf_depot_put(struct depot *depot)
{
	depot_drop(depot);
}

__bpf_kfunc void bpf_depot_put_dtor(void *depot) { bpf_depot_put(depot); }
__bpf_kfunc static int bpf_depot_unlisted(void) __must_hold(&depot_lock)
{
	return 0;
}

__bpf_kfunc int bpf_depot_declared(void);
__bpf_kfunc_end_defs();

BTF_KFUNCS_START(depot_ids)
BTF_ID_FLAGS(func, bpf_depot_get,
	KF_ACQUIRE |
	KF_RET_NULL)
#ifdef CONFIG_DEPOT
BTF_ID_FLAGS(func, bpf_depot_put, KF_RELEASE);
#endif
BTF_ID_FLAGS(func, depot_old)
BTF_ID_FLAGS(func, depot_core, DEPOT_FLAGS)
BTF_ID_FLAGS(func, depot_far)
BTF_ID_FLAGS(func, depot_nowhere)
BTF_KFUNCS_END(depot_ids)

static int depot_filter(const struct bpf_prog *prog, u32 kfunc_id)
{
	return 0;
}

static const struct btf_kfunc_id_set depot_set = {
	.owner = THIS_MODULE,
	.set = &depot_ids,
	.filter = depot_filter,
};

BTF_ID_LIST(depot_dtor_ids)
BTF_ID(struct, depot)
BTF_ID(func, bpf_depot_put_dtor)
BTF_ID(struct, not_a_pair)
BTF_ID_LIST(other_ids)
BTF_ID(struct, depot)
BTF_ID(func, depot_old)

static int __init depot_init(void)
{
	const struct btf_id_dtor_kfunc depot_dtors[] = {
		{ .btf_id = depot_dtor_ids[0], .kfunc_btf_id = depot_dtor_ids[1] },
	};
	int ret;

	ret = register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &depot_set);
	ret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_LSM, &depot_set);
	return ret ?: register_btf_id_dtor_kfuncs(depot_dtors, ARRAY_SIZE(depot_dtors), THIS_MODULE);
}
""",
    "kernel/depot/Makefile": "obj-y += bpf.o old.o\n",
    OLD: "int depot_far(int);\n\nint depot_old(void)\n{\n\treturn depot_far(0);\n}\n",
    CORE: "/** depot_core - not kernel-doc, on one line */\nstatic int depot_core(void)\n{\n\treturn depot_old();\n}\n",
    FAR: "/**\n * depot_far - go far\n */\nint depot_far(int how)\n{\n\treturn how;\n}\n",
    GAUGE_H: """\
#define GAUGES_xxx	\\
	GAUGE(GAUGE_HEAT, bpf_gauge_heat) \\
	GAUGE(GAUGE_COLD, bpf_gauge_cold) \\

#define GAUGE(name, _) name,
enum { GAUGES_xxx };
#undef GAUGE
""",
    XMACRO: """\
#include <net/gauge.h>
#include <linux/btf.h>

__bpf_kfunc int bpf_gauge_heat(void)
{
	return 0;
}

BTF_KFUNCS_START(gauge_ids)
#define GAUGE(_, name) BTF_ID_FLAGS(func, name, KF_TRUSTED_ARGS)
GAUGES_xxx
#undef GAUGE
BTF_KFUNCS_END(gauge_ids)

static const struct btf_kfunc_id_set gauge_set = { .set = &gauge_ids };

static int __init gauge_init(void)
{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &gauge_set);
}
""",
    "net/hooks.c": """\
BTF_SET8_START(hook_ids)
BTF_ID_FLAGS(func, depot_old)
BTF_SET8_END(hook_ids)

static const struct btf_kfunc_id_set hook_set = { .set = &hook_ids };

static int __init hook_init(void)
{
	return register_btf_fmodret_id_set(&hook_set);
}
""",
    "tools/testing/selftests/bpf/mod.c": """\
__bpf_kfunc void bpf_selftest(void) {}

BTF_KFUNCS_START(selftest_ids)
BTF_ID_FLAGS(func, bpf_selftest)
BTF_KFUNCS_END(selftest_ids)
""",
    "samples/bpf/sample.c": "__bpf_kfunc void bpf_sample(void) {}\n",
}
