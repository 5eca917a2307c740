import ast
import re

from tests.house.tree import ROOT, functions, python_files

LONGEST_FUNCTION = 60
LONGEST_FILE = 500
SAYS_NOTHING = re.compile(r"(utils?|helpers?|common|misc|managers?|stuff)$")


def test_no_function_is_longer_than_a_screen() -> None:
    """A function that does not fit on a screen is several."""
    long = [
        f"{where}: {lines}"
        for path in python_files()
        for where, lines in functions(path)
        if lines > LONGEST_FUNCTION
    ]
    assert long == []


def test_no_file_is_longer_than_an_evening() -> None:
    """A file over 500 lines holds more than one thing."""
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in python_files()}
    assert [f"{path}: {lines}" for path, lines in lengths.items() if lines > LONGEST_FILE] == []


def test_every_module_is_named_for_what_it_holds() -> None:
    """A newcomer finds a rule by its name, so no name is a drawer."""
    names = [part for path in python_files() for part in path.relative_to(ROOT).with_suffix("").parts]
    assert [name for name in names if SAYS_NOTHING.match(name)] == []


def test_every_test_says_in_one_sentence_what_it_shows() -> None:
    """The tests together are the description of what dure does."""
    silent = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in python_files()
        if path.name.startswith("test_")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if node.name.startswith("test_") and not ast.get_docstring(node)
    ]
    assert silent == []
