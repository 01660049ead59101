"""Series are put together as the real b4 am does it, offline, but where there is a reason.

KFUNCLINT_THREADS may name a folder of mailboxes (.mbox, .mbx, also .gz) to be held against b4, too.
"""

from __future__ import annotations

import gzip
import os
import re
from pathlib import Path

import pytest
from programs import started
from threads import BOB, OUTLINE, QUOTE, WORDS, mail

from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Series

COVER = mail("[PATCH 0/3] all", "c@x", body=OUTLINE)
SET = [mail(f"[PATCH {n}/3] patch {n}", f"p{n}@x", "c@x") for n in (1, 2, 3)]
LATER = [mail(f"[PATCH v2 {n}/3] patch {n}", f"q{n}@x", "d@x") for n in (1, 2, 3)]
V2_COVER = mail("[PATCH v2 0/3] all", "d@x", body=OUTLINE)
REROLL = mail("[PATCH v2 2/3] patch 2", "q2@x", "c@x p2@x")

SAME = {
    "a set": [COVER, *SET],
    "out of order": [SET[2], COVER, SET[0], SET[1]],
    "without cover letter": [SET[0], *(mail(f"[PATCH {n}/3] patch {n}", f"p{n}@x", "p1@x") for n in (2, 3))],
    "deep": [
        COVER,
        SET[0],
        mail("[PATCH 2/3] two", "p2@x", "c@x p1@x"),
        mail("[PATCH 3/3] t", "p3@x", "c@x p1@x p2@x"),
    ],
    "answers": [COVER, *SET, mail("Re: [PATCH 2/3] patch 2", "r@x", "c@x p2@x", BOB, QUOTE)],
    "PATCHSET": [mail("[PATCHSET sched_ext/for-6.19] all", "c@x", body=OUTLINE), *SET],
    "PATCHSET without diffstat": [mail("[PATCHSET] all", "c@x", body=WORDS), *SET],
    "no brackets": [mail("all of it", "c@x", body=WORDS), *SET],
    "version in the cover letter": [mail("[PATCH v2 0/3] all", "c@x", body=OUTLINE), *SET],
    "version behind the number": [mail("[PATCH 0/3 v2] all", "c@x", body=OUTLINE), *SET],
    "v2": [V2_COVER, *LATER],
    "missing": [COVER, SET[0], SET[2]],
    "two of four missing": [mail(f"[PATCH {n}/4] patch {n}", f"p{n}@x", "c@x") for n in (1, 4)],
    "another total in the cover letter": [mail("[PATCH 0/4] all", "c@x", body=OUTLINE), *SET],
    "another total in a patch": [COVER, SET[0], mail("[PATCH 2/2] patch 2", "p2@x", "c@x"), SET[2]],
    "version behind a comma": [mail(f"[PATCH bpf-next,v2 {n}/2] patch {n}", f"p{n}@x", "c@x") for n in (1, 2)],
    "reroll of one patch": [COVER, *SET, REROLL],
    "reroll under an answer": [
        *(COVER, *SET, mail("Re: [PATCH 2/3] patch 2", "r@x", "c@x p2@x", BOB, QUOTE)),
        mail("[PATCH v2 2/3] patch 2", "q2@x", "c@x p2@x r@x"),
    ],
    "one patch": [mail("[PATCH] one", "p@x")],
    "resend": [mail("[RESEND PATCH v4] one", "p@x")],
    "an answer without Re": [*SET, mail("[PATCH 2/3] patch 2", "r@x", "c@x p2@x", BOB, f"{QUOTE}\nAcked-by: {BOB}\n")],
    "without threads": [mail(f"[PATCH {n}/3] patch {n}", f"p{n}@x", body=None if n else OUTLINE) for n in range(4)],
}
DIFFERENT = {
    "v3.1": (
        [mail(f"[PATCH v3 {n}/2] patch {n}", f"p{n}@x", "c@x") for n in (1, 2)]
        + [mail("[PATCH v3.1 2/2] patch 2", "q2@x", "c@x p2@x")],
        "b4 knows whole versions only and takes it for v1 of another series",
    ),
    "v3b": (
        [mail(f"[PATCH v3 {n}/2] patch {n}", f"p{n}@x", "c@x") for n in (1, 2)]
        + [mail("[PATCH v3b 2/2] patch 2", "q2@x", "c@x p2@x")],
        "as v3.1",
    ),
    "1 of 2": (
        [mail("[PATCH 1 of 2] one", "p1@x"), mail("[PATCH 2 of 2] two", "p2@x", "p1@x")],
        "b4 does not count the numbers of Mercurial",
    ),
    "of two people": (
        [*SET, *(mail(f"[PATCH {n}/3] patch {n}", f"q{n}@x", "c@x", BOB) for n in (1, 2, 3))],
        "b4 puts the patches of all people into one series",
    ),
    "tip": (
        [mail("[PATCH] one", "p@x"), mail("[tip: shelf/core] one", "t@x", "p@x", BOB)],
        "b4 takes the notice that a patch was taken for one",
    ),
    "reroll without a number": (
        [COVER, *SET, mail("[PATCH v2] patch 2", "q2@x", "c@x p2@x")],
        "b4 takes it for a series of its own, though it answers patch 2/3 under its title",
    ),
}

