import pytest
from hypothesis import given
from hypothesis import strategies as st

from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.service.identity import Caller, Role, branch, path
from dure.service.instants import from_wire, in_room, month_start, to_wire
from dure.service.submission import job_id

TREE = Rules(
    room="r", tenants=(Tenant("a"), Tenant("b", parent="a"), Tenant("c", parent="b"), Tenant("d", parent="a"))
)


@given(st.integers(0, 4_102_444_800_000))
def test_instants_come_back_as_they_went(instant: int) -> None:
    """ISO 8601 with milliseconds loses nothing."""
    assert from_wire(to_wire(instant), "Asia/Seoul") == instant


def test_dates_are_midnights_of_the_room() -> None:
    """A bare date begins when the room's day does; months too."""
    assert to_wire(from_wire("2026-11-22", "Asia/Seoul")) == "2026-11-21T15:00:00.000Z"
    assert (
        to_wire(month_start(from_wire("2026-11-22", "Asia/Seoul"), "Asia/Seoul"))
        == "2026-10-31T15:00:00.000Z"
    )
    assert in_room(0, "Asia/Seoul") == "1970-01-01 09:00:00 KST"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2026-13-01",
        "2026-11-22T08:00",
        "2026-11-22T08:00:00",
        "9999-01-01",
        "٢٠٢٦-11-22",
        "1969-01-01",
    ],
)
def test_what_is_no_instant_is_said_to_be_none(text: str) -> None:
    """A time without its offset could be anyone's; a year far away is a typing error."""
    with pytest.raises(ValueError, match="is not an instant; write for example"):
        from_wire(text, "Asia/Seoul")


@given(st.tuples(st.text(), st.text(), st.text()), st.tuples(st.text(), st.text(), st.text()))
def test_a_jobs_id_is_of_tenant_user_and_key_alone(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    """The same three give the same id, others another: no two can be shifted into each other."""
    assert (job_id(*one) == job_id(*other)) == (one == other)
    assert job_id(*one).isalnum()
    assert len(job_id(*one)) == 16


def test_a_tenant_admin_sees_the_branch_and_a_user_the_own_tenant() -> None:
    """What is above or beside is never seen; a room admin sees all, a monitor no tenant."""
    seen = {role: {t.id for t in TREE.tenants if Caller("b", "kim", role).sees(t.id, TREE)} for role in Role}
    assert seen == {
        Role.USER: {"b"},
        Role.TENANT_ADMIN: {"b", "c"},
        Role.ROOM_ADMIN: {"a", "b", "c", "d"},
        Role.MONITOR: set(),
    }
    assert path("c", TREE) == ("c", "b", "a")
    assert path("nobody", TREE) == ()
    assert branch("a", TREE) == {"a", "b", "c", "d"}
    assert not Caller("", "kim", Role.TENANT_ADMIN).sees("a", TREE)
