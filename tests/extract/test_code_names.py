"""The new names of a series."""

from __future__ import annotations

from hunks import adding

from kfunclint.extract import facts
from kfunclint.extract.extractor import Material
from kfunclint.extract.sets import scan
from kfunclint.facts.code_names import CodeName
from kfunclint.flow.behaviour import shipped
from kfunclint.mail.inbox import read_inbox
from kfunclint.patch.diff import parse_patch
from kfunclint.patch.postimage import apply_series


def material(count: int) -> Material:
    text = "".join(f"static int depot_crate{number};\n" for number in range(count))
    (series,) = read_inbox([adding(text).encode()]).series
    patches = [parse_patch(mail) for mail in series.patches]
    sources = apply_series(patches)
    return Material(patches, None, sources, scan(sources), {}, behaviours=shipped(), extractors=facts.extractors())


def test_words_that_others_have_are_told_from_own_ones() -> None:
    first, *_ = material(3).facts(CodeName)
    assert (first.name, first.others_have("depot"), first.others_have("crate0")) == ("depot_crate0", True, False)


def test_all_names_point_to_one_set_of_words() -> None:
    names = list(material(50).facts(CodeName))
    assert len(names) == 50
    assert len({id(name.words) for name in names}) == 1
