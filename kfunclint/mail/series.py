"""Patches and cover letters put together to series; the thread decides, and what a subject leaves out it says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Sequence

from kfunclint.mail.message import Mail, Series, address, whole
from kfunclint.mail.threads import Threads
from kfunclint.mail.versions import PostedSeries
from kfunclint.value import Value

# A mail is held against this many series of its sender, so that the work stays linear.
_LOOK_BACK = 20


def assembled_series(posts: Sequence[Mail], threads: Threads) -> list[PostedSeries]:
    """The series that patches and cover letters make up, in order of appearance; `threads` are those of all mails.

    One series are the mails of one thread, cover letter, sender, version and total; a mail that names no version has
    that of the cover letter or patch that it answers. What fits nowhere else then joins the series it completes: a
    cover letter with another version or total than its patches, a patch with another total, one that came by another
    address, and what was sent in several threads.
    """
    positions = _positions(posts, threads)
    groups = _exact_groups(posts, positions)
    groups = _with_covers(groups)
    groups = _with_other_totals(groups)
    groups = _joined(groups, lambda group: (group.thread or group.tags, group.cover, group.version, group.total))
    groups = _joined(groups, lambda group: (group.sender, group.version, group.total, group.tags))
    return [PostedSeries(group.thread, _series(group)) for group in groups]


class _Position(Value):
    """Where a mail stands: what names its thread ("" for none), the patch or cover letter that it is or that stands
    above it, the version of that, and the message-id of the cover letter at or above it ("" for none)."""

    thread: str
    post: Mail | None = None
    version: int = 1
    cover: str = ""


def _positions(posts: Sequence[Mail], threads: Threads) -> dict[int, _Position]:
    """The position of every mail, by id()."""
    roots = threads.roots()
    are_posts = set(map(id, posts))
    positions: dict[int, _Position] = {}
    for mail in threads.parents_first():
        parent = threads.parent(mail)
        above = positions[id(parent)] if parent else _Position(roots[id(mail)])
        if id(mail) in are_posts:
            cover = mail.headers.message_id if mail.subject.number == 0 else above.cover
            above = _Position(above.thread, mail, _version(mail, above), cover)
        positions[id(mail)] = above
    return positions


def _version(mail: Mail, above: _Position) -> int:
    """The version of a patch or cover letter."""
    post = above.post
    if mail.subject.revision or post is None or mail.subject.number == 0 or address(post) != address(mail):
        return mail.subject.version
    is_of_set = post.subject.total == mail.subject.total or (post.subject.number == 0 and mail.subject.is_counted)
    return above.version if is_of_set else mail.subject.version


class _Group:
    """A series in the making: its mails by number, and what they have in common; `tags` are those of the first."""

    def __init__(self, at: _Position, mail: Mail, tags: tuple[str, ...]) -> None:
        self.thread = at.thread
        self.cover = at.cover
        self.sender = address(mail)
        self.version = at.version
        self.total = mail.subject.total
        self.tags = tags
        self.mails: dict[int, Mail] = {}

    def add(self, mail: Mail) -> None:
        """Take a mail in; of two with one number the later counts, but for one that says it is older."""
        namesake = self.mails.get(mail.subject.number)
        if namesake is None or _minor_revision(mail) >= _minor_revision(namesake):
            self.mails[mail.subject.number] = mail

    def has_place_for(self, mail: Mail) -> bool:
        """May the mail be one of this series: new, the same once more, or a resend?"""
        namesake = self.mails.get(mail.subject.number)
        if namesake is None or namesake.subject.title == mail.subject.title:
            return True
        return bool(self.thread and mail.subject.total > 1)

    def absorb(self, other: _Group) -> None:
        """Take the mails of a group in that has none of the same numbers."""
        self.mails.update(other.mails)

    def distance(self, cover: _Group) -> tuple[bool, bool, bool, int]:
        """The smaller the likelier is the cover letter that of these patches."""
        return self.sender != cover.sender, self.version != cover.version, self.total != cover.total, self.version

    def lacks(self, numbers: Iterable[int]) -> bool:
        """Are all the numbers of patches that it counts and does not have?"""
        return all(0 < number <= self.total and number not in self.mails for number in numbers)

    @property
    def is_whole(self) -> bool:
        return whole(self.mails, self.total)


def _minor_revision(mail: Mail) -> str:
    return mail.subject.revision.lstrip("0123456789")


def _exact_groups(posts: Sequence[Mail], positions: dict[int, _Position]) -> list[_Group]:
    buckets: dict[Hashable, list[_Group]] = {}
    order: list[_Group] = []
    for mail in posts:
        at = positions[id(mail)]
        tags = tuple(sorted(tag.lower() for tag in mail.subject.tags))
        key = (at.thread, at.cover, address(mail), at.version, mail.subject.total)
        groups = buckets.setdefault((*key, () if at.thread else tags), [])
        group = next((group for group in groups[-_LOOK_BACK:][::-1] if group.has_place_for(mail)), None)
        if group is None:
            group = _Group(at, mail, tags)
            groups.append(group)
            order.append(group)
        group.add(mail)
    return order


def _with_covers(groups: Sequence[_Group]) -> list[_Group]:
    """Give every cover letter that stands alone the patches that answer it, whatever their version and total."""
    without_cover: dict[str, list[_Group]] = {}
    for group in groups:
        if group.cover and 0 not in group.mails:
            without_cover.setdefault(group.cover, []).append(group)
    rest = []
    for group in groups:
        candidates = without_cover.pop(group.cover, []) if group.mails.keys() == {0} else []
        if not candidates:
            rest.append(group)
            continue
        best = min(candidates, key=lambda candidate: candidate.distance(group))
        best.absorb(group)
        best.version = max(best.version, group.version)
    return rest


def _with_other_totals(groups: Sequence[_Group]) -> list[_Group]:
    """Give the largest series of a thread, sender and version the patches that count to another total, and which it
    lacks."""
    by_set: dict[Hashable, list[_Group]] = {}
    for group in groups:
        if group.thread:
            by_set.setdefault((group.thread, group.cover, group.sender, group.version), []).append(group)
    absorbed: set[int] = set()
    for candidates in by_set.values():
        largest = max(candidates, key=lambda group: (len(group.mails), group.total))
        for group in candidates:
            if group is not largest and not group.is_whole and largest.lacks(group.mails):
                largest.absorb(group)
                absorbed.add(id(group))
    return [group for group in groups if id(group) not in absorbed]


def _joined(groups: Sequence[_Group], key: Callable[[_Group], Hashable]) -> list[_Group]:
    """Join neighbours with the same key that are whole only together, such as a cover letter apart from its patches, or
    a series in several batches."""
    waiting: dict[Hashable, tuple[list[_Group], set[int]]] = {}
    absorbed: set[int] = set()
    for group in groups:
        batches, numbers = waiting.setdefault(key(group), ([], set()))
        if not numbers.isdisjoint(group.mails):
            batches.clear()
            numbers.clear()
        batches.append(group)
        numbers.update(group.mails)
        if whole(numbers, group.total):
            for batch in batches[1:]:
                batches[0].absorb(batch)
                absorbed.add(id(batch))
            del batches[1:]
    return [group for group in groups if id(group) not in absorbed]


_BASE = re.compile(r"^base-commit: ([0-9a-f]{7,64})[ \t]*$", re.M)
_PREREQUISITE = re.compile(r"^prerequisite-patch-id: ([0-9a-f]{7,64})[ \t]*$", re.M)


def _series(group: _Group) -> Series:
    mails = [mail for _, mail in sorted(group.mails.items())]
    cover = mails[0] if mails[0].subject.number == 0 else None
    patches = tuple(mails[1:] if cover else mails)
    trailing = [mail.body for mail in (*((cover,) if cover else ()), *patches[::-1])]
    bases = [match[1] for body in trailing if (match := _BASE.search(body))]
    prerequisites = dict.fromkeys(patch_id for body in trailing for patch_id in _PREREQUISITE.findall(body))
    return Series(
        patches,
        cover,
        group.version,
        _total(patches or mails),
        bases[0] if bases else "",
        tuple(prerequisites),
        revisions=tuple(patch.subject.revision or str(group.version) for patch in patches),
    )


def _total(mails: Iterable[Mail]) -> int:
    """The total that most mails count to; of two with as many the higher one."""
    counts = Counter(mail.subject.total for mail in mails)
    return max(counts, key=lambda total: (counts[total], total))
