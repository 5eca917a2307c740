"""A job that takes more memory than it asked for: it keeps every pairing of beats."""

import csv
import sys
import time
from pathlib import Path

with Path(sys.argv[1]).open(encoding="utf-8") as file:
    beats = [int(row["rr_ms"]) for row in csv.DictReader(file)]
kept = []
for shift in range(int(sys.argv[2])):
    kept.append(bytes(1 << 20))
    kept.append([a * b + shift for a, b in zip(beats[shift:], beats, strict=False)])
    time.sleep(0.01)
print("result", len(kept))
