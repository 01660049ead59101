from collections.abc import Iterator
from itertools import islice

from kfunclint.c.syntax import Function, Node, Parameter
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Entry
from kfunclint.finding import Level, Reason, Remark
from kfunclint.flow.questions import null_tests
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.fixes import drop_null_test
from kfunclint.rule.rule import rule

_TRUSTED_BY_DEFAULT = Release(7, 0)
_NEVER_NULL: tuple[FlagName, ...] = ("KF_RCU", "KF_TRUSTED_ARGS", "KF_RELEASE")
_MAY_BE_NULL = ("__nullable", "__opt", "__ign", "__map", "__prog", "__arena")


@rule(
    Kfunc, Level.CHECK, needs_body=True, since="6.4", contract=("B11",), see="kernel/bpf/verifier.c: check_kfunc_args()"
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A kfunc tests an argument for NULL that the verifier never lets be NULL.

    With KF_TRUSTED_ARGS, KF_RCU or KF_RELEASE, and since 7.0 always, a program that may pass NULL is rejected unless
    the parameter's name ends in __nullable: whatever pointer it is, to an object, to memory or to a string. A string
    (__str) is one in a map that is read-only, whatever the flags. The test is dead code, and tells readers that NULL
    were allowed; so it is in a static function whose only call is all that the kfunc does. What the verifier itself
    passes, with KF_IMPLICIT_ARGS, may be NULL.

    Bad:
        if (!task)
                return NULL;      (bpf_foo_get is registered KF_ACQUIRE | KF_RCU | KF_RET_NULL)
    Good:
        the test left out, or the parameter named task__nullable
    """
    if not kfunc.entries or not all(_is_of_kfunc(entry, kfunc.definition.has_marker) for entry in kfunc.entries):
        return
    refused = all(_refuses_null(entry, kernel) for entry in kfunc.entries)
    for parameter in kfunc.signature.parameters:
        if not _is_plain(parameter) or parameter in kfunc.implicit_parameters:
            continue
        if not refused and not parameter.name.endswith("__str"):
            continue
        for where, body, test in islice(_null_tests(kfunc, parameter), 1):
            flag = next((flag for entry in kfunc.entries for name in _NEVER_NULL if (flag := entry.flag(name))), None)
            yield Remark(
                kfunc.place(test),
                f"{kfunc.name}() tests {parameter.name} for NULL{where}, "
                "but the verifier rejects programs that may pass NULL",
                (Reason(flag.at, "by this flag"),) if flag else (),
                drop_null_test(kfunc, parameter, test, body),
            )


def _null_tests(kfunc: Kfunc, parameter: Parameter) -> Iterator[tuple[str, Node | None, Node]]:
    """The tests of a parameter for NULL, in the kfunc and in the function that does all its work: for each in which
    function that is, in words, the body around it, and the test."""
    for test in null_tests(kfunc.account, parameter.name):
        yield "", kfunc.definition.body, test
    worker = kfunc.definition.worker
    if worker is None:
        return
    for name in _taken_as(worker, kfunc.definition.body, parameter.name):
        for test in null_tests(kfunc.definition.accounts.of(worker.name, worker.body), name):
            yield f" in {worker.name}()", worker.body, test


def _taken_as(worker: Function, body: Node | None, name: str) -> Iterator[str]:
    """The parameters of a function that a body passes a variable to."""
    for call in body.walk() if body else ():
        if call.kind == "call" and call.text == worker.name:
            for parameter, given in zip(worker.parameters, call.kids, strict=False):
                if given.kind == "name" and given.text == name:
                    yield parameter.name


def _is_of_kfunc(entry: Entry, marker: bool) -> bool:
    return entry.flags is not None and (marker or not entry.may_be_hook)


def _refuses_null(entry: Entry, kernel: Kernel) -> bool:
    return kernel.settled >= _TRUSTED_BY_DEFAULT or any(entry.flag(name) for name in _NEVER_NULL)


def _is_plain(parameter: Parameter) -> bool:
    """Is it a pointer to data, and not one of those that may be NULL?"""
    return parameter.pointee is not None and not parameter.name.endswith(_MAY_BE_NULL)
