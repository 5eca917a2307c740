import pytest

from bench.plan_rooms import NOW, to_reclaim
from dure.planning.clearing import Clearing
from dure.planning.room import plan
from dure.planning.running import Active


@pytest.mark.parametrize("waiting", [500, 900])
def test_giving_up_at_a_glance_changes_no_plan(waiting: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever is refused because all borrowers together leave too little would have been refused by the walk."""
    cold, said = to_reclaim(110, waiting), list[bool]()
    glance = Clearing.may_fit

    def listened(self: Clearing, gone: list[Active]) -> bool:
        said.append(glance(self, gone))
        return said[-1]

    monkeypatch.setattr(Clearing, "may_fit", listened)
    quick = plan(cold.snapshot, cold.rules, NOW)
    monkeypatch.setattr(Clearing, "may_fit", lambda *_: True)
    assert quick == plan(cold.snapshot, cold.rules, NOW)
    assert quick.evictions
    assert {True, False} == set(said)
