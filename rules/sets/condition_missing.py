import re
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_OPTION = re.compile(r"[!(]*CONFIG_\w+\)*(?:(?:&&|\|\|)[!(]*CONFIG_\w+\)*)*")


@rule(Kfunc, Level.WARNING, contract=("R13",), see="kernel/bpf/btf.c: btf_check_kfunc_protos()", since="6.4")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc is defined under an #if that its entry does not stand under.

    Where the option is off there is no such function. resolve_btfids only warns and leaves the id at zero; at boot that
    entry is refused, and with it the whole set.

    Bad:
        #ifdef CONFIG_FOO
        __bpf_kfunc void bpf_foo(void) { }
        #endif
        ...
        BTF_ID_FLAGS(func, bpf_foo)
    Good:
        #ifdef CONFIG_FOO
        BTF_ID_FLAGS(func, bpf_foo)
        #endif
    """
    del kernel
    for entry in kfunc.entries:
        if (
            kfunc.definition.preprocessor_conditions is None
            or entry.condition is None
            or entry.at.path != kfunc.at.path
        ):
            continue
        missing = [word for word in kfunc.definition.preprocessor_conditions if word not in entry.condition]
        if set(entry.condition) - set(kfunc.definition.preprocessor_conditions):
            continue  # Kconfig may let the one option depend on the other
        if missing and all(_OPTION.fullmatch(word) for word in missing):
            yield Remark(
                entry.at,
                f"{kfunc.name}() exists only under {' and '.join(map(_spaced, missing))}, but its entry does not stand "
                "under that, so where it is off the whole set fails to register",
                (Reason(kfunc.at, "defined here"),),
                or_at=(kfunc.at,),
            )


def _spaced(condition: str) -> str:
    return condition.replace("&&", " && ").replace("||", " || ")
