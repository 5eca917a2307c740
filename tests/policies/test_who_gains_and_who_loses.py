from pathlib import Path

import pytest

from dure_policies import Effect, diff
from tests.policies.small_bundle import changed, rules, write


def told(tmp_path: Path, **texts: str) -> list[tuple[str, str, str, str, str]]:
    """(subject, what, old, new, effect) between the small bundle and the changed one."""
    found = diff(rules(write(tmp_path / "old")), rules(write(tmp_path / "new", **texts)))
    return [(one.subject, one.what, one.old, one.new, one.effect.value) for one in found]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"),
    [
        ("tenants", "cpu: 4, gpus: {a100: 4}", "cpu: 4, gpus: {a100: 3}",
         ("ada", "guarantee gpu:a100", "4", "3", "loses")),
        ("tenants", "cpu: 4, gpus: {a100: 4}", "cpu: 4500m, gpus: {a100: 4}",
         ("ada", "guarantee cpu", "4", "4.5", "gains")),
        ("tenants", "cpu: 4, gpus: {a100: 4}", "cpu: 4, memory: 1Gi, gpus: {a100: 4}",
         ("ada", "guarantee memory", "", "1Gi", "gains")),
        ("tenants", "{a100: 6}", "{a100: 5}", ("bob", "limit gpu:a100", "6", "5", "loses")),
        ("tenants", "    limit: {gpus: {a100: 6}}\n", "", ("bob", "limit gpu:a100", "6", "", "gains")),
        ("tenants", "{a100: 6}", "{a100: 6, t4: 0}", ("bob", "limit gpu:t4", "", "0", "loses")),
        ("tenants", "name: Bob", "name: Rob", ("bob", "name", "Bob", "Rob", "changes")),
        ("prices", "cpu: 10", "cpu: 12", ("v1", "cpu an hour", "10", "12", "loses")),
        ("prices", "1_000", "900", ("v1", "gpu:a100 an hour", "1_000", "900", "gains")),
        ("prices", "300_000", "250_000", ("v1", "Power a month", "300_000", "250_000", "gains")),
        ("room", "t4: 2", "t4: 3", ("n2", "gpu:t4", "2", "3", "gains")),
        ("room", "value: 0.2", "value: 0.25", ("t4", "value", "0.2", "0.25", "changes")),
        ("room", "order: fair", "order: fifo", ("small", "order", "fair", "fifo", "changes")),
        ("calendar", "18:00", "19:00", ("Demo day", "end", "2026-12-10 18:00", "2026-12-10 19:00", "changes")),
        ("calendar", "{a100: 2}", "{a100: 1}", ("Demo day", "gpu:a100", "2", "1", "loses")),
        ("room", "order: fair", "claim_timeout: 5m", ("small", "claim_timeout", "10m", "5m", "changes")),
        ("tenants", "name: Ada", "name: Ada\n    max_running_jobs: 9",
         ("ada", "max running jobs", "", "9", "loses")),
        ("tenants", "name: Ada", "name: Ada\n    user_limit: {cpu: 2}",
         ("ada", "user_limit cpu", "", "2", "loses")),
    ],
)  # fmt: skip
def test_one_change_is_one_line(
    tmp_path: Path, file: str, old: str, new: str, expected: tuple[str, str, str, str, str]
) -> None:
    """It names whom it concerns, what, from what to what, and whether that is a gain."""
    assert told(tmp_path, **changed(file, old, new)) == [expected]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("order: fair", "depth: all",
         [("blocked borrowers", "depth", "1", "all", "gains"),
          ("jobs that go past them", "depth", "1", "all", "loses")]),
        ("order: fair", "between_borrowers: fair",
         [("waiting borrowers", "between_borrowers", "never", "fair", "gains"),
          ("running borrowers above their share", "between_borrowers", "never", "fair", "loses")]),
        ("order: fair", "within_tenant: priority",
         [("jobs of higher priority", "within_tenant", "never", "priority", "gains"),
          ("running jobs of lower priority", "within_tenant", "never", "priority", "loses")]),
        ("order: fair", "reclaim_within: 30m",
         [("borrowers that must not be displaced", "reclaim_within", "0s", "30m", "gains"),
          ("jobs within guarantee", "reclaim_within", "0s", "30m", "loses")]),
        ("order: fair", "backfill: false",
         [("jobs behind a blocked one", "backfill", "true", "false", "loses"),
          ("blocked jobs without a reservation", "backfill", "true", "false", "gains")]),
    ],
)  # fmt: skip
def test_a_setting_of_the_room_says_who_gains_and_who_loses(
    tmp_path: Path, old: str, new: str, expected: list[tuple[str, str, str, str, str]]
) -> None:
    """What one kind of job gains another loses; both are named."""
    assert told(tmp_path, **changed("room", old, new)) == expected


