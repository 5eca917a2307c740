"""Work lost: what an eviction throws away (DESIGN 3.3, step 3).

"Value x time since start or checkpoint": checkpoints that the attempt reported, or else those of the interval that
its job declared.
"""

from __future__ import annotations

from typing import TypeAlias

from dure.model.instants import Instant, Millis
from dure.planning.axes import CPU_AXIS, FIRST_GPU, Vector
from dure.planning.running import Active

Lost: TypeAlias = tuple[int, int]
"""(value of its GPUs x ms, millicores x ms)."""


def lost_time(active: Active, now: Instant) -> Millis:
    """Milliseconds since its last checkpoint, or since its start."""
    return max(0, now - _saved(active, now))


def work_lost(active: Active, now: Instant, values: Vector) -> Lost:
    """What would be done again, in the order in which victims are compared."""
    held, time = active.held, lost_time(active, now)
    worth = sum(amount * values[axis] for axis, amount in held if axis >= FIRST_GPU)
    return worth * time, dict(held).get(CPU_AXIS, 0) * time


def _saved(active: Active, now: Instant) -> Instant:
    if active.checkpoint is not None:
        return active.checkpoint
    began, interval = active.began, active.job.checkpoint_interval
    return began if not interval or now < began else began + (now - began) // interval * interval
