"""Kfuncs in the manner of the kernel that do no wrong: the files of fixtures/innocent/, of which no rule may say
anything. A comment in front of a kfunc has its flags."""

from __future__ import annotations

import re

import pytest
from conftest import ROOT, Lint
from hunks import adding

from kfunclint.rule import loader

FILES = {path.stem: path.read_text() for path in sorted((ROOT / "fixtures" / "innocent").glob("*.c"))}
_KFUNC = re.compile(r"(?:/\* (?P<flags>KF_[A-Z_ |]+) \*/\n)?__bpf_kfunc [^;{]*?\b(?P<name>\w+)\(")
# they have no kernel-doc, and before 7.0 the verifier may pass most of their objects stale
_NOT_ASKED = ("kerneldoc/", "text/", "defs/", "flags/trusted-args-missing")
RULES = tuple(rule for rule in loader.shipped() if not rule.id.startswith(_NOT_ASKED))


def file(text: str) -> str:
    """The file with a set that is registered for tracing programs."""
    entries = "".join(
        f"BTF_ID_FLAGS(func, {kfunc['name']}{', ' + kfunc['flags'] if kfunc['flags'] else ''})\n"
        for kfunc in _KFUNC.finditer(text)
    )
    return f"""{text}
BTF_KFUNCS_START(innocent_ids)
{entries}BTF_KFUNCS_END(innocent_ids)

static const struct btf_kfunc_id_set innocent_set = {{
	.owner = THIS_MODULE,
	.set = &innocent_ids,
}};

static int __init innocent_init(void)
{{
	return register_btf_kfunc_id_set(BPF_PROG_TYPE_TRACING, &innocent_set);
}}
"""


def test_they_are_many() -> None:
    assert sum(len(_KFUNC.findall(text)) for text in FILES.values()) > 100


@pytest.mark.parametrize("kernel", ["6.12", "7.3"])
@pytest.mark.parametrize("name", FILES)
def test_nothing_is_said_of_an_innocent(name: str, kernel: str, lint: Lint) -> None:
    found = lint(adding(file(FILES[name])), kernel=kernel, rules=RULES)
    assert [(one.rule, one.function, one.at.line) for one in found.findings] == []
    assert not found.skipped
