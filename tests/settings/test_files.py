"""Settings: which of them count, what is refused and how, and that a stranger's file can do no harm."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from trees import FILES, commit

from kfunclint import toml
from kfunclint.cli import options
from kfunclint.cli.config import listing
from kfunclint.cli.main import main
from kfunclint.cli.review import parser
from kfunclint.errors import InputError
from kfunclint.finding import Level
from kfunclint.rule import loader
from kfunclint.settings import files
from kfunclint.settings.files import OFF, RuleFolder
from kfunclint.settings.merged import RuleConfig, Settings, check, merge
from kfunclint.settings.patterns import matches
from kfunclint.value import replace

Output = pytest.CaptureFixture[str]
SERIES = str(ROOT / "fixtures" / "series.mbox")


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A git repository with the working directory in it, and a user without settings."""
    (tmp_path / "linux" / ".git").mkdir(parents=True)
    (tmp_path / "home" / "kfunclint").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    return tmp_path / "linux"


def own(tree: Path, text: str) -> Path:
    path = tree.parent / "home" / "kfunclint" / "config.toml"
    path.write_text(text)
    return path


def theirs(tree: Path, text: str) -> Path:
    path = tree / ".kfunclint.toml"
    path.write_text(text)
    return path


# Precedence: every key, in every set of places.

LINES = {
    "only": 'only = ["{}"]',
    "ignore": 'ignore = ["{}"]',
    "strict": "strict = {}",
    "fail-on": 'fail-on = "{}"',
    "kernel": 'kernel = "{}"',
    "tree": 'tree = "{}"',
    "baseline": 'baseline = "{}"',
    "rules": 'rules = ["{}"]',
    "hook": '[hook]\nfail-on = "{}"',
    "levels": '[levels]\n"text" = "{}"',
    "profile": '[[profile]]\npaths = ["{}"]',
    "silence": '[[silence]]\nreason = "it is so"\nrule = "{}"',
}
WRITTEN = {  # in the tree's file, in the user's
    "only": ("flags", "args"),
    "ignore": ("flags", "args"),
    "strict": ("false", "true"),
    "fail-on": ("error", "check"),
    "kernel": ("6.12", "6.1"),
    "tree": (None, "a"),
    "baseline": ("a/x", "b/x"),
    "rules": ("a", "b"),
    "hook": ("error", "check"),
    "levels": ("error", "off"),
    "profile": ("mm/**", "net/**"),
    "silence": ("flags", "args"),
}
OPTIONS: dict[str, tuple[list[str], Any]] = {
    "only": (["--only", "body"], ("body",)),
    "ignore": (["--ignore", "body"], ("body",)),
    "strict": (["--strict"], True),
    "fail-on": (["--fail-on", "warning"], Level.WARNING),
    "kernel": (["--kernel", "6.8"], "6.8"),
    "baseline": (["--baseline", "c/x"], Path("c/x")),
    "rules": (["--rules", "c"], (RuleFolder(Path("c")),)),
}
ADD_UP = ("rules", "profile", "silence")
CASES = [
    (key, places)
    for key in LINES
    for count in range(4)
    for places in itertools.combinations(["option", "tree", "user"], count)
    if ("option" not in places or key in OPTIONS) and ("tree" not in places or WRITTEN[key][0])
]


def folders(*tops: Path) -> None:
    for top in tops:
        for name in ("a", "b", "c"):
            (top / name).mkdir()
            (top / name / "x").write_text('{"findings": []}')


def value(key: str, where: str, tree: Path) -> Any:
    """What stands in the settings where only that place says something."""
    if where == "option":
        return OPTIONS[key][1]
    folder = tree.resolve() if where == "tree" else tree.parent / "home" / "kfunclint"
    text = str(WRITTEN[key][where == "user"])
    made: Mapping[str, Callable[[], Any]] = {
        "strict": lambda: text == "true",
        "only": lambda: (text,),
        "ignore": lambda: (text,),
        "tree": lambda: folder / text,
        "baseline": lambda: folder / text,
        "rules": lambda: (RuleFolder(folder / text, where == "user"),),
        "levels": lambda: {"text": text},
        "profile": lambda: ((text,),),
        "silence": lambda: (text,),
    }
    return made[key]() if key in made else text


