"""What a series takes away from kfuncs that stay."""

from __future__ import annotations

from kfunclint.facts.fact import Loss, OneLineOfFunction, TakenAway
from kfunclint.finding import Place
from kfunclint.value import Value


class LostRelease(OneLineOfFunction, Loss, Value):
    """A kfunc that gave back references on a struct, and does so no more: its entry is gone, or KF_RELEASE is.

    In its file no set that is in view is cut, and no other kfunc in view has KF_RELEASE for the struct.
    """

    name: str
    at: Place
    """The name of an older kfunc that still acquires such a struct, in its definition."""
    acquirer: str
    """That kfunc."""
    struct: str
    taken_away: TakenAway | None
    """The line of its entry."""
    keeps_entry: bool
    """Only the flag is gone."""
    is_released_elsewhere: bool | None = None
    """Another kfunc of the kernel gives such references back; None where no tree was asked."""
