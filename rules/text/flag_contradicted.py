import re
from collections.abc import Iterator

from kfunclint.facts.docs import Prose
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_FLAGS = r"(?:an? |the )?(?P<flags>KF_\w+(?:(?: ?[|,&] ?| and | or )KF_\w+)*)"
# in a kernel-doc the sentence may be about the kfunc without naming it
_IN_DOC = re.compile(rf"(?<!no )\b(?:[Ii]mplements|has|[Ww]ith) {_FLAGS} (?:semantics|flags?)\b")
# what may be there although it is not written
_IMPLIED = {"KF_TRUSTED_ARGS": {"KF_RELEASE", "KF_RCU"}}


@rule(Kfunc, Level.CHECK, see="include/linux/btf.h: KF_ACQUIRE and the rest")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A message or kernel-doc says that a kfunc has a flag, its entry says no.

    One of the two was not kept up to date. Only sentences that name the kfunc and a flag together are read, and those
    of its own kernel-doc; and only flags that the kernel knows.

    Bad:
        bpf_foo_get() has KF_ACQUIRE | KF_RET_NULL semantics    (with: BTF_ID_FLAGS(func, bpf_foo_get, KF_ACQUIRE))
    Good:
        bpf_foo_get() has KF_ACQUIRE semantics
    """
    entries = [entry for entry in kfunc.entries if entry.flags is not None]
    if not entries or len(entries) < len(kfunc.entries):
        return
    written = {flag.name for entry in entries for flag in entry.flags or ()}
    for paragraph in (mention for mention in kfunc.mentions if "KF_" in mention.text):
        for match in _sentence(kfunc, paragraph).finditer(paragraph.text):
            for flag in re.finditer(r"KF_\w+", match["flags"]):
                if flag[0] in written or not kernel.has_flag(flag[0]) or _IMPLIED.get(flag[0], set()) & written:
                    continue
                start = match.start("flags") + flag.start()
                yield Remark(
                    paragraph.place(start, start + len(flag[0])),
                    f"{kfunc.name}() is not registered with {flag[0]}",
                    (Reason(entries[0].at, "registered here"),),
                    Fix(f"add {flag[0]} there, or drop it here"),
                    or_at=(entries[0].at,),
                )


def _sentence(kfunc: Kfunc, paragraph: Prose) -> re.Pattern[str]:
    if paragraph.kind == "doc":
        return _IN_DOC
    verb = r"(?:has|implements|is (?:registered|marked|tagged|declared|flagged) (?:with|as)|carries)"
    return re.compile(rf"\b{re.escape(kfunc.name)}\(\) {verb} {_FLAGS}")