def effective(found: Settings, key: str) -> Any:
    if key == "profile":
        return tuple(profile.patterns for profile in found.profiles)
    if key == "hook":
        return found.hook_fail_on
    if key == "silence":
        return tuple(request.rule for request in found.silences)
    return getattr(found.choice if hasattr(found.choice, key) else found, key.replace("-", "_"))


def default(key: str) -> Any:
    return effective(merge({}, ()), key)


def found_in(tree: Path, arguments: list[str]) -> Settings:
    return options.selection(parser().parse_args([SERIES, *arguments])).settings


@pytest.mark.parametrize(("key", "places"), CASES, ids=lambda one: one if isinstance(one, str) else "-".join(one))
def test_the_weightiest_place_counts(key: str, places: tuple[str, ...], tree: Path) -> None:
    folders(tree, tree.parent / "home" / "kfunclint")
    if "tree" in places:
        theirs(tree, LINES[key].format(WRITTEN[key][0]) + "\n")
    if "user" in places:
        own(tree, LINES[key].format(WRITTEN[key][1]) + "\n")
    found = effective(found_in(tree, OPTIONS[key][0] if "option" in places else []), key)
    values = [value(key, where, tree) for where in places]
    if key in ADD_UP:
        values = values[::-1] if key == "profile" else values  # the last profile counts
        assert found == tuple(one for some in values for one in some)
    else:
        assert found == (values[0] if values else default(key))


def test_a_file_that_is_asked_for_counts_alone(tree: Path, tmp_path: Path) -> None:
    theirs(tree, 'kernel = "6.1"\n')
    own(tree, "strict = true\n")
    (tmp_path / "asked.toml").write_text('fail-on = "error"\n')
    found = found_in(tree, ["--config", str(tmp_path / "asked.toml")])
    assert (found.kernel, found.choice.strict, found.fail_on) == (None, False, Level.ERROR)
    assert found_in(tree, ["--config", "/dev/null"]) == merge({}, found_in(tree, ["--config", "/dev/null"]).sources)


def test_only_sets_aside_what_weightier_places_do_not_leave_out() -> None:
    levels: dict[str, Any] = {"flags": OFF, "args": Level.ERROR}
    tree = {"ignore": ("text",), "levels": levels}
    assert merge({"only": ("flags",)}, [source(tree)]).choice == RuleConfig(
        only=("flags",), levels={"args": Level.ERROR}
    )
    found = merge({"ignore": ("body",)}, [source(tree | {"only": ("text",)})]).choice
    assert found == RuleConfig(("text",), ("body",), levels=levels)


def test_a_profile_stands_between_the_options_and_the_files() -> None:
    tree = {"strict": True, "only": ("args",), "profile": ({"paths": ("mm/**",), "only": ("flags",), "strict": False},)}
    (profile,) = merge({}, [source(tree)]).profiles
    assert profile.choice == RuleConfig(only=("flags",))
    (profile,) = merge({"only": ("text",), "strict": True}, [source(tree)]).profiles
    assert profile.choice == RuleConfig(only=("text",), strict=True)


def source(values: Mapping[str, Any]) -> files.SettingsFile:
    return files.SettingsFile(toml.Document("x", "", {}), Path(), True, values)


def test_the_level_of_the_smallest_family_counts() -> None:
    choice = RuleConfig(levels={"flags": OFF, "flags/ret-null-missing": Level.ERROR, "own/one": Level.CHECK})
    found = [choice.level(id_) for id_ in ("flags/ret-null-missing", "flags/other", "own/one/two", "own/two")]
    assert found == [Level.ERROR, OFF, Level.CHECK, None]


PATCH = """\
From: Ann Author <ann@example.org>
Subject: [PATCH] depot: count

Count.
---
--- a/kernel/bpf/depot.c
+++ b/kernel/bpf/depot.c
@@ -1 +1,2 @@
 int depot;
+int count;
"""


