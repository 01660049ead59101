import re
from collections.abc import Iterator

from kfunclint.facts.doc_check import own_doc
from kfunclint.facts.docs import Doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Fix, Level, Place, Reason, Remark
from kfunclint.flow.questions import outcomes
from kfunclint.flow.terms import Term
from kfunclint.kernel.kernel import Kernel
from kfunclint.resources import table
from kfunclint.rule.rule import rule

_BYTES = re.compile(r"\b(?:in|of) bytes\b")


@rule(Kfunc, Level.WARNING, needs_body=True, see="mm/memcontrol.c: mem_cgroup_size()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc says that bytes are returned, but the kfunc returns pages.

    Programs are written by the kernel-doc, so what they compare with is wrong by a factor of the page size. Functions
    that count in pages are those of rules/tables/units.toml; only a call that is returned as it is counts.

    Bad:
        * Return: the usage in bytes          (with: return page_counter_read(&memcg->memory);)
    Good:
        return page_counter_read(&memcg->memory) * PAGE_SIZE;
    """
    del kernel
    doc = own_doc(kfunc)
    said = _said(doc) if doc else None
    if said is None:
        return
    for outcome in outcomes(kfunc.account):
        if outcome.node is not None and outcome.value is not None and _counts_pages(outcome.value):
            yield Remark(
                said,
                f"the kernel-doc of {kfunc.name}() says bytes, but {outcome.value.text}() counts pages",
                (Reason(kfunc.place(outcome.node), "pages are returned here"),),
                Fix("multiply by PAGE_SIZE, or say pages"),
                or_at=(kfunc.place(outcome.node),),
            )
            return


def _counts_pages(value: Term) -> bool:
    if value.kind != "call" or value.text not in table("units")["pages"]:
        return False
    members = table("units")["members"].get(value.text)
    return members is None or any(part.kind in ("member", "addr") and part.text in members for part in value.parts)


def _said(doc: Doc) -> Place | None:
    """Where it says that the result is in bytes."""
    if any("page" in text.lower() for _, text in doc.lines):
        return None
    for at, text in (*doc.result, *(line for line in doc.lines if re.match(r"returns?\b", line[1], re.IGNORECASE))):
        if match := _BYTES.search(text):
            return Place(at.path, at.line, at.column + match.start(), at.column + match.end())
    return None
