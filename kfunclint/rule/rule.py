"""What a rule is, and how rules are found."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, NamedTuple, TypeVar

from kfunclint.facts.fact import Fact
from kfunclint.facts.flag_names import FlagName
from kfunclint.finding import Level, Remark
from kfunclint.kernel.flags import flag_rows
from kfunclint.kernel.kernel import Kernel
from kfunclint.kernel.release import Release, Releases, Target
from kfunclint.value import Value

T = TypeVar("T", bound=Fact)
Check = Callable[[T, Kernel], Iterator[Remark]]
TITLE_LENGTH = 72


class BadRule(ValueError):
    """A rule file that cannot be used; the message names it and says why in one line."""


def _cleaned(doc: str) -> str:
    """A docstring without the indentation of the code: inspect.getdoc(), which takes a tenth of the start to load."""
    first, *lines = doc.expandtabs().split("\n")
    margin = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    return "\n".join((first.strip(), *(line[margin:].rstrip() for line in lines))).strip("\n")


def _title(doc: str) -> str:
    return doc.partition("\n")[0].rstrip(".")


class Description(NamedTuple):
    """What people may read of a rule, without the function that it is; see Rule."""

    id: str
    level: Level
    see: str
    doc: str
    strict: bool

    @property
    def title(self) -> str:
        """The first line of the docstring, without the full stop."""
        return _title(self.doc)


class Rule(Value, Generic[T]):
    """A check over one type of fact.

    `since` and `until` bound the releases for which it holds (both inclusive), `flag` is one without which it is about
    nothing, and `error_since` the release from which on a finding is an error whatever `level` says; `needs_body` rules
    see only kfuncs whose whole body is known; `in_tests` rules see kfuncs of files that test the verifier, too; `doc`
    explains it in the form of a rule's docstring; `contract` and `see` name the facts behind it: numbers of the kfunc
    contract, and the kernel's source. `source` says where the rule itself stands, as "file:line".
    """

    id: str
    over: type[T]
    level: Level
    check: Check[T]
    see: str
    contract: tuple[str, ...]
    doc: str
    strict: bool = False
    needs_body: bool = False
    in_tests: bool = False
    since: Release | None = None
    until: Release | None = None
    flag: FlagName | None = None
    error_since: Release | None = None
    source: str = ""

    @property
    def title(self) -> str:
        """The first line of the docstring, without the full stop."""
        return _title(self.doc)

    @property
    def description(self) -> Description:
        """The rule as a value that can be stored and sent."""
        return Description(self.id, self.level, self.see, self.doc, self.strict)

    def level_for(self, target: Target) -> Level:
        if self.error_since is not None and target.settled >= self.error_since:
            return Level.ERROR
        return self.level

    @property
    def releases(self) -> Releases:
        """Those for which it holds and that have its flag."""
        if self.flag is None:
            return Releases(self.since, self.until)
        of_flag = flag_rows()[self.flag].releases
        since = max(filter(None, (self.since, of_flag.since)), default=None)
        return Releases(since, min(filter(None, (self.until, of_flag.until)), default=None))

    def holds_for(self, target: Target) -> bool:
        """Does it hold whatever of the next release is there already? A flag is there where a series uses it."""
        is_known = self.flag is None or target.meets(flag_rows()[self.flag].releases)
        return is_known and target.is_within(Releases(self.since, self.until))


def rule(
    over: type[T],
    level: Level,
    *,
    see: str,
    contract: tuple[str, ...] = (),
    strict: bool = False,
    needs_body: bool = False,
    in_tests: bool = False,
    since: str | None = None,
    until: str | None = None,
    flag: FlagName | None = None,
    error_since: str | None = None,
) -> Callable[[Check[T]], Rule[T]]:
    """Make a rule of a generator over facts of type `over`; releases are written "6.12". Raises BadRule for others."""

    def make(check: Check[T]) -> Rule[T]:
        return Rule(
            id="",
            over=over,
            level=level,
            check=check,
            see=see,
            contract=contract,
            doc=_cleaned(check.__doc__ or ""),
            strict=strict,
            needs_body=needs_body,
            in_tests=in_tests,
            since=optional_release(since),
            until=optional_release(until),
            flag=flag,
            error_since=optional_release(error_since),
        )

    return make


def optional_release(text: str | None) -> Release | None:
    """The release that a text names, None for None. Raises BadRule."""
    try:
        return None if text is None else Release.parse(text)
    except (TypeError, ValueError) as error:
        raise BadRule(f"{text!r} is not a kernel release such as 6.12") from error
