"""What a kernel-doc comment says of the parameters of its kfunc, held against the signature."""

from __future__ import annotations

from kfunclint.facts.docs import Doc, Section
from kfunclint.facts.kfunc import Kfunc
from kfunclint.facts.spelling import one_edit_apart
from kfunclint.finding import Place


def own_doc(kfunc: Kfunc) -> Doc | None:
    """Its kernel-doc, if that names it and stands right above it; of any other kernel-doc reads no more."""
    doc = kfunc.doc
    if doc is None or doc.above not in (None, kfunc.name):
        return None
    return doc if doc.name == kfunc.name else None


def undescribed(kfunc: Kfunc) -> tuple[tuple[str, Place], ...]:
    """The parameters without a section in its kernel-doc, each with its place in the definition."""
    doc = own_doc(kfunc)
    if doc is None or not kfunc.signature.has_all_names:
        return ()
    places = ((parameter.name, parameter.at) for parameter in kfunc.signature.parameters)
    return tuple((name, at) for name, at in places if at is not None and not doc.section(f"@{name}"))


def excess_sections(kfunc: Kfunc) -> tuple[Section, ...]:
    """The sections of its kernel-doc that are named after a parameter which it has not; not "@returns"."""
    doc = own_doc(kfunc)
    if doc is None or not kfunc.signature.has_all_names:
        return ()
    expected = {f"@{parameter.name}" for parameter in kfunc.signature.parameters} | {"@...", "@returns"}
    return tuple(section for section in doc.sections if section.name[0] == "@" and section.name not in expected)


def intended_parameter(kfunc: Kfunc, section: Section) -> str | None:
    """The one undescribed parameter that a section in excess is named after but for a suffix or one letter."""
    name = section.name[1:]
    alike = [
        parameter
        for parameter, _ in undescribed(kfunc)
        if parameter.startswith(f"{name}__") or (len(name) > 2 and one_edit_apart(name, parameter))
    ]
    return alike[0] if len(alike) == 1 else None
