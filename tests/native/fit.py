# SPDX-License-Identifier: MIT
"""What the times of operations between two processors say: classes of samples by their round trip, and the line ticks = a + b * round trip.

A hypervisor moves processors, so the round trip of a bare cache line, taken beside each sample, is not the same all the time. Where it
keeps to a few values, each is a class, and the line through the medians of the classes tells the part of an operation that crosses
caches (b) from the part that does not (a). With one class these two cannot be told apart."""

import dataclasses
import math
import random
import statistics
from collections.abc import Callable, Sequence

BIN = 1.1  # round trips in one bin differ by at most that factor
SHARE = 0.05  # of all samples that a bin of a class has at least,
LEAST = 20  # and how many at least
APART = 1.25  # factor between the medians of two classes that a line can be put through
RESAMPLES = 1000
TAIL = 25  # resamples of those at each end that are outside of the 95 % interval

Interval = tuple[float, float]


@dataclasses.dataclass(frozen=True)
class Sample:
    """Ticks of one round trip of a bare line, and of the operation after it."""

    round_trip: int
    ticks: int


@dataclasses.dataclass(frozen=True)
class Line:
    """ticks = a + b * round trip, each with its 95 % interval."""

    a: float
    b: float
    a_interval: Interval
    b_interval: Interval


def classes(samples: Sequence[Sample]) -> list[list[Sample]]:
    """By their round trips, ascending; samples that are in no class are left out."""
    bins: dict[int, list[Sample]] = {}
    for sample in samples:
        bins.setdefault(int(math.log(max(sample.round_trip, 1), BIN)), []).append(sample)
    found: list[list[Sample]] = []
    last = None
    for number in sorted(
        number for number, members in bins.items() if len(members) >= max(SHARE * len(samples), LEAST)
    ):
        if last is None or number > last + 1:
            found.append([])
        found[-1] += bins[number]
        last = number
    return found


def through(points: Sequence[tuple[float, float, int]]) -> tuple[float, float]:
    """(a, b) of the line y = a + b * x that is nearest to the points (x, y, weight)."""
    weight = sum(point[2] for point in points)
    x_mean = sum(x * n for x, _, n in points) / weight
    y_mean = sum(y * n for _, y, n in points) / weight
    b = sum((x - x_mean) * (y - y_mean) * n for x, y, n in points) / sum((x - x_mean) ** 2 * n for x, _, n in points)
    return y_mean - b * x_mean, b


def resampled_median(ordered: Sequence[int], chance: random.Random) -> int:
    """The median of as many values, each drawn from these: which one that is has a known distribution."""
    half = (len(ordered) + 1) / 2
    return ordered[min(int(chance.betavariate(half, half) * len(ordered)), len(ordered) - 1)]


def middle(values: Sequence[float]) -> Interval:
    ordered = sorted(values)
    return ordered[TAIL], ordered[-1 - TAIL]


def fitted(groups: Sequence[Sequence[Sample]], seed: int = 1) -> Line | None:
    """The line through the classes' medians, if there are two at least that lie apart. The intervals are a bootstrap's."""
    trips = [sorted(sample.round_trip for sample in group) for group in groups]
    ticks = [sorted(sample.ticks for sample in group) for group in groups]
    medians = [statistics.median(values) for values in trips]
    if len(groups) < 2 or medians[-1] < APART * medians[0]:
        return None
    chance = random.Random(seed)

    def line(median: Callable[[Sequence[int]], float]) -> tuple[float, float]:
        return through([(median(x), median(y), len(x)) for x, y in zip(trips, ticks)])

    a, b = line(statistics.median)
    drawn = [line(lambda values: resampled_median(values, chance)) for _ in range(RESAMPLES)]
    return Line(a, b, middle([each[0] for each in drawn]), middle([each[1] for each in drawn]))
