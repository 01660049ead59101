"""Addresses of the mails and of the kernel's sources that a report speaks of."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from kfunclint.kernel.release import Release, is_tagged
from kfunclint.resources import url

_MESSAGE_ID = re.compile(r"[!-;=?-~]+@[!-;=?-~]+")
_KERNEL_FILE = re.compile(
    r"(?<![\w./-])(?:Documentation|arch|block|fs|include|kernel|lib|mm|net|scripts|tools)/[\w./-]*\w"
)


def mail(message_id: str) -> str:
    """Where lore.kernel.org has the mail with that Message-ID (without brackets), whatever its list; "" for none.

    https://lore.kernel.org/r/ID leads to the mail in every list that has it.
    """
    if not _MESSAGE_ID.fullmatch(message_id):
        return ""
    return "https://lore.kernel.org/r/" + quote(message_id, safe="@")


def parts(see: str, release: Release) -> Iterator[tuple[str, str]]:
    """The words of a rule's `see` in parts, each with the address of the file of the kernel that it names, or "".

    The file is that of the release or, as long as that has no tag, of mainline.
    """
    end = 0
    for path in _KERNEL_FILE.finditer(see):
        yield see[end : path.start()], ""
        yield path[0], _source(path[0], release)
        end = path.end()
    yield see[end:], ""


def identifier(name: str) -> str:
    """Where elixir.bootlin.com shows all that mainline does with a name of C; "" for what is none."""
    return f"https://elixir.bootlin.com/linux/latest/A/ident/{name}" if name.isidentifier() and name.isascii() else ""


def rule_page(rule: str) -> str:
    """Where the page of a rule is that `kfunclint explain --all --pages FOLDER` makes; "" as long as the project has
    no address."""
    documentation = url("Documentation")
    return f"{documentation}/rules/{quote(rule)}.md" if documentation else ""


def _source(path: str, release: Release) -> str:
    tag = f"?h=v{release}" if is_tagged(release) else ""
    return f"https://git.kernel.org/pub/scm/linux/kernel/git/torvalds/linux.git/tree/{quote(path)}{tag}"
