"""One line of JSON an event, on standard error."""

from __future__ import annotations

import json
import sys

from kfunclint.bot import clock

Value = str | int | float | bool | None


def event(name: str, **values: Value) -> None:
    """Tell of an event: its name, the time, and what there is to know of it."""
    sys.stderr.write(json.dumps({"time": round(clock.now(), 3), "event": name, **values}) + "\n")
    sys.stderr.flush()
