import re
from collections.abc import Iterator

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Level, Reason, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_NAME = r"(?P<{}>[a-z]\w*_\w*[a-z0-9])(?:\(\))?"
_ADDS = re.compile(
    r"(?:[Aa]dd|[Ii]ntroduce|[Ii]mplement) (?:an? |the )?(?:new )?"
    rf"(?:{_NAME.format('name')} (?:BPF |bpf )?kfuncs?|kfuncs? {_NAME.format('behind')})"
    r"(?=\.?$| (?:to|for|that|which)\b)"
)


@rule(Kfunc, Level.CHECK, see="Documentation/process/submitting-patches.rst: The canonical patch format")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """A title says that a kfunc is added which the series does not have.

    The title was not kept up to date when the kfunc got another name. It is said where the patch adds a kfunc, and the
    name in its title is no part of any name that the series shows.

    Bad:
        Subject: bpf: Add bpf_foo_find() kfunc       (and the patch adds bpf_foo_get() alone)
    Good:
        Subject: bpf: Add bpf_foo_get() kfunc
    """
    del kernel
    title = next((paragraph for paragraph in kfunc.mentions if paragraph.kind == "title"), None)
    match = _ADDS.match(title.text) if title and kfunc.definition.is_new else None
    if title is None or match is None:
        return
    group = "name" if match["name"] else "behind"
    if not any(match[group] in known for known in title.names):
        yield Remark(
            title.place(*match.span(group)),
            f"the title says that {match[group]}() is added, but nothing in the series has that name",
            (Reason(kfunc.at, "this is added"),),
        )
