#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""trace2ctf.py DUMP… -o DIR: the trace rings in dumps of memory as a trace in Common Trace Format 1.8, for babeltrace2 and its kin.

A dump is any part of physical or virtual memory that begins at a page: QEMU's `pmemsave`, gdb's `dump binary memory`. Rings are found
by their mark (cluster-kernel/cluster/trace.h). One stream per core; times are ticks of the time-stamp counter.
"""

import argparse
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import tool
import trace_words

PAGE = 4096
TRACE = trace_words.definitions()
MAGIC = TRACE.numbers["TRACE_MAGIC"].to_bytes(8, "little")
RING = TRACE.structure("trace_ring")  # up to its entries
ENTRY = TRACE.structure("trace_entry")
ENTRIES_MAX = 1 << 16

CTF_MAGIC = 0xC1FC1FC1
PACKET = struct.Struct(
    "<II QQQQQ II"
)  # header: magic, stream; context: begin, end, content, packet, discarded, cluster, core
EVENT = struct.Struct("<QI QQ")  # header: time, event; its two words

METADATA_HEAD = """/* CTF 1.8 */
typealias integer {{ size = 32; align = 8; signed = false; }} := uint32_t;
typealias integer {{ size = 64; align = 8; signed = false; base = 16; }} := bits64_t;
typealias integer {{ size = 32; align = 8; signed = false; base = 16; }} := bits32_t;
typealias integer {{ size = 64; align = 8; signed = false; }} := uint64_t;
trace {{ major = 1; minor = 8; byte_order = le; packet.header := struct {{ uint32_t magic; uint32_t stream_id; }}; }};
env {{ domain = "kernel"; tracer_name = "r4"; }};
clock {{ name = tsc; description = "time-stamp counter"; freq = {frequency}; }};
typealias integer {{ size = 64; align = 8; signed = false; map = clock.tsc.value; }} := ticks_t;
stream {{
    id = 0;
    packet.context := struct {{
        ticks_t timestamp_begin; ticks_t timestamp_end; uint64_t content_size; uint64_t packet_size; uint64_t events_discarded;
        uint32_t cluster; uint32_t core;
    }};
    event.header := struct {{ ticks_t timestamp; uint32_t id; }};
}};
"""
METADATA_EVENT = """event {{ name = "{name}"; id = {number}; stream_id = 0; fields := struct {{ {fields} }}; }};
"""


class TraceError(Exception):
    """There is no trace to write; the text says why."""


@dataclass
class Ring:
    """One core's events, the oldest first: (ticks, event, first, second)."""

    cluster: int
    core: int
    tsc_khz: int
    recorded: int
    events: list[tuple[int, int, int, int]]


def read_ring(data: bytes, offset: int) -> Ring | None:
    """The ring at an offset, or None: memory that has the mark by chance, or is cut off, is none."""
    head = RING.unpack(data, offset)
    entries, recorded = head["entries"], head["recorded"]
    first = offset + RING.size
    if head["magic"] != TRACE.numbers["TRACE_MAGIC"] or not 0 < entries <= ENTRIES_MAX or head["tsc_khz"] == 0:
        return None
    if first + entries * ENTRY.size > len(data):
        return None
    events = []
    for position in range(max(0, recorded - entries), recorded):
        entry = ENTRY.unpack(data, first + position % entries * ENTRY.size)
        if entry["event"] >= len(trace_words.events()):
            return None
        events.append((entry["ticks"], entry["event"], entry["first"], entry["second"]))
    return Ring(head["cluster"], head["core"], head["tsc_khz"], recorded, events)


def find_rings(data: bytes) -> Iterator[Ring]:
    """All rings in a dump."""
    for offset in range(0, len(data) - RING.size, PAGE):
        if data[offset : offset + len(MAGIC)] == MAGIC and (ring := read_ring(data, offset)):
            yield ring


def field(part: trace_words.Part) -> str:
    """A part of an event's words: a number, or a name of the kernel's with its number."""
    kind = f"bits{part.bits}_t"
    if part.names:
        kind = f"enum : {kind} {{ " + ", ".join(f'"{name}" = {value}' for value, name in enumerate(part.names)) + " }"
    return f"{kind} _{part.name};"


def metadata(frequency: int) -> str:
    """The text that describes the streams."""
    events = [
        METADATA_EVENT.format(name=name, number=number, fields=" ".join(map(field, first + second)))
        for number, (name, first, second) in enumerate(trace_words.events())
    ]
    return METADATA_HEAD.format(frequency=frequency) + "".join(events)


def stream(ring: Ring) -> bytes:
    """One core's stream: a single packet."""
    content = b"".join(EVENT.pack(*event) for event in ring.events)
    bits = (PACKET.size + len(content)) * 8
    times = (ring.events[0][0], ring.events[-1][0]) if ring.events else (0, 0)
    head = PACKET.pack(CTF_MAGIC, 0, *times, bits, bits, ring.recorded - len(ring.events), ring.cluster, ring.core)
    return head + content


def write(rings: list[Ring], folder: Path) -> None:
    """The trace: metadata and a file for each core."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("cluster-*-core-*"):
        old.unlink()
    # The coordinator measures the frequency once, for all.
    (folder / "metadata").write_text(metadata(rings[0].tsc_khz * 1000), encoding="utf-8")
    for ring in rings:
        (folder / f"cluster-{ring.cluster}-core-{ring.core}").write_bytes(stream(ring))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("dumps", nargs="+", type=Path, metavar="DUMP")
    parser.add_argument(
        "-o",
        dest="folder",
        type=Path,
        required=True,
        metavar="DIR",
        help="where to; what an earlier run left is replaced",
    )
    arguments = parser.parse_args()
    rings = {(ring.cluster, ring.core): ring for dump in arguments.dumps for ring in find_rings(dump.read_bytes())}
    if not rings:
        raise TraceError("no trace ring found; was the kernel built with `trace = true` or TRACE=1?")
    write([rings[place] for place in sorted(rings)], arguments.folder)
    for (cluster, core), ring in sorted(rings.items()):
        print(f"cluster {cluster} core {core}: {len(ring.events)} of {ring.recorded} events")
    return 0


if __name__ == "__main__":
    tool.run(main, TraceError)
