"""What people write of a kfunc."""

from __future__ import annotations

from collections.abc import Iterator

from conftest import Lint
from shelves import BODY, SET, series

from kfunclint.facts.kfunc import Kfunc
from kfunclint.finding import Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule import loader
from kfunclint.value import replace


def test_a_title_counts_once_for_all_definitions_of_a_name(lint: Lint) -> None:
    mentions: list[list[str]] = []

    def check(kfunc: Kfunc, kernel: Kernel) -> Iterator[Remark]:
        mentions.append([mention.kind for mention in kfunc.mentions if mention.kind == "title"])
        return iter(())

    body = BODY[BODY.index("__bpf_kfunc") :]
    over_kfuncs = next(rule for rule in loader.shipped() if rule.over is Kfunc and not rule.needs_body)
    lint(series("", 3 * body + SET), rules=(replace(over_kfuncs, check=check),))
    assert mentions == 3 * [["title"]]
