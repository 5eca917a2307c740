"""Job-count limits: how many jobs may run at once, of a tenant with all below it and of each single user.

A job counts from the decision that starts it, or that makes its claim, until it vacates or ends. What is stated for
a tenant's users bounds each single user of the tenant and of every tenant below it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dure.model.job import UserId
from dure.planning.quota import Account, Reserved


def too_many(
    account: Account, user: UserId, reserved: Iterable[Reserved] = ()
) -> Iterator[tuple[Account, UserId, int]]:
    """(tenant, user, limit) of every limit on the path at which another job would be one too many.

    The user is "" where the limit is the tenant's. Jobs that hold a reservation are counted as running too.
    """
    others = [(other, theirs) for other, theirs, _ in reserved]
    mine = account.user_jobs.get(user, 0) + others.count((account, user))
    for over in account.path:
        limit, each = over.branch.max_jobs, over.branch.user_max_jobs
        if limit is not None and over.jobs + sum(over in other.path for other, _ in others) >= limit:
            yield over, "", limit
        if each is not None and mine >= each:
            yield over, user, each
