"""What sentences are made of: amounts, lengths, instants and names, in both languages."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dure.model.instants import DAY, HOUR, MINUTE, SECOND, Instant, Millis
from dure.model.plan import Numbers, Reason
from dure.model.resources import CPU, MEMORY, ResourceName, flavor_of
from dure.service.instants import in_room

_MIB_PER_GIB = 1024
OTHERS = "(others)"
"""Stands for what belongs to other tenants, whose names are not told."""


@dataclass(frozen=True, slots=True)
class Text:
    """One thing said in both languages."""

    en: str
    ko: str


@dataclass(frozen=True, slots=True)
class Said:
    """What a sentence may use: the subject, the first resource, amounts asked, allowed and free, every number."""

    subject: str
    resource: ResourceName
    amounts: Text
    limits: Text
    free: Text
    numbers: Mapping[str, int]
    timezone: str

    def kept(self, kind: str) -> Text:
        """The amounts whose names begin with `kind` and a colon."""
        return amounts(tuple(self.numbers.items()), f"{kind}:")

    @property
    def anonymous(self) -> bool:
        """Whether it is about other tenants, of whom nothing more is told."""
        return self.subject in {"", OTHERS}

    def when(self, name: str) -> str:
        """The instant of that name as the room's clocks show it, "" where there is none."""
        return self.clock(self.numbers[name]) if name in self.numbers else ""

    def clock(self, instant: Instant) -> str:
        """An instant as the room's clocks show it."""
        return in_room(instant, self.timezone)

    def span(self, name: str) -> Text | None:
        """The length of time of that name, None where there is none."""
        return length(self.numbers[name]) if name in self.numbers else None


def said_of(of: Reason, timezone: str) -> Said:
    """What may be said of a reason."""
    asked = amounts(of.numbers, "asks:")
    return Said(
        of.subject,
        next((name for name, _ in of.numbers if is_resource(name)), ""),
        asked if asked.en else amounts(of.numbers),
        amounts(of.numbers, "limit:"),
        amounts(tuple((name, _whole(name, value)) for name, value in of.numbers), "free:"),
        dict(of.numbers),
        timezone,
    )


def _whole(name: str, value: int) -> int:
    """Free memory in whole GiB where there is much of it: nobody needs it more exactly."""
    much = 10 * _MIB_PER_GIB
    return value - value % _MIB_PER_GIB if name == f"free:{MEMORY}" and value >= much else value


def amount(name: ResourceName, value: int) -> Text:
    """`2 a100 GPUs`, `1.5 cores`, `4 GiB`; in Korean `a100 GPU 2개`, `1.5코어`, `4GiB`."""
    if flavor := flavor_of(name):
        return Text(f"{value} {flavor} GPU{'' if value == 1 else 's'}", f"{flavor} GPU {value}개")
    if name == CPU:
        cores = decimal(value, 1000)
        return Text(f"{cores} core{'' if value == 1000 else 's'}", f"{cores}코어")
    gib = value >= 1024 and value * 10 % 1024 == 0
    size = f"{decimal(value, 1024)} GiB" if gib else f"{value} MiB"
    return Text(size, size.replace(" ", ""))


def amounts(numbers: Numbers, kind: str = "") -> Text:
    """Every resource among the numbers whose name begins with `kind`, joined; others are left out."""
    named = [(name.removeprefix(kind), value) for name, value in numbers if name.startswith(kind)]
    said = [amount(name, value) for name, value in named if is_resource(name)]
    return Text(", ".join(text.en for text in said), ", ".join(text.ko for text in said))


def length(millis: Millis) -> Text:
    """`2 h 30 min`, `2시간 30분`: the two largest units that are not zero; from a second on no milliseconds."""
    millis -= millis % SECOND if millis >= SECOND else 0
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


def option(millis: Millis) -> str:
    """A length as `--time` takes it, in whole minutes (or seconds) that are not more: `45m`, `1h30m`, `50s`."""
    left = millis - millis % (MINUTE if millis >= MINUTE else SECOND)
    parts = []
    for size, unit in ((DAY, "d"), (HOUR, "h"), (MINUTE, "m"), (SECOND, "s")):
        count, left = divmod(left, size)
        parts += [f"{count}{unit}"] if count else []
    return "".join(parts) or f"{millis}ms"


def a_job(subject: str) -> tuple[str, str]:
    """A job by its id, or one of which the reader may know nothing."""
    if subject == OTHERS:
        return "a job of another tenant", "다른 테넌트의 작업"
    return f"job {subject}", f"작업 {subject}"


def several(count: int, one: str, many: str) -> str:
    """`1 job`, `3 jobs`."""
    return f"{count} {one if count == 1 else many}"


def decimal(value: int, of: int) -> str:
    """A quotient with at most three decimals, without trailing zeros."""
    return f"{value / of:.3f}".rstrip("0").rstrip(".")


def is_resource(name: str) -> bool:
    """Whether a number of this name is an amount of a resource."""
    return name in {CPU, MEMORY} or bool(flavor_of(name))
