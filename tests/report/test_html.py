"""The page: whole, safe whatever the mails hold, and usable without a script, a mouse or a network."""

from __future__ import annotations

import base64
import hashlib
import inspect
import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

import jinja2
import pytest
from sample import PATH, a_finding, a_mail, a_review, place, sample, unchecked, with_fields

from kfunclint.checker.result import Review
from kfunclint.errors import InputError
from kfunclint.finding import Edit, Fix, Level, Reason
from kfunclint.kernel.release import Release
from kfunclint.report import formats, links
from kfunclint.value import replace

EVIL = """</script></style></pre><script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="x {{ 7 * 7 }}&amp;"""
VOID = {"meta", "input"}


@dataclass
class Page(HTMLParser):
    """A page taken apart: its elements with their attributes, its text, and the tags that are not closed."""

    text: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    inside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self.feed(self.text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.inside.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.inside.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def page(found: Review) -> Page:
    return Page(formats.render("html", found))


def evil() -> Review:
    """A review whose every text is markup."""
    body = (
        f"Say {EVIL} it's.\n---\ndiff --git a/{PATH} b/{PATH}\n--- a/{PATH}\n+++ b/{PATH}\n@@ -1 +1,2 @@ {EVIL}\n a\n"
    )
    one = a_mail(1, 1, "depot", body + f"+b {EVIL}\n")
    one = with_fields(one, subject=EVIL, author=f"{EVIL} <a@example.org>", file=EVIL)
    found = a_review([one])
    at = place(found, "b")
    because = (Reason(at, EVIL),)
    fix = Fix(EVIL, (Edit(at, EVIL),))
    first = a_finding(found, place(found, "it's"), "text/x", Level.CHECK, EVIL, because=because, see=EVIL)
    second = a_finding(found, at, "a/b", Level.ERROR, EVIL, because=because, fix=fix, function=EVIL)
    return replace(
        found,
        findings=(first, second),
        skipped={EVIL: EVIL},
        failures={EVIL: EVIL},
        unreadable=(InputError(EVIL, 1, EVIL),),
        kernel=found.kernel._replace(why=EVIL),
    )


@pytest.mark.parametrize("found", [sample(), evil()], ids=["sample", "evil"])
def test_nothing_is_loaded_and_nothing_runs_but_our_own_script(found: Review) -> None:
    text = formats.render("html", found)
    shown = Page(text)
    assert shown.inside == []
    tags = Counter(tag for tag, _ in shown.elements)
    assert tags["script"] == tags["style"] == tags["html"] == tags["main"] == 1
    assert not tags.keys() & {"img", "link", "iframe", "object", "embed", "base", "form", "svg", "video", "audio"}
    names = {name for _, attributes in shown.elements for name in attributes}
    assert not names & {"src", "srcset", "style", "action", "formaction", "poster"}
    assert not [name for name in names if name.startswith("on")]
    addresses = [target for target in shown.values("href") if not target.startswith("#")]
    assert all(address.startswith(("https://lore.kernel.org/r/", "https://git.kernel.org/")) for address in addresses)
    assert not re.search("[<>\"' ]", "".join(addresses))
    style = text.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style


def test_the_policy_allows_that_script_alone() -> None:
    text = formats.render("html", evil())
    script = text.partition("<script>")[2].partition("</script>")[0]
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = (value for value in Page(text).values("content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; ")
    assert f"script-src 'sha256-{digest}';" in policy


def test_markup_in_mails_is_text() -> None:
    shown = page(evil())
    words = "".join(shown.words)
    assert words.count(EVIL) >= 18
    assert "49" not in words


def test_every_link_has_a_target_and_no_name_is_there_twice() -> None:
    shown = page(sample())
    ids = shown.values("id")
    assert len(ids) == len(set(ids))
    targets = {target[1:] for target in shown.values("href") if target.startswith("#")}
    assert targets <= set(ids)
    assert {"about-3", *(finding.key for finding in sample().findings)} <= targets
    assert {"patch-1", "patch-2", f"p1-{PATH}-31", "p1-message-4"} <= set(ids)


def test_two_findings_of_one_key_have_addresses_of_their_own() -> None:
    found = sample()
    twice = page(replace(found, findings=(*found.findings, found.findings[0])))
    key = found.findings[0].key
    assert {key, f"{key}-2"} <= set(twice.values("id"))
    assert len(twice.values("id")) == len(set(twice.values("id")))


MOVED = """\
x
---
diff --git a/a.c b/a.c
--- a/a.c
+++ b/a.c
@@ -{0},2 +{0},3 @@
 {1}
+{2}
 {3}
"""


def test_a_line_is_called_by_the_number_that_its_own_diff_gives_it() -> None:
    """What a later patch moved, and an old line that it speaks of."""
    mails = [
        a_mail(1, 2, "x", MOVED.format(40, "old", "first", "behind")),
        a_mail(2, 2, "y", MOVED.format(10, "top", "second", "below")),
    ]
    found = a_review(mails)
    at, new = replace(place(found, "first"), line=42), place(found, "second")
    old = replace(at, line=41, end_column=4)
    assert [found.lines.text(spot) for spot in (at, old)] == ["first", "old"]
    because = (Reason(old, "old one"), Reason(new, "new one"))
    found = replace(found, findings=(a_finding(found, at, "a/b", Level.CHECK, "no", because=because),))
    text = formats.render("html", found)
    assert '<a href="#p1-a.c-40">a.c:40</a></code> old one: <code>old</code>' in text
    assert '<a href="#p2-a.c-11">a.c:11 of patch 2</a></code> new one: <code>second</code>' in text
    assert '<div class="line added" id="p1-a.c-41" data-old="  " data-new="41"><span>+<mark>first</mark></span>' in text
    assert '<span class="place">a.c:41 <code>' in text


def test_what_can_be_taken_along() -> None:
    """The remark as in a reply, and the line that silences it."""
    found = sample()
    article = articles(found)[2]
    words = "".join(Page(article).words)
    assert "> +\treturn top_depot;\n\nbpf_depot_top() uses top_depot without testing" in words
    assert "kfunclint: ignore guards/depot-disabled-unchecked bpf_depot_top - " in words


def articles(found: Review) -> list[str]:
    return re.findall(r"<article .*?</article>", formats.render("html", found), re.DOTALL)


def test_the_worst_stands_first_in_the_overview() -> None:
    overview = formats.render("html", sample()).partition('<ol class="overview">')[2].partition("</ol>")[0]
    assert re.findall('<li class="(.*?) ', overview) == ["error", "warning", "check", "check"]
    assert [finding.key for finding in reversed(sample().findings)][:2] == re.findall('href="#(.*?)"', overview)[:2]


def test_a_patch_without_findings_is_closed() -> None:
    found = sample()
    found = replace(found, findings=found.findings[:3])
    parts = [attributes for tag, attributes in page(found).elements if attributes.get("class") == "part"]
    assert parts == [{"class": "part", "id": "patch-1", "open": ""}, {"class": "part", "id": "patch-2"}]


def test_the_verdict_is_a_sentence() -> None:
    found = sample()
    assert "2 checks" not in verdict(replace(found, findings=found.findings[:1]))
    assert verdict(replace(found, findings=found.findings[:3])).startswith("1 warning, 2 checks in 1 of 2 patches; ")
    assert verdict(found).startswith("1 error, 1 warning, 2 checks in 2 patches; ")
    assert verdict(replace(found, findings=())) == "Nothing found in 2 patches."


def verdict(found: Review) -> str:
    return formats.render("html", found).partition('<p class="verdict">')[2].partition("</p>")[0]


def test_addresses_of_mails_and_of_the_kernel() -> None:
    assert links.mail("20251021-a.b+c@example.org") == "https://lore.kernel.org/r/20251021-a.b%2Bc@example.org"
    assert links.mail('x"><script>@example.org') == links.mail("") == links.mail("no id") == ""
    see = "kernel/bpf/btf.c: f(), rules/tables/flags.toml; Documentation/bpf/kfuncs.rst: KF_RCU"
    tree = "https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/"
    assert list(links.parts(see, Release(6, 12))) == [
        ("", ""),
        ("kernel/bpf/btf.c", f"{tree}kernel/bpf/btf.c?h=v6.12"),
        (": f(), rules/tables/flags.toml; ", ""),
        ("Documentation/bpf/kfuncs.rst", f"{tree}Documentation/bpf/kfuncs.rst?h=v6.12"),
        (": KF_RCU", ""),
    ]
    assert list(links.parts("net/core/sock.c", Release(99, 0)))[1] == ("net/core/sock.c", f"{tree}net/core/sock.c")


def test_rules_explain_themselves() -> None:
    text = formats.render("html", sample())
    found = re.search(r'<section class="about rule-1" id="about-1">.*?</section>', text, re.DOTALL)
    assert found
    words = "".join(Page(found[0]).words)
    assert words.split() == [
        "guards/depot-disabled-unchecked",
        *inspect.cleandoc(unchecked.__doc__ or "").split(),
        *"see kernel/depot/core.c: depot_init()".split(),
    ]
    assert "<pre>if (depot_disabled())\n        return NULL;\nreturn top_depot;</pre>" in found[0]


def test_a_finding_has_all_that_is_known_of_it() -> None:
    text = formats.render("html", sample())
    for finding in sample().findings:
        article = re.search(rf'<article [^>]*id="{finding.key}".*?</article>', text, re.DOTALL)
        assert article
        words = "".join(Page(article[0]).words)
        assert finding.message in words
        assert f"[{finding.rule}]" in words
        assert finding.see in words
        assert all(reason.note in words for reason in finding.because)
        assert not finding.fix or finding.fix.description in words
        assert finding.diff.rstrip("\n") in words
    assert "Traceback" not in text


def test_findings_stand_below_their_lines_and_mark_them() -> None:
    text = formats.render("html", sample())
    word, _, guard, _ = (finding.key for finding in sample().findings)
    assert re.search(rf"<mark>necessarily</mark> to</span></div>\s*<article [^>]*{word}", text)
    assert re.search(rf"return <mark>top_depot</mark>;</span></div>\s*<article [^>]*{guard}", text)


def test_marks_that_overlap_make_no_line_longer() -> None:
    found = a_review([a_mail(1, 1, "x", "one two three\n---\n")])
    at = place(found, "two three")
    findings = [
        a_finding(found, replace(at, column=first, end_column=last), "a/b", Level.CHECK, "no")
        for first, last in ((5, 8), (1, 6), (7, 99), (3, 3))
    ]
    text = formats.render("html", replace(found, findings=tuple(findings)))
    line = re.search('<div class="line".*><span>(.*two.*|.*three.*)</span></div>', text)
    assert line
    assert re.sub("<[^>]*>", "", line[1]) == "one two three"


def test_levels_and_rules_are_hidden_without_a_script() -> None:
    text = formats.render("html", sample())
    boxes = [attributes["id"] for tag, attributes in Page(text).elements if tag == "input"]
    assert boxes == [
        "level-error",
        "level-warning",
        "level-check",
        *(f"rule-{number}" for number in range(4)),
        "part-1",
        "part-2",
    ]
    for box in boxes[:-2]:
        kind, _, name = box.partition("-")
        hidden = name if kind == "level" else box
        assert re.search(rf"body:has\(#{box}:not\(:checked\)\) \S*(\(.*\))?\.{hidden} {{ display: none; }}", text)
    shown = page(sample())
    articles = [attributes for tag, attributes in shown.elements if tag == "article"]
    assert [attributes["class"].split()[1] for attributes in articles] == ["check", "check", "warning", "error"]
    assert len({attributes["class"].split()[2] for attributes in articles}) == 4
    assert all(attributes["tabindex"] == "0" for attributes in articles)


def test_only_files_with_findings_are_open() -> None:
    found = a_review(
        [a_mail(1, 1, "x", "x\n---\ndiff --git a/a.c b/a.c\n--- a/a.c\n+++ b/a.c\n@@ -1 +1,2 @@\n a\n+b\n")]
    )
    opened = [attributes for tag, attributes in page(found).elements if attributes.get("class") == "file"]
    assert opened == [{"class": "file"}]
    found = replace(found, findings=(a_finding(found, place(found, "b"), "a/b", Level.CHECK, "no"),))
    opened = [attributes for tag, attributes in page(found).elements if attributes.get("class") == "file"]
    assert opened == [{"class": "file", "open": ""}]


def test_templates_escape_and_know_no_undefined_name() -> None:
    environment = formats.templates()
    with pytest.raises(jinja2.UndefinedError):
        environment.from_string("{{ nobody }}").render()
    assert environment.autoescape is not False
    assert callable(environment.autoescape)
    assert environment.autoescape("html.html.j2")


LUMINANCE = (0.2126, 0.7152, 0.0722)


def contrast(one: str, other: str) -> float:
    """The contrast of two colours "#rrggbb" as WCAG 2 counts it, 1 to 21."""
    lights = []
    for colour in (one, other):
        digits = colour[1:] if len(colour) == 7 else "".join(digit * 2 for digit in colour[1:])
        channels = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
        lights.append(sum(weight * part for weight, part in zip(LUMINANCE, linear, strict=True)))
    return (max(lights) + 0.05) / (min(lights) + 0.05)


def test_light_and_dark_can_be_read() -> None:
    style = formats.render("html", sample()).partition("<style>")[2].partition("</style>")[0]
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w+)", part)) for part in re.findall(r":root {(.*?)}", style, re.DOTALL)
    )
    for colours in (light, dark):
        for ink in ("ink", "faint", "error", "warning", "check"):
            for paper in ("paper", "panel"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
        for ink in ("ink", "faint"):
            for paper in ("added", "removed"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper)
