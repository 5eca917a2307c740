"""Logistic regression by gradient descent on the mean and spread of beats: `risk.py CSV STEPS`."""

import csv
import os
import sys
from math import exp
from pathlib import Path
from statistics import fmean, pstdev


def rows(path):
    """(mean, spread, label) of each person; the label says whether the person smokes."""
    people, smokes = {}, {}
    with Path(path).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            people.setdefault(row["person"], []).append(int(row["rr_ms"]))
            smokes[row["person"]] = int(row["smokes"])
    return [((fmean(b) - 850) / 100, (pstdev(b) - 40) / 10, smokes[p]) for p, b in sorted(people.items())]


def main():
    """Print the weights and how many of the people the model places right."""
    data, weights = rows(sys.argv[1]), [0.0, 0.0, 0.0]
    for _ in range(int(sys.argv[2])):
        slope = [0.0, 0.0, 0.0]
        for mean, spread, label in data:
            error = 1 / (1 + exp(-(weights[0] + weights[1] * mean + weights[2] * spread))) - label
            slope = [slope[0] + error, slope[1] + error * mean, slope[2] + error * spread]
        weights = [w - 0.5 * s / len(data) for w, s in zip(weights, slope, strict=True)]
    right = sum((weights[0] + weights[1] * m + weights[2] * s > 0) == bool(y) for m, s, y in data)
    print("devices", os.environ.get("CUDA_VISIBLE_DEVICES", ""), "on", os.environ.get("DURE_NODE", ""))
    print(f"result weights {[round(w, 3) for w in weights]}, {right} of {len(data)} right")


main()
