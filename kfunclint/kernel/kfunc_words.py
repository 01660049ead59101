"""The words without which no patch is about a kfunc: what archives are searched for before anything else is done."""

from __future__ import annotations

import re

from kfunclint.mail import mime
from kfunclint.mail.message import Series

KFUNC = re.compile(r"\b(?:__bpf_kfunc|BTF_ID_FLAGS|BTF_KFUNCS_|BTF_SET8_|register_btf_(?:kfunc|id_dtor)|KF_[A-Z]+_)")
"""What no patch about a kfunc does without, in a line that it adds or shows."""
_IN_BYTES = re.compile(KFUNC.pattern.encode())
_PARTS = (b"__bpf_kfunc", b"BTF_", b"register_btf_", b"KF_")
"""One of them is in whatever the expression finds: they are looked for five times as fast."""
_ENCODINGS = (b"base64", b"quoted-printable")
_ENCODED = re.compile(rb"^content-transfer-encoding:[ \t]*(?:base64|quoted-printable)", re.M)


def touches_kfunc(series: Series) -> bool:
    """Does a series speak of kfuncs in its diffs?"""
    return any(KFUNC.search(patch.body) for patch in series.patches)


def may_touch_kfunc(mail: bytes) -> bool:
    """Could a mail speak of kfuncs? It is decoded only where it is encoded; one that cannot be may."""
    if any(part in mail for part in _PARTS) and _IN_BYTES.search(mail):
        return True
    in_lower_case = mail.lower()
    if not any(name in in_lower_case for name in _ENCODINGS) or not _ENCODED.search(in_lower_case):
        return False
    try:
        return any(KFUNC.search(part.text) for part in mime.decode(mail))
    except mime.MailError:
        return True
