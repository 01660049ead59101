"""A reply mail per patch with findings, for mutt -H or git send-email; nothing if there is nothing to say."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from email.header import Header

from kfunclint import __version__
from kfunclint.checker.lines import LineIndex
from kfunclint.checker.result import Review
from kfunclint.finding import Comparison, Finding, Level, Place, Reason
from kfunclint.mail.message import Mail
from kfunclint.patch.diff import DiffLine, FileDiff, Patch
from kfunclint.report import formats
from kfunclint.resources import url
from kfunclint.text import visible

WIDTH = 72
CUT = "[ ... ]"

_SHORT_GAP = 3
_PARAGRAPH = 12
_FUNCTION = 12
_CONTEXT = 8
_FAR = 400
_EXCERPT = 72
_LONGEST_NOTE = 400
_MOST_OCTETS = 980


def render(review: Review) -> str:
    """The mails as an mbox (mboxrd), "" if there is nothing to say; those of several series can follow each other."""
    return as_mbox(files(review))


def as_mbox(mails: Mapping[str, str]) -> str:
    """The mails that files() gives, one behind the other."""
    return "".join(map(_in_mbox, mails.values()))


def files(review: Review, *, whole: bool = False) -> dict[str, str]:
    """The mails by file name ("0003-reply-mm-count-widgets.eml"), each complete but for From, Date and Message-ID.

    `whole`: each quotes all of its patch, and nothing of its own follows the last remark.
    """
    mails: dict[str, str] = {}
    notes = _notes(review)
    for mail, findings in _replies(review):
        version, dash, rest = formats.slug(mail).rpartition(f"{mail.subject.number:04}")
        body = _whole_body(review, mail, findings, notes) if whole else _body(review, mail, findings, notes)
        mails[f"{version}{dash}-reply{rest}.eml"] = f"{_header(mail)}\n{body}"
        notes = []
    return mails


def _replies(review: Review) -> Iterator[tuple[Mail, list[Finding]]]:
    """The mails to answer, each with its findings: where there are none, the first, if not all was checked or its
    sender asked for silence."""
    by_number: dict[int, list[Finding]] = {}
    for finding in review.findings:
        by_number.setdefault(finding.origin.patch, []).append(finding)
    first = formats.first(review)
    if not by_number and first and (review.troubles or any(suppressed.by_sender for suppressed in review.withheld)):
        yield first, []
    for number, mail in formats.mails(review).items():
        if number in by_number:
            yield mail, by_number[number]


def _notes(review: Review) -> list[str]:
    """What is to be said of the series as a whole, a paragraph each."""
    silence = formats.silence(review)
    return [*(f"Not checked: {_cut(trouble)}" for trouble in review.troubles), *([_cut(silence)] if silence else [])]


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST_NOTE else f"{text[:_LONGEST_NOTE]} ..."


def in_context(review: Review, finding: Finding) -> str:
    """The part of the reply that is about one finding of a mail: the lines quoted for it, and the remark."""
    mails = (review.cover, *review.patches)
    patch = next(patch for patch in mails if patch and patch.mail.subject.number == finding.origin.patch)
    lines = _Quote(patch, [finding], review.lines, review.since).lines()
    return "\n".join(lines[lines[0] == CUT :])  # it goes into a reply that somebody writes


def _in_mbox(mail: str) -> str:
    escaped = re.sub(r"^(>*From )", r">\1", mail, flags=re.MULTILINE)
    return f"From mboxrd@z Thu Jan  1 00:00:00 1970\n{escaped}\n"


# The header. It is put together by hand: email.policy writes ids as encoded words and unquotes names when it folds.
# An address or id that holds an encoded word is refused: some readers decode it all the same.

_ADDRESS = re.compile(r"(?!.*=\?)[\w.!#$%&'*+/=?^`{|}~-]{1,64}@[\w.-]{1,255}", re.ASCII)
_ID = re.compile(r"(?!.*=\?)[!-;=?-~]{1,900}")
_RELAY = re.compile(r"devnull\+[^@]*@kernel\.org", re.I)  # what b4's web endpoint sends from: nobody reads it
_LONGEST_FIELD = 600
_MOST_IDS = 100


def _header(mail: Mail) -> str:
    answered = mail.headers.reply_to if mail.headers.author == mail.headers.sender else ()
    is_relayed = bool(answered) and _RELAY.search(mail.headers.author) is not None
    to = _unique([*([] if is_relayed else [mail.headers.author]), *answered])
    cc = _unique(
        [
            *([] if mail.headers.reply_to else [mail.headers.sender]),
            *mail.headers.reply_to,
            *mail.headers.to,
            *mail.headers.cc,
        ]
    )
    ids = [id_ for id_ in mail.headers.references if _ID.fullmatch(id_) and id_ != mail.headers.message_id]
    parent = [mail.headers.message_id] if _ID.fullmatch(mail.headers.message_id) else []
    ids = ids[:1] + ids[1:][-_MOST_IDS:] + parent
    fields = {
        "To": ",\n ".join(to.values()),
        "Cc": ",\n ".join(entry for address, entry in cc.items() if address not in to),
        "Subject": _subject(mail.subject.text),
        "In-Reply-To": "".join(f"<{id_}>" for id_ in parent),
        "References": "\n ".join(f"<{id_}>" for id_ in ids) if parent else "",
        "MIME-Version": "1.0",
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Transfer-Encoding": "8bit",
    }
    return "".join(f"{name}: {value}\n" for name, value in fields.items() if value)


def _subject(subject: str) -> str:
    text = _one_line(subject)[:_LONGEST_FIELD]
    return _encoded_words(text if re.match(r"re:", text, re.IGNORECASE) else f"Re: {text}", "Subject")


def _unique(entries: Iterable[str]) -> dict[str, str]:
    """The entries of an address field, fit for a header, by address in lower case; those without one are left out."""
    by_address: dict[str, str] = {}
    for entry in entries:
        name, address = _name_and_address(entry)
        if _ADDRESS.fullmatch(address):
            by_address.setdefault(address.lower(), f"{_phrase(name)} <{address}>" if name else address)
    return by_address


def _name_and_address(entry: str) -> tuple[str, str]:
    """Name and address of an entry, the name without its quotes."""
    name, bracket, address = " ".join(entry.split()).rpartition("<")
    if not bracket:
        return "", visible(address)
    name = name.strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return visible(name.strip())[:_LONGEST_FIELD], visible(address.partition(">")[0].strip())


def _phrase(name: str) -> str:
    if not name.isascii() or "=?" in name:
        return _encoded_words(name, "")
    if re.fullmatch(r"[\w !#$%&'*+/=?^`{|}~-]*", name):
        return name
    return '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def _encoded_words(text: str, field: str) -> str:
    # plain text that looks like an encoded word would be decoded by who reads it
    charset = "us-ascii" if text.isascii() and "=?" not in text else "utf-8"
    return Header(text, charset, header_name=field).encode()


def _one_line(text: str) -> str:
    return visible(" ".join(text.split()))


# The body.


def _attribution(mail: Mail) -> str:
    name, address = _name_and_address(mail.headers.author)
    who = f"{(name or address or 'the author')[:_EXCERPT]} wrote:"
    date = _one_line(mail.headers.date)[:_EXCERPT]
    return _safe(f"On {date}, {who}" if date else who)


def _patch_of(review: Review, mail: Mail) -> Patch | None:
    return next((patch for patch in (review.cover, *review.patches) if patch and patch.mail is mail), None)


def _whole_body(review: Review, mail: Mail, findings: Sequence[Finding], notes: Sequence[str]) -> str:
    """What b4's parser takes for remarks: what is not quoted, below the line that is counted from the first one.

    Notes and a remark on the subject stand in front; a line is never split, as what follows would be counted wrongly.
    """
    patch = _patch_of(review, mail)
    lines = _WholeQuote(patch, findings, review.lines, review.since).lines() if patch and findings else []
    told = [line for note in notes for line in (*_wrap(note), "")]
    return "\n".join([_attribution(mail), *([""] if told else []), *told, *lines]).rstrip("\n") + "\n"


def _signature(review: Review) -> Iterator[str]:
    base = f" on top of {_cut(review.base.name)}" if review.base else ""
    yield "-- "
    yield from _wrap(f"kfunclint {__version__}, a program, judged this for Linux {review.kernel.release}{base}.")
    if url("Homepage"):
        yield url("Homepage")
    yield "Is a remark wrong? Please say so in a reply; a person reads it."


def _body(review: Review, mail: Mail, findings: Sequence[Finding], notes: Sequence[str]) -> str:
    lines = [_attribution(mail)]
    patch = _patch_of(review, mail)
    if patch and findings:
        lines += _remarks(patch, findings, review)
    else:
        lines += [_quote(_title_line(mail)[0]), ""]
    for note in notes:
        lines += [*_wrap(note), ""]
    lines += _signature(review)
    return "\n".join(lines) + "\n"


def _remarks(patch: Patch, findings: Sequence[Finding], review: Review) -> Iterator[str]:
    """The remarks below the lines that they are about: first the bugs, then the rest, each in the order of the mail."""
    bugs = [finding for finding in findings if finding.level is not Level.CHECK]
    nits = [finding for finding in findings if finding.level is Level.CHECK]
    if bugs:
        yield from _Quote(patch, bugs, review.lines, review.since).lines()
    if bugs and nits:
        yield from ("And some smaller things:", "")
    if nits:
        yield from _Quote(patch, nits, review.lines, review.since).lines()


class _Quote:
    """The parts of a mail that its findings need, with the remarks in between.

    `shown` are the 1-based lines of the body to quote, 0 for the subject, `headers` those of them that open the mail or
    the diff of a file, after which a gap needs no mark.
    """

    def __init__(self, patch: Patch, findings: Sequence[Finding], texts: LineIndex, since: Comparison | None) -> None:
        self.mail = patch.mail
        self.body = patch.mail.body.split("\n")
        self.texts = texts
        self.diff = {(file.new_path, line.text) for file in patch.files for hunk in file.hunks for line in hunk.lines}
        self.remarks: dict[int, list[Finding]] = {}
        for finding in findings:
            self.remarks.setdefault(finding.origin.mail_line, []).append(finding)
        self.since = f"as in {since.name}" if since else ""
        self.said: set[tuple[str, str]] = set()
        self.last = max(self.remarks)
        self.headers = {0}
        self.shown = {line for line in self._shown_lines(patch) if line <= self.last}

    def lines(self) -> list[str]:
        """The lines of the reply below the attribution, up to an empty one above the signature."""
        out: list[str] = []
        above = None
        for number in sorted(self.shown):
            if self._is_cut(above, number):
                out.append(CUT)
            if above == 0 and out[-1]:
                out.append(">")  # as a header ends
            out += self._line(number)
            above = number
        return [*out, ""] if out[-1] else out

    def _is_cut(self, above: int | None, number: int) -> bool:
        """Is something left out in front of a line that has to be marked? The way to a header has not."""
        if above is None:
            return number not in self.headers and any(line.strip() for line in self.body[: number - 1])
        return number != above + 1 and above not in self.headers

    def _shown_lines(self, patch: Patch) -> Iterator[int]:
        yield from self.remarks
        message = [line.mail_line for line in patch.message]
        if message:
            inside = (line for line in self.remarks if 0 < line <= message[-1])
            yield from _without_gaps(set().union(*(self._paragraph(line, message[0], message[-1]) for line in inside)))
        for file in patch.files:
            for hunk in file.hunks:
                indices = [index for index, line in enumerate(hunk.lines) if line.mail_line in self.remarks]
                if indices:
                    parts = (hunk.lines[at].mail_line for index in indices for at in _needed_lines(hunk.lines, index))
                    yield from self._file_header(file)
                    yield from _without_gaps({hunk.mail_line, *parts})

    def _paragraph(self, line: int, first: int, last: int) -> set[int]:
        """The lines of the paragraph around a line, as far as they are near."""
        start = end = line
        while start > max(first, line - _PARAGRAPH) and self.body[start - 2].strip():
            start -= 1
        while end < min(last, line + _PARAGRAPH) and self.body[end].strip():
            end += 1
        return set(range(start, end + 1))

    def _file_header(self, file: FileDiff) -> list[int]:
        wanted = ("diff --git ", "Index: ", "--- ", "+++ ")
        lines = [line for line, text in enumerate(file.headers, file.mail_line) if text.startswith(wanted)]
        self.headers.update(lines)
        return lines

    def _line(self, number: int) -> Iterator[str]:
        """A quoted line and its remarks; it is split behind a word that is to be another."""
        text, lead = (self.body[number - 1], 0) if number else _title_line(self.mail)
        start, below = 0, list[Finding]()
        for finding in self.remarks.get(number, ()):
            end = _end_of_word(finding, text, lead)
            if end is None or end <= start:
                below.append(finding)
                continue
            yield _quote(text[start:end].lstrip() if start else text[:end])
            yield from self._remark(finding)
            start = end
        rest = text[start:].lstrip() if start else text
        if not start or (rest and (below or number < self.last)):
            yield _quote(rest)
        for index, finding in enumerate(below):
            yield from self._remark(finding, is_repeated=index > 0)

    def _remark(self, finding: Finding, is_repeated: bool = False) -> Iterator[str]:
        if not is_repeated:
            yield ""
        word = _word(finding)
        stands = f" ({self.since})" if finding.persisted else ""
        yield from _wrap(f"{word}*{stands} [{finding.rule}]" if word else " ".join(self._sentences(finding)))
        yield ""

    def _sentences(self, finding: Finding) -> Iterator[str]:
        if self._is_new(finding, finding.message):
            yield _sentence(finding.message)
        else:
            yield f"Same for {finding.function}()." if finding.function else "Same here."
        elsewhere = [reason for reason in finding.because if (reason.at.path, reason.at.line) != _line_of(finding)]
        # a path is told by its ends, and what other functions do comes last
        for reason in elsewhere[:1] + elsewhere[1:][-1:]:
            yield _sentence(self._reason(reason, finding))
        if finding.fix and self._is_new(finding, finding.fix.description):
            yield f"Please {_with_full_stop(finding.fix.description)}"
        if finding.repaired_by:
            yield f"Patch {finding.repaired_by}/{self.mail.subject.total} repairs it."
        if finding.persisted:
            yield _sentence(self.since)
        yield f"[{finding.rule}]"

    def _is_new(self, finding: Finding, text: str) -> bool:
        """Is it the first time in this mail that the rule says so, whatever kfunc it speaks of?"""
        key = finding.rule, text.replace(finding.function, "") if finding.function else text
        new = key not in self.said
        self.said.add(key)
        return new

    def _reason(self, reason: Reason, finding: Finding) -> str:
        """A reason with its line; of one that the mails do not show only where it is."""
        if not self._is_shown(reason.at):
            return f"{reason.note} (line {reason.at.line} of {reason.at.path})"
        text = " ".join(_without_comment_marks(self.texts.text(reason.at)).split())
        origin = self.texts.origin(reason.at)
        if len(text) > _EXCERPT:
            text = text[:_EXCERPT].rpartition(" ")[0] + " ..."
        words = f'{reason.note}: "{text}"' if text else reason.note
        if origin and origin.patch != finding.origin.patch:
            return f"{words} (patch {origin.patch}/{self.mail.subject.total})"
        if reason.at.path and reason.at.path != finding.at.path:
            return f"{words} ({reason.at.path})"
        return words

    def _is_shown(self, at: Place) -> bool:
        """Did the series bring the line, or does the mail show it beside others?"""
        text = self.texts.text(at)
        return not text or self.texts.origin(at) is not None or (at.path, text) in self.diff


class _WholeQuote(_Quote):
    """All of a mail, with the remarks in between."""

    def lines(self) -> list[str]:
        out: list[str] = []
        for number in range(1 if 0 not in self.remarks else 0, len(self.body) + 1):
            out += [_quote(self.body[number - 1])] if number else []
            for index, finding in enumerate(self.remarks.get(number, ())):
                out += self._remark(finding, is_repeated=index > 0)
        while out and out[-1] == ">":
            out.pop()
        return out


def _without_comment_marks(line: str) -> str:
    """A line without what makes it one of a comment."""
    return re.sub(r"^\s*(?:/?\*+(?![\w*])|//)|\*/\s*$", "", line)


def _line_of(finding: Finding) -> tuple[str | None, int]:
    return finding.at.path, finding.at.line


def _title_line(mail: Mail) -> tuple[str, int]:
    """The subject as a line of the header, and how much stands in it in front of the title."""
    text = f"Subject: {mail.subject.text if mail.subject.text.endswith(mail.subject.title) else mail.subject.title}"
    return text, len(text) - len(mail.subject.title)


def _quote(line: str) -> str:
    return f"> {_deliverable(visible(line))}" if line else ">"


def _deliverable(line: str) -> str:
    """A line that no mail server breaks, as it would where it has more than 998 octets (RFC 5321, 4.5.3.1.6)."""
    data = line.encode("utf-8", "replace")
    return line if len(data) <= _MOST_OCTETS else f"{data[:_MOST_OCTETS].decode('utf-8', 'ignore')} {CUT}"


def _without_gaps(lines: set[int]) -> Iterator[int]:
    """The lines and, where a gap between two of them is short, those in it."""
    above = None
    for line in sorted(lines):
        if above is not None and line - above - 1 <= _SHORT_GAP:
            yield from range(above + 1, line)
        yield line
        above = line


# What of a hunk a reader needs to understand a line.


def _needed_lines(lines: Sequence[DiffLine], index: int) -> Iterable[int]:
    """The indices from where the function, comment or set around a line begins to that line."""
    start = _opening(lines, index)
    if start is None:
        return range(max(0, index - _CONTEXT), index + 1)
    if start == index:
        return range(max(0, index - _SHORT_GAP), index + 1)
    if index - start <= _FUNCTION:
        return range(start, index + 1)
    return [start, start + 1, *range(index - _CONTEXT // 2, index + 1)]


def _opening(lines: Sequence[DiffLine], index: int) -> int | None:
    """The index of the line that opens what is around a line: a comment, a set, or a function."""
    comment = re.match(r"\s*\*(?!\w)", lines[index].text)
    for at in range(index, max(-1, index - _FAR), -1):
        text = lines[at].text
        if comment:
            if text.lstrip().startswith("/*"):
                return at
        elif text.startswith(("BTF_KFUNCS_START(", "BTF_SET8_START(")):
            return at
        elif re.match(r"[A-Za-z_]", text) and not text.startswith("BTF_ID") and not text.rstrip().endswith((":", ";")):
            return _first_line(lines, at)
        elif text.startswith("}") and at < index:
            return None
    return None


def _first_line(lines: Sequence[DiffLine], at: int) -> int:
    """The return type may stand on a line of its own above the name."""
    above = lines[at - 1].text if at else ""
    return at - 1 if re.match(r"[A-Za-z_][\w\s*]*$", above) else at


# Own words.

_WORD = re.compile(r"(?:[^\W_]|['\u2019-]){1,40}")
_COMMENT = re.compile(r"\s*\*|.*?(?:/\*|//)")


def _word(finding: Finding) -> str | None:
    """The one word that would mend a line of prose, if that is the fix."""
    edits = finding.fix.edits if finding.fix else ()
    if len(edits) != 1 or not _WORD.fullmatch(edits[0].text):
        return None
    at = edits[0].at
    if (at.path, at.line, at.patch) != (finding.at.path, finding.at.line, finding.at.patch):
        return None
    prose = at.path is None or _COMMENT.match(finding.quoted[: at.column - 1])
    return edits[0].text if prose else None


def _end_of_word(finding: Finding, line: str, lead: int) -> int | None:
    """Where to split a line of a message: behind the word that the fix replaces and what punctuation follows it; the
    columns of the finding are counted from behind the lead of the line."""
    if finding.at.path is not None or not finding.fix or not _word(finding):
        return None
    end = lead + finding.fix.edits[0].at.end_column - 1
    while end < len(line) and line[end] in ".,;:!?)\"'":
        end += 1
    return end


def _sentence(text: str) -> str:
    """The text with a capital, unless it begins with an identifier, and a full stop."""
    text = text.strip()
    word = text.partition(" ")[0].rstrip(",:")
    if word.replace("'", "").isalpha() and word.islower():
        text = text[0].upper() + text[1:]
    return _with_full_stop(text)


def _with_full_stop(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!", '."')) else f"{text}."


# What means something to b4, to bots, to git or to a mail reader at the start of a line.
_MEANINGFUL = re.compile(r"[\w-]+:$|[#>@]|--|(?:From|diff)$", re.ASCII)


def _wrap(text: str) -> list[str]:
    """The text as lines of at most 72 columns, where no single word is longer; none begins with a tag or a command."""
    words = _one_line(text).split(" ")
    glued = words[0] + "".join(("\0" if _MEANINGFUL.match(word) else " ") + word for word in words[1:])
    lines = textwrap.wrap(glued, WIDTH, break_long_words=False, break_on_hyphens=False)
    return [_deliverable(_safe(line.replace("\0", " "))) for line in lines]


def _safe(line: str) -> str:
    return f"| {line}" if _MEANINGFUL.match(line.partition(" ")[0]) else line
