"""What an engineer's command imports: click, httpx and the standard library, and only when it is called."""

from __future__ import annotations

import subprocess
import sys

_HEAVY = {"dure", "dure_policies", "httpx", "pydantic", "sqlalchemy", "yaml", "rich", "numpy", "fastapi"}


def _imported_by(code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*sys.modules, file=sys.stderr)"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    return {name.partition(".")[0] for name in done.stderr.split()}


def test_help_imports_nothing_but_click() -> None:
    """`dure --help` lists every command without importing one."""
    code = "from dure_cli.main import main\ntry: main(['--help'])\nexcept SystemExit: pass"
    assert not _imported_by(code) & _HEAVY


def test_remote_commands_need_neither_the_engine_nor_a_yaml_reader() -> None:
    """A laptop that only submits needs click and httpx."""
    code = (
        "import dure_cli.remote.submit, dure_cli.remote.jobs, dure_cli.remote.account, dure_cli.remote.admin"
    )
    assert _imported_by(code) & _HEAVY - {"rich"} == {"httpx"}  # httpx takes rich along where it finds it
