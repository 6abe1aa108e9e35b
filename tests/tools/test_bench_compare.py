# SPDX-License-Identifier: MIT
"""Verdicts about two runs: exact figures by their difference, times by interval and test."""

import math
import pathlib
import random
import subprocess

import pytest

import document as documents
import inference
from test_bench_document import CONTEXT

COMPARE = pathlib.Path(__file__).resolve().parents[2] / "tools/bench/compare.py"


def exact(name: str, *samples: int) -> documents.Figure:
    return documents.Figure(name, "local", name, "instructions", {}, "insn", True, samples)


def timed(name: str, *samples: int) -> documents.Figure:
    return documents.Figure(name, "local", name, "ticks", {}, "tsc", False, samples)


def around(center: int, count: int = 40, seed: int = 1) -> list[int]:
    source = random.Random(seed)
    return [center + source.randrange(-50, 50) for _ in range(count)]


def test_mann_whitney_against_known_values() -> None:
    """The second is the example of scipy.stats.mannwhitneyu's manual. By hand: U = 0, variance 25 * 11 / 12; with ties U = 3, variance
    25 / 12 * (11 - 60 / 90)."""
    assert inference.mann_whitney([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]) == pytest.approx(
        math.erfc(12 / math.sqrt(2 * 22.916667)), abs=1e-6
    )
    assert inference.mann_whitney([19, 22, 16, 29, 24], [20, 11, 17, 12]) == pytest.approx(0.1113469, abs=1e-6)
    assert inference.mann_whitney([1, 1, 2, 2, 3], [2, 3, 3, 4, 4]) == pytest.approx(
        math.erfc(9 / math.sqrt(2 * 21.527778)), abs=1e-6
    )
    assert inference.mann_whitney([7] * 9, [7] * 5) == 1.0


def test_intervals_hold_the_median_and_repeat() -> None:
    samples = around(1000)
    low, high = inference.median_interval(samples)
    assert low <= inference.median(samples) <= high and 0 < high - low < 60
    assert inference.median_interval(samples) == (low, high)
    assert inference.median_interval([5] * 8) == (5, 5)


def test_exact_figures_have_differences() -> None:
    for new, verdict in ((247, "better"), (248, "same"), (249, "worse")):
        found = inference.compare(exact("cap.copy", 248, 248), exact("cap.copy", new, new))
        assert (found.verdict, found.interval, found.difference) == (verdict, None, new - 248)


def test_times_have_intervals() -> None:
    old = timed("cap.copy", *around(1000))
    for center, verdict in ((800, "better"), (1000, "same"), (1200, "worse")):
        found = inference.compare(old, timed("cap.copy", *around(center, seed=2)))
        assert found.verdict == verdict and found.interval is not None
        assert found.interval[0] <= found.difference <= found.interval[1]
    assert inference.compare(timed("cap.copy", 1, 900, 5000), timed("cap.copy", 20, 1100, 9000)).verdict == "noise"


def test_alike_sets_are_rarely_called_different() -> None:
    verdicts = [
        inference.compare(timed("a", *around(1000, 16, seed)), timed("a", *around(1000, 16, seed + 1000))).verdict
        for seed in range(40)
    ]
    assert sum(verdict in ("better", "worse") for verdict in verdicts) <= 6


def compared(
    folder: pathlib.Path, old: documents.Document, new: documents.Document
) -> subprocess.CompletedProcess[str]:
    for name, document in (("a", old), ("b", new)):
        documents.write(folder / name, document)
    return subprocess.run([COMPARE, folder / "a", folder / "b"], capture_output=True, text=True, check=False)


def test_command(tmp_path: pathlib.Path) -> None:
    old = documents.Document(CONTEXT, [exact("cap.copy", 248), exact("cap.move", 227), exact("cap.old", 1)])
    new = documents.Document(CONTEXT | {"dirty": True}, [exact("cap.move", 227), exact("cap.copy", 250)])
    done = compared(tmp_path, old, new)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "note: B: files differed from its commit",
        "note: only in A: cap.old",
        "worse   cap.copy: 248 -> 250 insn, +2 (+0.8 %)",
        "0 better, 1 worse, 1 same, 0 noise",
    ]


def test_what_cannot_be_compared(tmp_path: pathlib.Path) -> None:
    old = documents.Document(CONTEXT, [exact("cap.copy", 248)])
    for new, message in (
        (
            documents.Document(CONTEXT | {"accelerator": "tcg"}, [exact("cap.copy", 248)]),
            "one was measured with icount",
        ),
        (documents.Document(CONTEXT, [exact("cap.move", 248)]), "no figure is in both documents"),
        (documents.Document(CONTEXT, [timed("cap.copy", 248)]), "cap.copy: in insn and in tsc"),
    ):
        done = compared(tmp_path, old, new)
        assert done.returncode == 1 and done.stderr.startswith(f"compare.py: {message}")
