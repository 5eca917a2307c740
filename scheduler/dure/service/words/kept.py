"""What is said of capacity that others keep, and of numbers that a tenant may not go beyond."""

from __future__ import annotations

from collections.abc import Mapping

from dure.model.tenant import BudgetState
from dure.service.words.phrases import OTHERS, Said, Text, several


def kept_back(said: Said) -> Text:
    """A tenant lends some of its guarantee to nobody."""
    what, what_ko = said.amounts.en or "capacity", said.amounts.ko or "자원 일부"
    if said.anonymous:
        return Text(
            f"Other tenants keep back {what} of what they are guaranteed and lend it to nobody, even when idle.",
            f"다른 테넌트들이 보장량 가운데 {what_ko}를 쓰지 않을 때도 빌려주지 않습니다.",
        )
    return Text(
        f"{said.subject} keeps back {what} of what it is guaranteed and lends it to nobody, even when idle.",
        f"{said.subject}이(가) 보장량 가운데 {what_ko}를 쓰지 않을 때도 빌려주지 않습니다.",
    )


def calendar(said: Said) -> Text:
    """It would run into a reservation of the calendar."""
    if "own" in said.numbers:
        return _own_entry(said)
    entry = "a reservation" if said.anonymous else f"the reservation {said.subject}"
    entry_ko = "예약이" if said.anonymous else f"예약 '{said.subject}'이(가)"
    span, span_ko = _between(said)
    if "closed" in said.numbers:
        return Text(
            f"The calendar keeps the place for {entry}{span}. Others may use it afterwards.",
            f"일정에 {entry_ko} 잡혀 있습니다{span_ko}. 그 뒤에 쓸 수 있습니다.",
        )
    return Text(
        f"The calendar keeps the place for {entry}{span}."
        " What ends before (a shorter --time) or is --preemptible may start until then.",
        f"일정에 {entry_ko} 잡혀 있습니다{span_ko}. 그 전에 끝나거나(--time) 선점할 수 있는 작업"
        "(--preemptible)은 그때까지 쓸 수 있습니다.",
    )


def _own_entry(said: Said) -> Text:
    """The place is kept for its own tenant, which may use it once the entry opens."""
    span, span_ko = _between(said)
    return Text(
        f"The calendar keeps the place for its own tenant's reservation {said.subject}{span}:"
        " it may start there once that begins.",
        f"일정에 이 테넌트의 예약 '{said.subject}'이(가) 잡혀 있습니다{span_ko}."
        " 예약이 시작되면 그 자리에서 시작할 수 있습니다.",
    )


def maintenance(said: Said) -> Text:
    """It would run into a maintenance of nodes."""
    entry = "Maintenance" if said.anonymous else f"The maintenance {said.subject}"
    entry_ko = "점검" if said.anonymous else f"점검 '{said.subject}'"
    span, span_ko = _between(said)
    return Text(
        f"{entry} empties nodes{span}. What ends before (a shorter --time) may start there.",
        f"{entry_ko}으로 노드를 비웁니다{span_ko}. 그 전에 끝나는 작업(--time)은 시작할 수 있습니다.",
    )


def budget(said: Said) -> Text:
    """The month's budget, as forecast, allows it no start, or soon will not; a verdict tells it by `held`."""
    held = said.numbers.get("held")
    state, _, whose = said.subject.partition(":")
    of, of_ko = (f" of {whose}", f"{whose}의 ") if whose else ("", "")
    money = _money(said)
    if state == BudgetState.PREEMPTIBLE_ONLY or held == 0:
        return Text(
            f"By forecast this month's budget{of} will not do: only preemptible jobs start.{money.en}"
            " Submit it with --preemptible, or ask your admin about the budget.",
            f"{of_ko}이번 달 예산이 모자랄 것으로 보여 선점할 수 있는 작업만 시작합니다.{money.ko}"
            " --preemptible로 제출하거나 관리자에게 예산을 문의하세요.",
        )
    if state == BudgetState.HELD or held == 1:
        return Text(
            f"By forecast this month's budget{of} is used up: nothing more starts until the month is over,"
            f" or an admin raises the budget.{money.en}",
            f"{of_ko}이번 달 예산을 다 쓸 것으로 보여 더 시작하지 않습니다."
            f" 다음 달이 되거나 관리자가 예산을 늘리면 시작합니다.{money.ko}",
        )
    return Text(
        f"By forecast this month's budget{of} is nearly used up; it stops no start yet.{money.en}",
        f"{of_ko}이번 달 예산을 거의 다 쓸 것으로 보입니다. 아직 작업 시작을 막지는 않습니다.{money.ko}",
    )


def _money(said: Said) -> Text:
    """What is spent and what the month will have cost, against the budget."""
    told, until = said.numbers, said.when("until")
    if not {"budget", "spent", "forecast"} <= told.keys():
        return Text("", "")
    parts, parts_ko = _percents(told)
    by, by_ko = (f" by {until}", f"{until}까지 ") if until else ("", "")
    return Text(
        f" Of {told['budget']:,} won {told['spent']:,} are spent{by}; at this pace the month comes to"
        f" {told['forecast']:,} won before VAT{parts}.",
        f" {by_ko}예산 {told['budget']:,}원 중 {told['spent']:,}원을 썼고, 이 추세면 월말에"
        f" {told['forecast']:,}원(부가세 별도{parts_ko})이 됩니다.",
    )


def _percents(told: Mapping[str, int]) -> tuple[str, str]:
    percent, step = told.get("percent"), told.get("step")
    if percent is None:
        return "", ""
    if step is None:
        return f" ({percent} % of it)", f", 예산의 {percent}%"
    return f" ({percent} % of it; this holds from {step} % on)", f", 예산의 {percent}%, 기준 {step}%"


def too_many_jobs(said: Said) -> Text:
    """As many jobs run as may."""
    who = "Its tenant" if said.subject in {"", OTHERS} else said.subject
    who_ko = "이 테넌트" if said.subject in {"", OTHERS} else said.subject
    runs, limit = said.numbers.get("running"), said.numbers.get("limit")
    if runs is None or limit is None:
        return Text(
            f"{who} has as many jobs running as it may. It starts when one of them ends.",
            f"{who_ko}의 실행 중인 작업 수가 한도에 이르렀습니다. 하나가 끝나면 시작합니다.",
        )
    kept = said.numbers.get("reserved")
    also, also_ko = (f" and {kept} reserved", f"이고 {kept}개가 예약되어 있습") if kept else ("", "입")
    return Text(
        f"{who} has {several(runs, 'job', 'jobs')} running{also} and may have {limit}."
        " It starts when one of them ends.",
        f"{who_ko}은(는) 작업을 동시에 {limit}개까지 실행할 수 있고 지금 {runs}개가 실행 중{also_ko}니다."
        " 하나가 끝나면 시작합니다.",
    )


def _between(said: Said) -> tuple[str, str]:
    at, until = said.when("at"), said.when("until")
    if at and until:
        return f" from {at} until {until}", f"({at} ~ {until})"
    return (f" from {at}", f"({at}부터)") if at else ("", "")
