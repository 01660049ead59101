"""Pages and numbers: what the bot shows beside its mails."""

from __future__ import annotations

import re

import pytest
from bots import Server, World, a_patch, smtp_settings

pytest_plugins = ["bot_fixtures"]


def test_each_series_has_a_page_and_the_index_names_them(world: World) -> None:
    world.configure('pages = "pages"')
    world.begin()
    world.judged(a_patch(1, 2, subject="[PATCH bpf-next 1/2] a <b> & \u202e c"), a_patch(2, 2))
    world.judged(a_patch(1, 1, series="shed", guilty=False))
    folder = world.root / "pages"
    pages = sorted(path.name for path in folder.glob("0*.html"))
    assert len(pages) == 2
    index = (folder / "index.html").read_text()
    assert sorted(re.findall(r'href="([^"]+)"', index)) == pages
    assert "a &lt;b&gt; &amp; \\u202e c" in index
    assert "2 warnings" in index
    assert "KF_RET_NULL" in (folder / pages[0]).read_text() + (folder / pages[1]).read_text()
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o644}


def test_a_mail_names_its_page(world: World, server: Server) -> None:
    world.configure(f'pages = "pages"\nurl = "https://example.org/kfunclint"\n{smtp_settings(server.port)}')
    world.begin()
    world.judged(a_patch(1, 1))
    text = server.taken[0][2].decode()
    name = re.search(r"https://example\.org/kfunclint/(\S+\.html)", text)
    assert name
    assert (world.root / "pages" / name[1]).is_file()


def test_what_was_not_reviewed_has_no_page(world: World) -> None:
    world.configure('pages = "pages"')
    world.begin()
    world.judged(
        a_patch(1, 1)
        .replace(b"kfunc", b"func")
        .replace(b"BTF_ID_FLAGS", b"X")
        .replace(b"BTF_KFUNCS", b"Y")
        .replace(b"KF_ACQUIRE", b"Z")
    )
    assert [path.name for path in (world.root / "pages").iterdir()] == ["index.html"]
    assert "Nothing yet." in (world.root / "pages" / "index.html").read_text()


def test_the_numbers_are_those_of_the_ledger(world: World) -> None:
    pytest.importorskip("prometheus_client")
    world.configure('metrics = "textfile/kfunclint.prom"')
    world.begin()
    world.judged(a_patch(1, 2), a_patch(2, 2, guilty=False))
    lines = (world.root / "textfile" / "kfunclint.prom").read_text().splitlines()
    assert 'kfunclint_mails{kind="patch"} 2.0' in lines
    assert 'kfunclint_series{state="reviewed"} 1.0' in lines
    assert 'kfunclint_replies{state="draft"} 1.0' in lines
    assert 'kfunclint_findings{rule="flags/ret-null-missing"} 1.0' in lines
    assert f"kfunclint_last_round_seconds {world.now:.7e}".partition("e")[0] in "\n".join(lines)


def test_a_page_that_cannot_be_written_stops_no_mail(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    world.configure('pages = "pages"')
    world.begin()
    monkeypatch.setattr("kfunclint.bot.delivery.pages.write_page", fail)
    world.judged(a_patch(1, 1))
    assert len(world.drafts()) == 1
