"""The census of a tree, and kfunclint tree --list, which prints it."""

from __future__ import annotations

import html
import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from conftest import ROOT
from kernels import DEPOT, KERNEL
from trees import commit, write

from kfunclint import progress
from kfunclint.cli.main import main
from kfunclint.finding import Place
from kfunclint.index import census
from kfunclint.index.census import Census, Row
from kfunclint.index.file_facts import KfuncDefinition
from kfunclint.report import catalogue
from kfunclint.tree.tree import open_tree

Output = pytest.CaptureFixture[str]
SCHEMA = json.loads((ROOT / "reports" / "catalogue" / "json.schema.json").read_text())
EVIL = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/proc/nowhere")


@pytest.fixture
def linux(tmp_path: Path) -> Path:
    write(tmp_path / "linux", KERNEL)
    return tmp_path / "linux"


def taken(root: Path, *paths: str) -> Census:
    tree = open_tree(root)
    try:
        return census.take(tree, paths)
    finally:
        tree.close()


def row(found: Census, name: str) -> Row:
    return next(row for row in found.rows if row.name == name)


def test_rows(linux: Path) -> None:
    found = taken(linux)
    assert (len(found.rows), found.kfuncs, found.hooks) == (9, 8, 1)
    get = row(found, "bpf_depot_get")
    assert (get.flags, get.set, get.set_kind) == (("KF_ACQUIRE", "KF_RET_NULL"), "depot_ids", "KFUNCS")
    assert (get.types, get.filter, get.file) == (("TRACING", "LSM"), "depot_filter", DEPOT)
    assert get.definition is not None
    assert (get.definition.at.line, get.definition.documented) == (10, True)
    assert row(found, "depot_core").flags is None
    assert row(found, "depot_nowhere").definition is None
    assert [one.types for one in found.rows if one.name == "depot_old"] == [("TRACING", "LSM"), ("fmodret",)]


def test_rows_of_a_macro_belong_to_the_file_of_the_set(linux: Path) -> None:
    heat = row(taken(linux), "bpf_gauge_heat")
    assert (heat.file, heat.at.path, heat.macro) == ("net/core/gauge.c", "include/net/gauge.h", "GAUGE")
    assert heat.types == ("XDP",)
    assert heat.definition is not None
    assert heat.definition.at.path == "net/core/gauge.c"


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("net/core", {"bpf_gauge_heat", "bpf_gauge_cold"}),
        ("include/net/gauge.h", {"bpf_gauge_heat", "bpf_gauge_cold"}),
        ("lib/", {"depot_far"}),
        ("net/cor", set()),
        ("tools/testing", {"bpf_selftest"}),
    ],
)
def test_paths(path: str, names: set[str], linux: Path) -> None:
    assert {row.name for row in taken(linux, path).rows} == names


# ---- formats


