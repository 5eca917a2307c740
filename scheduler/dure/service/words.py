"""Codes and numbers into sentences for people, English and Korean: the one place where texts are made."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from dure.model.instants import DAY, HOUR, MINUTE, SECOND, Millis
from dure.model.plan import Code, EndCause, Numbers, Reason
from dure.model.resources import CPU, MEMORY, ResourceName, flavor_of
from dure.service.instants import in_room

OTHERS = "(others)"
"""Stands for what belongs to other tenants, whose names are not told."""


@dataclass(frozen=True, slots=True)
class Text:
    """One thing said in both languages."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class _Said:
    """What a template may use: the subject, the first resource, amounts asked, allowed and free, every number."""

    subject: str
    resource: ResourceName
    amounts: Text
    limits: Text
    free: Text
    numbers: Mapping[str, int]
    timezone: str

    def when(self, name: str) -> str:
        return in_room(self.numbers[name], self.timezone) if name in self.numbers else ""


def amount(name: ResourceName, value: int) -> Text:
    """`2 a100 GPUs`, `1.5 cores`, `4 GiB`; in Korean `a100 GPU 2개`, `1.5코어`, `4GiB`."""
    if flavor := flavor_of(name):
        return Text(f"{value} {flavor} GPU{'' if value == 1 else 's'}", f"{flavor} GPU {value}개")
    if name == CPU:
        cores = _decimal(value, 1000)
        return Text(f"{cores} core{'' if value == 1000 else 's'}", f"{cores}코어")
    gib = value >= 1024 and value * 10 % 1024 == 0
    size = f"{_decimal(value, 1024)} GiB" if gib else f"{value} MiB"
    return Text(size, size.replace(" ", ""))


def amounts(numbers: Numbers, kind: str = "") -> Text:
    """Every resource among the numbers whose name begins with `kind`, joined; others are left out."""
    named = [(name.removeprefix(kind), value) for name, value in numbers if name.startswith(kind)]
    said = [amount(name, value) for name, value in named if _is_resource(name)]
    return Text(", ".join(text.en for text in said), ", ".join(text.ko for text in said))


def length(millis: Millis) -> Text:
    """`2 h 30 min`, `2시간 30분`: the two largest units that are not zero."""
    units = (
        (DAY, "d", "일"),
        (HOUR, "h", "시간"),
        (MINUTE, "min", "분"),
        (SECOND, "s", "초"),
        (1, "ms", "밀리초"),
    )
    english, korean = [], []
    for size, en, ko in units:
        count, millis = divmod(millis, size)
        if count:
            english.append(f"{count} {en}")
            korean.append(f"{count}{ko}")
    return Text(" ".join(english[:2]) or "0 s", " ".join(korean[:2]) or "0초")


def reason(of: Reason, timezone: str) -> Text:
    """Why a job is where it is, as one sentence."""
    asked = amounts(of.numbers, "asks:")
    said = _Said(
        of.subject,
        next((name for name, _ in of.numbers if _is_resource(name)), ""),
        asked if asked.en else amounts(of.numbers),
        amounts(of.numbers, "limit:"),
        amounts(of.numbers, "free:"),
        dict(of.numbers),
        timezone,
    )
    return _SENTENCES[of.code](said)


def ending(cause: str, after: str = "") -> Text:
    """Why a job ended as it did; what a backend says in words of its own is passed on as it stands.

    `after` is the one job that it comes after, where there is but one.
    """
    if cause == EndCause.DEPENDENCY_FAILED:
        return _gave_up(after)
    if cause in _ENDINGS:
        return _ENDINGS[cause]
    for pattern, english, korean in _SAID_BY_BACKENDS:
        if match := pattern.fullmatch(cause):
            return Text(match.expand(english), match.expand(korean))
    return Text(cause, cause)


def cancelled_by(user: str) -> str:
    """The cause that a backend keeps of a job that someone cancelled."""
    return f"cancelled by {user}"


def _decimal(value: int, of: int) -> str:
    return f"{value / of:.3f}".rstrip("0").rstrip(".")


def _is_resource(name: str) -> bool:
    return name in {CPU, MEMORY} or bool(flavor_of(name))


def _held(_: _Said) -> Text:
    return Text("On hold; release it to let it start.", "보류 중입니다. 보류를 풀면 시작할 수 있습니다.")


