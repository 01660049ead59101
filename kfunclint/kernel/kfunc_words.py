"""The words without which no patch is about a kfunc: what archives are searched for before anything else is done."""

from __future__ import annotations

import re

from kfunclint.mail import mime
from kfunclint.mail.message import Series

KFUNC = re.compile(r"\b(?:__bpf_kfunc|BTF_ID_FLAGS|BTF_KFUNCS_|BTF_SET8_|register_btf_(?:kfunc|id_dtor)|KF_[A-Z]+_)")
"""What no patch about a kfunc does without, in a line that it adds or shows."""
_IN_BYTES = re.compile(KFUNC.pattern.encode())
_ENCODED = re.compile(rb"^Content-Transfer-Encoding:[ \t]*(?:base64|quoted-printable)", re.I | re.M)


def touches_kfunc(series: Series) -> bool:
    """Does a series speak of kfuncs in its diffs?"""
    return any(KFUNC.search(patch.body) for patch in series.patches)


def may_touch_kfunc(mail: bytes) -> bool:
    """Could a mail speak of kfuncs? It is decoded only where it is encoded; one that cannot be may."""
    if _IN_BYTES.search(mail):
        return True
    if not _ENCODED.search(mail):
        return False
    try:
        return any(KFUNC.search(part.text) for part in mime.decode(mail))
    except mime.MailError:
        return True
