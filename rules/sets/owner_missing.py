from collections.abc import Iterator

from kfunclint.facts.sets import Registration
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.fixes import put_before
from kfunclint.rule.rule import rule


@rule(Registration, Level.WARNING, contract=("R5",), see="kernel/bpf/btf.c: btf_get_module_btf()")
def check(registration: Registration, kernel: Kernel) -> Iterator[Remark]:
    """A module registers its kfuncs without .owner.

    Without an owner the ids are looked up in the BTF of vmlinux, where in a module they mean something else: the set
    fails to register, or names other functions. All sets of the kernel have it, as THIS_MODULE is NULL in built-in
    code. It is said where the file has MODULE_LICENSE().

    Bad:
        static const struct btf_kfunc_id_set foo_kfunc_set = {
                .set = &foo_kfunc_ids,
        };
    Good:
        static const struct btf_kfunc_id_set foo_kfunc_set = {
                .owner = THIS_MODULE,
                .set = &foo_kfunc_ids,
        };
    """
    del kernel
    if registration.in_module and registration.owner == "":
        first = registration.fields_at
        yield Remark(
            registration.at,
            f"{registration.set or 'the set'} is registered without .owner, so in a module its ids are looked up in "
            "the BTF of vmlinux",
            fix=Fix("add .owner = THIS_MODULE", (put_before(first, ".owner = THIS_MODULE,\n\t"),) if first else ()),
        )
