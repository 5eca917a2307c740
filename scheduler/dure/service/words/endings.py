"""Why jobs ended as they did."""

from __future__ import annotations

import re
from collections.abc import Mapping

from dure.model.plan import EndCause
from dure.service.words.phrases import Text


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
