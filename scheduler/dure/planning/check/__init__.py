"""The checker that `dure serve --check-plans` switches on: every invariant of DESIGN 3.3, held against a plan."""

from dure.planning.check.applied import applied
from dure.planning.check.finding import Finding, Invariant
from dure.planning.check.whole import check

__all__ = ["Finding", "Invariant", "applied", "check"]
