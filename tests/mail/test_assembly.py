"""Which mails are one series, and which version of a patch counts."""

from __future__ import annotations

import pytest
from threads import BOB, QUOTE, WORDS, mail, outline, outlines, read

from kfunclint.mail.inbox import select_series
from kfunclint.report.composition import composition

COVER = mail("[PATCH 0/3] all", "c", body=WORDS)
ONE, TWO, THREE = (mail(f"[PATCH {n}/3] patch {n}", f"p{n}", "c") for n in (1, 2, 3))


def chosen(*mails: str) -> list[str]:
    """The series that are reviewed, each with what is said of how it was put together."""
    return ["; ".join((outline(series), *composition(series))) for series in select_series(read(mails), None, False)]


def test_no_version_is_that_of_the_cover_letter() -> None:
    patches = [mail(f"[PATCH {n}/2] patch {n}", f"p{n}", "c") for n in (1, 2)]
    for subject in ("[PATCHSET v4 0/2] all", "[PATCH 0/2 v4] all", "shelves for everyone v4", "Shelves (v4)"):
        assert outlines(read([mail(subject, "c", body=WORDS), *patches])) == ["v4 0 1 2/2"]


def test_no_version_is_that_of_the_first_patch() -> None:
    assert outlines(read([mail("[PATCH v4 1/2] one", "p1"), mail("[PATCH 2/2] two", "p2", "p1")])) == ["v4 1 2/2"]


def test_some_say_the_version_and_others_do_not() -> None:
    cover, last = mail("[PATCH 0/3 v5] all", "c", body=WORDS), mail("[PATCH 3/3 v5] three", "p3", "c p2")
    assert outlines(read([cover, ONE, TWO, last])) == ["v5 0 1 2 3/3"]


def test_a_cover_letter_of_another_version_is_that_of_the_patches() -> None:
    patches = [mail(f"[PATCH v5 {n}/2] patch {n}", f"p{n}", "c") for n in (1, 2)]
    assert outlines(read([mail("[PATCH v4 0/2] all", "c", body=WORDS), *patches])) == ["v5 0 1 2/2"]


def test_a_later_version_under_the_first_cover_letter_does_not_take_it() -> None:
    later = [mail(f"[PATCH v2 {n}/3] patch {n}", f"q{n}", "c") for n in (1, 2, 3)]
    assert outlines(read([COVER, ONE, TWO, THREE, *later])) == ["v1 0 1 2 3/3", "v2 1 2 3/3"]


def test_another_total_in_the_cover_letter() -> None:
    assert chosen(mail("[PATCH 0/4] all", "c", body=WORDS), ONE, TWO, THREE) == ["v1 0 1 2 3/3"]


def test_another_total_in_a_patch_is_said() -> None:
    odd = mail("[PATCH 2/2] patch 2", "p2", "c")
    assert chosen(COVER, ONE, odd, THREE) == ["v1 0 1 2 3/3; 2/2 is taken for 2/3"]


def test_a_series_in_the_thread_of_another_stays_one() -> None:
    others = [mail(f"[PATCH {n}/2] other {n}", f"q{n}", "c") for n in (1, 2)]
    assert outlines(read([COVER, ONE, TWO, THREE, *others])) == ["v1 0 1 2 3/3", "v1 1 2/2"]


def test_a_cover_letter_each_tells_two_series_apart() -> None:
    second = mail("[PATCH 0/3] more", "d", "c", body=WORDS)
    mails = [mail(f"[PATCH {n}/3] other {n}", f"q{n}", "c d") for n in (1, 2, 3)]
    assert outlines(read([COVER, ONE, TWO, second, *mails, THREE])) == ["v1 0 1 2 3/3", "v1 0 1 2 3/3"]


def test_series_of_two_people_in_one_thread_stay_apart() -> None:
    theirs = [mail(f"[PATCH {n}/3] patch {n}", f"q{n}", "c", BOB) for n in (1, 2, 3)]
    assert outlines(read([COVER, ONE, *theirs, TWO, THREE])) == ["v1 0 1 2 3/3", "v1 1 2 3/3"]


@pytest.mark.parametrize("sender", ["ann@example.org (Ann Author)", "<ann@example.org>", "Ann <ANN@example.org>"])
def test_a_sender_is_an_address(sender: str) -> None:
    assert outlines(read([COVER, ONE, mail("[PATCH 2/3] patch 2", "p2", "c", sender), THREE])) == ["v1 0 1 2 3/3"]


def test_a_patch_by_another_address_completes_the_series() -> None:
    ours = mail("[PATCH 2/3] patch 2", "p2", "c", "Ann Author <ann@example.net>")
    assert outlines(read([COVER, ONE, ours, THREE])) == ["v1 0 1 2 3/3"]


IDS = {
    "uuid": "{n}b1d0f4c-77aa-{n}123-8080-f967aef2d26{n}@example.org",
    "plain": "id{n}.example@example.org",
    "git": "20250110120000.4711-{n}-ann@example.org",
    "old git": "1389000000-4711-{n}-git-send-email-ann@example.org",
    "b4": "20250110-shelf-v1-{n}-0123456789ab@example.org",
    "none": "",
}


@pytest.mark.parametrize("form", IDS.values(), ids=IDS)
def test_a_series_without_threads(form: str) -> None:
    mails = [mail(f"[PATCH {n}/3] patch {n}", form.format(n=n), body=None if n else WORDS) for n in range(4)]
    assert outlines(read(mails)) == ["v1 0 1 2 3/3"]


