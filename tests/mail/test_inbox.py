"""Every form in which a patch arrives, and what becomes of the series in it."""

from __future__ import annotations

import base64
import email.message
import email.policy
import gzip
import io
import mailbox
import quopri
import shutil
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from kfunclint.errors import InputError
from kfunclint.mail.inbox import read_inbox, select_series
from kfunclint.mail.message import Inbox, Mail, Series, Subject, subject
from kfunclint.patch.diff import Patch, parse_patch
from kfunclint.value import replace

MAILS = ROOT / "fixtures" / "mail"
TITLE = "bpf: Add bpf_shelf_get() kfunc"
AUTHOR = "Jörg Beispiel <joerg@example.org>"


def read(name: str) -> Inbox:
    inbox = read_inbox([str(MAILS / name)])
    assert not inbox.errors
    return inbox


def only(name: str) -> Series:
    (series,) = read(name).series
    return series


def alone(name: str) -> Mail:
    (patch,) = only(name).patches
    return patch


def content(patch: Patch) -> tuple[object, ...]:
    return patch.message, patch.files


SAME = """quoted-printable base64 crlf crlf-base64 windows-1252 gb18030 lying-charset unknown-charset no-charset
stripped-spaces raw-header folded-subject flowed flowed-by-label-only attachment alternative signed no-prefix-subject"""


@pytest.mark.parametrize("name", SAME.split())
def test_encoding_changes_nothing(name: str) -> None:
    plain, other = alone("plain.eml"), alone(f"{name}.eml")
    assert content(parse_patch(other)) == content(parse_patch(plain))
    assert (other.subject.title, other.headers.author, other.headers.message_id) == (
        TITLE,
        AUTHOR,
        "20250110120000.4711-1-joerg@example.org",
    )


def test_header() -> None:
    found = alone("plain.eml")
    assert found.subject.text == f"[PATCH bpf-next v2] {TITLE}"
    assert (found.subject.number, found.subject.total, found.subject.version, found.subject.tags) == (
        1,
        1,
        2,
        ("bpf-next",),
    )
    assert found.headers.to == ("bpf@example.org",)
    assert found.headers.cc == ('"Author, Ann" <ann@example.org>', "Bob Builder <bob@example.org>")
    assert found.headers.date == "Fri, 10 Jan 2025 12:00:00 +0100"
    assert found.source.body_line == 12


@pytest.mark.parametrize("name", ["plain.eml", "crlf.eml", "series.mboxrd", "series.mboxcl2", "b4-am.mbx", "page.txt"])
def test_lines_of_the_input(name: str) -> None:
    lines = (MAILS / name).read_text().split("\n")
    for patch in only(name).patches:
        assert patch.source.body_line
        for hunk in (hunk for file in parse_patch(patch).files for hunk in file.hunks):
            assert lines[patch.source.body_line + hunk.mail_line - 2].startswith(f"@@ -{hunk.old_start},")


@pytest.mark.parametrize(
    "name", ["plain.eml", "crlf.eml", "quoted-printable.eml", "base64.eml", "series.mboxrd", "b4-am.mbx", "page.txt"]
)
def test_titles_in_the_input(name: str) -> None:
    lines = (MAILS / name).read_text().split("\n")
    for patch in only(name).patches:
        assert patch.source.title
        line, column = patch.source.title
        assert lines[line - 1][column - 1 :] == patch.subject.title


def test_the_title_of_a_folded_subject_begins_where_it_would_on_one_line() -> None:
    found = alone("folded-subject.eml")
    assert found.source.title
    assert (
        (MAILS / found.source.file.rpartition("/")[2])
        .read_text()
        .split("\n")[found.source.title[0] - 1]
        .startswith("Subject:")
    )
    assert found.source.title[1] == len(f"Subject: {found.subject.text}") - len(found.subject.title) + 1


def test_no_place_of_a_title_that_the_body_brings(tmp_path: Path) -> None:
    text = (MAILS / "in-body.eml").read_text()
    path = tmp_path / "mail.eml"
    path.write_text(text.replace("\n\nFrom: ", "\n\nSubject: [PATCH] shelf: another title\nFrom: "))
    (series,) = select_series(read_inbox([str(path)]), None, False)
    assert [(patch.subject.title, patch.source.title) for patch in series.patches] == [("shelf: another title", None)]


@pytest.mark.parametrize("name", ["quoted-printable.eml", "base64.eml", "attachment.eml", "flowed.eml"])
def test_no_line_of_the_input_where_lines_differ(name: str) -> None:
    assert alone(name).source.body_line is None
    assert str(alone(name).unreviewable(3, "why")).endswith(f"{name}: why (line 3 of the decoded text)")