class Page(HTMLParser):
    """The cells of the table, and what could reach out of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self.tags: list[str] = []
        self.links: list[str] = []
        self.attributes: list[dict[str, str | None]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "action")]
        if tag == "tr":
            self.rows.append([])
            self.attributes.append(dict(attrs))
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_data(self, data: str) -> None:
        if self.rows and self.rows[-1] and data.strip():
            self.rows[-1][-1] += f"{data.strip()} "


def hostile() -> Census:
    at = Place(EVIL, 1)
    one = Row(
        EVIL, (EVIL,), EVIL, "KFUNCS", (EVIL,), EVIL, at, EVIL, EVIL, KfuncDefinition(EVIL, at, True, False, True)
    )
    other = Row("bpf_x", None, None, None, (), "a.c", Place("a.c", 2), None, None, None)
    return Census(EVIL, (EVIL,), (one, other))


def test_json_is_what_its_schema_says(linux: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    for found in (taken(linux), taken(linux, "net"), hostile()):
        value = json.loads(catalogue.render("json", found))
        jsonschema.validate(value, SCHEMA)
        assert len(value["entries"]) == len(found.rows)


def test_json(linux: Path) -> None:
    value = json.loads(catalogue.render("json", taken(linux)))
    (get,) = [entry for entry in value["entries"] if entry["name"] == "bpf_depot_get"]
    assert get == {
        "name": "bpf_depot_get",
        "flags": ["KF_ACQUIRE", "KF_RET_NULL"],
        "set": {"name": "depot_ids", "kind": "KFUNCS", "path": DEPOT},
        "program_types": ["TRACING", "LSM"],
        "filter": "depot_filter",
        "macro": None,
        "path": DEPOT,
        "line": 31,
        "definition": {"path": DEPOT, "line": 10, "marker": True, "static": False, "has_doc": True},
    }


def test_the_page_is_a_table_without_a_script(linux: Path) -> None:
    page = Page(catalogue.render("html", taken(linux)))
    head, *rows = page.rows
    assert [cell.strip() for cell in head] == ["kfunc", "flags", "registered for", "set", "defined", "entry", "doc"]
    assert len(rows) == 9
    (get,) = [cells for cells in rows if cells[0] == "bpf_depot_get "]
    assert get[1:] == [
        "KF_ACQUIRE KF_RET_NULL ",
        "TRACING LSM ",
        "depot_ids filter depot_filter ",
        f"{DEPOT}:10 ",
        ":31 ",
        "yes ",
    ]
    assert all(link.startswith("https://elixir.bootlin.com/linux/latest/A/ident/") for link in page.links)
    assert page.attributes[-1]["data-types"] == "fmodret"


def test_the_script_of_the_page_is_the_one_it_allows(linux: Path) -> None:
    text = catalogue.render("html", taken(linux))
    (script,) = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert "&" in script
    assert html.unescape(script) == script
    assert "default-src &#39;none&#39;" in text or "default-src 'none'" in text


@pytest.mark.parametrize("name", catalogue.formats())
def test_names_from_the_tree_do_nothing(name: str) -> None:
    text = catalogue.render(name, hostile())
    assert "\x1b" not in text
    assert "\u202e" not in text
    if name == "html":
        assert "img" not in Page(text).tags
        assert text.count("</script>") == 1


def test_the_table(linux: Path) -> None:
    head, *lines = catalogue.render("terminal", taken(linux)).split("\n")
    assert head.split() == ["kfunc", "doc", "defined", "flags", "set", "registered", "for"]
    column = head.index("flags")
    flags = {line.split()[0]: line[column:].split("  ")[0] for line in lines if line.startswith(("bpf_", "depot_"))}
    assert flags["bpf_depot_get"] == "KF_ACQUIRE | KF_RET_NULL"
    assert (flags["depot_far"], flags["depot_core"]) == ("-", "?")
    assert catalogue.render("terminal", taken(linux), colour=True).startswith("\x1b[1mkfunc")


def test_it_is_said_which_kernel_it_is_and_what_restricts_a_set(linux: Path) -> None:
    (linux / "Makefile").write_text("VERSION = 6\nPATCHLEVEL = 12\nSUBLEVEL = 7\nEXTRAVERSION =\n")
    (linux / "kernel" / "depot" / "only.c").write_text(
        "BTF_KFUNCS_START(only_kfunc_ids)\nBTF_ID_FLAGS(func, depot_only)\nBTF_KFUNCS_END(only_kfunc_ids)\n"
    )
    found = taken(linux)
    table = catalogue.render("terminal", found)
    assert "TRACING, LSM; filter depot_filter" in table
    assert next(line for line in table.split("\n") if line.startswith("depot_only ")).endswith("no registration")
    assert table.endswith(": kfuncs 9, hooks 1, entries 10\n")
    page = catalogue.render("html", found)
    assert "<h1>The kfuncs of Linux 6.12.7</h1>" in page
    assert "9 kfuncs and 1 hook in 10 entries of " in page
    assert page.count("no registration") == 1


# ---- the command


@pytest.mark.parametrize("kind", ["folder", "git"])
def test_list(kind: str, tmp_path: Path, capsys: Output) -> None:
    (write if kind == "folder" else commit)(tmp_path / "linux", KERNEL)
    assert main(["tree", str(tmp_path / "linux"), "--list", "kernel", "--format", "json"]) == 0
    out, err = capsys.readouterr()
    value = json.loads(out)
    assert value["paths"] == ["kernel"]
    assert {entry["set"]["name"] for entry in value["entries"]} == {"depot_ids", "hook_ids"}
    assert err == ""


def test_paths_as_the_shell_completes_them(linux: Path, capsys: Output) -> None:
    assert main(["tree", f"{linux}/", f"{linux}/net/core/", "--list", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["paths"] == ["net/core"]


def test_output_goes_to_a_file(linux: Path, tmp_path: Path, capsys: Output) -> None:
    assert main(["tree", str(linux), "--list", "--format", "html", "-o", str(tmp_path / "page.html")]) == 0
    assert capsys.readouterr().out == ""
    assert "bpf_depot_get" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("path", ["../linux", "/etc", "nothing", "kernel/depot/Makefile", "", "a\nb"])
def test_a_path_that_is_not_in_the_tree_gives_2_and_one_line(path: str, linux: Path, capsys: Output) -> None:
    assert main(["tree", str(linux), path, "--list"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    assert str(linux) in err


def test_what_is_no_tree_gives_2_and_one_line(tmp_path: Path, capsys: Output) -> None:
    assert main(["tree", str(tmp_path), "--list"]) == 2
    assert capsys.readouterr().err == f"kfunclint: {tmp_path}: not a kernel tree\n"


# ---- progress


class Terminal(io.StringIO):
    """A stream that is one."""

    def isatty(self) -> bool:
        return True


def test_progress_begins_after_a_second_and_cleans_up() -> None:
    out, now = Terminal(), 0.0
    with progress.shown(out, lambda: now) as step:
        step("early")
        now = 1.0
        step("work\x1b[2J" + "x" * 100)
        step("too soon after")
        now = 1.1
        step("more")
    shown = out.getvalue().split("\r\x1b[K")
    assert [text[:6] for text in shown] == ["", "work?[", "more", ""]
    assert max(map(len, shown)) < 80


def test_progress_of_short_work_is_silent() -> None:
    out = Terminal()
    with progress.shown(out, lambda: 0.0) as step:
        step("quick")
    assert out.getvalue() == ""


def test_progress_is_for_terminals() -> None:
    out, now = io.StringIO(), 0.0
    with progress.shown(out, lambda: now) as step:
        now = 9.0
        step("slow")
    assert out.getvalue() == ""


def test_progress_cleans_up_after_an_error() -> None:
    out, now = Terminal(), 0.0

    def fail() -> None:
        nonlocal now
        with progress.shown(out, lambda: now) as step:
            now = 2.0
            step("slow")
            raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        fail()
    assert out.getvalue().endswith("slow\r\x1b[K")