def _paused(said: _Said) -> Text:
    if said.subject:
        return Text(
            f"Starts of {said.subject} are paused by an admin.",
            f"관리자가 {said.subject}의 작업 시작을 멈춰 두었습니다.",
        )
    return Text("Starts are paused by an admin.", "관리자가 작업 시작을 멈춰 두었습니다.")


def _waiting(said: _Said) -> Text:
    if said.subject:
        return Text(
            f"Waits for job {said.subject} to succeed.", f"작업 {said.subject}이(가) 성공하기를 기다립니다."
        )
    return Text("Waits for other jobs to succeed.", "먼저 끝나야 할 다른 작업을 기다립니다.")


def _dependency_failed(said: _Said) -> Text:
    if said.subject:
        return Text(
            f"Job {said.subject}, which it comes after, ended without success.",
            f"먼저 끝나야 할 작업 {said.subject}이(가) 성공하지 못했습니다.",
        )
    return Text(
        "A job that it comes after ended without success.", "먼저 끝나야 할 작업이 성공하지 못했습니다."
    )


def _gave_up(after: str) -> Text:
    if after:
        return Text(
            f"Never started: job {after}, which it comes after, ended without success.",
            f"먼저 끝나야 할 작업 {after}이(가) 성공하지 못해 시작하지 않았습니다.",
        )
    return Text(
        "Never started: a job that it comes after ended without success.",
        "먼저 끝나야 할 작업이 성공하지 못해 시작하지 않았습니다.",
    )


def _term(said: _Said) -> Text:
    whose = f" of {said.subject}" if said.subject else ""
    whose_ko = f"{said.subject}의 " if said.subject else ""
    begins, ends = said.when("from"), said.when("until")
    span = f" ({begins} to {ends})" if begins and ends else ""
    span_ko = f"({begins} ~ {ends})" if begins and ends else ""
    return Text(f"Outside the tenancy term{whose}{span}.", f"{whose_ko}입주 기간{span_ko}이 아닙니다.")


def _over_limit(said: _Said) -> Text:
    whose = f"the limit of {said.subject}" if said.subject else "a limit of the tenant"
    whose_ko = f"{said.subject}의 한도" if said.subject else "테넌트의 한도"
    if said.resource and {"asks", "held", "limit"} <= said.numbers.keys():
        asks, held, limit = (amount(said.resource, said.numbers[name]) for name in ("asks", "held", "limit"))
        return Text(
            f"With it {whose} would be exceeded: {held.en} of {limit.en} are held, and it asks for {asks.en}.",
            f"{whose_ko}를 넘게 됩니다: {limit.ko} 중 {held.ko} 사용 중, 요청 {asks.ko}.",
        )
    most = f" ({said.limits.en})" if said.limits.en else ""
    most_ko = f"({said.limits.ko})" if said.limits.ko else ""
    asks_en = f"; it asks for {said.amounts.en}" if said.amounts.en else ""
    asks_ko = f" 요청: {said.amounts.ko}." if said.amounts.ko else ""
    return Text(
        f"With it {whose}{most} would be exceeded{asks_en}.", f"{whose_ko}{most_ko}를 넘게 됩니다.{asks_ko}"
    )


def _never_fits(said: _Said) -> Text:
    en = f"; it asks for {said.amounts.en}" if said.amounts.en else ""
    ko = f" 요청: {said.amounts.ko}." if said.amounts.ko else ""
    return Text(
        f"The room cannot hold it even when empty{en}.", f"방이 비어 있어도 들어갈 자리가 없습니다.{ko}"
    )


def _no_place(said: _Said) -> Text:
    en = f": it needs {said.amounts.en}" if said.amounts.en else ""
    ko = f" 필요한 자원: {said.amounts.ko}." if said.amounts.ko else ""
    tasks, fit = said.numbers.get("tasks", 1), said.numbers.get("placeable")
    if fit is not None and tasks > 1:
        en += f"; {fit} of its {tasks} tasks would find one"
        ko += f" 태스크 {tasks}개 중 {fit}개만 들어갈 수 있습니다."
    if said.free.en:
        en += f"; the whole room has {said.free.en} free"
        ko += f" 방 전체의 빈 자원: {said.free.ko}."
    return Text(f"No free place for it now{en}.", f"지금은 빈자리가 없습니다.{ko}")


