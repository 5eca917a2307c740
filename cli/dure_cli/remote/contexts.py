"""Contexts: which room to talk to, and with which token.

`--server`/`--context` win over DURE_SERVER and DURE_TOKEN, those over the current context. Contexts are kept in
`$XDG_CONFIG_HOME/dure/contexts.json` (default `~/.config`), readable by the user alone.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dure_cli.remote.exits import USAGE, stop


@dataclass(frozen=True, slots=True)
class Context:
    """A room's address and the bearer token to use there ("" for none)."""

    server: str
    token: str = ""


@dataclass(frozen=True, slots=True)
class Contexts:
    """All contexts by name, and which one is current ("" for none)."""

    current: str
    by_name: dict[str, Context]


def _path() -> Path:
    base = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "dure" / "contexts.json"


def read() -> Contexts:
    """The contexts kept on this machine; stops with exit code 2 where the file cannot be read."""
    path = _path()
    if not path.exists():
        return Contexts("", {})
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return Contexts(kept["current"], {n: Context(**c) for n, c in kept["contexts"].items()})
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        stop(USAGE, f"{path} is not a contexts file ({fault}); mend it or delete it")


def write(contexts: Contexts) -> None:
    """Keep the contexts, in a file that only the user can read."""
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = {"current": contexts.current, "contexts": {n: asdict(c) for n, c in contexts.by_name.items()}}
    beside = path.with_suffix(".new")
    with os.fdopen(
        os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8"
    ) as file:
        json.dump(kept, file, indent=1)
    beside.replace(path)


def chosen(options: dict[str, Any]) -> Context:
    """The context that the options, the environment and the contexts file together mean."""
    if options.get("context"):
        kept = read().by_name.get(options["context"])
        if kept is None:
            known = ", ".join(sorted(read().by_name)) or "none yet"
            stop(USAGE, f"no context {options['context']!r}; known: {known}")
        return kept
    server = options.get("server") or os.environ.get("DURE_SERVER")
    if server:
        return Context(server, os.environ.get("DURE_TOKEN", ""))
    contexts = read()
    if contexts.current not in contexts.by_name:
        stop(
            USAGE,
            "no room chosen; set DURE_SERVER and DURE_TOKEN, or type `dure context set NAME --server URL`",
        )
    kept = contexts.by_name[contexts.current]
    return Context(kept.server, os.environ.get("DURE_TOKEN") or kept.token)
