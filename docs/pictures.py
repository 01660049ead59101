"""Make the pictures of the page that README.md shows: `make pictures`, which takes chromium."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent
_MARGIN, _WIDTH = 16, 860


def main() -> None:
    """Write docs/page.png, the top of the page of fixtures/series.mbox, and docs/remark.png, a remark of it."""
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        path = Path(folder) / "series.html"
        command = [str(Path(sys.executable).with_name("kfunclint")), "fixtures/series.mbox", "--report", f"html={path}"]
        subprocess.run(command, cwd=DOCS.parent, stdout=subprocess.DEVNULL, check=False)
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": _WIDTH, "height": 900}, color_scheme="light")
        page.goto(f"file://{path}")
        _take(page, "page.png", "h1", ".overview")
        _take(page, "remark.png", ".line:has(+ .finding.warning)", ".line + .finding.warning")


def _take(page: Page, name: str, first: str, last: str) -> None:
    """What stands from the first of one selector to the end of the first of another."""
    start, end = page.evaluate(
        """([first, last]) => [document.querySelector(first).getBoundingClientRect().top,
                             document.querySelector(last).getBoundingClientRect().bottom]""",
        [first, last],
    )
    top = max(0, start - _MARGIN)
    clip: Any = {"x": 0, "y": top, "width": _WIDTH, "height": end + _MARGIN - top}
    page.screenshot(path=DOCS / name, full_page=True, clip=clip)


if __name__ == "__main__":
    main()
