import re
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.sets import Listing
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.finding import Edit, Fix, Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_RELEASED = re.compile(
    r"\b(?:releas|dropp|free|destroy|put)(?:ed)?(?: \w+){0,3}? (?:with|by|via|using|through)"
    r"(?: calling| an? call (?:to|of))?(?: the)? (?P<name>[a-z]\w*_\w+)\(\)"
)


@rule(Kfunc, Level.CHECK, see="Documentation/bpf/kfuncs.rst: KF_ACQUIRE flag")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A message or kernel-doc misnames the kfunc that releases an object.

    Who writes a program takes the name from there. It is said where no line of the series has the name, and a kfunc
    with KF_RELEASE in the same set has it but for one letter, or the order of its words.

    Bad:
        It must be released with bpf_foo_put().     (with: BTF_ID_FLAGS(func, bpf_put_foo, KF_RELEASE))
    Good:
        It must be released with bpf_put_foo().
    """
    del kernel
    if not kfunc.has("KF_ACQUIRE"):
        return
    for paragraph in kfunc.mentions:
        for match in _RELEASED.finditer(paragraph.text):
            name = match["name"]
            meant = [one for one in _releases(kfunc) if _is_near(name, one.name)]
            if name in paragraph.names or len(meant) != 1:
                continue
            at = paragraph.place(*match.span("name"))
            yield Remark(
                at,
                f"there is no {name}() to release what {kfunc.name}() returns, only {meant[0].name}()",
                (Reason(meant[0].at, "this one has KF_RELEASE"),),
                Fix(f'write "{meant[0].name}"', (Edit(at, meant[0].name),)),
                or_at=(meant[0].at,),
            )


def _releases(kfunc: Kfunc) -> Iterator[Listing]:
    """The kfuncs with KF_RELEASE in its sets, as far as they are in view."""
    found: dict[str, Listing] = {}
    for entry in kfunc.entries:
        for one in entry.set.entries if entry.set else ():
            if one.flag("KF_RELEASE"):
                found.setdefault(one.name, one)
    return iter(found.values())


def _is_near(name: str, other: str) -> bool:
    return one_edit_apart(name, other) or sorted(name.split("_")) == sorted(other.split("_"))
