"""Correct kfuncs, broken in one row of the contract at a time: the rule for that row speaks, and no other does.

To prove a rule, add to MUTATIONS what must change in fixtures/clean.c to break its row: Mutation("defs/weak",
(("int bpf_widget_size", "__weak int bpf_widget_size"),)) replaces a text that is there once by another; it may name
the release to judge for. A rule with contract= in a family of PROVEN_HERE must have one or be in PROVEN_BY_FIXTURES.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pytest
from conftest import ROOT, Lint
from hunks import adding

from kfunclint.rule import loader


@dataclass(frozen=True)
class Mutation:
    """What to replace in the clean file, once each, and the only rule that may then speak, for a release."""

    rule: str
    edits: tuple[tuple[str, str], ...]
    kernel: str = "6.18"


def flags(name: str, before: str, after: str) -> tuple[str, str]:
    """Other flags for a kfunc."""
    return tuple(f"func, {name}{', ' if text else ''}{text})" for text in (before, after))  # type: ignore[return-value]


ACQUIRE = "KF_ACQUIRE | KF_RCU | KF_RET_NULL"
SIZE, COUNT = "int bpf_widget_size(struct widget *widget)", "int bpf_widget_count(u32 kind)"
START = "int bpf_widget_start(u64 flags, struct bpf_prog_aux *aux)"
COUNT_DOC = """\
/**
 * bpf_widget_count - Count the widgets of a kind
 * @kind: which kind
 *
 * Return: how many there are.
 */