def test_a_tree_that_is_set_is_for_where_none_is_around(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    for name in ("set", "around"):
        commit(tree.parent / name, FILES)
        (tree.parent / name / "one.patch").write_text(PATCH)
    path = own(tree, 'tree = "../../set"\n')
    for folder, arguments, told in (
        (tree, [], "applied to set at "),
        (tree.parent / "around", [], "applied to around at "),
        (tree, ["--tree", "../around"], "applied to around at "),
        (tree, ["--no-tree"], ""),
    ):
        monkeypatch.chdir(folder)
        assert main(["../set/one.patch", *arguments]) == 0
        out = capsys.readouterr().out
        assert told in out if told else "applied to" not in out
    path.write_text('tree = "../../none"\n')
    monkeypatch.chdir(tree)
    assert main(["../set/one.patch"]) == 2
    assert capsys.readouterr().err == f"kfunclint: {path.parent}/../../none: no such folder\n"


# Where the tree's file is looked for.


@pytest.mark.parametrize(
    ("top", "start", "file", "found"),
    [
        (".git", ".", ".", True),
        (".git", "a/b", ".", True),
        (".git", "a/b", "a", True),
        (".git", "a", "a/b", False),
        ("a/.git", "a/b", ".", False),
        (None, "a", ".", False),
        (None, "a", "a", True),
    ],
)
def test_the_file_is_looked_for_up_to_the_top(
    top: str | None, start: str, file: str, found: bool, tmp_path: Path
) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    if top:
        (tmp_path / top).mkdir()
    (tmp_path / file / ".kfunclint.toml").touch()
    assert (files.tree_file(tmp_path / start) is not None) == found


def a_kernel(folder: Path) -> None:
    """As much of a kernel tree as makes a folder one."""
    for name in ("Kbuild", "MAINTAINERS", "kernel/bpf", "include/linux"):
        (folder / name).mkdir(parents=True)
    (folder / "include" / "linux" / "btf.h").touch()


def test_a_kernel_tree_without_git_has_a_top(tmp_path: Path) -> None:
    a_kernel(tmp_path)
    (tmp_path / ".kfunclint.toml").touch()
    assert files.tree_file(tmp_path / "kernel" / "bpf") == tmp_path.resolve() / ".kfunclint.toml"


def test_the_nearest_file_counts(tree: Path) -> None:
    (tree / "mm").mkdir()
    theirs(tree, "")
    near = theirs(tree / "mm", "")
    assert files.tree_file(tree / "mm") == near.resolve()


# What is refused, in one line.

SHORT = 'patterns such as "mm/**", of at most 256 characters and 16 names'
REFUSED = [
    ("strict = true\nfail_on = 1\n", "2: unknown key 'fail_on', did you mean fail-on?"),
    ("zzz = 1\n", "1: unknown key 'zzz'"),
    ('"\\u001b[31m" = 1\n', "1: unknown key '\\x1b[31m'"),
    ("[[profile]]\npath = 1\n", "2: unknown key 'path', did you mean paths?"),
    ('[[silence]]\nreason = "a"\n\nrules = "x"\n', "4: unknown key 'rules', did you mean rule?"),
    ("only = 1\n", "1: only must be a list of rules or families"),
    ("only = [1]\n", "1: only must be a list of rules or families"),
    ('ignore = "text"\n', "1: ignore must be a list of rules or families"),
    ("strict = 1\n", "1: strict must be true or false"),
    ('fail-on = "bad"\n', "1: fail-on must be one of check, warning, error"),
    ("fail-on = []\n", "1: fail-on must be one of check, warning, error"),
    ('[hook]\nfail-on = "bad"\n', "2: fail-on must be one of check, warning, error"),
    ("[hook]\nfail-onn = 1\n", "2: unknown key 'fail-onn', did you mean fail-on?"),
    ("hook = 1\n", '1: hook must be a table such as {fail-on = "check"}'),
    ("kernel = 6.12\n", '1: kernel must be a release such as "6.12"'),
    ("kernel = 6.12\n", '1: kernel must be a release such as "6.12"'),
    ('kernel = "new"\n', "1: 'new' is not a kernel release such as 6.12"),
    ('kernel = "6.30"\n', "1: no release 6.30 is known, the nearest is 6.19"),
    ("baseline = 1\n", "1: baseline must be a path"),
    ('baseline = "none"\n', "1: no file 'none'"),
    ('rules = "a"\n', "1: rules must be a list of folders"),
    ('rules = ["none"]\n', "1: no folder 'none'"),
    ("levels = 1\n", '1: levels must be a table such as {"flags/ret-null-missing" = "error"}'),
    ('[levels]\n# x\ntext = "loud"\n', "3: 'text' must be one of check, warning, error, off"),
    ("profile = 1\n", "1: profile must be tables, each below a line [[profile]]"),
    ("[profile]\n", "1: profile must be tables, each below a line [[profile]]"),
    ("[[profile]]\nstrict = true\n", "1: profile without paths"),
    (f'[[profile]]\npaths = ["{"x" * 257}"]\n', f"2: paths must be a list of {SHORT}"),
    (f'[[profile]]\npaths = ["a", "{"a/" * 16}"]\n', f"2: paths must be a list of {SHORT}"),
    ('[[profile]]\npaths = ["a", "b", "c"]\n' * 34, "1: more than 100 patterns"),
    ('[[silence]]\nreason = "a"\nrule = "text"\n' * 101, "1: more than 100 of [[silence]]"),
    ('[[silence]]\nrule = "text"\n', "1: silence without reason"),
    ('[[silence]]\nreason = ""\n', "2: reason must be a text of one line"),
    ('[[silence]]\nreason = "a\\nb"\n', "2: reason must be a text of one line"),
    ("[[silence]]\nrule = 1\n", "2: rule must be a rule or a family"),
    ("[[silence]]\npath = 1\n", f"2: path must be one of the {SHORT}"),
    ("[[silence]]\nfunction = 1\n", "2: function must be the name of a function"),
    ('[[silence]]\nreason = "a"\n', "1: silence about everything: name a rule, a path or a function"),
    ('ignore = [\n"text", "txet/grammar"]\n', "1: 'txet/grammar': no such rule or family, did you mean text/grammar?"),
    ('only = ["flag"]\n', "1: 'flag': no such rule or family, did you mean flags?"),
    ('[levels]\n"a\\u0007" = "off"\n', "2: 'a\\x07': no such rule or family"),
    (
        '[[profile]]\npaths = ["a"]\n[profile.levels]\nret-null-missing = "off"\n',
        "4: 'ret-null-missing': no such rule or family, did you mean flags/ret-null-missing?",
    ),
    ('[[silence]]\nreason = "a"\nrule = "zzz"\n', "3: 'zzz': no such rule or family"),
    ("a =\n", "1: invalid value"),
]
REFUSED_TO_THE_USER = [
    ("tree = 1\n", "1: tree must be a path"),
    ('baseline = "~nobody-of-that-name/x"\n', "1: '~nobody-of-that-name/x' cannot be found"),
]


@pytest.mark.parametrize(("text", "refusal"), [*REFUSED, *REFUSED_TO_THE_USER], ids=lambda one: one[:40])
def test_what_is_wrong_is_refused_in_one_line(text: str, refusal: str, tree: Path, capsys: Output) -> None:
    path = own(tree, text)
    assert main(["config"]) == 2
    assert capsys.readouterr() == ("", f"kfunclint: {path}:{refusal}\n")


@pytest.mark.parametrize(("text", "refusal"), REFUSED, ids=lambda one: one[:40])
def test_what_is_wrong_in_a_tree_is_refused_alike(text: str, refusal: str, tree: Path, capsys: Output) -> None:
    theirs(tree, text)
    assert main(["config"]) == 2
    assert capsys.readouterr() == ("", f"kfunclint: .kfunclint.toml:{refusal}\n")


@pytest.mark.parametrize("command", [[SERIES], ["tree", "."]], ids=["series", "tree"])
@pytest.mark.parametrize("text", ["x = 1\n", 'only = ["x"]\n'])
def test_the_other_commands_refuse_it_too(text: str, command: list[str], tree: Path, capsys: Output) -> None:
    (tree / ".git").rmdir()
    a_kernel(tree)
    theirs(tree, text)
    assert main(command) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("kfunclint: .kfunclint.toml:1: ")
    assert err.count("\n") == 1


def test_a_file_that_is_asked_for_must_be_there(tree: Path, capsys: Output) -> None:
    assert main(["config", "--config", "none.toml"]) == 2
    assert capsys.readouterr().err == "kfunclint: none.toml: No such file or directory\n"


# A stranger's tree.

HOSTILE = [
    ('tree = "."\n', ":1: tree may stand only in your own file, or in one given with --config"),
    ('baseline = "../x"\n', ":1: '../x': path that leads out of the tree"),
    ('baseline = "/dev/zero"\n', ":1: '/dev/zero': absolute path"),
    ('baseline = "out/x"\n', ":1: 'out/x': link that leads out of the tree"),
    ('baseline = "loop"\n', ":1: 'loop' cannot be found"),
    ('baseline = "pipe"\n', ":1: no file 'pipe'"),
    ('baseline = "a\\u0000b"\n', ":1: baseline must be a path"),
    ('rules = ["~"]\n', ":1: no folder '~'"),
    ('rules = ["out"]\n', ":1: 'out': link that leads out of the tree"),
    ('rules = ["in"]\n', ":1: 'in/tables/guards.toml': link that leads out of the tree"),
    ('rules = ["a/../.."]\n', ":1: 'a/../..': path that leads out of the tree"),
    ("#" * 2000, ":1: line of more than 1024 characters"),
    ("#\n" * 40_000, ": larger than 64 KiB"),
]


@pytest.mark.parametrize(("text", "refusal"), HOSTILE, ids=[refusal for _, refusal in HOSTILE])
def test_a_tree_names_nothing_outside(text: str, refusal: str, tree: Path, capsys: Output) -> None:
    (tree.parent / "x").write_text('{"findings": []}')
    (tree / "out").symlink_to("..")
    (tree / "loop").symlink_to("loop")
    os.mkfifo(tree / "pipe")
    (tree / "in" / "tables").mkdir(parents=True)
    (tree / "in" / "tables" / "guards.toml").symlink_to("/etc/passwd")
    (tree / "a").mkdir()
    theirs(tree, text)
    assert main(["config"]) == 2
    assert capsys.readouterr() == ("", f"kfunclint: .kfunclint.toml{refusal}\n")


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "dangling"])
def test_a_tree_has_a_plain_file_or_none(kind: str, tree: Path, capsys: Output) -> None:
    path = tree / ".kfunclint.toml"
    (tree.parent / "x.toml").touch()
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to("../x.toml" if kind == "link" else "none")
    assert main(["config"]) == 2
    assert capsys.readouterr() == ("", "kfunclint: .kfunclint.toml: not a plain file in its folder\n")


