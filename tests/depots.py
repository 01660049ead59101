"""Functions that use a depot with and without the test that all of them should have."""

from __future__ import annotations

TESTS = "\tif (depot_off())\n\t\treturn NULL;\n"
USES = "\treturn top_depot;\n"
GOOD = f"struct depot *depot_NAME(void)\n{{\n{TESTS}{USES}}}\n"
BAD = f"struct depot *depot_NAME(void)\n{{\n{USES}}}\n"
KFUNC = """\
__bpf_kfunc struct depot *bpf_depot(void)
{
	return top_depot;
}

BTF_KFUNCS_START(depot_ids)
BTF_ID_FLAGS(func, bpf_depot, KF_RET_NULL)
BTF_KFUNCS_END(depot_ids)
"""


def functions(text: str, *names: str) -> str:
    return "\n".join(text.replace("NAME", name) for name in names)


def diff(path: str, before: str, after: str) -> str:
    """A mail that puts lines behind those of a file."""
    old, new = before.count("\n"), after.count("\n")
    lines = "".join(f" {line}\n" for line in before.splitlines()) + "".join(f"+{line}\n" for line in after.splitlines())
    head = f"--- a/{path}\n+++ b/{path}\n" if old else f"new file mode 100644\n--- /dev/null\n+++ b/{path}\n"
    return (
        "From: Ann Author <ann@example.org>\nSubject: [PATCH] depot: one more\n\nOne more.\n---\n"
        f"diff --git a/{path} b/{path}\n{head}@@ -{min(old, 1)},{old} +1,{old + new} @@\n{lines}"
    )
