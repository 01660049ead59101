"""The words that archives are searched for: each alone is enough."""

from __future__ import annotations

import base64

import pytest

from kfunclint.kernel.kfunc_words import may_touch_kfunc

HEAD = b"From: Ann Author <ann@example.org>\nSubject: [PATCH] x\n"
WORDS = [
    "__bpf_kfunc int bpf_depot_get(void)",
    "BTF_ID_FLAGS(func, bpf_depot_get)",
    "BTF_KFUNCS_START(depot_ids)",
    "BTF_KFUNCS_END(depot_ids)",
    "BTF_SET8_START(depot_ids)",
    "\treturn register_btf_kfunc_id_set(BPF_PROG_TYPE_XDP, &depot_set);",
    "\treturn register_btf_id_dtor_kfuncs(dtors, 1, THIS_MODULE);",
    "\t\tKF_TRUSTED_ARGS)",
]


@pytest.mark.parametrize("line", WORDS)
@pytest.mark.parametrize("encoding", ["8bit", "base64"])
def test_one_word_is_enough(line: str, encoding: str) -> None:
    body = f"+{line}\n".encode()
    text = base64.encodebytes(body) if encoding == "base64" else body
    assert may_touch_kfunc(HEAD + f"Content-Transfer-Encoding: {encoding}\n\n".encode() + text)


@pytest.mark.parametrize("line", ["#define BTF_KFUNCS", "int kfuncs;", "BTF_ID(struct, depot)", "KFENCE_START()"])
def test_others_are_none(line: str) -> None:
    assert not may_touch_kfunc(HEAD + b"\n" + f"+{line}\n".encode())
