# SPDX-License-Identifier: MIT
"""What can be said of two sets of samples: intervals by the bootstrap, the test of Mann and Whitney, a verdict.

What was counted exactly shows its difference, never an interval. For times 95 % intervals of medians come from RESAMPLES resamples with
a fixed seed, so that a report of the same documents is the same.
"""

import collections
import dataclasses
import math
import random
from collections.abc import Sequence

import document as documents
from document import Number

RESAMPLES = 2000
SEED = 11
ERROR = 0.05  # of a verdict "better" or "worse" about two sets that are alike
SAME_PERCENT = 5  # two sets whose medians differ by less, as far as the interval tells, are the same
BETTER, WORSE, SAME, NOISE = "better", "worse", "same", "noise"


def median(samples: Sequence[Number]) -> Number:
    """As in document.py: a sample."""
    return sorted(samples)[len(samples) // 2]


def resampled(samples: Sequence[Number], source: random.Random) -> Number:
    return median(source.choices(samples, k=len(samples)))


def middle(values: list[float]) -> tuple[float, float]:
    """Between these lie 95 % of the values."""
    values = sorted(values)
    cut = round(len(values) * 0.025)
    return values[cut], values[len(values) - 1 - cut]


def median_interval(samples: Sequence[Number]) -> tuple[float, float]:
    source = random.Random(SEED)
    return middle([resampled(samples, source) for _ in range(RESAMPLES)])


def difference_interval(old: Sequence[Number], new: Sequence[Number]) -> tuple[float, float]:
    """Of the new median less the old one."""
    source = random.Random(SEED)
    return middle([resampled(new, source) - resampled(old, source) for _ in range(RESAMPLES)])


def mann_whitney(old: Sequence[Number], new: Sequence[Number]) -> float:
    """The two-sided p of U: by the normal distribution, corrected for ties and for continuity. 1 if all samples are the same."""
    counts = collections.Counter([*old, *new])
    rank: dict[Number, float] = {}
    below = 0
    for value in sorted(counts):
        rank[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    first, second, total = len(old), len(new), len(old) + len(new)
    u = sum(rank[value] for value in old) - first * (first + 1) / 2
    ties = sum(count**3 - count for count in counts.values())
    variance = first * second / 12 * (total + 1 - ties / (total * (total - 1)))
    if variance <= 0:
        return 1.0
    away = max(0.0, abs(u - first * second / 2) - 0.5)
    return math.erfc(away / math.sqrt(2 * variance))


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Of one figure in two documents; less is better in all of them. The interval is None for exact figures."""

    old: documents.Figure
    new: documents.Figure
    verdict: str
    interval: tuple[float, float] | None = None

    @property
    def difference(self) -> Number:
        return self.new.median - self.old.median

    @property
    def percent(self) -> float | None:
        """None: there is nothing to compare with."""
        return None if self.old.median == 0 else 100 * self.difference / abs(self.old.median)


def compare(old: documents.Figure, new: documents.Figure) -> Comparison:
    if old.exact and new.exact:
        difference = new.median - old.median
        return Comparison(old, new, SAME if difference == 0 else BETTER if difference < 0 else WORSE)
    low, high = difference_interval(old.samples, new.samples)
    bound = abs(old.median) * SAME_PERCENT / 100
    if mann_whitney(old.samples, new.samples) < ERROR and not low <= 0 <= high:
        verdict = BETTER if high < 0 else WORSE
    else:
        verdict = SAME if -bound <= low and high <= bound else NOISE
    return Comparison(old, new, verdict, (low, high))
