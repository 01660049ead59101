"""Guards that a kernel tree keeps to without saying so: rows for tables/guards.toml, and who voted for each."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from kfunclint.flow.questions import Condition
from kfunclint.index.usage import Precedent, Usage
from kfunclint.rule.rule import TITLE_LENGTH
from kfunclint.text import visible


def proposed_tests(peers: Usage) -> tuple[Condition, ...]:
    """The tests that most of the functions make first, those of the most before others."""
    tests = {test for peer in peers.public for test in peer.tests if peers.is_custom(test)}
    return tuple(sorted(tests, key=lambda test: (-len(peers.testing(test)), test.text)))


def table(peers: Usage, tree: str) -> str:
    """A table of guards as TOML, with a row for each proposed test and the votes in comments; "" if there is none.

    `tree` is the name of the tree.
    """
    return "\n".join(
        "\n".join((*_votes(peers, test, tree), "", *_row(peers, test), "")) for test in proposed_tests(peers)
    )


def _votes(peers: Usage, test: Condition, tree: str) -> Iterator[str]:
    those = peers.testing(test)
    yield f"# {visible(tree)}: {_share(peers, test)}"
    yield from map(_named, those)
    for words, followed in (("and these do not", True), ("and these cannot be followed", False)):
        others = [peer for peer in peers.public if peer not in those and peer.followed == followed]
        if others:
            yield f"# {words}:"
            yield from map(_named, others)
    if peers.others:
        yield f"# Functions that are static or __init do not count: {peers.others} more use it."


def _share(peers: Usage, test: Condition) -> str:
    those = len(peers.testing(test))
    return f"{those} of {len(peers.public)} public functions that use {peers.symbol} test {test.text} first"


def _named(peer: Precedent) -> str:
    return f"#   {peer.name}(), {visible(peer.at.path or '')}:{peer.at.line}"


def _row(peers: Usage, test: Condition) -> Iterator[str]:
    first = peers.testing(test)[0]
    use = f"{peers.symbol};" if peers.symbol.endswith("()") else f"use({peers.symbol});"
    failed = f"{'!' if test.holds else ''}{test.text}"
    yield f"[{_id(peers.symbol)}-without-{_id(test.text)}]"
    yield f"title = {_text(_title(peers.symbol, test.text))}"
    yield f"why = {_text(f'{_share(peers, test)}.')}"
    yield f"bad = {_text(use)}"
    yield from ('good = """', f"if ({failed})", "        return NULL;", use, '"""')
    yield f"uses = [{_text(peers.symbol)}]"
    yield f"guard = {_text(test.text)}"
    yield f"holds = {json.dumps(test.holds)}"
    yield f"because = {_text(f'{len(peers.testing(test))} of {len(peers.public)} public functions that use it do')}"
    yield f"see = {_text(f'{first.at.path}: {first.name}()')}"


def _id(symbol: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", symbol.lower()).strip("-") or "it"


def _title(symbol: str, test: str) -> str:
    """As long a title as a rule may have."""
    titles: Sequence[str] = (f"A kfunc uses {symbol} without testing {test} first", f"A kfunc uses {symbol} untested")
    return next((title for title in titles if len(title) <= TITLE_LENGTH), "A kfunc uses something untested")


def _text(text: str) -> str:
    """A text as TOML has it, which escapes as JSON does but for characters that work unseen."""
    return json.dumps(visible(text), ensure_ascii=False)
