"""How a series is put together, where that is not as plain as 1/m to m/m of one version."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from kfunclint.mail.message import Series

_MANY = 6


def composition(series: Series) -> Iterator[str]:
    """What a reader must know of it, each in words on one line: which patches are missing, which are counted wrongly,
    which are of another version, and which newer version was left out."""
    if series.missing and series.patches:
        yield f"not in the input: {_missing(series)}"
    for mail in series.patches:
        if mail.subject.is_counted and mail.subject.total != series.total:
            subject = mail.subject
            yield f"{subject.number}/{subject.total} is taken for {subject.number}/{series.total}"
    if len(set(series.revisions)) > 1:
        yield f"put together from several versions: {_sources(series)}"
    if series.left_out:
        yield f"newer, but not complete, and left out: {_listed(f'v{name}' for name in series.left_out)}"


def revisions(series: Series) -> dict[int, str]:
    """The version in which each patch was posted ("1", "3.1", "5b"), by the n of n/m; those that never were are not
    in it."""
    return {mail.subject.number: name for mail, name in zip(series.patches, series.revisions, strict=False)}


def _missing(series: Series) -> str:
    if len(series.missing) > _MANY:
        return f"{len(series.missing)} of the {series.total} patches"
    return _listed(f"{number}/{series.total}" for number in series.missing)


def _sources(series: Series) -> str:
    """Which patches are of which version; those of the version that has most are "the others"."""
    numbers = revisions(series)
    most = Counter(numbers.values()).most_common(1)[0][0]
    rare: dict[str, list[int]] = {}
    for number, name in numbers.items():
        if name != most:
            rare.setdefault(name, []).append(number)
    parts = [f"{_listed(f'{number}/{series.total}' for number in of)} of v{name}" for name, of in rare.items()]
    others = "other" if list(numbers.values()).count(most) == 1 else "others"
    return f"{', '.join(parts)}, the {others} of v{most}"


def _listed(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
