"""What settings make of a review: which rules run where, how loud they are, and what is not said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunclint.checker.result import Review
from kfunclint.finding import Finding, Level
from kfunclint.rule import functions, loader, names
from kfunclint.rule.rule import Rule
from kfunclint.settings import baseline, merged, suppressions
from kfunclint.settings.files import OFF, RuleFolder
from kfunclint.settings.merged import RuleConfig, Settings
from kfunclint.settings.patterns import matches
from kfunclint.value import replace


class ActiveRules:
    """The rules that settings choose; `rules` are those that have to run, `available` all there are, `functions`
    the rows of their folders about functions of the kernel.

    `recorded` has the keys of the findings in the baseline, None where that is still to be written.
    """

    def __init__(self, settings: Settings) -> None:
        """Raises BadRule or InputError for a rule, a name in the settings or a baseline that is wrong."""
        self.available = available_rules(settings)
        merged.check(settings, self.available)
        self.settings = settings
        self._choices = (settings.choice, *(profile.choice for profile in settings.profiles))
        self._ids = [_ids(choice, self.available) for choice in self._choices]
        self.rules = tuple(rule for rule in self.available if any(rule.id in ids for ids in self._ids))
        self.functions = tuple(functions.load(folder.path) for folder in _folders(settings))
        self.recorded = _recorded_findings(settings)

    def apply_to(self, review: Review, *, complete: bool = False) -> Review:
        """The review as the settings want it told; it is `complete` if a whole tree was reviewed."""
        review = self._with_levels(review)
        review = suppressions.apply_suppressions(review, self.settings.silences, self.available, complete=complete)
        return baseline.without_recorded(review, self.recorded or {}, str(self.settings.baseline))

    def _with_levels(self, review: Review) -> Review:
        """The review without the findings that are not for their files or mails, each at the level that is set."""
        if len(self._choices) == 1 and not self.settings.choice.levels and not self._has_too_strict(review):
            return review
        files = _files(review)
        of_files = {path: self._number([path]) for path in files[0]}
        of_mails = {number: self._number(paths) for number, paths in files.items()}
        ids_run = frozenset[str]().union(*(self._ids[number] for number in (*of_files.values(), *of_mails.values())))
        ids_left_out = {rule.id for rule in self.rules} - ids_run
        return replace(
            review,
            findings=tuple(self._findings_at_level(review, of_files, of_mails)),
            skipped={name: why for name, why in review.skipped.items() if name not in ids_left_out},
            failures={name: why for name, why in review.failures.items() if name not in ids_left_out},
            unchecked=review.unchecked - ids_left_out,
            rules=tuple(rule for rule in review.rules if rule.id not in ids_left_out),
        )

    def _has_too_strict(self, review: Review) -> bool:
        return not self.settings.choice.strict and any(finding.strict for finding in review.findings)

    def _findings_at_level(self, review: Review, files: dict[str, int], mails: Mapping[int, int]) -> Iterator[Finding]:
        """The findings as the choice wants them whose number the file, or else the mail, has."""
        for finding in review.findings:
            path = finding.at.path
            if path is not None and path not in files:  # the old name of a file
                files[path] = self._number([path])
            number = mails[finding.at.patch or 0] if path is None else files[path]
            choice = self._choices[number]
            level = choice.level(finding.rule)
            if finding.rule in self._ids[number] and (choice.strict or not finding.strict):
                yield replace(finding, level=level) if isinstance(level, Level) else finding

    def _number(self, paths: Sequence[str]) -> int:
        """The number of the last profile that describes all of the paths, 0 if none does."""
        profiles = list(enumerate(self.settings.profiles, 1))
        for number, profile in reversed(profiles):
            if paths and all(any(matches(path, pattern) for pattern in profile.patterns) for path in paths):
                return number
        return 0


def available_rules(settings: Settings) -> tuple[Rule[Any], ...]:
    """All rules there are: those that are shipped, and those of the folders that are set, each folder once.

    Raises BadRule for one that cannot be used, and for an id that two have.
    """
    groups = (loader.load(folder.path, "kfunclint_rules", python=folder.runs_python) for folder in _folders(settings))
    return loader.together(loader.shipped(), *groups)


def _folders(settings: Settings) -> tuple[RuleFolder, ...]:
    """The folders of rules that are set, each once."""
    folders: dict[Path, RuleFolder] = {}
    for folder in sorted(settings.rules, key=lambda folder: not folder.runs_python):
        folders.setdefault(folder.path.resolve(), folder)
    return tuple(folders.values())


def _ids(choice: RuleConfig, rules: Sequence[Rule[Any]]) -> frozenset[str]:
    chosen = names.choose(rules, only=choice.only, ignore=choice.ignore, strict=choice.strict)
    return frozenset(rule.id for rule in chosen if choice.level(rule.id) != OFF)


def _recorded_findings(settings: Settings) -> Mapping[str, int] | None:
    return baseline.read(settings.baseline) if settings.baseline and settings.baseline.exists() else None


def _files(review: Review) -> dict[int, list[str]]:
    """The files that each patch touches; 0 has those of all, as a cover letter and a tree speak of all."""
    files = {
        patch.mail.subject.number: [file.new_path or file.old_path or "" for file in patch.files]
        for patch in review.patches
    }
    files[0] = [path for paths in files.values() for path in paths] or [source.path for source in review.sources]
    return files
