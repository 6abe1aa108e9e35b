# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""trace2ctf.py on made-up memory: babeltrace2 reads back what the rings held."""

import pathlib
import re
import struct
import subprocess
import sys

import headers

TOOL = pathlib.Path(__file__).parents[2] / "tools" / "trace2ctf.py"
PAGE = 4096
ENTRIES = 256
SYSCALL, EVENT, EXIT, SWITCH, SENT, REVOKE, PANIC = 0, 1, 3, 4, 6, 9, 10  # positions in TRACE_EVENT_LIST
OPERATIONS = headers.SHARED.enum("r4_operation")


def ring(cluster: int, core: int, events: list[tuple[int, int, int, int]], recorded: int | None = None) -> bytes:
    """struct trace_ring, padded to whole pages: `events` are the last ones."""
    recorded = len(events) if recorded is None else recorded
    entries = [bytes(32)] * ENTRIES
    for position, (ticks, event, first, second) in enumerate(events, recorded - len(events)):
        entries[position % ENTRIES] = struct.pack("<QIIQQ", ticks, event, 0, first, second)
    data = struct.pack("<8sIIIIQ32x", b"R4TRACEC", cluster, core, ENTRIES, 2_000_000, recorded) + b"".join(entries)
    return data + bytes(-len(data) % PAGE)


def convert(folder: pathlib.Path, *dumps: bytes) -> subprocess.CompletedProcess[str]:
    paths = []
    for number, dump in enumerate(dumps):
        paths.append(folder / f"dump{number}")
        paths[-1].write_bytes(dump)
    return subprocess.run(
        [sys.executable, TOOL, *paths, "-o", folder / "ctf"], capture_output=True, text=True, check=False
    )


def babeltrace(folder: pathlib.Path) -> list[tuple[int, str, str, str]]:
    """(clock ticks, event, fields) of each line that babeltrace2 prints, in its order."""
    command = ["babeltrace2", "--clock-cycles", "--no-delta", str(folder / "ctf")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    lines = [
        re.fullmatch(r"\[0*(\d+)\] (?:\S+ )?(\w+): \{ (cluster = \d+, core = \d+) \}, \{ (.*) \}", line)
        for line in done.stdout.splitlines()
    ]
    assert all(lines), done.stdout + done.stderr
    return [(int(line[1]), line[2], line[3], line[4]) for line in lines]


def test_events_of_two_cores_in_order_of_time(tmp_path: pathlib.Path) -> None:
    first = ring(0, 1, [(1000, SYSCALL, 0x81, 3), (3000, SWITCH, 0xFFFF800000828000, 0x820000)])
    second = ring(1, 0, [(2000, PANIC, 256, 0)])
    done = convert(tmp_path, bytes(PAGE) + first, second)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "cluster 0 core 1: 2 of 2 events\ncluster 1 core 0: 1 of 1 events\n"
    assert babeltrace(tmp_path) == [
        (1000, "syscall", "cluster = 0, core = 1", 'cap = 0x81, operation = ( "CAP_DELETE" : container = 0x3 )'),
        (2000, "panic", "cluster = 1, core = 0", "cause = 0x100, address = 0x0"),
        (3000, "switch", "cluster = 0, core = 1", "thread = 0xFFFF800000828000, root = 0x820000"),
    ]


def test_names_of_what_the_kernel_numbers(tmp_path: pathlib.Path) -> None:
    """In each word that has some; a number that has no name stays one."""
    events = [
        (1, EXIT, 0x1000, OPERATIONS.index("R4_OP_THREAD_STOP")),
        (2, SENT, 1, 7 << 32 | 2),
        (3, REVOKE, 0x2000, 3 << 32 | 1),
        (4, EVENT, 3, 0),
        (5, SYSCALL, 1, 0x4711),
    ]
    convert(tmp_path, ring(0, 0, events))
    assert [fields for *_, fields in babeltrace(tmp_path)] == [
        f'thread = 0x1000, operation = ( "THREAD_STOP" : container = {OPERATIONS.index("R4_OP_THREAD_STOP"):#X} )'.replace(
            "0X", "0x"
        ),
        'peer = 0x1, kind = ( "OFFER" : container = 0x2 ), loan = 0x7',
        'position = 0x2000, phase = ( "REMOVING" : container = 0x1 ), of = ( "SWEEP" : container = 0x3 )',
        'event = ( "DOORBELL" : container = 0x3 ), thread = 0x0',
        "cap = 0x1, operation = ( <unknown> : container = 0x4711 )",
    ]
    line = f"[c1] kernel: panic: trace: -12 exit thread 1000 operation {OPERATIONS.index('R4_OP_CAP_COPY'):x}"
    done = subprocess.run(
        [sys.executable, TOOL.parent / "backtrace.py", tmp_path], input=line, capture_output=True, text=True, check=True
    )
    assert done.stdout == f"{line}  thread 0x1000, operation CAP_COPY\n"


def test_a_full_ring_begins_with_its_oldest_event(tmp_path: pathlib.Path) -> None:
    events = [(1000 + number, SYSCALL, number, 0) for number in range(ENTRIES)]
    done = convert(tmp_path, ring(0, 0, events, recorded=1000))
    assert done.stdout == "cluster 0 core 0: 256 of 1000 events\n"
    assert [ticks for ticks, *_ in babeltrace(tmp_path)] == [ticks for ticks, *_ in events]


def test_memory_without_a_ring_is_refused(tmp_path: pathlib.Path) -> None:
    mark_by_chance = b"R4TRACEC" + bytes(2 * PAGE - 8)
    unknown_event = ring(0, 0, [(1, 999, 0, 0)])
    cut_off = ring(0, 0, [(1, SYSCALL, 0, 0)])[:PAGE]
    done = convert(tmp_path, mark_by_chance, unknown_event, cut_off)
    assert done.returncode == 1
    assert done.stderr == "trace2ctf.py: no trace ring found; was the kernel built with `trace = true` or TRACE=1?\n"
