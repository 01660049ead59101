from collections.abc import Iterator

from kfunclint.facts.code_names import CodeName
from kfunclint.facts.spelling import corrections
from kfunclint.finding import Fix, Level, Remark
from kfunclint.kernel.kernel import Kernel
from kfunclint.rule.rule import rule

_SHORTEST = 6


@rule(
    CodeName, Level.CHECK, see="scripts/checkpatch.pl: TYPO_SPELLING; Documentation/process/coding-style.rst: 4) Naming"
)
def check(code_name: CodeName, kernel: Kernel) -> Iterator[Remark]:
    """A new name in the code has a misspelled word in it.

    It is told where the dictionary has one correction only, and other names of the series have the word as it should
    be: a name outlives its patch, and people grep for the right word.

    Bad:
        static int foo_aquire(struct foo *foo)      (beside foo_acquire_all())
    Good:
        static int foo_acquire(struct foo *foo)
    """
    del kernel
    for word in code_name.name.split("_"):
        choices = corrections(word) if len(word) >= _SHORTEST and not code_name.others_have(word) else ()
        if len(choices) == 1 and code_name.others_have(choices[0]):
            better = "_".join(choices[0] if part == word else part for part in code_name.name.split("_"))
            yield Remark(
                code_name.at,
                f'"{word}" in {code_name.name} is misspelled: "{choices[0]}", as other names have it',
                fix=Fix(f"write {better}"),
            )
            return
