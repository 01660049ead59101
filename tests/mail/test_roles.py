"""What a mail is: a patch, a cover letter, an answer, or none of them."""

from __future__ import annotations

import pytest
from threads import BOB, DIFF, OUTLINE, QUOTE, WORDS, mail, outlines, patch, read

SET = [mail("[PATCH 1/2] one", "p1", "c"), mail("[PATCH 2/2] two", "p2", "c")]
COVERS = [
    "[PATCH 0/2] shelves",
    "[PATCH 00/02] shelves",
    "[PATCHSET sched_ext/for-6.19] shelf: hold more",
    "[PATCHSET] hold more",
    "[PATCH] shelf: hold more",
    "[PATCHSET 6/8] shelf: hold more",
    "[RFC] shelves",
    "hold more on every shelf",
    "[GIT PULL] shelves for everyone",
]


@pytest.mark.parametrize("subject", COVERS)
def test_what_patches_answer_is_their_cover_letter(subject: str) -> None:
    inbox = read([mail(subject, "c", body=WORDS), *SET])
    assert (outlines(inbox), inbox.errors, inbox.replies) == (["v1 0 1 2/2"], (), ())
    (series,) = inbox.series
    assert series.cover
    assert series.cover.subject.text == subject


def test_a_deep_thread_hangs_on_its_cover_letter() -> None:
    deep = [mail("[PATCHSET] all", "c", body=WORDS), SET[0], mail("[PATCH 2/2] two", "p2", "c p1")]
    assert outlines(read(deep)) == ["v1 0 1 2/2"]


def test_a_cover_letter_may_come_behind_its_patches_and_twice() -> None:
    cover = mail("[PATCHSET] all", "c", body=WORDS)
    inbox = read([*SET, cover, cover])
    assert (outlines(inbox), inbox.errors) == (["v1 0 1 2/2"], ())


def test_a_cover_letter_for_one_patch_shows_what_it_changes() -> None:
    single = mail("[PATCH] shelf: hold more", "p", "c")
    assert outlines(read([mail("Shelves", "c", body=OUTLINE), single])) == ["v1 0 1/1"]
    assert outlines(read([mail("Shelves fall down", "c", body=WORDS), single])) == ["v1 1/1"]


def test_a_cover_letter_alone_shows_what_it_changes() -> None:
    assert outlines(read([mail("[PATCHSET] all", "c", body=OUTLINE)])) == ["v1 0/1"]


def test_what_patches_of_others_answer_is_no_cover_letter() -> None:
    inbox = read([mail("My shelf fell down", "c", sender=BOB, body=WORDS), *SET])
    assert outlines(inbox) == ["v1 1 2/2"]
    assert not inbox.errors


@pytest.mark.parametrize("subject", ["[PATCH 2/2] two", "Re: [PATCH 2/2] two", "AW: [PATCH 2/2] two"])
@pytest.mark.parametrize("body", [QUOTE, "Looks good to me.\n"])
def test_an_answer_is_one_without_re(subject: str, body: str) -> None:
    inbox = read([*SET, mail(subject, "x", "c p2", BOB, body)])
    assert (outlines(inbox), [reply.headers.sender for reply in inbox.replies], inbox.errors) == (
        ["v1 1 2/2"],
        [BOB],
        (),
    )


def test_an_answer_under_words_of_its_own_quotes() -> None:
    inbox = read([*SET, mail("[PATCH] shelves are fine", "x", "c p2", BOB, QUOTE)])
    assert (len(inbox.replies), inbox.errors) == (1, ())


def test_an_answer_to_a_cover_letter_is_none() -> None:
    cover = mail("[PATCH 0/2] all", "c", body=WORDS)
    inbox = read([cover, *SET, mail("[PATCH 0/2] all", "x", "c", BOB, QUOTE)])
    assert (outlines(inbox), len(inbox.replies)) == (["v1 0 1 2/2"], 1)


LOST = [
    [mail("[PATCH] shelf: hold more", "p", body=WORDS)],
    [mail("[PATCH 1/2] one", "p1", "c", body=WORDS), SET[1]],
    [mail("[PATCH 1/2] one", "p1", body=WORDS), mail("[PATCH 2/2] two", "p2", "p1")],
    [mail("[PATCH 0/2] all", "c", body=WORDS), SET[0], mail("[PATCH 2/2] two", "p2", "c", body=WORDS)],
    [mail("[PATCH 0/2] all", "c", body=WORDS), SET[0], mail("[PATCH 2/2] two", "p2", "c", body="> said\n" + WORDS)],
    [mail("[PATCH] shelf: hold more", "p", body=patch().partition("diff")[0])],
]


@pytest.mark.parametrize("mails", LOST)
def test_a_patch_that_lost_its_diff_is_refused(mails: list[str]) -> None:
    assert [why.reason for why in read(mails).errors] == ["no diff in this patch mail"]


SINGLE = mail("[PATCH] shelf: hold more", "p")
NOTICES = [
    ("[tip: shelf/core] shelf: Hold more", "p", patch("edited")),
    ('Applied "shelf: hold more" to the shelf tree', "p", patch("edited")),
    ('Patch "shelf: hold more" has been added to the 6.1-stable tree', "", patch("edited")),
    ("+ shelf-hold-more.patch added to mm-new branch", "", patch("[PATCH] shelf: hold more")),
]


@pytest.mark.parametrize(("subject", "above", "body"), NOTICES)
def test_what_tells_that_a_patch_was_taken_is_no_patch(subject: str, above: str, body: str) -> None:
    inbox = read([SINGLE, mail(subject, "x", above, BOB, body)])
    assert (outlines(inbox), len(inbox.replies)) == (["v1 1/1"], 1)


@pytest.mark.parametrize(("subject", "above", "body"), NOTICES[:3])
def test_without_the_patch_the_notice_is_reviewed(subject: str, above: str, body: str) -> None:
    assert outlines(read([mail(subject, "x", above, BOB, body)])) == ["v1 1/1"]


def test_a_diff_in_an_unmarked_answer_is_a_thought() -> None:
    inbox = read([SINGLE, mail("shelf: what about this", "x", "p", BOB, f"Untested:\n\n{DIFF}")])
    assert (outlines(inbox), len(inbox.replies)) == (["v1 1/1"], 1)


def test_a_long_chain_of_mails_is_read() -> None:
    chain = [mail("[PATCH 0/2] all", "0", body=WORDS)]
    chain += [mail(f"[PATCH {number}/1999] one", f"{number}", f"{number - 1}") for number in range(1, 1900)]
    (series,) = read(chain).series
    assert (len(series.patches), len(series.missing)) == (1899, 100)