@pytest.mark.parametrize("name", ["series.mboxrd", "series.mboxo", "series.mbox.gz", "series.mboxcl2", "maildir"])
def test_containers(name: str) -> None:
    series = only(name)
    assert [patch.subject.title for patch in series.patches] == ["shelf: patch 1", "shelf: patch 2"]
    assert series.complete
    assert "\n>From the back" in series.patches[0].body or name == "series.mboxo"


def test_from_lines_in_the_text() -> None:
    for name in ("series.mboxrd", "series.mboxo", "maildir"):
        assert "\nFrom Thu on it is two.\n" in only(name).patches[0].body
    trap = "\nFrom ann@example.org Thu Jan  1 00:00:00 1970\nLength: of the shelf\n"
    assert trap in only("series.mboxcl2").patches[0].body


def test_content_length_that_lies() -> None:
    series = only("lying-length.mbox")
    assert [patch.subject.number for patch in series.patches] == [1, 2]
    assert series.cover


def test_b4_am() -> None:
    first, second = only("b4-am.mbx").patches
    assert (first.headers.author, second.headers.author) == (
        "Ann Author <ann@example.org>",
        "Bob Builder <bob@example.org>",
    )
    assert (first.subject.version, first.subject.number, second.subject.number) == (3, 1, 2)


def test_folder() -> None:
    series = only("folder")
    assert series.cover
    assert [patch.headers.author[:3] for patch in series.patches] == ["Ann", "Bob"]
    assert series.base_commit == "0123456789abcdef0123456789abcdef01234567"
    assert series.prerequisites == ("89abcdef0123456789abcdef0123456789abcdef",)


def test_folder_of_git_mailsplit(tmp_path: Path) -> None:
    for path in (MAILS / "folder").glob("000*"):
        shutil.copy(path, tmp_path / f"{path.name[:4]}{path.suffix.removesuffix('.patch')}")
    shutil.copy(MAILS / "cover.eml", tmp_path / "12")  # no name of mailsplit
    inbox = read_inbox([str(tmp_path)])
    assert [len(series.patches) for series in inbox.series] == [2]
    assert not inbox.errors


def test_attached_mails() -> None:
    assert [patch.subject.title for patch in only("attached-mails.eml").patches] == ["shelf: patch 1", "shelf: patch 2"]


def test_cover_letter_alone() -> None:
    series = only("cover.eml")
    assert series.cover
    assert series.patches == ()
    assert not parse_patch(series.cover).files
    assert parse_patch(series.cover).message[0].text == "Shelves get kfuncs."


def test_page_of_an_archive() -> None:
    found = alone("page.txt")
    assert (found.subject.title, found.headers.author, found.subject.number, found.subject.total) == (
        TITLE,
        "Jörg Beispiel",
        3,
        6,
    )
    assert found.message_start == 7
    patch, plain = parse_patch(found), parse_patch(alone("plain.eml"))
    assert [line.text for line in patch.message] == [line.text for line in plain.message]
    assert [line.mail_line - 6 for line in patch.message] == [line.mail_line for line in plain.message]
    assert len(patch.files) == 1


@pytest.mark.parametrize("name", ["diff.txt", "show.txt", "quilt.txt", "utf-16.patch"])
def test_text_without_subject(name: str) -> None:
    found = alone(name)
    assert (found.subject.text, found.subject.title, parse_patch(found).message) == ("", "", ())
    assert parse_patch(found).files


def test_author_in_the_body() -> None:
    found = alone("in-body.eml")
    assert found.headers.author == AUTHOR
    assert found.headers.sender == "Ann Author via Relay <devnull+ann@example.org>"
    assert found.headers.reply_to == ("ann@example.org",)
    assert parse_patch(found).message[0].mail_line == 3


def test_scissors() -> None:
    found = alone("scissors.eml")
    assert (found.subject.title, found.headers.author) == (TITLE, AUTHOR)
    assert parse_patch(found).message[0].mail_line == 9


@pytest.mark.parametrize("name", ["reply.eml", "forward.eml", "discussion.eml"])
def test_answers_are_no_patches(name: str) -> None:
    inbox = read_inbox([str(MAILS / name)])
    assert not inbox.series
    assert [refusal.reason for refusal in inbox.errors] == ["no patch in it"]


