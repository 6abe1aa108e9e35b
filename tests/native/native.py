#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Measures kernel copies at real speed and writes the document of the run (docs/benchmarks-lines.md).

    make native
    tests/native/native.py [--rounds N] [--repeats N] [--milliseconds N] [--processors A,B] [--out FILE]

Each core of a copy has a processor of the host. With one processor nothing is measured, and that is no failure.
"""

import argparse
import datetime
import os
import pathlib
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tools/bench")]  # as pytest has it

import document as documents  # noqa: E402 pylint: disable=wrong-import-position
import fit  # noqa: E402 pylint: disable=wrong-import-position
import tool  # noqa: E402 pylint: disable=wrong-import-position

PROGRAM = ROOT / "build/native/r4native"
KERNEL = ROOT / "build/native/kernel.o"
COMPILER = ROOT / "build/compiler"
OUT = ROOT / "build/bench/native.json"
SECONDS = 300  # that one run of the program may take
START_IN = 0.3  # seconds from now on: until then all processes that are to begin together are there
MODES = ("polling", "halted")  # how the peer finds out: it looks at its ring; by a word, as by an interrupt
OBJECTS = (0, 64)  # that the borrower has made when its loan is revoked
CLUSTERS = (1, 2, 4, 8)  # of one core each, that work at the same time

Word = str | int


class NativeError(Exception):
    """A run failed; the text says how."""


def siblings(processor: int) -> str:
    """The threads of that processor's core; its number if the host does not say."""
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{processor}/topology/thread_siblings_list")
    return path.read_text(encoding="ascii").strip() if path.exists() else str(processor)


def processors() -> list[int]:
    """Those that this process may use, one thread of each core first."""
    found = sorted(os.sched_getaffinity(0))
    first: dict[str, int] = {}
    for processor in found:
        first.setdefault(siblings(processor), processor)
    firsts = list(first.values())
    return firsts + [processor for processor in found if processor not in firsts]


def start(*words: Word) -> subprocess.Popen[str]:
    command = [str(PROGRAM), str(KERNEL), *map(str, words)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process: subprocess.Popen[str]) -> list[list[str]]:
    """The words of each line that it printed."""
    try:
        output, errors = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired as error:
        process.kill()
        raise NativeError(f"no end within {SECONDS} s: {process.args!r}") from error
    if process.returncode != 0:
        raise NativeError(errors.strip() or f"exit status {process.returncode}")
    return [line.split() for line in output.splitlines()]


def remote(mode: str, objects: int, rounds: int, pair: Sequence[int]) -> dict[str, list[fit.Sample]]:
    """The samples of hand-offs and of revokes."""
    found: dict[str, list[fit.Sample]] = {"handoff": [], "revoke": []}
    for what, round_trip, ticks in finish(start("remote", mode, objects, rounds, *pair)):
        found[what].append(fit.Sample(int(round_trip), int(ticks)))
    return found


def rate(lines: Sequence[Sequence[str]]) -> float:
    """Operations in a nanosecond, of all cores."""
    return sum(int(operations) / int(nanoseconds) for _, operations, nanoseconds in lines)


def together(machines: Sequence[tuple[int, int, Sequence[int]]], milliseconds: int) -> float:
    """The rate of all these machines (clusters, cores of each, processors), each a process, which begin at the same time."""
    begin = time.monotonic_ns() + int(START_IN * 1e9)
    started = [start("throughput", clusters, cores, begin, milliseconds, *where) for clusters, cores, where in machines]
    return sum(rate(finish(process)) for process in started)


# --- figures ---


def figure(test: str, metric: str, unit: str, samples: Sequence[float], **more: Any) -> documents.Figure:
    """Of a test that is named by its family and its parameters."""
    name = test if metric in ("ticks", "ns") else f"{test}.{metric}"
    family = ".".join(test.split(".")[:2])
    parameters = more.pop("parameters", {})
    return documents.Figure(name, family, test, metric, parameters, unit, False, samples, **more)


def figures_remote(test: str, parameters: dict[str, Word], samples: Sequence[fit.Sample]) -> list[documents.Figure]:
    """Times, the yardstick beside each, their ratio, and the terms of the line if they can be told apart."""
    found = [
        figure(test, "ticks", "tsc", [sample.ticks for sample in samples], parameters=parameters),
        figure(test, "yardstick", "tsc", [sample.round_trip for sample in samples], parameters=parameters),
        figure(
            test,
            "round_trips",
            "ratio",
            [sample.ticks / max(sample.round_trip, 1) for sample in samples],
            parameters=parameters,
        ),
    ]
    if line := fit.fitted(fit.classes(samples)):
        found += [
            figure(test, "fixed", "tsc", [line.a], parameters=parameters, interval=line.a_interval),
            figure(test, "per_round_trip", "ratio", [line.b], parameters=parameters, interval=line.b_interval),
        ]
    return found


