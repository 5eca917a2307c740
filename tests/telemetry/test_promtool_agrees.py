import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.telemetry.room_to_watch import scraped

PROMETHEUS = Path(__file__).resolve().parents[2] / "manifests/prometheus"


def promtool(*words: str, given: str | None = None, at: Path = PROMETHEUS) -> str:
    """What promtool says of something it finds no fault with."""
    program = shutil.which("promtool")
    assert program, "promtool is not here; `make setup-test` puts it in .cache/debian"
    done = subprocess.run(
        [program, *words], input=given, cwd=at, check=False, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def test_the_metrics_have_no_lint() -> None:
    """Names, help and types are as Prometheus' own linter wants them."""
    assert promtool("check", "metrics", given=scraped()) == ""


def test_the_linter_is_awake() -> None:
    """A counter without _total is a fault, so silence above means something."""
    with pytest.raises(AssertionError, match="_total"):
        promtool("check", "metrics", given="# HELP x y\n# TYPE x counter\nx 1\n")


def test_the_alert_rules_are_sound() -> None:
    """Every expression parses and no rule stands twice."""
    assert "SUCCESS" in promtool("check", "rules", "--lint=all", "--lint-fatal", "rules.yml")


def test_the_alerts_fire_when_they_should() -> None:
    """Series made up for the purpose raise each alert, and quiet ones do not."""
    assert "SUCCESS" in promtool("test", "rules", "rules.test.yml")


def test_the_scrape_example_is_a_configuration(tmp_path: Path) -> None:
    """Copied as it is, with a token beside it, Prometheus would start with it."""
    for file in PROMETHEUS.glob("*.yml"):
        shutil.copy(file, tmp_path)
    (tmp_path / "monitor-token").write_text("secret")
    assert "SUCCESS" in promtool("check", "config", "prometheus.yml", at=tmp_path)


def test_every_alert_asks_for_a_metric_that_is_told() -> None:
    """A renamed metric would leave its alert silent for ever."""
    groups = yaml.safe_load((PROMETHEUS / "rules.yml").read_text())["groups"]
    asked = {
        name
        for group in groups
        for rule in group["rules"]
        for name in re.findall(r"\bdure_\w+", rule["expr"])
    }
    told = {line.split()[2] for line in scraped().splitlines() if line.startswith("# TYPE")}
    assert asked - {f"{name}_bucket" for name in told} <= told
    assert len(asked) >= 8
