import re
from collections.abc import Iterator

from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import sleepers_may_call
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule

_LOCK = r"(?:the )?(?:rcu_read_lock(?:\(\))?|RCU(?: read)?(?:-side)? (?:lock|critical section|section|protection))"
_END = r"(?![\w(]| or\b)"
_SAYS = re.compile(
    rf"\b(?:must|has to|needs to|may only|can only) be (?:called|used) "
    rf"(?:(?:with|under|within|inside|in|from|while holding) (?:an? )?{_LOCK}|under RCU){_END}"
    rf"|\b[Cc]allers? (?:must|has to|have to|needs? to) hold {_LOCK}{_END}"
)
_OTHERWISE: tuple[FlagName, ...] = ("KF_RCU_PROTECTED", "KF_RCU", "KF_SLEEPABLE")


@rule(Kfunc, Level.WARNING, since="6.18", contract=("F15",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc asks for the RCU read lock, KF_RCU_PROTECTED is missing.

    A sleepable program does not hold the lock by itself, and the verifier makes it take the lock only for kfuncs with
    the flag, whatever the kernel-doc says. Sets that only programs get which never sleep are left alone, as those run
    under the lock; so is KF_RCU, which asks for it where an argument needs it.

    Bad:
        * This must be called under rcu_read_lock().     (with: BTF_ID_FLAGS(func, bpf_foo_top))
    Good:
        BTF_ID_FLAGS(func, bpf_foo_top, KF_RCU_PROTECTED)
    """
    if not kernel.has_flag("KF_RCU_PROTECTED"):
        return
    for paragraph in kfunc.mentions:
        if paragraph.kind != "doc" or not (match := _SAYS.search(paragraph.text)):
            continue
        said = paragraph.place(*match.span())
        for entry in kfunc.entries:
            if sleepers_may_call(entry) and not any(map(entry.flag, _OTHERWISE)):
                yield Remark(
                    entry.at,
                    f"{kfunc.name}() is registered without KF_RCU_PROTECTED, but its kernel-doc asks callers to hold "
                    "the RCU read lock",
                    (Reason(said, "said here"),),
                    add_flag(entry, "KF_RCU_PROTECTED"),
                    or_at=(said,),
                )
