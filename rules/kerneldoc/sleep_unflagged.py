import re
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.program_types import ProgramType
from kfunclint.rule.fixes import add_flag
from kfunclint.rule.rule import rule


@rule(Kfunc, Level.WARNING, contract=("B8",), see="kernel/bpf/verifier.c: check_kfunc_call()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc says that a kfunc sleeps, KF_SLEEPABLE is missing.

    The verifier lets programs call it where they must not sleep, whatever the kernel-doc says. An entry whose set is
    only there for programs that may sleep, or of which that is not known, is left alone.

    Bad:
        * This function may sleep.             (with: BTF_ID_FLAGS(func, bpf_foo_flush))
    Good:
        BTF_ID_FLAGS(func, bpf_foo_flush, KF_SLEEPABLE)
    """
    del kernel
    for paragraph in kfunc.mentions:
        match = _sleeps(kfunc.name, paragraph.text) if paragraph.kind == "doc" else None
        if match is None:
            continue
        said = paragraph.place(match.start() + (2 if match[0][0] == "." else 0), match.end())
        for entry in kfunc.entries:
            if _may_not_sleep(entry):
                yield Remark(
                    entry.at,
                    f"{kfunc.name}() is registered without KF_SLEEPABLE, but its kernel-doc says that it sleeps",
                    (Reason(said, "said here"),),
                    add_flag(entry, "KF_SLEEPABLE"),
                    or_at=(said,),
                )


def _sleeps(name: str, text: str) -> re.Match[str] | None:
    """The first sentence that says so."""
    if "sleep" not in text:
        return None
    subject = rf"(?:[Tt]his (?:function|kfunc)|{re.escape(name)}\(\)|[Cc]ontext:)"
    return re.search(
        rf"(?:^|[.] ){subject} (?:may|can|might|will) sleep\b"
        rf"|(?:^|[.] ){subject} (?:may|can|must) only be (?:called|used) (?:from|in|by) (?:a )?sleepable\b",
        text,
    )


def _may_not_sleep(entry: Entry) -> bool:
    if entry.flags is None or entry.flag("KF_SLEEPABLE") or entry.set is None or entry.set.is_fmodret:
        return False
    return any(registration.program_type not in (ProgramType.SYSCALL, "") for registration in entry.set.registrations)
