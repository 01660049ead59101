from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Place, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.fixes import drop_word
from kfunclint.rule.rule import rule

_HAS_REGION = Release(6, 7)
_START, _END = "__bpf_kfunc_start_defs", "__bpf_kfunc_end_defs"


@rule(
    Kfunc,
    Level.CHECK,
    contract=("D5",),
    see="Documentation/bpf/kfuncs.rst: Creating a wrapper kfunc",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc that is there for programs alone is static.

    Nothing in the kernel calls it, so its linkage should be external, as the documentation asks. Functions that the
    kernel uses too, such as the callbacks of congestion control, may well be static: it is said of new functions that
    no other line of the series, or of the whole file, names, and of all whose names begin with "bpf_".

    Bad:
        __bpf_kfunc static int bpf_foo_size(struct foo *foo)
    Good:
        __bpf_kfunc int bpf_foo_size(struct foo *foo)
    """
    definition = kfunc.definition
    if not kfunc.is_called or not definition.is_static or definition.is_used:
        return
    if kfunc.name.startswith("bpf_") or (definition.is_new and definition.is_used is False):
        yield Remark(
            definition.static_at or kfunc.at,
            f"{kfunc.name}() is static, but nothing in the kernel calls a kfunc: kfuncs have external linkage",
            fix=_fix(kfunc, definition.static_at, kernel),
            or_at=kfunc.alternate_places,
        )


def _fix(kfunc: Kfunc, static: Place | None, kernel: Kernel) -> Fix:
    """Outside of the region in which -Wmissing-prototypes is off, the word cannot just go."""
    has_region = kernel.settled >= _HAS_REGION and kernel.has_macro(_START) is not False
    if kfunc.defs_region.inside is False and not kfunc.defs_region.has_prototype and has_region:
        return Fix(f"drop static, and define it between {_START}() and {_END}()", uncovers=True)
    can = static is not None and kfunc.defs_region.inside
    return Fix("drop static", (drop_word(static),) if static and can else (), uncovers=True)
