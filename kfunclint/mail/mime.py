"""The bytes of one mail, decoded: header fields and the text that holds the message and the diff.

The standard library's parser needs 20 ms to import, is slow on deeply nested parts and does not tell at which line a
part begins, so this one is our own; it reads what patch mails use.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator, Mapping

from kfunclint.mail.body import diff_start
from kfunclint.value import Value

MAX_HEADER = 64 << 10
MAX_PARTS = 64
MAX_DEPTH = 8
MAX_LINES = 200_000

Fields = Mapping[str, tuple[str, ...]]


class MailError(ValueError):
    """A mail that breaks a limit; `line` is the 1-based line of the bytes, where it is known."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.line = line


class Decoded(Value):
    """Fields by lower-case name, each value still as written but for charset and folding; the text; the 1-based line of
    the bytes at which the text begins, None where lines of text and bytes do not correspond; and that of the Subject,
    None where it has none."""

    fields: Fields
    text: str
    line: int | None
    subject_line: int | None = None


class _Part(Value):
    """A leaf of the MIME tree: bytes as sent, and their first line; `subject_line` is that of its Subject."""

    fields: Fields
    data: bytes
    line: int
    subject_line: int | None = None


def decode(raw: bytes) -> list[Decoded]:
    """Decode a mail: one text, or one for each whole format-patch file it has attached. Raises MailError where it
    breaks a limit."""
    if b"\r\n" in raw:
        raw = raw.replace(b"\r\n", b"\n")
    _check_lines(raw.count(b"\n"))
    root = _part(raw, 1)
    leaves = list(_leaves(root, 0))
    if len(leaves) > MAX_PARTS:
        raise MailError(f"more than {MAX_PARTS} parts")
    # as for git, the only part is the body, whatever it calls itself
    texts = [_text(part) for part in leaves if leaves == [root] or _kind(part) == "text"]
    body = "\n".join(text for text, _ in texts)
    if diff_start(body.split("\n"), 0) is None and leaves != [root]:
        attached = [_text(part)[0] for part in leaves if _kind(part) == "diff"]
        if attached and all(_FORMAT_PATCH.match(text) for text in attached):
            return [_attached(root, text) for text in attached]
        body = "\n".join((*(text for text, _ in texts), *attached))
    _check_lines(body.count("\n"))
    line = root.line if leaves == [root] and texts and texts[0][1] else None
    return [Decoded(root.fields, body, line, root.subject_line)]


_FORMAT_PATCH = re.compile(r"From [0-9a-f]{40} [^\n]*\n")


def _attached(root: _Part, text: str) -> Decoded:
    """A whole format-patch file, sent in the mail `root`: whatever it does not say itself is that of the mail."""
    _check_lines(text.count("\n"))
    part = _part(text.split("\n", 1)[1].encode(), 1)
    return Decoded({**root.fields, **part.fields}, _text(part)[0], None)


def _check_lines(count: int) -> None:
    if count > MAX_LINES:
        raise MailError(f"more than {MAX_LINES} lines")


def plain(raw: bytes) -> str:
    """Decode a text without headers. Raises MailError where it breaks a limit."""
    _check_lines(raw.count(b"\n"))
    charset = "utf-16" if raw.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-8"
    return _lines(_characters(raw, charset))


_FIELD = re.compile(rb"([!-9;-~]{1,80}):[ \t]*")


def _part(raw: bytes, line: int) -> _Part:
    """Split a mail or part at the first blank line or the first line that no header can hold."""
    fields: dict[str, list[bytes]] = {}
    at, value, subject_line = 0, list[bytes](), None
    while at < len(raw):
        end = raw.find(b"\n", at) + 1 or len(raw)
        content = raw[at:end].rstrip(b"\n")
        if content[:1] in (b" ", b"\t") and value:
            value[-1] += content
        elif match := _FIELD.match(content):
            name = match[1].decode().lower()
            value = fields.setdefault(name, [])
            value.append(content[match.end() :])
            subject_line = line if name == "subject" else subject_line
        elif not content.startswith((b">From ", b"From ")):
            at = at if content else end
            line += not content
            break
        if value and len(value[-1]) > MAX_HEADER:
            raise MailError(f"header field of more than {MAX_HEADER >> 10} KiB", line)
        at, line = end, line + 1
    named = {name: tuple(_characters(value, "utf-8") for value in values) for name, values in fields.items()}
    return _Part(named, raw[at:], line, subject_line)


def _leaves(part: _Part, depth: int) -> Iterator[_Part]:
    """The parts that are not multipart, in order; one more than allowed where there are too many."""
    kind, parameters = _typed(part)
    if not kind.startswith("multipart/") or not parameters.get("boundary"):
        yield part
        return
    if depth == MAX_DEPTH:
        raise MailError(f"parts nested more than {MAX_DEPTH} deep", part.line)
    count = 0
    for child in _children(part, parameters["boundary"][:200].encode("utf-8", "replace")):
        for leaf in _leaves(child, depth + 1):
            count += 1
            yield leaf
            if count > MAX_PARTS:
                return


def _children(part: _Part, boundary: bytes) -> Iterator[_Part]:
    start, line = None, part.line
    at = 0
    for mark in re.finditer(rb"^--" + re.escape(boundary) + rb"(--)?[ \t]*$\n?", part.data, re.M):
        if start is not None:
            # the line break before a boundary belongs to the boundary
            yield _part(part.data[start : max(start, mark.start() - 1)], line)
        line += part.data.count(b"\n", at, mark.end())
        at = mark.end()
        start = None if mark[1] else at
        if mark[1]:
            return
    if start is not None:
        yield _part(part.data[start:], line)


