import hashlib
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from dure.ledger import Act, Pauses, Promises, SqlLedger, open_ledger
from dure.ledger.tokens import ROLES
from dure.model.job import Placement
from dure.model.plan import Claim, Eviction, Reservation, Rule


@pytest.mark.parametrize("role", ROLES)
def test_a_token_is_known_by_its_text_alone(ledger: SqlLedger, role: str) -> None:
    """The text opens the door, until it is revoked; any other text does not."""
    control = ledger.control
    token, text = control.create_token("acme", "kim", role, 5, "admin")
    assert control.verify_token(text) == token
    assert (token.tenant, token.user, token.role, token.created) == ("acme", "kim", role, 5)
    for other in (
        "",
        text[:-1],
        text + "0",
        text.upper(),
        "dure_x_y",
        f"dure_{token.id}_",
        "\ud800",
        "_" * 99,
    ):
        assert control.verify_token(other) is None
    control.revoke_token(token.id, 9, "admin")
    control.revoke_token(token.id, 10, "admin")
    assert control.verify_token(text) is None
    assert [kept.revoked for kept in control.tokens()] == [9]


def test_a_token_is_kept_only_as_a_hash(ledger: SqlLedger, path: Path) -> None:
    """Who reads the file has no token in hand: 256 random bits are behind one SHA-256."""
    texts = [ledger.control.create_token("acme", "kim", "user", 5, "admin") for _ in range(20)]
    ledger.close()
    stored = path.read_bytes()
    for token, text in texts:
        secret = text.rpartition("_")[2]
        assert len(bytes.fromhex(secret)) == 32
        assert secret.encode() not in stored
        assert hashlib.sha256(text.encode()).hexdigest().encode() in stored
        assert secret.endswith(token.last4)
    assert len({text for _, text in texts}) == 20


def test_an_unknown_role_or_token_is_refused(ledger: SqlLedger) -> None:
    """Nothing half-made is left behind, and the audit tells no act that was not done."""
    with pytest.raises(ValueError, match="'god' is no role; take one of user, tenant-admin"):
        ledger.control.create_token("acme", "kim", "god", 5, "admin")
    with pytest.raises(KeyError):
        ledger.control.revoke_token("nobody", 5, "admin")
    assert ledger.control.tokens() == ()
    assert ledger.control.audit() == ()


def test_pauses_outlive_the_server(ledger: SqlLedger, path: Path) -> None:
    """The room and each tenant are paused and resumed by themselves; twice is once."""
    control = ledger.control
    for tenant in ("bolt", "acme", None, "acme"):
        control.pause(tenant, paused=True, at=1, who="admin")
    ledger.close()
    again = open_ledger(path)
    assert again.control.pauses() == Pauses(room=True, tenants=("acme", "bolt"))
    again.control.pause(None, paused=False, at=2, who="admin")
    again.control.pause("acme", paused=False, at=3, who="admin")
    assert again.control.pauses() == Pauses(room=False, tenants=("bolt",))
    assert [(act.action, act.subject) for act in again.control.audit()] == [
        ("pause", "bolt"), ("pause", "acme"), ("pause", "room"), ("resume", "room"), ("resume", "acme"),
    ]  # fmt: skip
    again.close()


def test_the_audit_keeps_who_did_what_in_order(ledger: SqlLedger) -> None:
    """The latest acts, oldest first, and never a secret among them."""
    for number in range(5):
        ledger.control.record(Act(number, "kim", "policy reload", f"v{number}"))
    _, text = ledger.control.create_token("acme", "kim", "user", 9, "admin")
    acts = ledger.control.audit(3)
    assert [act.subject for act in acts[:2]] == ["v3", "v4"]
    assert acts[2].action == "token create"
    assert text.rpartition("_")[2] not in str(ledger.control.audit())
    assert ledger.check().findings == ()


def test_what_was_promised_last_stands(ledger: SqlLedger, path: Path) -> None:
    """Claims, reservations and the evictions behind them are read back whole, pool by pool, by any opening."""
    places = (Placement(0, "n1", "a100", 2),)
    first = Promises(5, (Claim("j1", 5, places, guaranteed=True),))
    last = Promises(
        7,
        (Claim("j2", 7, places, guaranteed=False),),
        (Reservation("j3", 9, places, guaranteed=True, yielded_to="j4"),),
        (Eviction("j5", 2, Rule.RECLAIM, "j2", 40),),
    )
    for made in (first, last):
        ledger.control.promise("p", made)
    ledger.control.promise("q", first)
    second = open_ledger(path, read_only=True)
    try:
        assert second.control.promises("p") == last
        assert second.control.promises("q") == first
        assert second.control.promises("r") == Promises()
    finally:
        second.close()


@pytest.mark.parametrize("content", ["", "[]", "7", '["{}", [[1]]]', '[{"at": 1}, []]', '["{}", 3]'])
def test_a_ruined_promise_is_no_promise(ledger: SqlLedger, path: Path, content: str) -> None:
    """Whatever stands in its place, one kind of error says so."""
    with closing(sqlite3.connect(path)) as plain, plain:
        plain.execute("INSERT INTO promises VALUES ('p', 1, ?)", (content,))
    with pytest.raises(ValueError, match=r"."):
        ledger.control.promises("p")


def test_a_node_is_drained_until_it_is_returned(ledger: SqlLedger) -> None:
    """Once more changes nothing, and the audit says who did it when."""
    control = ledger.control
    for draining, at in ((True, 5), (True, 6), (False, 7), (False, 8), (True, 9)):
        control.drain("n2", draining, at, "admin")
    control.drain("n1", True, 10, "admin")
    assert control.drained() == ("n1", "n2")
    assert [(act.at, act.action, act.subject) for act in control.audit()] == [
        (5, "node drain", "n2"), (7, "node return", "n2"), (9, "node drain", "n2"), (10, "node drain", "n1"),
    ]  # fmt: skip
