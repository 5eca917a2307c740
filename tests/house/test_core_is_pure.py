import ast
from collections.abc import Iterator
from pathlib import Path

from tests.house.tree import ROOT

CORE = [ROOT / "scheduler/dure" / name for name in ("model", "planning", "accounting", "forecast")]
READS_THE_WORLD = {"now", "utcnow", "today", "open", "print", "input", "breakpoint", "hash", "id"}


def called_names(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            function = node.func
            owner = function.value if isinstance(function, ast.Attribute) else None
            if isinstance(function, ast.Name):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", function.id
            elif isinstance(owner, ast.Name) and owner.id in {"datetime", "date"}:
                assert isinstance(function, ast.Attribute)
                yield f"{path.relative_to(ROOT)}:{node.lineno}", function.attr


def test_the_core_asks_nothing_of_the_world() -> None:
    """Modules are held by import-linter; this holds built-ins: no clock, no file, no address-dependent value."""
    files = sorted(path for folder in CORE for path in folder.rglob("*.py"))
    assert files
    assert [where for path in files for where, name in called_names(path) if name in READS_THE_WORLD] == []