def test_ids_tell_series_without_threads_apart() -> None:
    mails = [
        mail(f"[PATCH {n}/2] {word} {n}", f"2025011012000{pid}.4711-{n}-ann@example.org")
        for n in (1, 2)
        for pid, word in enumerate(("shelf", "list"))
    ]
    assert outlines(read(mails)) == ["v1 1 2/2", "v1 1 2/2"]


def test_a_series_in_several_batches() -> None:
    mails = [mail(f"[PATCH {n}/4] patch {n}", f"p{n}", f"lost{n}") for n in range(1, 5)]
    assert outlines(read([mail("[PATCH 0/4] all", "c", body=WORDS), *mails])) == ["v1 0 1 2 3 4/4"]


def test_what_is_missing_is_said() -> None:
    assert chosen(COVER, ONE, THREE) == ["v1 0 1 3/3; not in the input: 2/3"]
    assert chosen(mail("[PATCH 3/9] patch", "p")) == ["v1 3/9; not in the input: 8 of the 9 patches"]
    assert chosen(mail("[PATCH] patch", "p")) == ["v1 1/1"]


REROLLS = {
    "v2": ("[PATCH v2 2/3] patch 2", "c p2", "2"),
    "v2 under an answer": ("[PATCH v2 2/3] patch 2", "c p2 r2", "2"),
    "v2 under the cover letter": ("[PATCH v2 2/3] patch 2", "c", "2"),
    "v2 with another title": ("[PATCH v2 2/3] shelf: do it right", "c p2", "2"),
    "v2 without a number": ("[PATCH v2] patch 2", "c p2", "2"),
    "v1.1": ("[PATCH v1.1 2/3] patch 2", "c p2", "1.1"),
    "v1b": ("[PATCH v1b 2/3] patch 2", "c p2", "1b"),
}
ANSWER = mail("Re: [PATCH 2/3] patch 2", "r2", "c p2", BOB, QUOTE)


@pytest.mark.parametrize(("subject", "above", "name"), REROLLS.values(), ids=REROLLS)
def test_a_reroll_of_one_patch_takes_its_place(subject: str, above: str, name: str) -> None:
    (series,) = select_series(read([COVER, ONE, TWO, THREE, ANSWER, mail(subject, "q2", above)]), None, False)
    assert (len(series.patches), series.complete, series.revisions) == (3, True, ("1", name, "1"))
    assert series.patches[1].subject.text == subject
    assert list(composition(series)) == [f"put together from several versions: 2/3 of v{name}, the others of v1"]


def test_the_first_version_can_still_be_chosen() -> None:
    inbox = read([COVER, ONE, TWO, THREE, mail("[PATCH v2 2/3] patch 2", "q2", "c p2")])
    assert outlines(inbox) == ["v1 0 1 2 3/3", "v2 0 1(v1) 2(v2) 3(v1)/3"]
    assert [outline(series) for series in select_series(inbox, 1, False)] == ["v1 0 1 2 3/3"]


def test_rerolls_of_patches_pile_up() -> None:
    rerolls = [mail("[PATCH v2 2/3] patch 2", "q2", "c p2"), mail("[PATCH v3 3/3] patch 3", "s3", "c p3")]
    again = mail("[PATCH v4 2/3] patch 2", "t2", "c p2")
    assert chosen(COVER, ONE, TWO, THREE, *rerolls, again) == [
        "v4 0 1(v1) 2(v4) 3(v3)/3; put together from several versions: 2/3 of v4, 3/3 of v3, the other of v1"
    ]


def test_an_older_patch_that_comes_later_does_not_count() -> None:
    assert chosen(COVER, ONE, mail("[PATCH v1.2 2/3] patch 2", "q2", "c p2"), TWO, THREE)[0].startswith(
        "v1 0 1(v1) 2(v1.2) 3(v1)/3"
    )


NO_REROLLS = {
    "of a patch that is not there": (mail("[PATCH v2 2/3] patch 2", "q2", "x"),),
    "with a cover letter": (
        mail("[PATCH v2 0/3] all", "d", "c", body=WORDS),
        mail("[PATCH v2 2/3] patch 2", "q2", "c d"),
    ),
    "with another total": (mail("[PATCH v2 2/4] patch 2", "q2", "c p2"),),
}


@pytest.mark.parametrize("later", NO_REROLLS.values(), ids=NO_REROLLS)
def test_a_version_of_which_patches_are_missing_is_left_out(later: tuple[str, ...]) -> None:
    assert chosen(COVER, ONE, TWO, THREE, *later) == ["v1 0 1 2 3/3; newer, but not complete, and left out: v2"]


def test_a_patch_by_another_person_replaces_nothing() -> None:
    theirs = mail("[PATCH v2 2/3] patch 2", "q2", "c p2", BOB)
    assert outlines(read([COVER, ONE, TWO, THREE, theirs])) == ["v1 0 1 2 3/3", "v2 2/3"]


def test_a_whole_later_version_stands_alone() -> None:
    later = [mail(f"[PATCH v2 {n}/3] patch {n}", f"q{n}", f"c p{n}") for n in (1, 2, 3)]
    assert chosen(COVER, ONE, TWO, THREE, *later) == ["v2 1 2 3/3"]
