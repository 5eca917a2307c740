from pathlib import Path

import pytest

from dure.model.instants import Interval
from dure.model.rules import Rules
from dure.model.tenant import Tenant
from dure.simulate.lines import TraceError
from dure.simulate.replay import Settings, play
from dure.simulate.report import report
from dure.simulate.swf import read_swf
from dure.simulate.tenancy import equal_tenants, mapped_tenants, read_map
from tests.simulate.small_traces import EASY, play_swf, swf_row, write_swf

ROWS = [swf_row(n, submit=n, run=10, procs=1, user=user) for n, user in ((1, 7), (2, 7), (3, 30), (4, -1))]


def write_map(folder: Path, text: str) -> Path:
    path = folder / "map.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_user_is_a_tenant_of_equal_weight(tmp_path: Path) -> None:
    """Without a map the trace's own user numbers name the tenants."""
    tenants = report(play_swf(tmp_path, ROWS))["tenants"]
    assert {tenant: row["jobs"] for tenant, row in tenants.items()} == {"7": 2, "30": 1, "unknown": 1}
    assert sum(row["share"] for row in tenants.values()) == pytest.approx(1)
    assert {tenant.weight for tenant in equal_tenants(["a", "b", "a"]).tenants} == {1}


def test_a_map_says_whose_users_are(tmp_path: Path) -> None:
    """Named users, and all others by `*`."""
    chosen = read_map(write_map(tmp_path, "user,tenant\n7,lab\n*,guests\n"))
    played = play_swf(tmp_path, ROWS, Settings(tenants=chosen))
    assert {tenant: row["jobs"] for tenant, row in report(played)["tenants"].items()} == {
        "guests": 2,
        "lab": 2,
    }


def test_mapped_tenants_are_those_of_the_bundle() -> None:
    """A bundle's tenant keeps its weight; its term does not bind a trace of another year."""
    known = (Tenant("lab", weight=3, term=Interval(0, 1)),)
    tenancy = mapped_tenants(["7", "8"], {"7": "lab", "8": "new"}, known)
    assert tenancy.tenants == (Tenant("lab", weight=3), Tenant("new"))


def test_a_user_whom_the_map_forgets_is_named(tmp_path: Path) -> None:
    """A half map is a mistake, not a guess."""
    with pytest.raises(TraceError, match="user 30 of the trace is not in the map"):
        play_swf(tmp_path, ROWS, Settings(tenants={"7": "lab", "unknown": "lab"}))


def test_a_branch_of_the_tree_takes_no_jobs(tmp_path: Path) -> None:
    """Jobs belong to leaves."""
    rules = Rules(room="tree", planning=EASY.planning, tenants=(Tenant("top"), Tenant("leaf", parent="top")))
    trace = read_swf(write_swf(tmp_path, ROWS))
    with pytest.raises(TraceError, match="tenant top of the map has tenants below it"):
        play(trace, rules, Settings(tenants=dict.fromkeys(("7", "30", "unknown"), "top")))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", 1),
        ("user\n7\n", 1),
        ("user,tenant\n7\n", 2),
        ("user,tenant\n7,\n", 2),
        ("user,tenant\n7,a\n7,b\n", 3),
    ],
)
def test_a_wrong_map_is_named_by_file_and_line(tmp_path: Path, text: str, where: int) -> None:
    """One line: where, what, and what would be right."""
    with pytest.raises(TraceError, match=rf"map\.csv:{where}: .+; .+"):
        read_map(write_map(tmp_path, text))
