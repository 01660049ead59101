"""What the lists that a mail was posted to allow."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kfunclint.bot.settings import DAY, BotSettings, Mode

_EMBARGOES = {"netdev@vger.kernel.org": DAY}  # Documentation/process/maintainer-netdev.rst asks for a day between posts


class Permission(NamedTuple):
    """What may be said, how many seconds the patch rests before, and the lists that get a copy."""

    mode: Mode
    embargo: float
    lists: tuple[str, ...]


def permission(addresses: Iterable[str], settings: BotSettings) -> Permission:
    """What is allowed for a series that went to these addresses, in lower case.

    The strictest of the lists that settings name decides. Addresses count as a whole. Where none is named, nothing is
    said.
    """
    addresses = sorted(set(addresses))
    policies = {name: settings.lists[name] for name in addresses if name in settings.lists}
    mode = min((policy.mode for policy in policies.values()), key=lambda mode: mode.rank, default=Mode.OFF)
    waits = [_embargo(name, settings) for name in addresses if name in policies or name in _EMBARGOES]
    return Permission(mode, max(waits, default=settings.embargo), tuple(policies) if mode is Mode.LIST else ())


def _embargo(name: str, settings: BotSettings) -> float:
    policy = settings.lists.get(name)
    if policy and policy.embargo is not None:
        return policy.embargo
    return max(settings.embargo, _EMBARGOES.get(name, 0))