def test_rerolls() -> None:
    inbox = read("rerolls.mbox")
    assert [(one.family, one.version, len(one.patches)) for one in inbox.series] == [
        (0, 1, 3),
        (0, 2, 3),
        (0, 3, 2),
        (1, 1, 1),
    ]
    newest, other = select_series(inbox, None, False)
    assert (newest.version, other.patches[0].subject.title) == (2, "list: Sort the shelves")
    assert "resent" in newest.patches[0].body
    assert [one.version for one in select_series(inbox, 3, False)] == [3]
    assert select_series(inbox, None, True) == inbox.series
    with pytest.raises(InputError, match=r"no version 9 in it, only 1, 2, 3"):
        select_series(inbox, 9, False)


def test_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(gzip.compress((MAILS / "plain.eml").read_bytes()))

    monkeypatch.setattr(sys, "stdin", Stdin)
    (series,) = read_inbox(["-"]).series
    assert series.patches[0].source.file == "-"


SUBJECTS = {
    "[PATCH bpf-next v3 02/11] a: b": Subject("a: b", ("bpf-next",), 2, 11, 3, "3", True, is_marked=True),
    "[RFC PATCH v2] a: b": Subject("a: b", ("RFC",), version=2, revision="2", is_marked=True),
    "[patch net-next,V2  1/3]a: b": Subject("a: b", ("net-next",), 1, 3, 2, "2", True, is_marked=True),
    "[RESEND PATCH] a: b": Subject("a: b", ("RESEND",), is_marked=True),
    "[PATCHv4 0/7] a: b": Subject("a: b", (), 0, 7, 4, "4", True, is_marked=True),
    "[PATCHSETv4 0/7] a: b": Subject("a: b", (), 0, 7, 4, "4", True, is_marked=True),
    "[list] [PATCH bpf/net] [x] a: b": Subject("a: b", ("list", "bpf/net", "x"), is_marked=True),
    "[bpf-next v2 3/5] a: b": Subject("a: b", ("bpf-next",), 3, 5, 2, "2", True, is_marked=True),
    "[PATCH v3.1 2/2] a: b": Subject("a: b", (), 2, 2, 3, "3.1", True, is_marked=True),
    "[PATCH v5b 6/6] a: b": Subject("a: b", (), 6, 6, 5, "5b", True, is_marked=True),
    "[PATCH v4l 6/6] a: b": Subject("a: b", ("v4l",), 6, 6, is_counted=True, is_marked=True),
    "[PATCH v2  2 / 3] a: b": Subject("a: b", (), 2, 3, 2, "2", True, is_marked=True),
    "[PATCH Version 2 1/3] a: b": Subject("a: b", (), 1, 3, version=2, revision="2", is_counted=True, is_marked=True),
    "[PATCH V 2] a: b": Subject("a: b", (), 1, 1, version=2, revision="2", is_marked=True),
    "[PATCH v 1/3] a: b": Subject("a: b", ("v",), 1, 3, is_counted=True, is_marked=True),
    "[PATCH 1 of 2] a: b": Subject("a: b", (), 1, 2, is_counted=True, is_marked=True),
    "[PATCH 6.1 1/2] a: b": Subject("a: b", ("6.1",), 1, 2, is_counted=True, is_marked=True),
    "[RFC] a: b": Subject("a: b", ("RFC",)),
    "Re: [PATCH 1/2] a: b": Subject("a: b", (), 1, 2, is_counted=True, is_reply=True, is_marked=True),
    "[list] RE : [PATCH 1/2] a: b": Subject("a: b", ("list",), 1, 2, is_counted=True, is_reply=True, is_marked=True),
    "Fwd: AW: Re[2]: [PATCH] a: b": Subject("a: b", is_reply=True, is_marked=True),
    "[media] a: b": Subject("[media] a: b"),
    "a: b [PATCH]": Subject("a: b [PATCH]"),
    "": Subject(""),
}


@pytest.mark.parametrize("text", SUBJECTS)
def test_subject(text: str) -> None:
    assert subject(text) == replace(SUBJECTS[text], text=text)


DIFF = "---\ndiff --git a/x.c b/x.c\n--- a/x.c\n+++ b/x.c\n@@ -1 +1 @@\n-old\n+new\n"


def post(box: Path, *mails: tuple[str, str, str, str]) -> Inbox:
    """An mbox of patches, each given as subject, sender, message-id and the id it answers."""
    text = ""
    for title, sender, own, parent in mails:
        link = f"In-Reply-To: <{parent}>\n" if parent else ""
        ident = f"Message-ID: <{own}>\n" if own else ""
        body = "" if " 0/" in title else DIFF
        text += f"From git@z Thu Jan  1 00:00:00 1970\nSubject: {title}\nFrom: {sender}\n{ident}{link}\nText.\n{body}\n"
    (box / "box").write_text(text)
    return read_inbox([str(box / "box")])


