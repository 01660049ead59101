from collections.abc import Iterator

from kfunclint.facts.code_names import SuffixedHelper
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

# those that tell the verifier what to do; __str says what the string is, which holds in the helper as well
_SUFFIXES = ("__ign", "__uninit", "__map", "__irq_flag")


@rule(SuffixedHelper, Level.CHECK, see="Documentation/bpf/kfuncs.rst: Annotating kfunc parameters")
def check(helper: SuffixedHelper, kernel: Kernel) -> Iterator[Remark]:
    """A parameter of a function that is no kfunc has a suffix for kfuncs.

    The verifier reads the names of parameters of kfuncs, and of no other function. On a helper the suffix says nothing,
    and readers take the helper for a kfunc. What the verifier calls instead of a kfunc, with the same parameters, is no
    such helper.

    Bad:
        int __bpf_foo_compare(const char *s1__ign, const char *s2__ign)      (a helper of bpf_foo_compare())
    Good:
        static int __bpf_foo_compare(const char *s1, const char *s2)
    """
    del kernel
    suffix = next((suffix for suffix in _SUFFIXES if helper.parameter.endswith(suffix)), "")
    if suffix:
        yield Remark(
            helper.at,
            f"{helper.name}() is no kfunc, so the suffix {suffix} of its parameter {helper.parameter} says nothing",
            fix=Fix(f"name it {helper.parameter.removesuffix(suffix)}"),
        )
