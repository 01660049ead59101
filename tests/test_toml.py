"""TOML is refused in one line, and every key knows where it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfunclint import toml
from kfunclint.errors import InputError

GOOD = '''\
# only = 1
only = [
    "a", # [[silence]]
    """
[levels]
x = 1
""",
]
"fail-on" = "error"
levels . "flags/a" = "off"

[[silence]]
rule = "a"

  [[silence]]
  reason = """
  rule = "not here" """
[[profile]]
paths = ["mm/**"]
[profile.levels]
text = "off"
[inline]
one = {two = 1, three = 2}
'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("only",), 2),
        (("fail-on",), 9),
        (("levels", "flags/a"), 10),
        (("levels",), 10),
        (("silence", 0), 12),
        (("silence", 0, "rule"), 13),
        (("silence", 1), 15),
        (("silence", 1, "reason"), 16),
        (("silence", 1, "rule"), 15),  # missing, so the table it ought to stand in
        (("profile", 0, "levels", "text"), 21),
        (("profile", 0, "levels"), 20),
        (("inline", "one", "two"), 23),
        (("nothing",), None),
        (("x",), None),
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_key_has_the_line_of_its_statement(key: toml.Key, line: int | None, end: str) -> None:
    assert toml.loads(GOOD.replace("\n", end).encode(), "x").line(*key) == line


def test_a_line_is_not_guessed_behind_a_long_value() -> None:
    long = "a = [\n" + "1,\n" * 200 + "]\nb = 1\n"
    found = toml.loads(f"[[silence]]\nrule = 1\n[other]\n{long}[[silence]]\nrule = 2\n".encode(), "x")
    assert found.line("silence", 0, "rule") == 2
    assert found.line("silence", 1, "rule") is None
    assert found.line("other", "b") == 3


NAMES = st.text(min_size=1, max_size=3)
VALUES = st.one_of(st.integers(0, 9), st.sampled_from(['"a"', '"""\nb = 1\n"""', "[\n1,\n]", "{c = 1}"]))


def quoted(name: str) -> str:
    return '"' + "".join(f"\\U{ord(char):08x}" for char in name) + '"'


@given(
    st.lists(
        st.tuples(st.lists(NAMES, min_size=1, max_size=2), VALUES, st.sampled_from(["", "# x = 1\n", "\n"])), max_size=6
    )
)
def test_every_key_is_found_where_it_was_written(rows: list[tuple[list[str], Any, str]]) -> None:
    text, at = "", dict[toml.Key, int]()
    for names, value, before in rows:
        key = (f"{len(at)} {names[0]}", *names[1:])  # no two alike
        text += before
        at[key] = text.count("\n") + 1
        text += f"{'.'.join(map(quoted, key))} = {value}\n"
    found = toml.loads(text.encode(), "x")
    assert {key: found.line(*key) for key in at} == at


@pytest.mark.parametrize(
    ("data", "refusal"),
    [
        (b"a = 1\nb =\n", "x:2: invalid value"),
        (b"a = 1\na", "x: expected '=' after a key in a key/value pair (at end of document)"),
        (b"a = 1\n\na = 2\n", "x:3: cannot overwrite a value"),
        (b"a = 1\nb = '\xff'\n", "x:2: not UTF-8"),
        (b"a = 1\n#" + b"x" * 1024, "x:2: line of more than 1024 characters"),
        (b"a = " + b"[" * 1000, "x: nested too deeply"),
        (b"a." * 500 + b"a = 1\nb = ", "x: invalid value (at end of document)"),
        (b"#\n" * (33 << 10), "x: larger than 64 KiB"),
        (b'a = "\x1b"', "x:1: illegal character '\\x1b'"),
    ],
)
def test_what_is_no_toml_is_refused_in_a_line(data: bytes, refusal: str) -> None:
    with pytest.raises(InputError) as caught:
        toml.loads(data, "x")
    assert str(caught.value) == refusal


@given(st.one_of(st.binary(max_size=200), st.text("[]{}=.\"'\n# a1\\u", max_size=80).map(str.encode)))
def test_whatever_comes_is_taken_or_refused_in_a_line(data: bytes) -> None:
    found = taken(data)
    if isinstance(found, str):
        assert found.isprintable()
        return
    for name in found.values:
        line = found.line(name)
        assert line is not None
        assert 1 <= line <= data.count(b"\n") + 1


def taken(data: bytes) -> toml.Document | str:
    try:
        return toml.loads(data, "x")
    except InputError as why:
        return str(why)


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    for path, reason in ((tmp_path, "Is a directory"), (tmp_path / "none", "No such file or directory")):
        with pytest.raises(InputError) as caught:
            toml.read(path)
        assert str(caught.value) == f"{path}: {reason}"
