"""A gang: every task sums its part of the beats, task 0 adds the parts: `gang.py CSV SECONDS`."""

import csv
import os
import sys
import time
from pathlib import Path

TASK, TASKS = int(os.environ["DURE_TASK"]), int(os.environ["DURE_TASKS"])


def main():
    """Leave the own part in the job's directory; task 0 waits for all parts and prints their sum."""
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        mine = [
            int(row["rr_ms"]) for number, row in enumerate(csv.DictReader(file)) if number % TASKS == TASK
        ]
    time.sleep(float(sys.argv[2]))
    part = Path(f"part-{TASK}.new")
    part.write_text(str(sum(mine)), encoding="utf-8")
    part.rename(f"part-{TASK}")
    print(f"task {TASK} of {TASKS} on {os.environ['DURE_NODE']}: {len(mine)} beats")
    if TASK:
        return
    parts = [Path(f"part-{number}") for number in range(TASKS)]
    for _ in range(300):
        if all(path.exists() for path in parts):
            print("result", sum(int(path.read_text(encoding="utf-8")) for path in parts), "ms in all")
            return
        time.sleep(0.1)
    sys.exit("a part is missing")


main()
