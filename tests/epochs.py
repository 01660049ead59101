"""Epochs of a public-inbox, made as public-inbox makes them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from kfunclint.bot.archive.source import blob_hash


class Epoch:
    """An epoch as public-inbox writes it: a commit a mail, the mail in the file m; or in d, once it is taken out."""

    def __init__(self, inbox: Path, number: int = 0) -> None:
        self.path = inbox / "git" / f"{number}.git"
        subprocess.run(["git", "init", "-q", "--bare", "-b", "master", str(self.path)], check=True)

    def git(self, *arguments: str, data: bytes = b"") -> str:
        command = ["git", f"--git-dir={self.path}", *arguments]
        return subprocess.run(command, input=data, capture_output=True, check=True).stdout.decode().strip()

    def add(self, mail: bytes, *, file: str = "m", author: str = "ann@example.org") -> str:
        """Commit a mail; gives its blob."""
        return self.add_all([mail], file, author)[0]

    def add_all(self, mails: Sequence[bytes], file: str = "m", author: str = "ann@example.org") -> list[str]:
        """Commit mails; gives their blobs. The dates are those of the mails, which may be any."""
        stream = b"feature done\n"
        for number, mail in enumerate(mails):
            parent = f"from {tip}\n".encode() if number == 0 and (tip := self.tip()) else b""
            stream += (
                f"commit refs/heads/master\nauthor x <{author}> 1000000000 +0000\n"
                "committer x <x> 1000000000 +0000\ndata 0\n"
            ).encode()
            stream += parent + b"deleteall\nM 100644 inline %s\ndata %d\n%s\n" % (file.encode(), len(mail), mail)
        self.git("fast-import", "--quiet", "--force", data=stream + b"done\n")
        return [blob_hash(mail) for mail in mails]

    def tip(self) -> str:
        done = subprocess.run(
            ["git", f"--git-dir={self.path}", "rev-parse", "-q", "--verify", "master"], capture_output=True, check=False
        )
        return done.stdout.decode().strip()

    def rewrite(self, change: Callable[[bytes], bytes]) -> None:
        """Commit all mails anew, as public-inbox-edit and -purge do: no commit keeps its hash."""
        commits = self.git("rev-list", "--reverse", "master").split()
        mails = [self.git("cat-file", "blob", f"{commit}:m").encode() + b"\n" for commit in commits]
        self.git("update-ref", "-d", "refs/heads/master")
        self.add_all([change(mail) for mail in mails])
