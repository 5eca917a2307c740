import json
import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft7Validator

from dure.model.rules import Rules
from dure_policies import bundled, reference, schema
from dure_policies.schema import schemas
from tests.policies import rendering
from tests.policies.random_rules import rules
from tests.policies.small_bundle import changed

PAGE = Path(__file__).resolve().parents[2] / "docs/admin/policy.md"


class CoreLoader(yaml.SafeLoader):
    """Reads scalars as editors do (YAML 1.2): no dates, no `yes`, no base 60."""


CoreLoader.yaml_implicit_resolvers = {
    first: [(tag, regex) for tag, regex in found if tag.rsplit(":", 1)[1] in {"int", "float", "null"}]
    for first, found in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
CoreLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(?:true|false)$"), ["t", "f"])


def validator(name: str) -> Any:
    found = json.loads(schemas()[f"{name}.schema.json"])
    Draft7Validator.check_schema(found)
    return Draft7Validator(found)


def as_editors_see(text: str) -> Any:
    return yaml.load(text, Loader=CoreLoader)


def test_the_schema_files_are_what_the_code_says() -> None:
    """After a change of the table of keys: `python -m dure_policies`."""
    assert {path.name: path.read_text(encoding="utf-8") for path in schema.FOLDER.iterdir()} == schemas()


def test_the_reference_page_is_what_the_code_says() -> None:
    """After a change of the table of keys: `python -m dure_policies`."""
    page = PAGE.read_text(encoding="utf-8")
    assert reference.into(page) == page


@pytest.mark.parametrize("bundle", ["biohub", "demo", "easy"])
def test_every_bundle_is_valid_by_its_schemas(bundle: str) -> None:
    """An editor shows nothing red in the files that come with dure."""
    for path in bundled(bundle).glob("*.yaml"):
        errors = validator(path.stem).iter_errors(as_editors_see(path.read_text(encoding="utf-8")))
        assert [error.message for error in errors] == [], path


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(rules())
def test_what_the_reader_takes_the_schema_takes(stated: Rules) -> None:
    """No editor complains of a bundle that is fine."""
    with tempfile.TemporaryDirectory() as folder:
        for path in rendering.write(stated, Path(folder)).glob("*.yaml"):
            errors = validator(path.stem).iter_errors(as_editors_see(path.read_text(encoding="utf-8")))
            assert [error.message for error in errors] == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("room", "order: fair", "ordre: fair"),
        ("room", "order: fair", "order: slow"),
        ("room", "order: fair", "memory: 0.95"),
        ("room", "order: fair", "half_life: 90"),
        ("room", "longest_term: 4 years", "longest_term: 4"),
        ("room", "backend: local", "nodes: {}"),
        ("tenants", "  ada:", "  Ada Corp:"),
        ("tenants", "weight: 2", "weight: 0"),
        ("tenants", "weight: 2", "weight: two"),
        ("tenants", "weight: 2", "require_project: yes"),
        ("tenants", "weight: 2", "term: {first_day: 2026-03-01}"),
        ("tenants", "name: Ada", "name: 12"),
        ("prices", "t4: 0.5", "t4: -1"),
        ("calendar", "2026-12-10 18:00", "tomorrow"),
        ("room", "order: fair", "depth: al"),
        ("room", "order: fair", "eviction_budget: 0"),
        ("tenants", "weight: 2", "budget: {warn: 80}"),
        ("tenants", "weight: 2", "budget: {monthly: 1, hold: none}"),
        ("tenants", "weight: 2", "cohort: 1"),
        ("calendar", "[ada]", "[ada]\n    yields: bob"),
        ("calendar", "calendar:", "windows: {n: {days: [monday]}}\ncalendar:"),
        ("calendar", "calendar:", "maintenance: {n: {nodes: [n1]}}\ncalendar:"),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(file: str, old: str, new: str) -> None:
    """What a schema can see, an editor marks while it is typed."""
    assert list(validator(file).iter_errors(as_editors_see(changed(file, old, new)[file])))
