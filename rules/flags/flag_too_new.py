from collections.abc import Iterator

from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule


@rule(Entry, Level.ERROR, contract=("F37",), see="include/linux/btf_ids.h: BTF_ID_FLAGS()")
def check(entry: Entry, kernel: Kernel) -> Iterator[Remark]:
    """A flag that came only after the kernel that the patch is for.

    The flags are macros of include/linux/btf.h whose text BTF_ID_FLAGS() pastes into the assembler, so a flag that
    the tree does not have yet is an undefined symbol. It is said only where the kernel is named, by --kernel or a
    stable tree in the subject: development runs ahead of the releases.

    Bad:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_RCU)     (for 6.1)
    Good:
        BTF_ID_FLAGS(func, bpf_foo_size, KF_TRUSTED_ARGS)
    """
    for flag in entry.flags or ():
        row = kernel.flags.get(flag.name)
        if row is None or kernel.guessed or row.since <= kernel.release or kernel.has_flag(flag.name):
            continue
        yield Remark(
            flag.at,
            f"{flag.name} on {entry.name}() came with {row.since} and does not exist in {kernel.release}, "
            "so the file does not build",
        )