GUARD = """\
[depot-closed-unchecked]
title = "A depot is used before anybody opened it"
why = "It is not there."
bad = "return top_depot;"
good = "return NULL;"
uses = ["top_depot"]
guard = "depots_open()"
holds = true
because = "there is none before"
see = "kernel/depot.c: depots_open()"
"""


def own_rules(folder: Path) -> None:
    (folder / "tables").mkdir(parents=True)
    (folder / "flags").mkdir()
    (folder / "tables" / "guards.toml").write_text(GUARD)
    (folder / "flags" / "evil.py").write_text("import pathlib\npathlib.Path('ran').touch()\nraise SystemExit('ran')\n")


def test_the_python_of_a_tree_does_not_run(tree: Path, capsys: Output) -> None:
    own_rules(tree / "tools")
    theirs(tree, 'rules = ["tools"]\nonly = ["guards/depot-closed-unchecked"]\n')
    assert main([SERIES]) == 0
    told = f"kfunclint: {tree.resolve()}/tools: a tree's Python is not run, only its tables"
    assert capsys.readouterr().err.startswith(told)
    assert main([SERIES, "--format", "b4"]) == 0
    assert capsys.readouterr().err == ""  # b4 takes every line there for a failure
    assert not (tree / "ran").exists()


@pytest.mark.parametrize("how", ["option", "own", "asked"])
def test_the_python_of_a_tree_runs_if_the_user_names_it(how: str, tree: Path, capsys: Output) -> None:
    own_rules(tree / "tools")
    arguments = {"option": ["--rules", "tools"], "own": [], "asked": ["--config", ".kfunclint.toml"]}[how]
    if how == "own":
        own(tree, f'rules = ["{tree}/tools"]\n')
    elif how == "asked":
        theirs(tree, 'rules = ["tools"]\n')
    assert main([SERIES, *arguments]) == 2
    assert "evil.py:3: SystemExit: ran" in capsys.readouterr().err
    assert (tree / "ran").exists()


