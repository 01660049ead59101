"""Finds the messages that git cuts off."""

from __future__ import annotations

from collections.abc import Iterator

from kfunclint.extract.extractor import Material, extractor
from kfunclint.facts.cut_message import CutMessage
from kfunclint.finding import Place
from kfunclint.patch.diff import TRAILER, MessageLine


@extractor(CutMessage)
def cut_messages(material: Material) -> Iterator[CutMessage]:
    """The messages of patches of which git leaves something out."""
    for patch in material.patches:
        trailer = next((line for line in patch.lost if TRAILER.match(line.text)), None)
        if trailer is not None:
            number, line = patch.mail.subject.number, patch.lost[0]
            yield CutMessage(_place(line, number), line.text, _place(trailer, number))


def _place(line: MessageLine, patch: int) -> Place:
    return Place(None, line.mail_line, 1, len(line.text) + 1, patch)
