"""Did the domain of a sender sign a mail?"""

from __future__ import annotations

from collections.abc import Callable

Lookup = Callable[..., bytes | None]
"""Gives the TXT record of a name, None where there is none."""

_SECONDS = 5
_MOST_SIGNATURES = 5


def is_signed(data: bytes, domain: str, lookup: Lookup | None = None) -> bool:
    """Has a mail a valid DKIM signature of a domain, or of one that it lies in? `lookup` stands for that of the DNS.

    False where nobody can know: no name server, or no dkimpy.
    """
    try:
        import dkim
    except ImportError:
        return False
    for number in range(_MOST_SIGNATURES):
        try:
            verifier = dkim.DKIM(data, timeout=_SECONDS)
            is_valid = verifier.verify(number, **({"dnsfunc": lookup} if lookup else {}))
        except Exception:  # whatever a stranger's header makes of it, it is no proof
            return False
        signer = (verifier.domain or b"").decode("ascii", "replace").lower()
        if is_valid and (domain == signer or domain.endswith(f".{signer}")) and "." in signer:
            return True
    return False
