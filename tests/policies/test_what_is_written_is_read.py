import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings

from dure.model.rules import Rules
from dure_policies import diff, read_bundle
from tests.policies import rendering
from tests.policies.random_rules import rules


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(rules())
def test_rules_written_as_a_bundle_are_read_back_equal(stated: Rules) -> None:
    """Nothing is lost, rounded or moved between what is written and what the planner gets."""
    with tempfile.TemporaryDirectory() as folder:
        read = read_bundle(rendering.write(stated, Path(folder))).rules
    assert replace(read, version="") == stated
    assert diff(stated, read) == ()
