"""Quotas as they hold now: by windows, tenancies and the calendar, and until when."""

from __future__ import annotations

from dure.model.instants import DAY, HOUR, Interval
from dure.model.resources import Quota
from dure.model.rules import CalendarEntry, QuotaChange, Rules, Window
from dure.model.tenant import Tenant
from dure.service.in_force import OnTop, QuotasNow
from dure.service.words import quota_now, quota_on_top

SEOUL = "Asia/Seoul"
NOW = 1_795_334_400_000  # 2026-11-22T17:00:00 in Seoul, a Sunday
A100 = "gpu:a100"


def a100(devices: int) -> Quota:
    return Quota.of({A100: devices})


def test_a_window_holds_until_its_end() -> None:
    """At five in the afternoon of a weekend that ends at six, then what policy states holds."""
    weekend = Window("weekend", (6,), 9 * 60, 18 * 60, (QuotaChange("a", a100(8), a100(9)),))
    rules = Rules(
        "r", timezone=SEOUL, tenants=(Tenant("a", guarantee=a100(4)), Tenant("b")), windows=(weekend,)
    )
    now, later = QuotasNow(rules, NOW), QuotasNow(rules, NOW + 2 * HOUR)
    assert (now.tenant("a").guarantee, now.tenant("a").limit) == (a100(8), a100(9))
    assert now.until("a", A100) == NOW + HOUR
    assert now.until("b", A100) is None
    assert later.tenant("a") == rules.tenants[0]
    assert later.until("a", A100) == NOW + 7 * DAY - 8 * HOUR  # it comes back next Sunday at nine


def test_what_changes_years_from_now_is_known_too() -> None:
    """Outside its tenancy nothing is promised until that begins, however late; afterwards never again."""
    term = Interval(NOW + 900 * DAY, NOW + 1_000 * DAY)
    rules = Rules("r", tenants=(Tenant("a", term=term), Tenant("team", "a", guarantee=a100(4))))
    before, within, after = (QuotasNow(rules, at) for at in (NOW, term.start, term.end))
    told = [
        (q.outside("team"), q.tenant("team").guarantee, q.until("team", A100))
        for q in (before, within, after)
    ]
    assert told == [(True, Quota(), term.start), (False, a100(4), term.end), (True, Quota(), None)]


def test_open_entries_promise_on_top_and_others_yield() -> None:
    """Whose guarantee yields has less; whom an entry names, or those below, has more besides its own."""
    both = CalendarEntry("demo", Interval(NOW - HOUR, NOW + HOUR), ("b", "c"), a100(3), yields=("a",))
    one = CalendarEntry("fair", Interval(NOW, NOW + 2 * HOUR), ("b",), a100(2))
    tenants = (
        Tenant("a", guarantee=a100(4)),
        Tenant("b"),
        Tenant("c"),
        Tenant("team", "b", guarantee=a100(1)),
    )
    now = QuotasNow(Rules("r", tenants=tenants, calendar=(both, one)), NOW)
    assert now.tenant("a").guarantee == a100(1)
    assert now.until("a", A100) == NOW + HOUR
    assert now.on_top("team", A100) == OnTop(5, NOW + HOUR, ("demo", "fair"), others=True)
    assert (now.on_top("a", A100), now.on_top("team", "cpu")) == (None, None)
    over = (Tenant("b", term=Interval(0, NOW)), *tenants[:1], tenants[2])
    assert QuotasNow(Rules("r", tenants=over, calendar=(both,)), NOW).on_top("b", A100) is None


def test_both_languages_say_now_and_otherwise() -> None:
    """What holds, until when, and what policy states; nothing of what does not differ."""
    said = quota_now(A100, (8, 4), (None, None), NOW, False, SEOUL)
    assert said.en == "until 2026-11-22 17:00:00 KST: guarantee 8 a100 GPUs (stated: 4 a100 GPUs)"
    assert said.ko == "2026-11-22 17:00:00 KST까지 보장 a100 GPU 8개(정책상 a100 GPU 4개)"
    over = quota_now(A100, (None, 4), (2, 3), None, True, SEOUL)
    assert over.en == (
        "now, outside its tenancy: guarantee none (stated: 4 a100 GPUs), limit 2 a100 GPUs (stated: 3 a100 GPUs)"
    )
    top = quota_on_top("cpu", 8_000, ["demo"], NOW, True, SEOUL)
    assert (
        top.en == "until 2026-11-22 17:00:00 KST: 8 cores on top by the calendar (demo, to share with others)"
    )
    assert top.ko == "2026-11-22 17:00:00 KST까지 일정으로 8코어 추가(demo, 다른 테넌트와 함께)"
