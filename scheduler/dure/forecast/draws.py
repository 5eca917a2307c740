"""Draws that are the same every time: what looks random comes from the job's id and the future's number.

Futures are stratified: over `futures` futures each job's draws fall once into every part of [0, 1) of length
1 / futures, in an order of its own, so that few futures say as much as many independent ones.

Source: McKay, Beckman, Conover, "A Comparison of Three Methods for Selecting Values of Input Variables in the
Analysis of Output from a Computer Code", Technometrics 21 (1979): Latin hypercube sampling.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b
from math import gcd

_BITS = 32
_ONE = 1 << _BITS
_MASK = _ONE - 1


@dataclass(frozen=True, slots=True)
class Draws:
    """One job's numbers, one for each of `futures` futures."""

    futures: int
    first: int
    step: int
    within: float

    @classmethod
    def of(cls, job: str, futures: int) -> Draws:
        """The numbers of the job of this id. Raises ValueError for less than one future."""
        if futures < 1:
            raise ValueError(f"{futures} futures; there is at least one")
        seed = int.from_bytes(blake2b(job.encode(), digest_size=12).digest(), "big")
        step = 1 + (seed & _MASK) % futures
        while gcd(step, futures) > 1:
            step += 1
        first = (seed >> _BITS & _MASK) % futures
        return cls(futures, first, step, (seed >> 2 * _BITS) / _ONE)

    def at(self, future: int) -> float:
        """The number in [0, 1) for future number `future` (from 0)."""
        return ((self.first + self.step * future) % self.futures + self.within) / self.futures