def _kind(part: _Part) -> str:
    """What a leaf is good for: "text", "diff" (an attached patch) or "" for nothing."""
    kind, parameters = _typed(part)
    disposition, more = _parameters(part.fields.get("content-disposition", ("",))[0])
    name = (more.get("filename") or parameters.get("name") or "").lower()
    if kind in ("text/x-patch", "text/x-diff") or name.endswith((".patch", ".diff")):
        return "diff"
    if kind == "text/plain":
        return "diff" if disposition == "attachment" else "text"
    return ""


def _typed(part: _Part) -> tuple[str, dict[str, str]]:
    kind, parameters = _parameters(part.fields.get("content-type", ("",))[0])
    return (kind if "/" in kind else "text/plain"), parameters


_PARAMETER = re.compile(r""";\s*([\w!#$&+.^`|~-]{1,40})(\*\d*\*?)?\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s;"]*))""")


def _parameters(value: str) -> tuple[str, dict[str, str]]:
    """A Content-Type or Content-Disposition: its lower-case first word, and the parameters."""
    found: dict[str, str] = {}
    for name, _, quoted, bare in _PARAMETER.findall(value):
        text = re.sub(r"\\(.)", r"\1", quoted) or bare
        found[name.lower()] = found.get(name.lower(), "") + text
    return value.split(";", 1)[0].strip().lower(), found


def _text(part: _Part) -> tuple[str, bool]:
    """The text of a part, and whether its lines are those that were sent."""
    encoding = part.fields.get("content-transfer-encoding", ("",))[0].strip().lower()
    data, same = part.data, False
    if encoding == "quoted-printable" and not _bare(data):
        data = binascii.a2b_qp(data)
    elif encoding == "base64" and not _HUNK.search(data):
        data = _base64(data)
    else:
        same = True
    _, parameters = _typed(part)
    text = _lines(_characters(data, parameters.get("charset", "")))
    if parameters.get("format", "").lower() == "flowed" and not _NOT_STUFFED.search(text):
        joined = _unflowed(text, parameters.get("delsp", "").lower() == "yes")
        return joined, same and joined.count("\n") == text.count("\n")
    return text, same


# b4 gives mails to its check commands decoded but with the header as it was: LoreMessage.get_msg_as_bytes()
_HUNK = re.compile(rb"^@@ -\d{1,9}", re.M)
_ESCAPE = re.compile(rb"=(?:[0-9A-Fa-f]{2}|[ \t]*$)", re.M)


def _bare(data: bytes) -> bool:
    """Is this no quoted-printable text, whatever the header says? Most of its "=" then escape nothing."""
    return data.count(b"=") > 2 * len(_ESCAPE.findall(data))


def _base64(data: bytes) -> bytes:
    # lists append their footer as plain text behind the padding
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", data.split(b"=", 1)[0])
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")


_SINGLE_BYTE = ("iso-8859-", "iso8859-", "windows-125", "cp125", "koi8-", "latin")
_MULTI_BYTE = ("gb", "big5", "euc-", "shift_jis", "iso-2022-", "utf-16")


def _characters(data: bytes, charset: str) -> str:
    """Decode bytes by a declared charset that may lie: never fails, never gives surrogates."""
    charsets = ["utf-8", "latin-1"]
    charset = charset.lower()[:20]
    if charset.startswith(_MULTI_BYTE):
        charsets.insert(0, charset)
    elif charset.startswith(_SINGLE_BYTE):
        # text that is valid UTF-8 is UTF-8, whatever the label says
        charsets.insert(1, charset)
    for name in charsets:
        try:
            return data.decode(name).encode("utf-8", "replace").decode("utf-8") if name != "utf-8" else data.decode()
        except (ValueError, LookupError):  # a name with a NUL in it is a ValueError
            continue
    raise AssertionError("latin-1 decodes everything")


# A flowed text has two spaces where a line of context begins; one alone says that the label lies.
_NOT_STUFFED = re.compile(r"^ [^ >F\n]", re.M)
_QUOTES = re.compile(r">*")


def _unflowed(text: str, delsp: bool) -> str:
    """Join the soft line breaks of format=flowed (RFC 3676)."""
    joined: list[str] = []
    depth, open_line = -1, False
    for line in text.split("\n"):
        quotes = _QUOTES.match(line)
        level = quotes.end() if quotes else 0
        content = line[level:].removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        kept = content[:-1] if soft and delsp else content
        if open_line and level == depth and content != "-- ":
            joined.append(kept)
        else:
            joined += "\n" * bool(joined), line[:level], " " * bool(level), kept
        depth, open_line = level, soft
    return "".join(joined)


_WORD = re.compile(r"=\?([^?\s]{1,60})\?([bBqQ])\?([^?]*)\?=(?:\s+(?==\?))?")


def words(value: str) -> str:
    """A header value on one line, its RFC 2047 encoded words decoded."""
    parts: list[str] = []
    pending, charset, at = b"", "", 0
    for match in _WORD.finditer(value):
        name = match[1].split("*")[0].lower()
        if match.start() > at or name != charset:
            parts += [_characters(pending, charset), value[at : match.start()]]
            pending = b""
        # a character may be cut in two by the end of a word, so neighbours are decoded together
        pending, charset, at = pending + _word(match[2], match[3]), name, match.end()
    parts += [_characters(pending, charset), value[at:]]
    return " ".join(re.sub(r"[\0-\x1f\x7f-\x9f\u2028\u2029]", " ", "".join(parts)).split())


def _word(encoding: str, text: str) -> bytes:
    data = text.encode("utf-8", "replace")
    return _base64(data) if encoding in "bB" else binascii.a2b_qp(data.replace(b"_", b" "))