def _reserved(said: _Said) -> Text:
    at = said.when("at")
    if said.subject:
        who, who_ko = _job(said.subject)
        hour, hour_ko = (f" for {at}", f" (예약 {at})") if at else ("", "")
        return Text(
            f"Starting it would delay {who}, which has a reservation{hour}.",
            f"먼저 예약된 {who_ko}이(가) 늦어지게 되어 기다립니다{hour_ko}.",
        )
    return Text(
        f"Has a reservation for {at} at the latest." if at else "Has a reservation.",
        f"늦어도 {at}에는 시작하도록 예약되어 있습니다." if at else "예약되어 있습니다.",
    )


def _not_preemptible(_: _Said) -> Text:
    return Text(
        "It may not be preempted, so beyond its guarantee it takes only what all guarantees leave over.",
        "선점할 수 없는 작업이어서, 보장량을 넘는 몫은 모든 보장량을 뺀 나머지에서만 쓸 수 있습니다.",
    )


def _behind(said: _Said) -> Text:
    if said.subject:
        who, who_ko = _job(said.subject)
        return Text(f"Waits behind {who}.", f"{who_ko} 다음 차례입니다.")
    return Text("Others come before it.", "먼저 시작할 다른 작업이 있습니다.")


def _job(subject: str) -> tuple[str, str]:
    """A job by its id, or one of which the reader may know nothing."""
    if subject == OTHERS:
        return "a job of another tenant", "다른 테넌트의 작업"
    return f"job {subject}", f"작업 {subject}"


def _running(said: _Said) -> Text:
    until = said.when("until")
    if until:
        return Text(f"Runs, until {until} at the latest.", f"실행 중이며 늦어도 {until}에 끝납니다.")
    return Text("Runs.", "실행 중입니다.")


def _starts(_: _Said) -> Text:
    return Text("Starts now.", "지금 시작합니다.")


_SENTENCES: Mapping[Code, Callable[[_Said], Text]] = {
    Code.HELD: _held,
    Code.PAUSED: _paused,
    Code.WAITING: _waiting,
    Code.DEPENDENCY_FAILED: _dependency_failed,
    Code.TERM: _term,
    Code.OVER_LIMIT: _over_limit,
    Code.NEVER_FITS: _never_fits,
    Code.NO_PLACE: _no_place,
    Code.RESERVED: _reserved,
    Code.NOT_PREEMPTIBLE: _not_preemptible,
    Code.BEHIND: _behind,
    Code.RUNNING: _running,
    Code.STARTS: _starts,
}

_ENDINGS: Mapping[str, Text] = {
    "": Text("", ""),
    EndCause.TIME_LIMIT.value: Text("Its time limit was reached.", "시간 제한에 도달하여 종료되었습니다."),
}

_SAID_BY_BACKENDS = tuple(
    (re.compile(pattern), english, korean)
    for pattern, english, korean in (
        (r"cancelled by (.+)", r"Cancelled by \1.", r"\1님이 취소했습니다."),
        (r"exited with (\d+)", r"Exited with code \1.", r"종료 코드 \1(으)로 끝났습니다."),
        (r"ended by (\w+)", r"Ended by the signal \1.", r"시그널 \1(으)로 종료되었습니다."),
        (
            r"memory: it held (\d+) MiB, more than it asked for",
            r"Ended because it held \1 MiB of memory, more than it asked for.",
            r"메모리를 요청보다 많은 \1MiB까지 써서 종료되었습니다.",
        ),
        (
            r"lost: .*",
            "Lost: its supervisor is gone and left no exit status; the end is the last proof of life.",
            "유실: 감시 프로세스가 종료 상태를 남기지 못했습니다. 종료 시각은 마지막으로 확인된 시각입니다.",
        ),
        (
            r"task (\d+) exited with (\d+)(?:; the others were ended)?",
            r"Task \1 exited with code \2; the others were ended.",
            r"태스크 \1이(가) 종료 코드 \2(으)로 끝나 나머지도 종료했습니다.",
        ),
        (
            r"task (\d+) memory: it held (\d+) MiB, more than it asked for(?:; the others were ended)?",
            r"Task \1 held \2 MiB of memory, more than it asked for; the others were ended.",
            r"태스크 \1이(가) 메모리를 요청보다 많은 \2MiB까지 써서 나머지도 함께 종료했습니다.",
        ),
        (
            r"(?:task (\d+) )?could not be run: (.*)",
            r"It could not be run: \2.",
            r"실행할 수 없었습니다: \2.",
        ),
    )
)
