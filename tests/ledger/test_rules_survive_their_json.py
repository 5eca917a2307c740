import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dure.ledger.lossless import dump, load
from dure.model.instants import Interval
from dure.model.job import Job
from dure.model.node import Node, NodeState
from dure.model.resources import Resources
from dure.model.rules import Planning, Rules
from dure.model.snapshot import Pending
from dure.model.use import Slice
from tests.ledger.small_room import RULES

INSTANTS = st.integers(-(2**53), 2**53)
INTERVALS = st.tuples(INSTANTS, INSTANTS).map(lambda pair: Interval(*sorted(pair)))
FINITE = st.floats(allow_nan=False, allow_infinity=False)

st.register_type_strategy(Interval, INTERVALS)


@given(st.builds(Rules, planning=st.builds(Planning, memory=FINITE)))
def test_rules_come_back_as_they_were(rules: Rules) -> None:
    """A history rebuilt from recorded rules can only be the same bit for bit if the rules are."""
    assert load(Rules, dump(rules)) == rules


@given(st.from_type(Slice))
def test_a_doubtful_slice_comes_back_as_it_was(slice_: Slice) -> None:
    """What lies in quarantine is whole, whatever its numbers and names are."""
    assert load(Slice, dump(slice_)) == slice_


@settings(max_examples=40)
@given(st.from_type(Job))
def test_equal_values_have_equal_text(job: Job) -> None:
    """The text may stand for the value, in keys and digests."""
    assert dump(load(Job, dump(job))) == dump(job)


def test_text_from_before_a_value_gained_a_field_takes_the_default() -> None:
    """Ledgers outlive versions: an older text has fewer fields."""
    data = json.loads(dump(RULES))
    del data["timezone"], data["planning"]["grace"]
    assert load(Rules, json.dumps(data)) == RULES


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"id":"n","pool":"p","capacity":{"cpu":true}}', "True is no int"),
        ('{"id":"n","pool":"p","capacity":{"gpus":"a"}}', "'a' is no list"),
        ('{"id":"n","pool":"p","capacity":{},"colour":"red"}', "Node has no colour"),
        ('{"id":"n","capacity":{}}', "pool"),
        ('{"id":"n","pool":"p","capacity":{},"state":"gone"}', "gone"),
        ("[]", "not a Node"),
        ("{", "Expecting"),
    ],
)
def test_other_text_is_refused_with_what_is_wrong(text: str, says: str) -> None:
    """An altered row never becomes a value that nobody wrote."""
    with pytest.raises(ValueError, match=says):
        load(Node, text)


@given(st.from_type(Pending))
@settings(max_examples=20)
def test_sets_come_back_and_have_one_text(pending: Pending) -> None:
    """The order of a set is no part of it."""
    assert load(Pending, dump(pending)) == pending
    turned = replace(pending, waiting_for=frozenset(sorted(pending.waiting_for, reverse=True)))
    assert dump(turned) == dump(pending)


def test_what_is_no_value_of_the_model_has_no_text() -> None:
    """A float that is no number, or a mutable thing, would not come back as it was."""
    with pytest.raises(ValueError, match="not JSON compliant"):
        dump(Planning(memory=float("nan")))
    with pytest.raises(TypeError, match="list is no value of the model"):
        dump(Resources(gpus=[]))  # type: ignore[arg-type]  # what a careless caller may do


def test_the_text_is_canonical_and_plain() -> None:
    """One value has one text, in ASCII, however its fields are ordered."""
    node = Node("서버", "p", Resources(1, 2, (("a100", 3),)), NodeState.DOWN)
    text = dump(node)
    assert text.isascii()
    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"))