@given(st.text("[]{}=.\"'\n#,*/~-" + "abeflnoprstuv", max_size=60))
def test_whatever_stands_in_a_file_is_taken_or_refused_in_a_line(text: str) -> None:
    assert refusal_of(text).isprintable()


def refusal_of(text: str) -> str:
    try:
        files.values(toml.loads(text.encode(), "x"), Path("/nonexistent"), trusted=False)
    except InputError as why:
        return str(why)
    return ""


# kfunclint config


def test_every_setting_is_shown_with_its_place(tree: Path, capsys: Output) -> None:
    theirs(
        tree,
        'fail-on = "error"\nignore = ["text"]\n\n[levels]\n"flags/ret-null-missing" = "off"\n'
        '[[profile]]\npaths = ["mm/**"]\nonly = ["flags"]\nlevels = {text = "check"}\n'
        '[[silence]]\npath = "net/**"\nreason = "they \\"know\\" \\\\ it\'s ours"\n',
    )
    path = own(tree, 'strict = true\nfail-on = "check"\n[levels]\ntext = "error"\nflags = "off"\n')
    assert main(["config"]) == 0
    assert (
        capsys.readouterr().out
        == f"""\
only = []  # default
ignore = ["text"]  # .kfunclint.toml:2
strict = true  # {path}:1
fail-on = "error"  # .kfunclint.toml:1
# kernel: what the series, or the tree, says  # default
# tree: the one that kfunclint runs in  # default
# baseline: none  # default
rules = []  # default

[levels]
"text" = "error"  # {path}:4
"flags" = "off"  # {path}:5
"flags/ret-null-missing" = "off"  # .kfunclint.toml:5

[[profile]]  # .kfunclint.toml:6
paths = ["mm/**"]
only = ["flags"]
[profile.levels]
"text" = "check"

[[silence]]  # .kfunclint.toml:10
path = "net/**"
reason = "they \\"know\\" \\\\ it's ours"
"""
    )


