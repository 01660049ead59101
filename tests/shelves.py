"""A small kernel with one kfunc, and mails that change it."""

from __future__ import annotations

import difflib
from itertools import pairwise

BTF = "#define KF_ACQUIRE\t(1 << 0)\n#define KF_RET_NULL\t(1 << 2)\n#define KF_TRUSTED_ARGS\t(1 << 4)\n"
MAKEFILE = "VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 3\nEXTRAVERSION =\n"
BODY = """\
/**
 * bpf_shelf_find - Look a shelf up
 * @id: which one
 *
 * Return: the shelf, or NULL
 */
__bpf_kfunc struct shelf *bpf_shelf_find(u32 id)
{
	if (id > SHELF_MAX)
		return NULL;
	return &shelves[id];
}
"""
SET = """\
BTF_KFUNCS_START(shelf_ids)
BTF_ID_FLAGS(func, bpf_shelf_find)
BTF_KFUNCS_END(shelf_ids)

static const struct btf_kfunc_id_set shelf_set = {
	.owner = THIS_MODULE,
	.set = &shelf_ids,
};
"""
KERNEL = {
    "Makefile": MAKEFILE,
    "include/linux/btf.h": BTF,
    "Kbuild": "",
    "MAINTAINERS": "",
    "kernel/bpf/core.c": "int x;\n",
}
GUARDED = """\
/**
 * bpf_shelf_root - Start at the top
 *
 * Return: the root memcg
 */
__bpf_kfunc struct mem_cgroup *bpf_shelf_root(void)
{
	int unused;

	if (mem_cgroup_disabled())
		return NULL;
	shelf_seen();
	return root_mem_cgroup;
}

BTF_KFUNCS_START(bpf_shelf_ids)
BTF_ID_FLAGS(func, bpf_shelf_root, KF_ACQUIRE | KF_RET_NULL)
BTF_KFUNCS_END(bpf_shelf_ids)
"""
HEAD = """\
From: Ann Author <ann@example.org>
Subject: [PATCH{number}] shelf: tidy up
Message-ID: <{id}@example.org>

Tidy.
---
"""
WITHOUT_GUARD = GUARDED.replace("\tif (mem_cgroup_disabled())\n\t\treturn NULL;\n", "")


def mail(path: str, before: str, after: str, subject: str = "[PATCH] shelf: tidy up", ident: str = "1") -> str:
    diff = "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{path}", f"b/{path}"))
    head = f"From: Ann Author <ann@example.org>\nSubject: {subject}\nMessage-ID: <{ident}@example.org>\n"
    return f"{head}\nTidy.\n---\n{diff}"


def series(*versions: str) -> str:
    mails = []
    for number, (old, new) in enumerate(pairwise(versions), 1):
        count = f" {number}/{len(versions) - 1}" if len(versions) > 2 else ""
        diff = "".join(
            difflib.unified_diff(old.splitlines(True), new.splitlines(True), "a/mm/shelf.c", "b/mm/shelf.c", n=20)
        )
        mails.append(f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{HEAD.format(number=count, id=number)}{diff}\n")
    return "".join(mails)
