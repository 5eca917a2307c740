from hypothesis import given
from hypothesis import strategies as st

from dure.backends.kubernetes.logs import Lines

LINES = st.lists(
    st.tuples(st.integers(0, 3), st.text("ab \u00e9\ub450", max_size=6).map(str.encode)), min_size=1, max_size=12
)  # fmt: skip
CUTS = st.lists(st.tuples(st.integers(0, 400), st.lists(st.integers(1, 30), max_size=20)), max_size=4)


def stamped(lines: list[tuple[int, bytes]]) -> list[tuple[str, bytes]]:
    """Lines with the stamps that a kubelet puts on them: several may share one, and several a second."""
    at, found = 0, []
    for step, text in lines:
        at += step * 400_000_000
        stamp = f"2026-11-22T08:00:{at // 10**9:02}.{at % 10**9:09}+09:00"
        found.append((stamp, text + b"\n"))
    return found


def served(lines: list[tuple[str, bytes]], since: str) -> bytes:
    """What the kubelet sends: everything from that second on."""
    seconds = since.replace("+09:00", "")
    return b"".join(
        stamp.encode() + b" " + text for stamp, text in lines if stamp.partition(".")[0] >= seconds
    )  # fmt: skip


def pieces(stream: bytes, sizes: list[int]) -> list[bytes]:
    found = []
    for size in sizes:
        found.append(stream[:size])
        stream = stream[size:]
    return [*found, stream]


@given(LINES, CUTS, st.integers(0, 60))
def test_every_byte_comes_once_whatever_breaks(
    lines: list[tuple[int, bytes]], cuts: list[tuple[int, list[int]]], offset: int
) -> None:
    """From any byte on, through breaks in stamps and in lines and between them, in pieces of any size."""
    told, written = stamped(lines), b"".join(text + b"\n" for _, text in lines)
    reader, got = Lines(offset), b""
    for length, sizes in [*cuts, (10**6, [])]:
        reader.again()
        for piece in pieces(served(told, reader.since)[:length], sizes):
            got += b"".join(reader.take(piece))
    assert got == written[offset:]
