"""Heart-rate variability (RMSSD) per person, with a bootstrap interval: `beats.py CSV ROUNDS`."""

import csv
import random
import sys
from itertools import pairwise
from math import sqrt
from pathlib import Path


def rmssd(squares):
    """Root mean square of successive differences, in ms."""
    return sqrt(sum(squares) / len(squares))


def main():
    """Print one line a person and the room's mean."""
    people = {}
    with Path(sys.argv[1]).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            people.setdefault(row["person"], []).append(int(row["rr_ms"]))
    dice, means = random.Random(1), []
    for person, beats in sorted(people.items()):
        squares = [(b - a) ** 2 for a, b in pairwise(beats)]
        rounds = sorted(rmssd(dice.choices(squares, k=len(squares))) for _ in range(int(sys.argv[2])))
        low, high = rounds[len(rounds) // 20], rounds[-1 - len(rounds) // 20]
        means.append(rmssd(squares))
        print(f"{person} rmssd {means[-1]:.1f} ms ({low:.1f} to {high:.1f})")
    print(f"result {len(people)} people, mean rmssd {sum(means) / len(means):.2f} ms")


main()
