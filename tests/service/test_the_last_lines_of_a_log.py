from hypothesis import given
from hypothesis import strategies as st

from dure.service.logs_api import Tail


@given(st.lists(st.binary(max_size=8).map(lambda b: b.replace(b"a", b"\n"))), st.integers(0, 6))
def test_they_begin_where_the_text_as_a_whole_says(pieces: list[bytes], lines: int) -> None:
    """However the log is cut into pieces, its tail is its last lines."""
    tail, whole = Tail(lines, 100), b"".join(pieces)
    for piece in pieces:
        tail.feed(piece)
    ends = [*(part + b"\n" for part in whole.split(b"\n")[:-1]), whole.split(b"\n")[-1]]
    last = [line for line in ends if line][-lines:] if lines else []
    assert whole[tail.offset - 100 :] == b"".join(last)
