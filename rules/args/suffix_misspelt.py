from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.suffixes import of_tree, suffix, suffixes
from kfunclint.rule.rule import rule

# words that look right and that no kernel reads
_MEANT = {"size": "__sz", "const_str": "__str", "null": "__nullable", "optional": "__nullable"}
_SHORTEST = 5  # a shorter word is close to too many others


@rule(
    Kfunc,
    Level.WARNING,
    contract=("4.2 unknown",),
    see="kernel/bpf/btf.c: btf_param_match_suffix()",
)
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A parameter has an ending that is nearly a suffix.

    The verifier compares the end of the name with the suffixes it knows, and says nothing about one it does not know:
    the argument is checked as if the name ended without it.

    Bad:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 buf__size)
    Good:
        __bpf_kfunc int bpf_foo_read(struct foo *foo, void *buf, u32 buf__sz)
    """
    if not kfunc.is_called:
        return
    for parameter in kfunc.signature.parameters:
        meant = _meant(parameter.name, kernel)
        if meant is None or kfunc.taught_by_series(parameter.name) or of_tree(parameter.name, kernel):
            continue
        ending = parameter.name[parameter.name.rindex("__") :]
        yield Remark(
            parameter.at or kfunc.at,
            f"{kfunc.name}() names a parameter {parameter.name}, but {ending} is no suffix that the verifier knows: "
            "it has no effect",
            fix=Fix(f"end the name in {meant}"),
            or_at=kfunc.alternate_places,
        )


def _meant(name: str, kernel: Kernel) -> str | None:
    """The suffix that the ending of a name is close to."""
    head, mark, word = name.rpartition("__")
    if not mark or not head or not word or suffix(name):
        return None
    if word in _MEANT:
        return _MEANT[word]
    known = [row.name.removeprefix("__") for row in suffixes().values() if row.read_by(kernel)]
    long = [one for one in known if len(one) >= _SHORTEST]
    close = [one for one in known if one == word.lower()] or [one for one in long if one_edit_apart(one, word.lower())]
    return f"__{close[0]}" if close else None