def measure_remote(rounds: int, repeats: int, pair: Sequence[int]) -> list[documents.Figure]:
    """Each repeat is a process of its own, and all cases take turns: the host may have moved a processor meanwhile."""
    samples: dict[tuple[str, str, int], list[fit.Sample]] = {}
    for _ in range(repeats):
        for mode in MODES:
            for objects in OBJECTS:
                for what, new in remote(mode, objects, max(rounds // repeats, 1), pair).items():
                    key = (what, mode, objects if what == "revoke" else 0)
                    samples.setdefault(key, []).extend(new)
    found = []
    for (what, mode, objects), all_of_it in samples.items():
        test = f"remote.revoke.{objects}.{mode}" if what == "revoke" else f"remote.handoff.{mode}"
        found += figures_remote(test, {"peer": mode, "objects": objects, "cluster_a": 0, "cluster_b": 1}, all_of_it)
    return found


def measure_throughput(milliseconds: int, repeats: int, where: Sequence[int]) -> list[documents.Figure]:
    """Nanoseconds of an operation, by how many clusters, cores of one cluster, or processes that know nothing of each other."""
    cases: dict[str, tuple[dict[str, Word], list[tuple[int, int, Sequence[int]]]]] = {
        f"independent.clusters.{count}": ({"clusters": count, "cores": 1}, [(count, 1, where[:count])])
        for count in CLUSTERS
        if count <= len(where)
    }
    cases["independent.cores.2"] = ({"clusters": 1, "cores": 2}, [(1, 2, where[:2])])
    apart: list[tuple[int, int, Sequence[int]]] = [(1, 1, where[:1]), (1, 1, where[1:2])]
    cases["independent.unconnected.2"] = ({"processes": 2, "cores": 1}, apart)
    rates: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(repeats):
        for name, (_, machines) in cases.items():
            rates[name].append(together(machines, milliseconds))
    found = [
        figure(name, "ns", "ns", [1 / value for value in rates[name]], parameters=parameters)
        for name, (parameters, _) in cases.items()
    ]
    shares = [a / b for a, b in zip(rates["independent.clusters.2"], rates["independent.unconnected.2"])]
    parameters = cases["independent.clusters.2"][0]
    found.append(figure("independent.clusters.2", "of_unconnected", "ratio", shares, parameters=parameters))
    return found


# --- the document ---


def said(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def context(command: str) -> dict[str, Any]:
    model = re.search(r"^model name\s*: (.+)$", pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8"), re.M)
    return {
        "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "command": command,
        "commit": said("git", "rev-parse", "HEAD") or None,
        "dirty": bool(said("git", "status", "--porcelain")),
        "compiler": COMPILER.read_text(encoding="utf-8").partition("\n")[0],
        "qemu": None,
        "accelerator": "native",
        "layout_checksum": None,
        "machine": {"name": "native", "cores": [1, 1], "memory_mib": [32, 32], "ring_slots": 8},
        "host": {
            "processor": model[1] if model else platform.machine(),
            "processors": os.cpu_count() or 1,
            "system": f"{platform.system()} {platform.release()}",
        },
    }


def table(found: Sequence[documents.Figure]) -> list[str]:
    """A line for each figure: its median, and its interval if it was fitted."""
    lines = []
    for each in found:
        value = f"{statistics.median(each.samples):12.2f} {each.unit:5} n={len(each.samples)}"
        interval = f" {each.interval[0]:.2f}..{each.interval[1]:.2f}" if each.interval else ""
        lines.append(f"{each.name:40} {value}{interval}")
    return lines


def left_out(found: Sequence[documents.Figure], where: Sequence[int]) -> list[str]:
    names = {each.name for each in found}
    lines = [
        f"independent.clusters.{count}: the host has {len(where)} processors"
        for count in CLUSTERS
        if count > len(where)
    ]
    tests = sorted({each.test for each in found if each.test.startswith("remote.")})
    return lines + [
        f"{test}.fixed, {test}.per_round_trip: all round trips are of one class"
        for test in tests
        if f"{test}.fixed" not in names
    ]


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=4000, help="samples of each operation between clusters")
    parser.add_argument("--repeats", type=int, default=8, help="runs that these are from; samples of each throughput")
    parser.add_argument("--milliseconds", type=int, default=500, help="of one measurement of throughput")
    parser.add_argument("--processors", help="of the host, such as 0,2; default: of different cores, if there are")
    parser.add_argument("--out", type=pathlib.Path, default=OUT)
    return parser.parse_args()


def main() -> int:
    arguments = parse_arguments()
    where = [int(word) for word in arguments.processors.split(",")] if arguments.processors else processors()
    if len(where) < 2:
        print("native: one processor: nothing is measured")
        return 0
    found = measure_remote(arguments.rounds, arguments.repeats, where[:2])
    found += measure_throughput(arguments.milliseconds, arguments.repeats, where)
    documents.write(arguments.out, documents.Document(context(" ".join(sys.argv)), found))
    print("\n".join(table(found)))
    print("\n".join(f"left out: {line}" for line in left_out(found, where)))
    print(f"{arguments.out}: {len(found)} figures")
    return 0


if __name__ == "__main__":
    tool.run(main, NativeError, documents.DocumentError)
