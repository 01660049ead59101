"""What time it is."""

from __future__ import annotations

import time


def now() -> float:
    """Seconds since 1970, UTC. All that the bot writes down or compares with it is from here."""
    return time.time()