def test_folders_of_rules_are_shown_with_what_counts_of_them(tree: Path, capsys: Output) -> None:
    for name in ("scripts", "mine"):
        (tree / name).mkdir()
    theirs(tree, 'rules = ["scripts"]\n')
    path = own(tree, f'rules = ["{tree / "mine"}"]\n')
    assert main(["config"]) == 0
    assert (
        f"""
rules = [
    "{tree / "scripts"}",  # .kfunclint.toml:1, tables only
    "{tree / "mine"}",  # {path}:1
]
"""
        in capsys.readouterr().out
    )


NAMES = st.lists(st.sampled_from(["flags", "text", "text/grammar", "guards"]), max_size=2).map(tuple)
LEVELS = st.dictionaries(
    st.sampled_from(["flags", "text", "body/errno-from-unsigned"]), st.sampled_from([*Level, OFF]), max_size=2
)
TEXTS = st.text("ab\"\\'#é\U0001f600 ", min_size=1).filter(str.strip)
CHOICE: dict[str, Any] = {"only": NAMES, "ignore": NAMES, "strict": st.booleans(), "levels": LEVELS}


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional=CHOICE
            | {
                "fail-on": st.sampled_from(Level),
                "kernel": st.just("6.12"),
                "profile": st.lists(
                    st.fixed_dictionaries({"paths": st.lists(TEXTS).map(tuple)}, optional=CHOICE), max_size=2
                ).map(tuple),
            },
        ),
        max_size=3,
    )
)
def test_what_is_shown_sets_the_same(layers: list[dict[str, Any]]) -> None:
    shown = merge({}, [source(layer) for layer in layers])
    document = toml.loads("".join(f"{line}\n" for line in listing(shown)).encode(), "x")
    again = merge({}, [source(files.values(document, Path(), trusted=True))])
    assert replace(again, sources=()) == replace(shown, sources=())