def shape(inbox: Inbox) -> list[tuple[int, int, list[int]]]:
    return [(one.family, one.version, [patch.subject.number for patch in one.patches]) for one in inbox.series]


def test_later_version_in_the_thread_of_the_first(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 1/2] one", "a@example.org", "1", ""),
        ("[PATCH 2/2] two", "a@example.org", "2", "1"),
        ("[PATCH v2 1/2] entirely other words", "a@example.org", "3", "1"),
        ("[PATCH v2 2/2] and others again", "a@example.org", "4", "3"),
    )
    assert shape(inbox) == [(0, 1, [1, 2]), (0, 2, [1, 2])]


def test_patch_of_another_in_the_thread_is_no_reroll(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 1/2] one", "a@example.org", "1", ""),
        ("[PATCH 2/2] two", "a@example.org", "2", "1"),
        ("[PATCH v2] repair something else", "b@example.org", "3", "2"),
    )
    assert shape(inbox) == [(0, 1, [1, 2]), (1, 2, [1])]


def test_rerolls_without_threads(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 2/2] bpf: add shelf_put() kfunc", "a@example.org", "", ""),
        ("[PATCH 1/2] bpf: add shelf_get() kfunc", "b@example.org", "", ""),
        ("[PATCH v2 1/2] bpf: Add the shelf_get() kfunc", "b@example.org", "", ""),
        ("[PATCH v2 2/2] bpf: Add the shelf_put() kfunc", "a@example.org", "", ""),
    )
    assert shape(inbox) == [(0, 1, [1, 2]), (0, 2, [1, 2])]


def test_titles_that_differ_in_a_name_are_no_rerolls(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH] bpf: add shelf_get() kfunc", "a@example.org", "1", ""),
        ("[PATCH v2] bpf: add shelf_put() kfunc", "a@example.org", "2", ""),
    )
    assert len(select_series(inbox, None, False)) == 2


def test_series_sent_in_two_threads(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 0/3] all", "a@example.org", "1", ""),
        ("[PATCH 1/3] one", "a@example.org", "2", "1"),
        ("[PATCH 2/3] two", "a@example.org", "3", ""),
        ("[PATCH 3/3] three", "a@example.org", "4", "3"),
    )
    assert shape(inbox) == [(0, 1, [1, 2, 3])]


def test_incomplete_series_of_one_sender_stay_apart(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 1/3] one", "a@example.org", "1", "0"),
        ("[PATCH 2/3] of another", "a@example.org", "3", "9"),
    )
    assert shape(inbox) == [(0, 1, [1]), (1, 1, [2])]


def test_change_id_of_b4(tmp_path: Path) -> None:
    first = ("[PATCH] one", "a@example.org", "1", "")
    posts = [first, ("[PATCH v2] wholly different", "a@example.org", "2", "")]
    posts.append(("[PATCH v3] one of another", "b@example.org", "3", ""))
    post(tmp_path, *posts)
    text = (tmp_path / "box").read_text().replace("+new\n", "+new\n-- \nchange-id: 20250110-shelf-0123456789ab\n")
    (tmp_path / "box").write_text(text)
    assert shape(read_inbox([str(tmp_path / "box")])) == [(0, 1, [1]), (0, 2, [1]), (1, 3, [1])]


def test_request_for_comments_is_older(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH] bpf: add shelf_get()", "a@example.org", "1", ""),
        ("[RFC PATCH v3] bpf: add shelf_get()", "a@example.org", "2", ""),
    )
    (chosen,) = select_series(inbox, None, False)
    assert chosen.patches[0].subject.tags == ()


def test_loop_of_references(tmp_path: Path) -> None:
    inbox = post(
        tmp_path,
        ("[PATCH 1/2] one", "a@example.org", "1", "2"),
        ("[PATCH 2/2] two", "a@example.org", "2", "1"),
    )
    assert sum(len(one.patches) for one in inbox.series) == 2


def test_unmarked_patch_in_a_thread(tmp_path: Path) -> None:
    inbox = post(tmp_path, ("bpf: add shelf_get()", "a@example.org", "2", "1"))
    assert shape(inbox) == [(0, 1, [1])]


