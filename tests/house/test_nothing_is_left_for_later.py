import re

from tests.house.tree import ROOT, python_files, text_lines

LATER = re.compile(
    r"#\s*(TO" + "DO|FIX" + "ME|XX" + r"X)\b|raise\s+NotImplemented|mark\.(skip|skipif|xfail)\b"
)
SKIPS = re.compile(r"pytest\.(skip|xfail|importorskip)\(")
SUPPRESSED = re.compile(r"#\s*(noqa(:\s*[A-Z]+[0-9]+(,\s*[A-Z]+[0-9]+)*)?|type:\s*ignore(\[[\w,\s-]*\])?)")
REASON = re.compile(r"\s*(#|-)\s+\w")
MAY_SKIP = ROOT / "tests/conftest.py"  # the traces, which not every machine has; in CI it fails instead


def test_nothing_is_left_for_later() -> None:
    """What is committed is finished: no notes to self, no empty bodies, no tests put aside."""
    found = [where for path in python_files() for where, line in text_lines(path) if LATER.search(line)]
    assert found == []


def test_only_the_traces_may_be_missing() -> None:
    """A test whose server or program is missing fails; only tests on the real traces may be skipped."""
    files = [path for path in python_files() if path != MAY_SKIP]
    assert [where for path in files for where, line in text_lines(path) if SKIPS.search(line)] == []


def test_every_suppression_says_why() -> None:
    """A linter or the type checker is overruled only with a reason behind it on the same line."""
    bare = [
        where
        for path in python_files()
        for where, line in text_lines(path)
        for mark in SUPPRESSED.finditer(line)
        if not REASON.match(line[mark.end() :])
    ]
    assert bare == []