Shape = tuple[list[str], str]


def of_b4(box: Path, home: Path, *words: str) -> Shape:
    """The message-ids of the patches that b4 am makes of a mailbox, and of its cover letter."""
    (home / ".gitconfig").write_text("[user]\n\tname = Ann Author\n\temail = ann@example.org\n")
    out = home / f"out-{len(list(home.iterdir()))}"
    command = ["b4", "--offline-mode", "am", "--use-local-mbox", str(box), "--outdir", str(out), *words]
    said = started(command, home, home, merged=True).stdout
    ids = [re.findall(r"^Message-Id: <(.*)>$", path.read_text(errors="replace"), re.M) for path in out.glob("*.mbx")]
    link = re.search(r"https://patch\.msgid\.link/(\S+)", said)
    return (ids[0] if ids else []), link[1] if link and list(out.glob("*.cover")) else ""


def of_ours(series: Series) -> Shape:
    cover = series.cover.headers.message_id if series.cover else ""
    return [patch.headers.message_id for patch in series.patches], cover


def written(mails: list[str], folder: Path) -> Path:
    path = folder / "thread.mbox"
    path.write_text("".join(f"From git@z Thu Jan  1 00:00:00 1970\n{text}\n" for text in mails))
    return path


def chosen(box: Path) -> list[Shape]:
    return [of_ours(series) for series in select_series(read_inbox([str(box)]), None, False)]


@pytest.mark.parametrize("mails", SAME.values(), ids=SAME)
def test_series_are_those_of_b4(mails: list[str], tmp_path: Path) -> None:
    box = written(mails, tmp_path)
    assert chosen(box) == [of_b4(box, tmp_path)]


@pytest.mark.parametrize("name", DIFFERENT)
def test_series_that_b4_puts_together_otherwise(name: str, tmp_path: Path) -> None:
    mails, reason = DIFFERENT[name]
    box = written(mails, tmp_path)
    assert of_b4(box, tmp_path) not in chosen(box), f"b4 does as we do, so this is no reason any more: {reason}"


def _reason(series: Series) -> str:
    """The reason for which b4 makes something else of a series, "" for none."""
    mails = [mail for mail in (series.cover, *series.patches) if mail]
    ids = {mail.headers.message_id for mail in mails}
    parents = {mail.headers.in_reply_to for mail in mails[1:]}
    if any(re.search(r"\[[^]]*,v\d", mail.subject.text, re.I) for mail in mails):
        return "b4 reads no version behind a comma"
    if any(mail.headers.in_reply_to not in ids for mail in mails[1:]) and len(parents) > 1:
        return "sent in several batches, of which b4 takes one"
    if series.cover and not parents & ids:
        return "nothing but sender and numbers holds it together: b4 asks for message-ids"
    if any(revision[-1:].isalpha() or "." in revision for revision in series.revisions):
        return "b4 knows whole versions only"
    return ""


def _boxes() -> list[Path]:
    folder = os.environ.get("KFUNCLINT_THREADS")
    return sorted(path for path in Path(folder).iterdir() if re.search(r"\.mbo?x(\.gz)?$", path.name)) if folder else []


@pytest.mark.parametrize("path", _boxes(), ids=lambda path: path.name)
def test_series_of_a_folder_are_those_of_b4(path: Path, tmp_path: Path) -> None:
    data = path.read_bytes()
    box = tmp_path / "in.mbox"
    box.write_bytes(gzip.decompress(data) if path.suffix == ".gz" else data)
    for series in select_series(read_inbox([str(box)]), None, False):
        first = series.cover or series.patches[0]
        theirs = of_b4(box, tmp_path, "-v", str(series.version), first.headers.message_id)
        assert theirs == of_ours(series) or _reason(series), first.subject.text
