from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import drop_flag
from kfunclint.rule.rule import rule


@rule(
    Entry,
    Level.ERROR,
    contract=(
        "F1",
        "F38",
    ),
    see="include/linux/btf_ids.h: BTF_ID_FLAGS()",
)
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A flag that the kernel does not define any more.

    The flags are macros of include/linux/btf.h whose text BTF_ID_FLAGS() pastes into the assembler, so an unknown one
    is an undefined symbol. KF_TRUSTED_ARGS went in 7.0, where trusted arguments are the default and KF_RCU asks for
    less; KF_KPTR_GET went in 6.4.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_TRUSTED_ARGS)     (for 7.0)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_size)
    """
    for flag in entry.flags or ():
        row = kernel.flags.get(flag.name)
        if row is None or row.until is None or kernel.release < row.since or kernel.has_flag(flag.name):
            continue
        default = ", trusted arguments are the default there" if flag.name == "KF_TRUSTED_ARGS" else ""
        yield Remark(
            flag.at,
            f"{flag.name} on {entry.name}() does not exist after {row.until}{default}, so the file does not build",
            fix=drop_flag(entry, flag),
        )