# Lines that try every trap of a container: From_ lines, quoted ones, headers, blank lines.
LINES = st.lists(
    st.sampled_from(
        [
            "",
            "text",
            "From here on",
            "From ann@example.org Thu Jan  1 00:00:00 1970",
            "From ",
            "Subject: no header",
            "Content-Length: 3",
            "--",
            "=20 = =3D",
            "ünï",
            "\ttab ",
        ]
    ),
    max_size=12,
)


@settings(deadline=None)
@given(st.lists(LINES, min_size=1, max_size=4))
def test_mbox_that_mailbox_wrote(tmp_path_factory: pytest.TempPathFactory, texts: list[list[str]]) -> None:
    path = tmp_path_factory.mktemp("peer") / "box"
    box = mailbox.mbox(path)
    for number, lines in enumerate(texts, 1):
        head = (
            f"Subject: [PATCH {number}/{len(texts)}] x\nFrom: a@example.org\nMessage-ID: <s-{number}-x@example.org>\n"
        )
        box.add("\n".join((head, *lines, DIFF)).encode())
    box.close()
    (series,) = read_inbox([str(path)]).series
    wanted = ["\n".join((*lines, DIFF)).rstrip("\n") for lines in texts]
    assert [patch.body.rstrip("\n") for patch in series.patches] == wanted


def encoded(body: str, encoding: str) -> bytes:
    data = body.encode()
    if encoding == "quoted-printable":
        data = quopri.encodestring(data)
    elif encoding == "base64":
        data = base64.encodebytes(data)
    head = "Subject: [PATCH] x\nFrom: a@example.org\nContent-Type: text/plain; charset=utf-8\n"
    mail_bytes = f"{head}Content-Transfer-Encoding: {encoding.removesuffix(' crlf')}\n\n".encode() + data
    return mail_bytes.replace(b"\n", b"\r\n") if encoding.endswith("crlf") else mail_bytes


@settings(deadline=None)
@given(LINES)
def test_transfer_encodings_agree(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    body = "\n".join((*lines, DIFF))
    folder = tmp_path_factory.mktemp("forms")
    found = []
    for encoding in ("8bit", "8bit crlf", "quoted-printable", "base64"):
        (folder / "x.eml").write_bytes(encoded(body, encoding))
        (series,) = read_inbox([str(folder / "x.eml")]).series
        found.append((series.patches[0].body, content(parse_patch(series.patches[0]))))
    assert found[0][0] == body
    assert all(one == found[0] for one in found)


@settings(deadline=None)
@given(st.text(st.characters(exclude_categories=["Cc", "Cs", "Zs", "Zl", "Zp"]), min_size=1, max_size=60))
def test_header_that_email_wrote(tmp_path_factory: pytest.TempPathFactory, title: str) -> None:
    message = email.message.EmailMessage(policy=email.policy.SMTP)
    message["Subject"] = f"[PATCH] x{title}"
    message["From"] = "a@example.org"
    message.set_content(DIFF, cte="base64")
    path = tmp_path_factory.mktemp("peer") / "x.eml"
    path.write_bytes(bytes(message))
    (series,) = read_inbox([str(path)]).series
    assert series.patches[0].subject.title == f"x{title}"


@pytest.mark.parametrize("encoding", ["base64", "quoted-printable"])
def test_the_header_may_name_an_encoding_that_is_gone(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "decoded.eml"
    line = "int a=10, b = 2, c = 3;"
    diff = f"diff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n int x;\n+{line}\n"
    head = f"From: a@example.org\nSubject: [PATCH] x: y\nContent-Transfer-Encoding: {encoding}\n"
    path.write_text(f"{head}\nAdd.\n---\n{diff}")
    (series,) = read_inbox([str(path)]).series
    (patch,) = series.patches
    assert patch.source.body_line == 5
    assert parse_patch(patch).files[0].hunks[0].lines[1].text == line


def test_bytes_are_read_as_the_file_that_holds_them(tmp_path: Path) -> None:
    path = tmp_path / "series.mbox"
    path.write_bytes((ROOT / "fixtures" / "series.mbox").read_bytes())
    (of_file,), (of_bytes,) = read_inbox([str(path)]).series, read_inbox([path.read_bytes()]).series
    assert [mail.body for mail in of_bytes.patches] == [mail.body for mail in of_file.patches]
    assert {mail.source.file for mail in of_bytes.patches} == {"<bytes>"}
    assert [str(why) for why in read_inbox([b"", b"no patch"]).errors] == ["<bytes>: empty", "<bytes>: no patch in it"]
