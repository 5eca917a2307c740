"""The checkout's own files, as the house rules look at them."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def committed_files() -> list[Path]:
    """Every file that is committed or about to be: tracked, or new and not ignored."""
    listing = subprocess.run(
        [
            "git",
            "-c",
            f"safe.directory={ROOT}",
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    paths = sorted({ROOT / name for name in listing.split("\0") if name})
    return [path for path in paths if path.is_file()]


def python_files() -> list[Path]:
    return [path for path in committed_files() if path.suffix == ".py"]


def text_lines(path: Path) -> Iterator[tuple[str, str]]:
    """(file:line, text) of a text file; nothing of a binary one."""
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return
    name = path.relative_to(ROOT).as_posix()
    for number, line in enumerate(text.splitlines(), start=1):
        yield f"{name}:{number}", line


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """(file:line name, length in lines) of every function, nested ones too."""
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"), filename=name)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno is not None:
            yield f"{name}:{node.lineno} {node.name}", node.end_lineno - node.lineno + 1
