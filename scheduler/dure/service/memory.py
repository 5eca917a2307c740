"""How the server's memory is gone through for garbage: so that nobody's answer waits for it.

What is no longer used is let go of at once, by counting who uses it; the collector is there for circles only. It
stops every thread while it goes through all there is, and of a long queue that is much: seconds of it.
"""

from __future__ import annotations

import gc
import sys
from typing import Final

_SWITCH_S: Final = 0.001


def keep_pauses_short() -> None:
    """Go through what is new often, and through everything hardly ever: `tidy` does that.

    Threads at long work also let the event loop have its turn more often than by default.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 5_000)
    sys.setswitchinterval(_SWITCH_S)


def set_aside() -> None:
    """What was made up to now stays: it is not gone through again."""
    gc.freeze()


def tidy() -> None:
    """Go through what was made since the last time, and set aside what is still used of it."""
    gc.collect()
    gc.freeze()
