from collections.abc import Iterator

from kfunclint.c.syntax import is_pointer, is_scalar
from kfunclint.facts.flag_names import FlagName
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Place, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_METHODS: dict[FlagName, str] = {"KF_ITER_NEW": "new", "KF_ITER_NEXT": "next", "KF_ITER_DESTROY": "destroy"}


@rule(
    Kfunc,
    Level.ERROR,
    flag="KF_ITER_NEW",
    contract=("F18", "F19", "F20"),
    see="kernel/bpf/btf.c: btf_check_iter_kfuncs()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """An iterator's kfunc has not the prototype that its flag asks for.

    An iterator over foo is bpf_iter_foo_new(), _next() and _destroy(). Each takes struct bpf_iter_foo * first, and the
    last two nothing else; next returns a pointer, destroy nothing. All of that is compared when the set is registered.

    Bad:
        __bpf_kfunc int bpf_iter_foo_destroy(struct bpf_iter_foo *it)       (KF_ITER_DESTROY)
    Good:
        __bpf_kfunc void bpf_iter_foo_destroy(struct bpf_iter_foo *it)
    """
    del kernel
    for entry in kfunc.entries if kfunc.is_called else ():
        methods = [(flag, method) for name, method in _METHODS.items() if (flag := entry.flag(name))]
        if len(methods) != 1:
            continue
        ((flag, method),) = methods
        for at, problem in _problems(kfunc, method):
            yield Remark(
                at,
                f"{kfunc.name}() {problem}, as {flag.name} asks for: the whole set fails to register",
                (Reason(flag.at, "registered here"),),
                or_at=(flag.at,),
            )
        return


def _problems(kfunc: Kfunc, method: str) -> Iterator[tuple[Place, str]]:
    first = kfunc.signature.parameters[0] if kfunc.signature.parameters else None
    points_to = (first.pointee or "") if first else ""
    iterator = points_to.removeprefix("struct ")
    if first is None or first.is_scalar or (points_to and not points_to.startswith("struct bpf_iter_")):
        yield (first.at if first else None) or kfunc.at, "does not take its iterator, struct bpf_iter_... *, first"
    elif points_to and kfunc.name != f"{iterator}_{method}":
        yield kfunc.at, f"is not named {iterator}_{method}"
    if method != "new" and len(kfunc.signature.parameters) > 1:
        yield kfunc.signature.parameters[1].at or kfunc.at, "does not take the iterator alone"
    if method == "next" and (is_scalar(kfunc.signature.return_type) or kfunc.signature.return_type == "void"):
        yield kfunc.signature.return_place or kfunc.at, "does not return a pointer"
    if method == "destroy" and (is_scalar(kfunc.signature.return_type) or is_pointer(kfunc.signature.return_type)):
        yield kfunc.signature.return_place or kfunc.at, "does not return void"
