import re
from collections.abc import Iterator

from kfunclint.facts.doc_check import own_doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.CHECK, strict=True, contract=("M3",), see="Documentation/bpf/kfuncs.rst: KF_RET_NULL flag")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc may return NULL and its Return: section does not say when.

    KF_RET_NULL makes every program test the result, so its author needs to know what NULL stands for.

    Bad:
        * Return: the foo                      (with: BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL))
    Good:
        * Return: the foo, or NULL if there is none
    """
    del kernel
    doc = own_doc(kfunc)
    flag = next((flag for entry in kfunc.entries if (flag := entry.flag("KF_RET_NULL"))), None)
    if doc is None or not doc.result or flag is None or not kfunc.signature.returns_pointer:
        return
    if not any(re.search("null", text, re.IGNORECASE) for _, text in doc.lines):
        yield Remark(
            doc.result[0][0],
            f"the kernel-doc does not say when {kfunc.name}() returns NULL",
            (Reason(flag.at, "the flag that lets it"),),
            Fix("say when"),
            or_at=(flag.at,),
        )
