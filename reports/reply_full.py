"""As reply, but with all of the patch quoted and no signature: what b4 reads as a review."""

from __future__ import annotations

from kfunclint.checker.result import Review
from kfunclint.report import formats


def render(review: Review) -> str:
    """The mails as an mbox (mboxrd), "" if there is nothing to say."""
    return formats.as_mbox(files(review))


def files(review: Review) -> dict[str, str]:
    """The mails by file name, each complete but for From, Date and Message-ID."""
    return formats.whole_replies(review)