"""
RELEASE = "void bpf_widget_release(struct widget *widget)\n{\n"
NO_MODULE = ('\nMODULE_LICENSE("GPL");', "")
SLEEPABLE_END = "BTF_KFUNCS_END(widget_sleepable_kfunc_ids)"

ARGS = [
    Mutation(name, ((old, new),))
    for name, old, new in [
        ("args/too-many-parameters", "buf, u32 buf__sz)", "buf, u32 buf__sz, u64 a, u64 b, u64 c)"),
        ("args/variadic", "buf, u32 buf__sz)", "buf, u32 buf__sz, ...)"),
        ("args/by-value", "u64 kind__k)", "struct widget_kind kind)"),
        ("args/by-value", "int bpf_widget_sum", "struct widget_sum bpf_widget_sum"),
        ("args/void-pointer", "buf, u32 buf__sz)", "buf, u32 size)"),
        ("args/double-pointer", "(void *widgets__map", "(struct widget **widgets"),
        ("args/suffix-unknown", "(void *widgets__map", "(void *widgets__shelf"),
        ("args/callback-unknown", "(void *widgets__map", "(int (*call)(struct widget *widget)"),
        ("args/dynptr-type", "struct bpf_dynptr *result", "struct bpf_dynptr_kern *result"),
        ("args/two-constants", "const char *name__str,", "u64 name__k,"),
        ("args/two-buf-sizes", "u32 rdonly_buf_size)", "u32 rdonly_buf_size, u32 rdwr_buf_size)"),
        ("args/size-without-buffer", "const char *name__str, u64 kind__k", "u64 kind, u32 name__sz"),
        ("args/suffix-misplaced", "const char *name__str,", "u64 name__str,"),
        ("args/suffix-misplaced", "struct bpf_dynptr *result", "u32 result__nullable"),
        ("args/suffix-misplaced", "void *widgets__map,", "struct rack *widgets__map,"),
        ("args/suffix-misspelt", "u64 kind__k)", "u64 kind__size)"),
        ("args/suffix-misspelt", "struct bpf_dynptr *result", "struct bpf_dynptr *result__unint"),
        ("args/suffix-not-last", "void *widgets__map,", "void *widgets__nullable__map,"),
        ("args/reserved", "struct bpf_dynptr *result", "struct bpf_rb_root *result"),
        ("args/iter-prototype", "next(struct bpf_iter_widget *it)", "next(struct widget *it)"),
        ("args/iter-prototype", "destroy(struct bpf_iter_widget *it)", "destroy(struct rack *it)"),
        ("args/dtor-prototype", "bpf_widget_release_dtor(void *widget)", "bpf_widget_release_dtor(u64 widget)"),
        ("defs/marker-missing", "__bpf_kfunc int bpf_widget_sum", "int bpf_widget_sum"),
        ("defs/marker-needless", "BTF_ID_FLAGS(func, bpf_widget_sum)\n", ""),
        ("sets/entry-undefined", "BTF_ID_FLAGS(func, bpf_widget_sum)\n", "BTF_ID_FLAGS(func, bpf_widget_smu)\n"),
        (
            "defs/helper-not-static",
            "/* The sum over",
            "int widget_sum(void *map, void *result)\n{\n\treturn 0;\n}\n\n/* The sum over",
        ),
        ("defs/outside-defs", "__bpf_kfunc_start_defs();\n", "__bpf_kfunc_start_defs();\n__bpf_kfunc_end_defs();\n"),
        ("defs/static-wrapper", "__bpf_kfunc int bpf_widget_sum", "__bpf_kfunc static int bpf_widget_sum"),
        (
            "defs/diag-by-hand",
            "__bpf_kfunc_start_defs();\n",
            '__diag_push();\n__diag_ignore_all("-Wmissing-prototypes", "kfuncs");\n',
        ),
    ]
]

MUTATIONS = [
    *ARGS,
    Mutation("args/dtor-typed", (("dtor(void *widget)", "dtor(struct widget *widget)"),), "7.0"),
    Mutation(
        "args/impl-name",
        (("int bpf_widget_sum(", "int bpf_widget_sum_impl("), ("func, bpf_widget_sum)", "func, bpf_widget_sum_impl)")),
        "7.0",
    ),
    Mutation(
        "args/not-in-register",
        (
            (START, "int bpf_widget_start(u64 flags, u64 a, u64 b, u64 c, u64 d, struct bpf_prog_aux *aux)"),
            (" * @flags: how\n", " * @flags: how\n * @a: one\n * @b: two\n * @c: three\n * @d: four\n"),
        ),
        "7.3",
    ),
    Mutation("args/flags-ignored", (("widget_start(flags, aux)", "widget_start(aux)"),)),
    Mutation("args/suffix-unsupported", (("void *buf, u32 buf__sz)", "void *buf__opt, u32 buf__sz)"),), "7.0"),
    Mutation("defs/region-left-open", (("__bpf_kfunc_end_defs();\n", ""),)),
    Mutation("defs/weak", ((f"__bpf_kfunc {SIZE}", f"__weak __bpf_kfunc {SIZE}"),)),
    Mutation(
        "flags/acquire-rcu-without-ret-null",
        (
            flags("bpf_widget_acquire", ACQUIRE, "KF_ACQUIRE | KF_RCU"),
            ("\tif (!refcount_inc_not_zero(&widget->users))\n\t\treturn NULL;\n", "\twidget_ref(widget);\n"),
            ("widget, or NULL if it is on its way out", "widget"),
        ),
    ),
    Mutation("flags/acquire-without-struct", (flags("bpf_widget_count", "", "KF_ACQUIRE"),)),
    Mutation("flags/arena-argument-missing", (flags("bpf_widget_count", "", "KF_ARENA_ARG2"),)),
    Mutation("flags/arena-without-pointer", (flags("bpf_widget_count", "", "KF_ARENA_ARG1"),)),
    Mutation("flags/argument-flag-without-pointer", (flags("bpf_widget_count", "", "KF_RCU"),)),
    Mutation("flags/behind-comma", (flags("bpf_widget_size", "KF_RCU", "KF_RCU, KF_SLEEPABLE"),)),
    Mutation("flags/duplicate-flag", (flags("bpf_widget_size", "KF_RCU", "KF_RCU | KF_RCU"),)),
    Mutation(
        "flags/iterator-keeps-argument",
        (("\twidget_walk_begin(it, rack);\n", "\t((struct widget_walk *)it)->rack = rack;\n"),),
    ),
    Mutation("flags/fastcall-not-inlined", (flags("bpf_widget_size", "KF_RCU", "KF_RCU | KF_FASTCALL"),)),
    Mutation("flags/flag-gone", (flags("bpf_widget_size", "KF_RCU", "KF_TRUSTED_ARGS"),), "7.0"),
    Mutation("flags/flag-gone", (flags("bpf_widget_size", "KF_RCU", "KF_RCU | KF_KPTR_GET"),)),
    Mutation("flags/flag-too-new", (flags("bpf_widget_start", "", "KF_IMPLICIT_ARGS"),)),
    Mutation("flags/implicit-args-missing", (flags("bpf_widget_count", "", "KF_IMPLICIT_ARGS"),), "7.0"),
    Mutation(
        "flags/implicit-args-not-last",
        (
            flags("bpf_widget_start", "", "KF_IMPLICIT_ARGS"),
            (START, "int bpf_widget_start(struct bpf_prog_aux *aux, u64 flags)"),
        ),
        "7.0",
    ),
    Mutation(
        "flags/iter-next-without-ret-null",
        (flags("bpf_iter_widget_next", "KF_ITER_NEXT | KF_RET_NULL", "KF_ITER_NEXT"),),
    ),
    Mutation(
        "flags/iterator-flag-missing",
        (
            (
                "BTF_ID_FLAGS(func, bpf_iter_widget_destroy, KF_ITER_DESTROY)",
                "BTF_ID_FLAGS(func, bpf_iter_widget_destroy)",
            ),
        ),
    ),
    Mutation("flags/kept-object-untrusted", (flags("bpf_widget_acquire", ACQUIRE, "KF_ACQUIRE | KF_RET_NULL"),)),
    Mutation("flags/kept-object-untrusted", (flags("bpf_iter_widget_new", "KF_ITER_NEW | KF_RCU", "KF_ITER_NEW"),)),
    Mutation(
        "flags/perfmon-missing",
        (
            (COUNT, "int bpf_widget_count(const void *kind__ign)"),
            (
                " * @kind: which kind\n *\n * Return: how many there are",
                " * @kind__ign: where\n *\n * Return: how many",
            ),
            ("\treturn widget_count(kind);", "\tint kind;\n\n\treturn get_kernel_nofault(kind, kind__ign) ?: kind;"),
        ),
        "7.3",
    ),
    Mutation(
        "flags/rcu-protected-not-on-new",
        (flags("bpf_iter_widget_destroy", "KF_ITER_DESTROY", "KF_ITER_DESTROY | KF_RCU_PROTECTED"),),
    ),
    Mutation(
        "flags/rcu-protected-with-acquire", (flags("bpf_widget_acquire", ACQUIRE, f"{ACQUIRE} | KF_RCU_PROTECTED"),)
    ),
    Mutation(
        "flags/rcu-protected-with-sleepable",
        (flags("bpf_widget_flush", "KF_RCU | KF_SLEEPABLE", "KF_RCU_PROTECTED | KF_SLEEPABLE"),),
    ),
    Mutation(
        "flags/release-missing",
        (
            flags("bpf_widget_release", "KF_RELEASE", "KF_RCU"),
            (f"{RELEASE}\twidget_put(widget);\n", f"{RELEASE}\tkfree(widget);\n"),
        ),
    ),
    Mutation(
        "flags/release-not-first",
        (
            (
                "void bpf_widget_release(struct widget *widget)",
                "void bpf_widget_release(u32 how, struct widget *widget)",
            ),
            (
                "bpf_widget_release - Give a widget back\n",
                "bpf_widget_release - Give a widget back\n * @how: in what way\n",
            ),
        ),
        "7.3",
    ),
    Mutation(
        "flags/release-of-two",
        (
            (
                "void bpf_widget_release(struct widget *widget)",
                "void bpf_widget_release(struct widget *widget, struct rack *rack)",
            ),
            (
                "bpf_widget_release - Give a widget back\n",
                "bpf_widget_release - Give a widget back\n * @rack: whereto\n",
            ),
        ),
    ),
    Mutation("flags/release-without-pointer", (flags("bpf_widget_count", "", "KF_RELEASE"),)),
    Mutation("flags/ret-null-missing", (flags("bpf_widget_find", "KF_RET_NULL", ""),)),
    Mutation(
        "flags/ret-null-needless",
        (
            (
                "\tif (number >= WIDGET_MAX)\n\t\treturn NULL;\n\treturn widget_table[number];",
                "\treturn &spare_widget;",
            ),
            ("the widget, or NULL if none has that number.", "the spare widget for any number, never NULL."),
        ),
    ),
    Mutation("flags/ret-null-on-void-pointer", (flags("bpf_widget_data", "KF_RCU", "KF_RCU | KF_RET_NULL"),)),
    Mutation("flags/ret-null-without-pointer", (flags("bpf_widget_size", "KF_RCU", "KF_RCU | KF_RET_NULL"),)),
    Mutation(
        "flags/several-iterator-flags",
        (flags("bpf_iter_widget_destroy", "KF_ITER_DESTROY", "KF_ITER_DESTROY | KF_ITER_NEW"),),
    ),
    Mutation(
        "flags/sleepable-missing", (("\treturn widget->size;", "\tmutex_lock(&widget->lock);\n\treturn widget->size;"),)
    ),
    Mutation(
        "flags/spinlock-safe-with-sleepable",
        (flags("bpf_widget_flush", "KF_RCU | KF_SLEEPABLE", "KF_RCU | KF_SLEEPABLE | KF_SPINLOCK_SAFE"),),
        "7.3",
    ),
    Mutation("flags/trusted-args-missing", (flags("bpf_widget_size", "KF_RCU", ""),)),
    Mutation("flags/trusted-args-with-rcu", (flags("bpf_widget_size", "KF_RCU", "KF_RCU | KF_TRUSTED_ARGS"),)),
    Mutation(
        "flags/trusted-args-with-release", (flags("bpf_widget_release", "KF_RELEASE", "KF_RELEASE | KF_TRUSTED_ARGS"),)
    ),
    Mutation(
        "flags/two-prog-aux",
        (
            flags("bpf_widget_start", "", "KF_IMPLICIT_ARGS"),
            (START, "int bpf_widget_start(u64 flags, struct bpf_prog_aux *aux, struct bpf_prog_aux *other)"),
            (" * @aux: the program that starts it\n", " * @aux: the program that starts it\n * @other: and again\n"),
        ),
        "7.0",
    ),
    Mutation("flags/unknown-flag", (flags("bpf_widget_release", "KF_RELEASE", "KF_RELAESE"),)),
    Mutation("kerneldoc/name-mismatch", ((" * bpf_widget_size - ", " * bpf_widget_sise - "),)),
    Mutation("kerneldoc/parameter-undescribed", ((" * @kind: which kind\n", ""),)),
    Mutation(
        "kerneldoc/parameter-excess", ((" * @kind: which kind\n", " * @kind: which kind\n * @colour: and colour\n"),)
    ),
    Mutation("kerneldoc/return-missing", ((" * Return: its size in bytes.\n", " * It is counted in bytes.\n"),)),
    Mutation(
        "sets/condition-missing",
        (
            (
                f"__bpf_kfunc {COUNT}\n{{\n\treturn widget_count(kind);\n}}\n",
                f"#ifdef CONFIG_WIDGET\n__bpf_kfunc {COUNT}\n{{\n\treturn widget_count(kind);\n}}\n#endif\n",
            ),
            (COUNT_DOC, ""),
        ),
    ),
    Mutation(
        "sets/filter-denies-others",
        (("\tif (!btf_id_set8_contains(&widget_kfunc_ids, kfunc_id))\n\t\treturn 0;\n", ""),),
    ),
    Mutation(
        "sets/flags-differ",
        (
            (SLEEPABLE_END, f"BTF_ID_FLAGS(func, bpf_widget_size)\n{SLEEPABLE_END}"),
            ("BPF_PROG_TYPE_SYSCALL", "BPF_PROG_TYPE_TRACING"),
            NO_MODULE,
        ),
    ),
    Mutation("sets/hook-twice", (("BPF_PROG_TYPE_SYSCALL", "BPF_PROG_TYPE_TRACING"),)),
    Mutation(
        "sets/set-twice",
        (
            (
                "\treturn ret ?: register_btf_id",
                "\tret = ret ?: register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &widget_kfunc_set);\n"
                "\treturn ret ?: register_btf_id",
            ),
            NO_MODULE,
        ),
    ),
    Mutation("sets/id-without-flags", (("BTF_ID_FLAGS(func, bpf_widget_count)", "BTF_ID(func, bpf_widget_count)"),)),
    Mutation("sets/iterator-incomplete", (("BTF_ID_FLAGS(func, bpf_iter_widget_destroy, KF_ITER_DESTROY)\n", ""),)),
    Mutation("sets/lsm-opens-tracing", (("\t.filter = widget_kfunc_filter,\n", ""),)),
    Mutation(
        "sets/owner-missing",
        (("\t.owner = THIS_MODULE,\n\t.set = &widget_kfunc_ids,\n", "\t.set = &widget_kfunc_ids,\n"),),
    ),
    Mutation(
        "sets/result-ignored", (("\tret = register_btf_kfunc_id_set", "\tret = 0;\n\tregister_btf_kfunc_id_set"),)
    ),
    Mutation(
        "sets/set8-for-kfuncs",
        (
            ("BTF_KFUNCS_START(widget_kfunc_ids)", "BTF_SET8_START(widget_kfunc_ids)"),
            ("BTF_KFUNCS_END(widget_kfunc_ids)", "BTF_SET8_END(widget_kfunc_ids)"),
        ),
    ),
    Mutation("sets/sleepable-on-atomic-hook", (("BPF_PROG_TYPE_SYSCALL", "BPF_PROG_TYPE_XDP"),)),
    Mutation("sets/unknown-hook", (("BPF_PROG_TYPE_SYSCALL", "BPF_PROG_TYPE_SK_LOOKUP"),)),
]
PROVEN_HERE = {"args", "defs", "flags", "sets"}
# one needs a body that no other kfunc has, one a kernel for which the clean file is not clean, three need a tree
PROVEN_BY_FIXTURES = {
    "defs/marker-on-prototype",
    "flags/acquire-missing",
    "args/ret-pointer-unsized",
    "flags/trusted-args-unlike-others",
    "args/iterator-size",
    "args/sized-struct-holds-pointers",
    "sets/acquired-never-released",
    "sets/release-lost",
}
KERNELS = sorted({mutation.kernel for mutation in MUTATIONS})


@cache
def clean() -> str:
    return (ROOT / "fixtures" / "clean.c").read_text()


def spoken(lint: Lint, text: str, kernel: str, strict: str = "") -> set[str]:
    """The rules that speak, of those that run by default and one that may be strict."""
    only = tuple(found.id for found in loader.shipped() if not found.strict or found.id == strict)
    return {finding.rule for finding in lint(adding(text), kernel=kernel, only=only).findings}


@pytest.mark.parametrize("kernel", KERNELS)
def test_the_clean_file_is_clean(kernel: str, lint: Lint) -> None:
    assert not spoken(lint, clean(), kernel)


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.rule)
def test_one_broken_row_gives_one_rule(mutation: Mutation, lint: Lint) -> None:
    text = clean()
    for old, new in mutation.edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    assert spoken(lint, text, mutation.kernel, mutation.rule) == {mutation.rule}


@pytest.mark.parametrize("family", sorted(PROVEN_HERE))
def test_every_rule_of_the_contract_is_proven(family: str) -> None:
    demanded = {rule.id for rule in loader.shipped() if rule.contract and rule.id.startswith(f"{family}/")}
    lacking = sorted(demanded - {mutation.rule for mutation in MUTATIONS} - PROVEN_BY_FIXTURES)
    assert not lacking, (
        f'add Mutation("{lacking[0]}", ((old, new),)) to MUTATIONS in tests/rule/test_mutations.py: what to replace in '
        "fixtures/clean.c so that this rule speaks and no other; or, if clean.c cannot show it, add the id to "
        "PROVEN_BY_FIXTURES there and say why"
    )


def test_the_families_are_documented() -> None:
    *names, last = [f"`{family}`" for family in sorted(PROVEN_HERE)]
    assert f"families {', '.join(names)} and {last}" in (ROOT / "rules" / "README.md").read_text()
