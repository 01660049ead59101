from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import null_tests
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import suffix
from kfunclint.rule.fixes import drop_null_test
from kfunclint.rule.rule import rule


@rule(
    Kfunc,
    Level.CHECK,
    needs_body=True,
    since="7.3",
    contract=("4.2 __arena",),
    see="Documentation/bpf/kfuncs.rst: __arena and __arena__nullable Annotations",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc tests an __arena argument for NULL, which it never is.

    Whatever the program passes, the JIT puts the address of its arena before it, so NULL arrives as the first byte of
    the arena. The test is dead code, and a program that passes NULL gets there and further. With __arena__nullable NULL
    stays NULL.

    Bad:
        __bpf_kfunc int bpf_foo_fill(struct foo *foo__arena)
        {
                if (!foo__arena)
                        return -EINVAL;
    Good:
        __bpf_kfunc int bpf_foo_fill(struct foo *foo__arena__nullable)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters:
        named = suffix(parameter.name, kernel)
        if named is None or named.name != "__arena":
            continue
        for test in null_tests(kfunc.account, parameter.name)[:1]:
            yield Remark(
                kfunc.place(test),
                f"{kfunc.name}() tests {parameter.name} for NULL, but NULL arrives as the first byte of the arena",
                (Reason(kfunc.at, "declared here"),),
                drop_null_test(kfunc, parameter, test, kfunc.definition.body),
            )
