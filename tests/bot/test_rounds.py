"""The bot as a whole: mails in, drafts out, once."""

from __future__ import annotations

from bots import AUTHOR, DAY, HOUR, World, a_patch, an_answer, ids

pytest_plugins = ["bot_fixtures"]


def test_a_guilty_patch_gets_a_draft_and_a_clean_one_none(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2, guilty=False))
    (draft,) = world.drafts()
    assert draft["in-reply-to"] == "<depot-v1-1@example.org>"
    assert draft["to"] == "Ann Author <ann@example.org>"
    assert draft["cc"] is None
    assert "KF_RET_NULL" in draft.get_payload()


def test_a_second_run_writes_nothing(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2))
    before = [draft.as_bytes() for draft in world.drafts()]
    for path in (world.root / "drafts" / "new").iterdir():
        path.unlink()  # a person has dealt with them
    for _ in range(3):
        world.later(HOUR)
        world.post(a_patch(1, 2), a_patch(2, 2))
        assert world.run() == 0
    assert len(before) == 2
    assert not world.drafts()


def test_nothing_that_was_there_at_the_first_start_is_judged(world: World) -> None:
    world.post(a_patch(1, 1))
    world.begin()
    world.later(HOUR)
    world.begin()
    assert not world.rows("SELECT * FROM mail")
    for path in list((world.inbox / "new").iterdir()):
        path.rename(path.with_name("another.name"))  # as after a Maildir is synchronised anew
    world.judged()
    assert [row["parked"] for row in world.rows("SELECT * FROM mail")] == ["older than the bot"]
    assert not world.drafts()


def test_order_and_copies_make_no_difference(world: World) -> None:
    world.begin()
    world.judged(a_patch(2, 2), an_answer("depot-v1-1@example.org", "> Let programs\n\nNice.\n"), a_patch(1, 2))
    world.judged(a_patch(2, 2, received="by another list"))
    assert len(world.drafts()) == 2
    assert [row["complete"] for row in world.rows("SELECT * FROM series")] == [1]


def test_a_series_is_judged_when_it_is_quiet(world: World) -> None:
    world.begin()
    world.post(a_patch(1, 2), a_patch(2, 2))
    world.run()
    world.later(14 * 60)
    world.post(an_answer("depot-v1-2@example.org", "Hm.\n"))
    world.run()
    world.later(14 * 60)
    world.run()
    assert not world.drafts()
    world.later(2 * 60)
    world.run()
    assert len(world.drafts()) == 2


def test_a_thread_that_never_falls_silent_is_judged_all_the_same(world: World) -> None:
    world.begin()
    world.post(a_patch(1, 1))
    for number in range(13):
        world.post(an_answer("depot-v1-1@example.org", "Hm.\n", number=number))
        world.run()
        world.later(10 * 60)
    assert len(world.drafts()) == 1


def test_an_incomplete_series_is_judged_and_not_mailed(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 2))
    assert [row["state"] for row in world.rows("SELECT * FROM series")] == ["open"]
    world.later(2 * HOUR)
    world.run()
    assert [(row["state"], row["why"][:10]) for row in world.rows("SELECT * FROM series")] == [
        ("reviewed", "incomplete")
    ]
    assert world.rows("SELECT * FROM finding")
    assert not world.drafts()
    world.judged(a_patch(2, 2))
    assert len(world.drafts()) == 2


def test_what_is_older_than_max_age_is_not_judged(world: World) -> None:
    world.begin()
    world.post(a_patch(1, 1))
    world.run()
    world.later(3 * DAY + 1)
    world.run()
    assert [row["state"] for row in world.rows("SELECT * FROM series")] == ["stale"]
    assert not world.drafts()


def test_a_draft_that_nobody_saw_is_taken_back_when_a_new_version_comes(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1))
    assert world.states() == {"depot-v1-1": "draft"}
    world.judged(a_patch(1, 1, version=2, guilty=False))
    assert world.states() == {"depot-v1-1": "dropped"}
    assert not world.drafts()


def test_a_point_is_made_once_in_all_versions(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2, guilty=False))
    world.judged(a_patch(1, 2, version=2), a_patch(2, 2, version=2))
    assert {row["patch"] for row in world.rows()} == {*ids()[:1], *ids(version=2)[1:]}


def test_what_touches_no_kfunc_is_not_parsed(world: World) -> None:
    world.begin()
    mail = a_patch(1, 1).split(b"diff --git")[0]
    world.judged(mail + b"diff --git a/README b/README\n--- a/README\n+++ b/README\n@@ -1 +1 @@\n-a\n+b\n")
    assert [(row["state"], row["why"]) for row in world.rows("SELECT * FROM series")] == [
        ("reviewed", "touches no kfunc")
    ]


def test_what_somebody_has_said_is_not_said(world: World) -> None:
    world.begin()
    quote = "> +BTF_ID_FLAGS(func, bpf_depot_find1, KF_ACQUIRE)\n\nThis needs KF_RET_NULL.\n"
    world.judged(a_patch(1, 1), an_answer("depot-v1-1@example.org", quote))
    assert not world.drafts()


def test_a_mail_taken_back_by_its_author_is_a_draft_for_a_person(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 1), an_answer("depot-v1-1@example.org", "> Let\n\nPlease ignore.\n", by=AUTHOR))
    assert [row["why"] for row in world.rows()] == ["its author has taken it back"]


def test_a_cover_letter_without_a_mark_counts_once_its_patches_are_there(world: World) -> None:
    world.begin()
    cover = a_patch(0, 2, subject="Depots for BPF", message_id="<cover@example.org>").split(b"---\n")[0]
    cover += b"kfunclint: ignore flags - a reason\n\n 1 file changed, 2 insertions(+)\n"
    patches = [a_patch(number, 2, in_reply_to="<cover@example.org>") for number in (1, 2)]
    world.judged(cover, *patches)
    assert not world.drafts()
    assert [row["title"] for row in world.rows("SELECT * FROM series")] == ["Depots for BPF"]


def test_a_reroll_of_one_patch_replaces_the_version_and_says_nothing_twice(world: World) -> None:
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2))
    assert world.states() == {"depot-v1-1": "draft", "depot-v1-2": "draft"}
    again = a_patch(2, 2, guilty=False, version=2, in_reply_to="<depot-v1-2@example.org>")
    world.judged(again)
    assert len(world.rows("SELECT * FROM series")) == 2
    assert world.states() == {"depot-v1-1": "dropped", "depot-v1-2": "dropped"}
