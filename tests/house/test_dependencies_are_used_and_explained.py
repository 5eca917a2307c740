import ast
import re
import tomllib

from tests.house.tree import ROOT, python_files

MODULES = {"pyyaml": "yaml", "prometheus-client": "prometheus_client"}
DATA = {"tzdata"}  # read by the standard library's zoneinfo, imported by nobody
PRODUCT = ("scheduler", "policies", "cli")


def declared() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return {re.split(r"[<>=\[; ]", requirement)[0] for requirement in project["dependencies"]}


def imported() -> set[str]:
    """Top-level modules that the three packages import, wherever in a file they do so."""
    product = [path for path in python_files() if path.relative_to(ROOT).parts[0] in PRODUCT]
    found: set[str] = set()
    for path in product:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found


def test_every_declared_dependency_is_imported() -> None:
    """What nothing uses is not installed on every machine."""
    used = imported()
    assert {name for name in declared() - DATA if MODULES.get(name, name) not in used} == set()


def test_every_declared_dependency_has_its_reason() -> None:
    """The page of decisions names each library that a room needs, and why."""
    page = (ROOT / "docs/decisions/0002-dependencies.md").read_text(encoding="utf-8")
    assert {name for name in declared() if not re.search(rf"^\| {name} \| \w", page, re.MULTILINE)} == set()
