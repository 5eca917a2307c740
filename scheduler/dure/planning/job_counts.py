"""Job-count limits: how many jobs may run at once, of a tenant with all below it and of each single user.

A job counts from the decision that starts it, or that makes its claim, until it vacates or ends. What is stated for
a tenant's users bounds each single user of the tenant and of every tenant below it.
"""

from __future__ import annotations

from collections.abc import Iterator

from dure.model.job import UserId
from dure.planning.queue import Kind
from dure.planning.quota import Account


def too_many(
    account: Account, user: UserId, beside: Kind | None = None
) -> Iterator[tuple[Account, UserId, int]]:
    """(tenant, user, limit) of every limit on the path at which another job would be one too many.

    The user is "" where the limit is the tenant's. A job of the class `beside` is counted as running too.
    """
    above = beside.account.path if beside is not None else ()
    same = beside is not None and (beside.account, beside.user) == (account, user)
    mine = account.user_jobs.get(user, 0) + same
    for over in account.path:
        limit, each = over.branch.max_jobs, over.branch.user_max_jobs
        if limit is not None and over.jobs + (over in above) >= limit:
            yield over, "", limit
        if each is not None and mine >= each:
            yield over, user, each
