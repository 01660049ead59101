import re
from collections.abc import Iterator

from kfunclint.facts.doc_check import own_doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Place, Reason, Remark
from kfunclint.flow.questions import null_returns
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_NULL = re.compile(r"\b(?:or|and|else|otherwise|returns?:?) %?NULL\b|%?\bNULL,? (?:if|when|on|in case|otherwise|for)\b")


@rule(Kfunc, Level.WARNING, contract=("B1",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc says that NULL is returned, KF_RET_NULL is missing.

    The verifier lets programs use the result unchecked, whatever the kernel-doc says. Where the body shows the NULL,
    flags/ret-null-missing says so instead.

    Bad:
        * Return: the foo, or NULL             (with: BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE))
    Good:
        BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE | KF_RET_NULL)
    """
    del kernel
    doc = own_doc(kfunc)
    if (
        doc is None
        or not re.match(r"(?:const )?(?:struct|union) ", kfunc.signature.return_type or "")
        or not kfunc.signature.returns_pointer
    ):
        return
    if null_returns(kfunc.account):
        return
    said = next(
        (Place(at.path, at.line, at.column, at.end_column) for at, text in doc.result if _NULL.search(text)), None
    )
    for entry in kfunc.entries if said else ():
        if entry.flags is None or entry.flag("KF_RET_NULL") or entry.flag("KF_ITER_NEXT"):
            continue
        if entry.set is None or not entry.set.is_fmodret:
            assert said is not None
            yield Remark(
                entry.at,
                f"{kfunc.name}() is registered without KF_RET_NULL, but its kernel-doc says that it returns NULL",
                (Reason(said, "said here"),),
                add_flag(entry, "KF_RET_NULL"),
                or_at=(said,),
            )
