"""Reads bundles within bounds of memory and time; a line of JSON for each: what came of it.

Run as `python -m tests.policies.reads_hostile FOLDER...` in the repository root.
"""

import json
import resource
import signal
import sys
import traceback

from dure.ports import PolicyRefused
from dure_policies import read_bundle

MEMORY = 512 * 1024 * 1024
SECONDS = 20


def outcome(folder: str) -> dict[str, object]:
    """`findings`, or `ok`, or `fault` with a traceback."""
    signal.setitimer(signal.ITIMER_PROF, SECONDS)
    try:
        return {"ok": bool(read_bundle(folder).rules.room)}
    except PolicyRefused as refused:
        return {"findings": refused.findings}
    except BaseException:  # noqa: BLE001  # whatever else comes is what this looks for
        return {"fault": traceback.format_exc()}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)


def _late(*_: object) -> None:
    raise TimeoutError(f"more than {SECONDS} s")


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _late)
    for folder in sys.argv[1:]:
        print(json.dumps({"folder": folder} | outcome(folder)), flush=True)
