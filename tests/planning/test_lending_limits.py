"""What tenants keep back, against a plain definition over random trees of up to four levels."""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from dure.model.resources import Quota, gpu
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.planning.axes import Axes
from dure.planning.lending import Lending
from dure.planning.quota import Quotas
from dure.planning.tree import Tree

AXES = Axes(["a100", "t4"])
A100 = AXES.index[gpu("a100")]
NAMES = (gpu("a100"), gpu("t4"))


def amounts(most: int) -> st.SearchStrategy[Quota]:
    return st.builds(Quota.of, st.dictionaries(st.sampled_from(NAMES), st.integers(0, most)))


@st.composite
def trees(draw: st.DrawFn) -> tuple[Tenant, ...]:
    """Tenants in up to four levels, some keeping something back, some cohorts."""
    made: list[Tenant] = []
    depth: dict[str | None, int] = {None: 0}
    for number in range(draw(st.integers(1, 8))):
        parent = draw(st.sampled_from([None, *(t.id for t in made if depth[t.id] < 4)]))
        depth[f"t{number}"] = depth[parent] + 1
        guarantee, keep = draw(amounts(8)), draw(amounts(8))
        made.append(
            Tenant(
                f"t{number}", parent, guarantee=guarantee, keep=keep, limit=draw(amounts(12)),
                cohort=draw(st.sampled_from([False, False, True])),
            )
        )  # fmt: skip
    return tuple(made)


def promised(tenants: tuple[Tenant, ...], tenant: Tenant, name: str) -> int:
    own = tenant.guarantee.get(name)
    below = (promised(tenants, child, name) for child in tenants if child.parent == tenant.id)
    return sum(below) if own is None else own


def stated(tenants: tuple[Tenant, ...], tenant: Tenant, name: str) -> bool:
    """Whether the tenant or anything below it states a guarantee."""
    below = (stated(tenants, child, name) for child in tenants if child.parent == tenant.id)
    return tenant.guarantee.get(name) is not None or any(below)


def kept(tenants: tuple[Tenant, ...], tenant: Tenant, name: str) -> int:
    whole = promised(tenants, tenant, name)
    if tenant.cohort and stated(tenants, tenant, name):
        return whole
    return 0 if tenant.cohort else min(tenant.keep.get(name) or 0, whole)


def held(tenants: tuple[Tenant, ...], own: Mapping[str, int], tenant: Tenant) -> int:
    below = (held(tenants, own, child) for child in tenants if child.parent == tenant.id)
    return own.get(tenant.id, 0) + sum(below)


def withheld(tenants: tuple[Tenant, ...], own: Mapping[str, int], tenant: Tenant, name: str) -> int:
    below = (withheld(tenants, own, child, name) for child in tenants if child.parent == tenant.id)
    return max(0, kept(tenants, tenant, name) - held(tenants, own, tenant), sum(below))


def from_others(tenants: tuple[Tenant, ...], own: Mapping[str, int], tenant: Tenant, name: str) -> int:
    """What all siblings of the tenant, and of every tenant above it, withhold."""
    by_id = {one.id: one for one in tenants}
    others = 0
    at: Tenant | None = tenant
    while at is not None:
        siblings = (one for one in tenants if one.parent == at.parent and one.id != at.id)
        others += sum(withheld(tenants, own, one, name) for one in siblings)
        at = by_id.get(at.parent or "")
    return others


@settings(max_examples=60)
@given(trees(), st.lists(st.tuples(st.integers(0, 9), st.integers(1, 5)), max_size=12))
def test_what_is_withheld_follows_the_definition_through_any_moves(
    tenants: tuple[Tenant, ...], moves: list[tuple[int, int]]
) -> None:
    """However much starts and ends where, each tenant is kept from what the plain sums say."""
    quotas = Quotas(Tree(Rules("room", tenants=tenants), AXES))
    own: dict[str, int] = {}
    for number, amount in moves:
        tenant = f"t{number}"  # some of them are not in the rules
        sign = -1 if own.get(tenant, 0) >= amount and amount % 2 else 1
        own[tenant] = own.get(tenant, 0) + sign * amount
        quotas.hold(quotas.account(tenant), "u", ((A100, amount),), sign)
    for one in tenants:
        found = quotas.lending.withheld(quotas.account(one.id).branch, A100) if quotas.lending else 0
        assert found == from_others(tenants, own, one, NAMES[0])


@settings(max_examples=60)
@given(trees())
def test_a_cohort_borrows_nothing_and_lends_nothing(tenants: tuple[Tenant, ...]) -> None:
    """Where anything is stated, its promise is the most that a cohort may hold, and what it keeps back."""
    tree = Tree(Rules("room", tenants=tenants), AXES)
    for one in tenants:
        branch = tree.branch(one.id)
        for name in NAMES:
            axis, whole, limit = AXES.index[name], promised(tenants, one, name), one.limit.get(name)
            assert branch.keep.get(axis, 0) == kept(tenants, one, name)
            if one.cohort and stated(tenants, one, name):
                assert branch.limit[axis] == min(whole, whole if limit is None else limit)
            else:
                assert branch.limit.get(axis) == limit


def test_nobody_is_kept_from_what_its_own_path_keeps() -> None:
    """A company may take what its programme keeps back from other programmes, not what its sister keeps."""
    tenants = (
        Tenant("p", guarantee=Quota.of({NAMES[0]: 6}), keep=Quota.of({NAMES[0]: 6})),
        Tenant("a", "p"),
        Tenant("b", "p", guarantee=Quota.of({NAMES[0]: 2}), keep=Quota.of({NAMES[0]: 1})),
        Tenant("q"),
    )
    lending = Lending(Tree(Rules("room", tenants=tenants), AXES))
    quotas = Quotas(Tree(Rules("room", tenants=tenants), AXES))
    seen = {one.id: lending.withheld(quotas.account(one.id).branch, A100) for one in tenants}
    assert seen == {"p": 0, "a": 1, "b": 0, "q": 6}


def test_what_is_kept_never_exceeds_what_is_promised() -> None:
    """A window may lower a guarantee below what the tenant keeps: it then keeps all of it, not more."""
    tenant = Tenant("t", guarantee=Quota.of({NAMES[0]: 4}), keep=Quota.of({NAMES[0]: 3}))
    lower = replace(tenant, guarantee=Quota.of({NAMES[0]: 2}))
    assert Tree(Rules("room", tenants=(tenant,)), AXES).branch("t").keep == {A100: 3}
    assert Tree(Rules("room", tenants=(lower,)), AXES).branch("t").keep == {A100: 2}
