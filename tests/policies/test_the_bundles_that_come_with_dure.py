from pathlib import Path

import pytest

from dure.model.instants import DAY, MINUTE
from dure.model.resources import Resources
from dure.model.rules import BetweenBorrowers, Order, Planning, WithinTenant
from dure_policies import bundled, read_bundle

NAMES = ("biohub", "demo", "easy")


@pytest.mark.parametrize("name", NAMES)
def test_every_bundle_is_fine(name: str) -> None:
    """They are read without a finding and without a warning."""
    bundle = read_bundle(bundled(name))
    assert bundle.rules.room == name
    assert bundle.warnings == ()


@pytest.mark.parametrize("name", NAMES)
def test_every_file_names_its_schema_for_editors(name: str) -> None:
    """The first line leads from the file to a schema that is there."""
    for path in bundled(name).glob("*.yaml"):
        first = path.read_text(encoding="utf-8").splitlines()[0]
        named = first.removeprefix("# yaml-language-server: $schema=")
        assert (path.parent / named).resolve().name == f"{path.stem}.schema.json"
        assert (path.parent / named).is_file()


def test_biohub_has_twenty_one_companies_of_four_years_at_most() -> None:
    """Companies are the tenants with a business number; each has a programme, a Korean name and a term."""
    rules = read_bundle(bundled("biohub")).rules
    companies = [tenant for tenant in rules.tenants if tenant.business_number]
    assert len(companies) == len({tenant.business_number for tenant in companies}) == 21
    for tenant in companies:
        assert tenant.parent
        assert tenant.name_ko
        assert tenant.term is not None
        assert tenant.term.length <= (4 * 365 + 1) * DAY


def test_a_tenants_parent_comes_before_it() -> None:
    """Whoever walks the tenants in order has met the parent."""
    met: set[str | None] = {None}
    for tenant in read_bundle(bundled("biohub")).rules.tenants:
        assert tenant.parent in met
        met.add(tenant.id)


def test_demo_is_a_laptop_that_plays_a_room() -> None:
    """A few virtual nodes with GPUs of two flavors, three tenants, one of them limited, and prices."""
    rules = read_bundle(bundled("demo")).rules
    capacity = sum((node.capacity for pool in rules.pools for node in pool.nodes), Resources())
    assert dict(capacity.gpus) == {"a100": 4, "t4": 2}
    assert capacity.memory <= 4096
    assert len(rules.tenants) == 3
    assert sum(bool(tenant.limit.stated) for tenant in rules.tenants) == 1
    assert rules.planning.default_time_limit is not None
    assert rules.prices[0].pools


def test_biohub_shows_what_a_bundle_can_say() -> None:
    """Whoever starts from it finds an example of each thing that a room may want."""
    rules = read_bundle(bundled("biohub")).rules
    planning, tenants = rules.planning, rules.tenants
    assert planning.between_borrowers is BetweenBorrowers.FAIR
    assert planning.within_tenant is WithinTenant.PRIORITY
    assert planning.reclaim_within == 30 * MINUTE
    assert sum(tenant.budget is not None for tenant in tenants) == 2
    assert any(tenant.cohort for tenant in tenants)
    assert any(tenant.keep.stated for tenant in tenants)
    assert any(entry.yields for entry in rules.calendar)
    assert rules.maintenance
    assert [window.name for window in rules.windows] == ["Night", "Weekend"]
    assert "a100-mig-1g.10gb" in {flavor.name for flavor in rules.flavors}


@pytest.mark.parametrize("name", ["demo", "easy"])
def test_the_simple_bundles_stay_simple(name: str) -> None:
    """They use nothing but guarantees, limits and weights, and leave the rest as it is by default."""
    rules = read_bundle(bundled(name)).rules
    simple = Planning(order=rules.planning.order, memory=rules.planning.memory, half_life=rules.planning.half_life,
                      default_time_limit=rules.planning.default_time_limit, grace=rules.planning.grace)  # fmt: skip
    assert rules.planning == simple
    assert (rules.calendar, rules.maintenance, rules.windows) == ((), (), ())
    for tenant in rules.tenants:
        assert (tenant.keep.stated, tenant.cohort, tenant.user_limit.stated, tenant.budget) == (
            (),
            False,
            (),
            None,
        )


def test_easy_is_first_come_first_served_with_backfill() -> None:
    """No memory, no guarantees, one reservation, no preemption: what traces are replayed against."""
    rules = read_bundle(bundled("easy")).rules
    planning = rules.planning
    assert (planning.order, planning.depth, planning.memory) == (Order.FIFO, 1, 0.0)
    assert planning.between_borrowers is BetweenBorrowers.NEVER
    assert rules.tenants == ()


@pytest.mark.parametrize("name", ["", ".", "..", "../policies/demo", "dure_policies", "none", "/"])
def test_an_unknown_name_is_no_bundle(name: str) -> None:
    """Only names lead to bundles, never paths."""
    with pytest.raises(KeyError):
        bundled(name)


def test_the_version_follows_what_is_read(tmp_path: Path) -> None:
    """The same bytes have the same version wherever they lie; one more comment is another version."""
    original = bundled("demo")
    for path in original.glob("*.yaml"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    assert read_bundle(tmp_path).rules == read_bundle(original).rules
    with (tmp_path / "room.yaml").open("a") as file:
        file.write("# changed\n")
    assert read_bundle(tmp_path).rules.version != read_bundle(original).rules.version