@pytest.mark.parametrize("name", ["README.md", "docs/configuration.md"])
def test_the_examples_of_the_documentation_are_good(name: str, tmp_path: Path) -> None:
    text = (ROOT / name).read_text()
    start = text.index("    ignore = [" if name == "README.md" else "    only = [")
    block = itertools.takewhile(lambda line: not line or line.startswith("    "), text[start:].splitlines())
    (tmp_path / "tools" / "kfunclint").mkdir(parents=True)
    (tmp_path / "known.json").write_text('{"findings": []}')
    document = toml.loads("\n".join(line[4:] for line in block).encode(), "x")
    found = merge({}, [replace(source(files.values(document, tmp_path, trusted=True)), document=document)])
    check(found, loader.shipped())
    assert found.silences
    if name != "README.md":
        shown = {key for values in (document.values, *document.values["profile"]) for key in values}
        assert shown == set(LINES) | {"paths"}


# Patterns.


@pytest.mark.parametrize(
    ("pattern", "path", "met"),
    [
        ("mm/**", "mm/x.c", True),
        ("mm/**", "mm/a/b/x.c", True),
        ("mm/**", "net/mm/x.c", False),
        ("mm/", "mm/a/x.c", True),
        ("mm", "mm/x.c", False),
        ("mm/*.c", "mm/x.c", True),
        ("mm/*.c", "mm/a/x.c", False),
        ("**/x.c", "x.c", True),
        ("**/x.c", "a/b/x.c", True),
        ("a/**/x.c", "a/x.c", True),
        ("a/**/b/**/x.c", "a/b/b/x.c", True),
        ("a/**/b/**/x.c", "a/x.c", False),
        ("**", "a/b", True),
        ("[ab]/?.c", "b/x.c", True),
        ("[", "[", True),
        ("kernel/bpf/x.c", "kernel/bpf/x.c", True),
        ("kernel/bpf/x.c", "kernel/bpf/X.c", False),
    ],
)
def test_patterns(pattern: str, path: str, met: bool) -> None:
    assert matches(path, pattern) == met


@given(st.text("ab/", max_size=6), st.lists(st.sampled_from(["a", "b", "/", "*", "?", "**", "/**/"]), max_size=6))
def test_patterns_mean_what_a_search_step_by_step_finds(path: str, parts: list[str]) -> None:
    pattern = "".join(parts)

    def met(names: list[str], wanted: list[str]) -> bool:
        if not wanted:
            return not names
        if wanted[0] == "**":
            return met(names, wanted[1:]) or bool(names and met(names[1:], wanted))
        return bool(names) and like(names[0], wanted[0]) and met(names[1:], wanted[1:])

    def like(name: str, wanted: str) -> bool:
        if not wanted or not name:
            return not wanted.strip("*") and not name
        if wanted[0] == "*":
            return like(name, wanted[1:]) or like(name[1:], wanted)
        return wanted[0] in ("?", name[0]) and like(name[1:], wanted[1:])

    wanted = (pattern + "**" if pattern.endswith("/") else pattern).split("/")
    assert matches(path, pattern) == met(path.split("/"), wanted)
