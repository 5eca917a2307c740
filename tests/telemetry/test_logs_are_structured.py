import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from dure.model.job import Job, TaskGroup
from dure.telemetry import configure_logs, job_logger, logger

JOB = Job(
    "j1", "acme", "kim", 0, (TaskGroup(1, 100, 100),), ("sh", "-c", "hush"), environment=(("KEY", "hush"),)
)


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_json_has_one_object_a_line_with_job_and_tenant(capsys: pytest.CaptureFixture[str]) -> None:
    """A collector of logs can find all that was said of a tenant, and no secret of it."""
    configure_logs("json")
    log = job_logger("dure.loop", JOB)
    log.info("job started", attempt=1, node="n1")
    log.warning("늦음", seconds=2.5)
    out, err = capsys.readouterr()
    first, second = map(json.loads, err.splitlines())
    assert out == ""
    assert {key: first[key] for key in ("job", "tenant", "event", "attempt", "level", "logger")} == {
        "job": "j1", "tenant": "acme", "event": "job started", "attempt": 1, "level": "info", "logger": "dure.loop",
    }  # fmt: skip
    assert first["time"].endswith("Z")
    assert second["event"] == "늦음"
    assert "hush" not in err


def test_what_libraries_log_has_the_same_form(capsys: pytest.CaptureFixture[str]) -> None:
    """One stream, one form: nothing comes unstructured between our lines."""
    configure_logs("json")
    logging.getLogger("somebody.else").warning("disk %s", "full")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["level"], line["logger"]) == ("disk full", "warning", "somebody.else")


def test_only_the_level_and_above_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What is less than the level is left out, of ours and of libraries."""
    configure_logs("json", "warning")
    logger("dure").info("quiet")
    logging.getLogger("library").info("quiet too")
    logger("dure").error("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def test_an_exception_shows_where_but_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    """A traceback is data, on one line, without the variables that may hold a token."""
    configure_logs("json")

    def fails() -> None:
        token = "dure_0_" + "secret" * 3
        raise RuntimeError(str(len(token)))

    try:
        fails()
    except RuntimeError:
        logger("dure").exception("cycle failed")
    text = capsys.readouterr().err
    line = json.loads(text)
    assert line["exception"][0]["exc_type"] == "RuntimeError"
    assert "secretsecret" not in text


def test_for_a_person_it_is_one_plain_line(capsys: pytest.CaptureFixture[str]) -> None:
    """Away from a terminal there are no colours; everything bound is there to read."""
    configure_logs("console", "debug")
    job_logger("dure.loop", JOB).debug("job started", node="n1")
    text = capsys.readouterr().err
    assert text.count("\n") == 1
    assert all(part in text for part in ("job started", "job=j1", "tenant=acme", "node=n1", "debug"))
    assert "\x1b" not in text


@pytest.mark.parametrize(("form", "level"), [("xml", "info"), ("json", "loud")])
def test_an_unknown_form_or_level_is_refused(form: str, level: str) -> None:
    """It says what would do."""
    with pytest.raises(ValueError, match="take json or console, and debug, info, warning, error"):
        configure_logs(form, level)  # type: ignore[arg-type]  # as a configuration file would
