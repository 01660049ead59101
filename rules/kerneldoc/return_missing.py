import re
from collections.abc import Iterator

from kfunclint.facts.doc_check import own_doc
from kfunclint.facts.docs import Doc
from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Edit, Fix, Level, Place, Reason, Remark
from kfunclint.flow.questions import outcomes
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release
from kfunclint.rule.rule import rule

# scripts/kernel-doc takes "@returns:" for a parameter up to here; the rewritten one reads it as a section
_LAST_WITHOUT_AT_RETURNS = Release(6, 12)
_VOID = re.compile(r"void\s*\w*$")  # a type such as void_t is nothing to it, too
_AT_RETURNS = re.compile(r"@returns?\s*:", re.IGNORECASE)
_PROSE = re.compile(r"returns?\b(?!\s*:)\s*", re.IGNORECASE)


@rule(Kfunc, Level.CHECK, contract=("K4", "K5", "K8"), see="scripts/kernel-doc: check_return_section()")
def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
    """The kernel-doc of a kfunc that returns something has no Return: section.

    kernel-doc -Wall warns "No description found for return value", as W=2 builds and the CI of some subsystems do. A
    sentence "Returns the foo." is no section to it: the word must be followed by a colon, at the start of a line.

    Bad:
        * Returns the foo, or NULL.
    Good:
        * Return: the foo, or NULL.
    """
    doc = own_doc(kfunc)
    if (
        doc is None
        or kfunc.signature.return_type is None
        or _VOID.search(kfunc.signature.return_type)
        or doc.section("return")
    ):
        return
    if doc.section("@returns") and kernel.settled > _LAST_WITHOUT_AT_RETURNS:
        return
    prose, at_returns = _first(doc, _PROSE), _first(doc, _AT_RETURNS)
    yield Remark(
        doc.at,
        f"the kernel-doc of {kfunc.name}() has no Return: section{_error(kfunc)}",
        (Reason(prose, "this sentence is not read as one"),) if prose else (),
        _fix(doc, prose, at_returns),
    )


def _error(kfunc: Kfunc) -> str:
    """An error code that it returns, in words that go on with the sentence; "" for none that is written out."""
    values = (outcome.value for outcome in outcomes(kfunc.account) if outcome.value is not None)
    code = next((value.text for value in values if value.kind == "errno"), "")
    return f", and it can return -{code}" if code else ""


def _first(doc: Doc, pattern: re.Pattern[str]) -> Place | None:
    """Where the first line below the name begins with the pattern."""
    return next(
        (
            Place(at.path, at.line, at.column, at.column + match.end())
            for at, text in doc.lines[1:]
            if (match := pattern.match(text))
        ),
        None,
    )


def _fix(doc: Doc, prose: Place | None, at_returns: Place | None) -> Fix:
    if at_returns is not None:
        return Fix('write "Return:"', (Edit(at_returns, "Return:"),), uncovers=True)
    if prose is None:
        last, text = [(at, text) for at, text in doc.lines if text][-1]
        end = last.column + len(text)
        section = Edit(Place(last.path, last.line, end, end), "\n *\n * Return:")
        return Fix('add a "Return:" section', (section,), uncovers=True, unsure=True)
    return Fix('write "Return:"', (Edit(prose, "Return: "),), uncovers=True)