def test_what_a_tenant_keeps_its_borrowers_lose(tmp_path: Path) -> None:
    """It gains certainty, and those who would borrow what is idle lose it."""
    assert told(tmp_path, **changed("tenants", "name: Ada", "keep: {gpus: {a100: 1}}"))[1:] == [
        ("ada", "name", "Ada", "", "changes"),
        ("from ada", "keep gpu:a100", "", "1", "loses"),
    ]


def test_whose_guarantee_yields_loses(tmp_path: Path) -> None:
    """Each tenant that gives way has a line of its own."""
    assert told(tmp_path, **changed("calendar", "[ada]", "[ada]\n    yields: [bob]")) == [
        ("Demo day", "yields", "", "bob", "changes"),
        ("bob", "yields to Demo day", "", "yes", "loses"),
    ]


def test_a_weight_changes_the_shares_of_all_siblings(tmp_path: Path) -> None:
    """Who keeps the weight still loses share when another gains."""
    assert told(tmp_path, **changed("tenants", "weight: 2", "weight: 4")) == [
        ("ada", "share among siblings", "33.3%", "20.0%", "loses"),
        ("bob", "weight", "2", "4", "gains"),
        ("bob", "share among siblings", "66.7%", "80.0%", "gains"),
    ]


def test_who_comes_gains_and_who_goes_loses(tmp_path: Path) -> None:
    """Limits too: who is not there has none, and that is no gain."""
    team = "  team:\n    parent: bob\n    guarantee: {gpus: {a100: 1}}\n"
    texts = changed("tenants", team, "  eve:\n    limit: {cpu: 1}\n")
    found = told(tmp_path, **texts)
    assert ("eve", "limit cpu", "", "1", "gains") in found
    assert ("team", "guarantee gpu:a100", "1", "", "loses") in found
    assert {effect for subject, *_, effect in found if subject == "team"} == {"loses"}


def test_a_longer_term_is_a_gain(tmp_path: Path) -> None:
    """The end of a term is compared as an instant; no term is the longest."""
    term = "term: {first_day: 2026-03-01, last_day: 2027-02-28}"
    one = write(tmp_path / "one", **changed("tenants", "name: Ada", term))
    longer = write(tmp_path / "two", **changed("tenants", "name: Ada", term.replace("2027", "2028")))
    none = write(tmp_path / "none", **changed("tenants", "    name: Ada\n", ""))
    effects = [
        [d.effect for d in diff(rules(a), rules(b))] for a, b in ((one, longer), (longer, none), (none, one))
    ]
    assert effects == [[Effect.GAINS], [Effect.GAINS, Effect.GAINS], [Effect.LOSES, Effect.LOSES]]


def test_every_difference_is_a_line_of_text(tmp_path: Path) -> None:
    """For logs and messages there is one sentence each."""
    found = diff(
        rules(write(tmp_path / "a")), rules(write(tmp_path / "b", **changed("prices", "cpu: 10", "cpu: 12")))
    )
    assert [one.line for one in found] == ["price v1 loses: cpu an hour 10 -> 12"]
