# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""A machine whose kernels trace: a revoke's whole story in order, read by babeltrace2, gdb shows it, a panic prints it."""

import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

import headers
import machine
from test_debug import session

NAME = "qemu-2x2-trace"
CORE_BYTES = 0xF000  # of a core's area, without the guard page
KINDS = headers.shared(more=["cluster-kernel/pure/operation.h"]).enum("operation_kind")
REVOKE, DELETE, SWEEP = (KINDS.index(f"OPERATION_{name}") for name in ("REVOKE", "DELETE", "SWEEP"))


@dataclass(frozen=True)
class Event:
    ticks: int
    cluster: int
    core: int
    name: str
    payload: dict[str, int]


def read_trace(folder: Path) -> list[Event]:
    """All events, in order of time, as babeltrace2 prints them."""
    done = subprocess.run(
        ["babeltrace2", "--clock-cycles", "--no-delta", folder], capture_output=True, text=True, check=True, timeout=60
    )
    shape = re.compile(r"\[0*(\d+)\] (\w+): \{ cluster = (\d+), core = (\d+) \}, \{ (.*) \}")
    lines = [match.groups() for line in done.stdout.splitlines() if (match := shape.fullmatch(line))]
    assert len(lines) == len(done.stdout.splitlines()), done.stdout
    pairs = re.compile(r'(\w+) = (?:\( (?:"\w+"|<unknown>) : container = )?(0x[0-9A-F]+)')
    return [
        Event(int(ticks), int(cluster), int(core), name, {key: int(value, 16) for key, value in pairs.findall(payload)})
        for ticks, name, cluster, core, payload in lines
    ]


def convert(dumps: list[Path], folder: Path) -> list[tuple[str, str]]:
    """(cluster, core) of each ring in the dumps, as tools/trace2ctf.py says."""
    command: list[str | Path] = [sys.executable, machine.ROOT / "tools/trace2ctf.py", *dumps, "-o", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.findall(r"cluster (\d) core (\d): \d+ of \d+ events", done.stdout)


@pytest.fixture(name="events", scope="module")
def demonstration(
    stopped: Callable[[str], machine.StoppedMachine], tmp_path_factory: pytest.TempPathFactory
) -> list[Event]:
    """The trace in the clusters' reserves at the demonstration's end."""
    guest = stopped(NAME)
    folder = tmp_path_factory.mktemp("trace")
    dumps = []
    for cluster, ranges in guest.log.reserve.items():
        for base, end in ranges:
            dumps.append(folder / f"dump-{cluster}-{base:x}")
            dumps[-1].write_bytes(guest.read(base, end - base))
    assert convert(dumps, folder / "ctf") == [("0", "0"), ("0", "1"), ("1", "0"), ("1", "1")]
    return read_trace(folder / "ctf")


def test_a_revoke_between_clusters(events: list[Event]) -> None:
    """Its messages in the order of the protocol, each sent once and received once, and the doorbell right after."""
    names = {0x5: "REVOKE", 0x6: "DONE"}
    story = [
        (event.name, names[event.payload["kind"]], event.cluster, event.payload["peer"])
        for event in events
        if event.name in ("sent", "received") and event.payload["kind"] in names and event.payload["loan"] == 0
    ]
    assert story == [
        ("sent", "REVOKE", 0, 1),
        ("received", "REVOKE", 1, 0),
        ("sent", "DONE", 1, 0),
        ("received", "DONE", 0, 1),
    ]
    sweepers = {event.core for event in events if event.cluster == 1 and event.payload.get("of") == SWEEP}
    (done,) = [event for event in events if event.name == "sent" and event.payload["kind"] == 0x6]
    assert done.core in sweepers
    behind = [
        event.name for event in events if event.cluster == 1 and event.core == done.core and event.ticks > done.ticks
    ]
    assert behind[0] == "doorbell"


def test_doorbells_name_a_core_of_the_peer(events: list[Event]) -> None:
    apic_ids = {0: {0, 1}, 1: {2, 3}}
    bells = [event for event in events if event.name == "doorbell"]
    assert bells
    for bell in bells:
        assert bell.payload["peer"] == 1 - bell.cluster and bell.payload["apic_id"] in apic_ids[1 - bell.cluster]


def test_a_core_enters_and_leaves(events: list[Event]) -> None:
    """On one core nothing follows a system call's entry but what it causes, up to its exit; a revoke tells its phase."""
    names = {event.name for event in events}
    names.discard("fault")  # a thread in memory that a revoke takes away may have one before it is stopped
    assert names == {"syscall", "exit", "event", "switch", "halt", "sent", "received", "doorbell", "revoke"}
    inside: dict[tuple[int, int], str] = {}
    for event in events:
        place = event.cluster, event.core
        if event.name in ("syscall", "event", "fault"):
            assert not inside.get(place), event
        if event.name == "exit":
            assert inside.get(place, "syscall") == "syscall", event  # the first event of a ring may be an exit
        inside[place] = event.name if event.name == "syscall" else "" if event.name == "exit" else inside.get(place, "")
    assert {event.payload["of"] for event in events if event.name == "revoke"} <= {REVOKE, DELETE, SWEEP}


def test_gdb_shows_the_ring(tmp_path: Path) -> None:
    constants = machine.layout(NAME)["clusters"][0]["linker_constants"]
    area = int(constants["r4_linker_cores"], 16) + machine.PAGE  # of core 0, from its stack on
    dump = f"dump binary memory {tmp_path / 'dump'} {area:#x} {area + CORE_BYTES:#x}"
    commands = [
        ("at exit", "break sys_debug_exit"),
        ("exit", "continue"),
        ("trace", "r4-trace"),
        ("short", "r4-trace 0 3"),
        ("cpu", "thread 1"),
        ("dump", dump),
    ]
    said = session(tmp_path, commands, name=NAME)
    assert re.search(r"^  core 0: \d+ events$", said["trace"], re.M)
    last = re.search(r"^    0 (.*)$", said["trace"], re.M)  # core 0's own last: the call that gdb has stopped
    assert re.fullmatch(r"syscall cap 0x[0-9a-f]+ operation DEBUG_EXIT", last[1])
    shown = re.findall(r"^    -?\d+ (\w+) ", said["short"].partition("core 1")[0], re.M)
    assert len(shown) == 3
    convert([tmp_path / "dump"], tmp_path / "ctf")
    assert [event.name for event in read_trace(tmp_path / "ctf")][-3:] == shown


def test_a_panic_prints_the_last_events() -> None:
    boot = machine.Boot(NAME, fault="assert:1")
    lines = boot.matching(r"\[c1\] kernel: panic: trace: -(\d+) (\w+) (\w+) ([0-9a-f]+) (\w+) ([0-9a-f]+)")
    assert lines[-1].groups() == ("0", "panic", "cause", "100", "address", "0"), boot.output
    assert ("sent", "peer", "0", "kind", "1") in [line.groups()[1:] for line in lines]  # its HELLO
    ages = [int(line[1]) for line in lines]
    assert ages == sorted(ages, reverse=True) and len(ages) <= 16


def test_nothing_is_recorded_unless_asked_for(stopped: Callable[[str], machine.StoppedMachine], tmp_path: Path) -> None:
    guest = stopped("qemu-2x2")
    ((base, end),) = guest.log.reserve[0]
    dump = tmp_path / "dump"
    dump.write_bytes(guest.read(base, end - base))
    command: list[str | Path] = [sys.executable, machine.ROOT / "tools/trace2ctf.py", dump, "-o", tmp_path / "ctf"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.partition(";")[0]) == (1, "trace2ctf.py: no trace ring found")
