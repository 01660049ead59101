"""The page in a real browser: what loads, what keys, filters and copying do, and what axe-core says of it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
AXE = ROOT / "build" / "axe" / "node_modules" / "axe-core" / "axe.min.js"
DESKTOP: Any = {"width": 1280, "height": 900}
PHONE: Any = {"width": 320, "height": 700}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        yield playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of the series that `make run` reviews."""
    path = tmp_path_factory.mktemp("page") / "series.html"
    kfunclint = str(ROOT / ".venv" / "bin" / "kfunclint")
    command = [kfunclint, "fixtures/series.mbox", "--report", f"html={path}"]
    assert subprocess.run(command, cwd=ROOT, stdout=subprocess.DEVNULL, check=False).returncode == 1
    return f"file://{path}"


@pytest.fixture
def heard() -> list[str]:
    """What a page asked for, and what its console said."""
    return []


@pytest.fixture
def page(browser: Browser, address: str, heard: list[str]) -> Iterator[Page]:
    context = browser.new_context(viewport=DESKTOP)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    opened = context.new_page()
    opened.on("request", lambda request: heard.append(request.url))
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.goto(address)
    yield opened
    context.close()


def focused(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('[id]').id"))


def test_it_asks_for_nothing_but_itself_and_complains_of_nothing(page: Page, address: str, heard: list[str]) -> None:
    for key in "jjjkknpo?":
        page.keyboard.press(key)
    assert heard == [address]


def test_j_and_k_go_from_remark_to_remark(page: Page) -> None:
    remarks = page.eval_on_selector_all(".finding", "all => all.map(one => one.id)")
    assert len(remarks) == 6
    visited = []
    for key in "jjjjjjjk":
        page.keyboard.press(key)
        visited.append(focused(page))
    assert visited == [*remarks, remarks[-1], remarks[-2]]


def test_n_and_p_go_from_patch_to_patch_and_o_folds(page: Page) -> None:
    page.keyboard.press("n")
    page.keyboard.press("n")
    assert focused(page) == "patch-1"
    page.keyboard.press("o")
    assert page.get_attribute("#patch-1", "open") is None
    page.keyboard.press("p")
    assert focused(page) == "patch-0"
    page.keyboard.press("j")
    assert page.get_attribute("#patch-1", "open") == ""


def test_the_help_opens_and_closes(page: Page) -> None:
    page.keyboard.press("?")
    assert page.is_visible("#help")
    page.keyboard.press("Escape")
    assert not page.is_visible("#help")


def test_counts_follow_the_filters(page: Page) -> None:
    page.click(".filters summary")
    page.uncheck("#level-check")
    assert page.inner_text("#shown") == "3 of 6 shown"
    assert page.locator(".finding:visible").count() == 3
    assert page.locator(".overview li:visible").count() == 3
    page.uncheck("#part-2")
    assert page.inner_text("#shown") == "1 of 6 shown"
    assert page.inner_text("label:has(#level-warning)").strip() == "warning (1)"
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.get_attribute(f"[id='{focused(page)}']", "data-part") == "1"


def test_a_line_has_an_address_that_opens_it(page: Page, address: str) -> None:
    line = page.locator("[id='p2-mm/bpf_memcg_walk.c-50']")
    line.click(position={"x": 10, "y": 5})
    assert page.url.endswith("#p2-mm/bpf_memcg_walk.c-50")
    page.goto("about:blank")
    page.goto(f"{address}#p0-message-1")
    assert page.locator("[id='p0-message-1']").is_visible()


def test_a_reply_is_copied(page: Page) -> None:
    page.locator(".finding .tools summary").first.click()
    page.locator(".finding .tools .text[open] .copy").click()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("> ")
    assert "necessary* [text/grammar]" in copied


def test_it_is_read_without_a_script(browser: Browser, address: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport=DESKTOP)
    opened = context.new_page()
    opened.goto(address)
    assert opened.locator(".finding:visible").count() == 6
    assert not opened.is_visible("#bar")
    opened.click(".filters summary")
    opened.uncheck("#level-check")
    assert opened.locator(".finding:visible").count() == 3
    context.close()


def test_what_is_printed(page: Page) -> None:
    page.emulate_media(media="print")
    assert page.locator(".finding:visible").count() == 6
    assert page.locator(".finding .fix pre:visible").count() == 6
    assert not page.is_visible("#bar")


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_has_no_complaint(browser: Browser, address: str, viewport: Any, scheme: Any) -> None:
    context = browser.new_context(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    opened = context.new_page()
    opened.goto(address)
    opened.add_script_tag(path=AXE)
    opened.evaluate("for (const details of document.querySelectorAll('details')) details.open = true")
    assert opened.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    violations = opened.evaluate("axe.run().then(result => result.violations)")
    assert [(violation["id"], len(violation["nodes"])) for violation in violations] == []
    context.close()


KERNEL = """\
__bpf_kfunc_start_defs();
__bpf_kfunc struct unit *bpf_unit_get(void) { return NULL; }
__bpf_kfunc void bpf_unit_put(struct unit *unit) { }
__bpf_kfunc_end_defs();
BTF_KFUNCS_START(unit_ids)
BTF_ID_FLAGS(func, bpf_unit_put, KF_RELEASE)
BTF_ID_FLAGS(func, bpf_unit_get, KF_ACQUIRE | KF_RET_NULL)
BTF_KFUNCS_END(unit_ids)
"""


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of the catalogue of a small kernel."""
    top = tmp_path_factory.mktemp("catalogue")
    (top / "linux" / "kernel").mkdir(parents=True)
    (top / "linux" / "include" / "linux").mkdir(parents=True)
    (top / "linux" / "include" / "linux" / "btf.h").write_text("#define KF_ACQUIRE (1 << 0)\n")
    (top / "linux" / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 0\n")
    (top / "linux" / "Kconfig").touch()
    (top / "linux" / "kernel" / "unit.c").write_text(KERNEL)
    kfunclint = str(ROOT / ".venv" / "bin" / "kfunclint")
    subprocess.run([kfunclint, "tree", "linux", "--list", "--format", "html", "-o", "kfuncs.html"], cwd=top, check=True)
    return f"file://{top / 'kfuncs.html'}"


def test_a_catalogue_is_searched_sorted_and_linked_to(browser: Browser, catalogue: str) -> None:
    opened = browser.new_page()
    opened.goto(catalogue)
    names = opened.locator("tbody tr:visible .name")
    assert names.all_inner_texts() == ["bpf_unit_put", "bpf_unit_get"]
    opened.click("th button >> nth=0")
    assert names.all_inner_texts() == ["bpf_unit_get", "bpf_unit_put"]
    opened.click("text=KF_RET_NULL >> nth=-1")
    assert names.all_inner_texts() == ["bpf_unit_get"]
    assert opened.url.endswith("#flag=KF_RET_NULL")
    again = browser.new_page()
    again.goto(f"{catalogue}#text=put")
    assert again.locator("tbody tr:visible .name").all_inner_texts() == ["bpf_unit_put"]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_has_no_complaint_of_a_catalogue(browser: Browser, catalogue: str, viewport: Any) -> None:
    context = browser.new_context(viewport=viewport, bypass_csp=True)
    opened = context.new_page()
    opened.goto(catalogue)
    opened.add_script_tag(path=AXE)
    assert opened.evaluate("document.documentElement.scrollWidth") <= viewport["width"]
    violations = opened.evaluate("axe.run().then(result => result.violations)")
    assert [(violation["id"], len(violation["nodes"])) for violation in violations] == []
    context.close()
