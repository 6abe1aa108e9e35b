# SPDX-License-Identifier: MIT
"""Kernel copies at real speed: what makes figures of their times, and a short run of all that is measured. Times are not judged."""

import os
import random
import subprocess
from pathlib import Path

import pytest

import document as documents
import fit
import native

PROGRAM = Path(__file__).with_name("native.py")
ONE_PROCESSOR = "native: one processor: nothing is measured"


def made(round_trip: int, ticks: int, count: int, seed: int) -> list[fit.Sample]:
    """Samples near to these, within 2 %."""
    chance = random.Random(seed)

    def near(value: int) -> int:
        return round(value * (0.98 + 0.04 * chance.random()))

    return [fit.Sample(near(round_trip), near(ticks)) for _ in range(count)]


def test_classes() -> None:
    """Two values that round trips keep to, and a few in between and beyond."""
    slow, fast = made(1000, 3000, 300, 1), made(400, 1500, 200, 2)
    others = [fit.Sample(600, 2000), fit.Sample(50000, 90000), fit.Sample(700, 1900)]
    found = fit.classes(slow + others + fast)
    assert [len(group) for group in found] == [200, 300]
    assert {sample.round_trip for sample in found[0]} == {sample.round_trip for sample in fast}


def test_line() -> None:
    """ticks = 500 + 2.5 * round trip."""
    groups = [made(trip, 500 + 5 * trip // 2, 400, trip) for trip in (400, 1000)]
    line = fit.fitted(groups)
    assert line is not None
    assert line.a == pytest.approx(500, abs=50) and line.b == pytest.approx(2.5, abs=0.1)
    assert line.a_interval[0] < line.a < line.a_interval[1] and line.b_interval[0] < line.b < line.b_interval[1]
    assert line.a_interval[0] < 500 < line.a_interval[1] and line.b_interval[0] < 2.5 < line.b_interval[1]
    assert fit.fitted(groups) == line


def test_one_class_has_no_line() -> None:
    assert fit.fitted([made(1000, 3000, 400, 1)]) is None
    assert fit.fitted([made(1000, 3000, 400, 1), made(1100, 3300, 400, 2)]) is None
    assert not fit.classes([fit.Sample(1000, 3000)] * (fit.LEAST - 1))


def test_line_is_a_figure_or_left_out() -> None:
    one, two = made(1000, 3000, 200, 1), made(400, 1500, 200, 2)
    both = native.figures_remote("remote.handoff.halted", {}, one + two)
    alone = native.figures_remote("remote.revoke.0.halted", {}, one)
    names = {figure.name for figure in both + alone}
    assert {"remote.handoff.halted.fixed", "remote.handoff.halted.per_round_trip"} <= names
    assert "remote.revoke.0.halted.fixed" not in names
    left_out = native.left_out(both + alone, [0, 1])
    assert [line for line in left_out if line.startswith("remote.")] == [
        "remote.revoke.0.halted.fixed, remote.revoke.0.halted.per_round_trip: all round trips are of one class"
    ]
    assert [line.partition(":")[0] for line in left_out[:2]] == ["independent.clusters.4", "independent.clusters.8"]


def run(*words: str, processors: int) -> str:
    """What native.py prints, on that many processors."""
    allowed = sorted(os.sched_getaffinity(0))[:processors]
    line = ["taskset", "-c", ",".join(map(str, allowed)), str(PROGRAM), *words]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_one_processor(tmp_path: Path) -> None:
    out = tmp_path / "native.json"
    assert run("--out", str(out), processors=1).strip() == ONE_PROCESSOR
    assert not out.exists()


def test_short_run(tmp_path: Path) -> None:
    """Every case runs to its end, and the document is valid. Where there is one processor, that is said."""
    out = tmp_path / "native.json"
    printed = run(
        *("--rounds", "40", "--repeats", "2", "--milliseconds", "20", "--out", str(out)),
        processors=2,
    )
    if printed.strip() == ONE_PROCESSOR:
        return
    document = documents.read(out)
    assert document.tier == "native"
    tests = {figure.test for figure in document.figures}
    assert tests == {
        *(f"remote.handoff.{mode}" for mode in native.MODES),
        *(f"remote.revoke.{objects}.{mode}" for objects in native.OBJECTS for mode in native.MODES),
        "independent.clusters.1",
        "independent.clusters.2",
        "independent.cores.2",
        "independent.unconnected.2",
    }
    for figure in document.figures:
        assert figure.name in printed
        if figure.interval is None:
            assert min(figure.samples) > 0, figure.name
    assert {len(figure.samples) for figure in document.figures if figure.test == "remote.revoke.0.halted"} >= {40}
    assert "left out: independent.clusters.4: the host has 2 processors" in printed
