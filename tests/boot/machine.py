# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""What the boot tests know about a machine: its layout, a boot's outcome, what the coordinator said, the guest's memory."""

import json
import pathlib
import re
import socket
import time
from collections.abc import Iterable
from typing import Any

import qemu

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
MANY = "qemu-64x1"  # the machine of test_large.py and test_boot_cost.py: too slow to be in every test
NAMES = sorted(path.stem for path in (ROOT / "configs").glob("*.toml") if path.stem != MANY)
MIB = 1 << 20
Range = tuple[int, int]  # base, end; also other pairs of numbers
PAGE = 4096

# An emulator that has x2APIC, if tools/fetch_emulator.sh found one; else the other file says why not.
X2APIC_EMULATOR = BUILD / "x2apic" / "qemu-system-x86_64"
X2APIC_UNTESTED = BUILD / "x2apic" / "untested"

# q35 puts the RAM that would reach 2.75 GiB and beyond at 4 GiB, all of it from 2 GiB on.
SPLIT_ABOVE = 0xB0000000
LOW_RAM = 0x80000000
HIGH_BASE = 0x100000000


def x2apic_untested() -> str:
    """Why nothing can be tried with x2APIC, in one line; empty: it can."""
    if X2APIC_EMULATOR.exists():
        return ""
    if X2APIC_UNTESTED.exists():
        return X2APIC_UNTESTED.read_text(encoding="utf-8").strip()
    return "`tools/fetch_emulator.sh build/x2apic` was not run"


def layout(name: str) -> dict[str, Any]:
    return json.loads((BUILD / name / "layout.json").read_text(encoding="utf-8"))


def node_ranges(sizes_mib: list[int], low_mib: int = 0) -> list[list[Range]]:
    """Physical ranges [(base, end), …] of each node, as QEMU's q35 places nodes of these sizes, with at most low_mib below 4 GiB."""
    total = sum(sizes_mib) * MIB
    low = total if total < SPLIT_ABOVE else LOW_RAM
    low = min(low, low_mib * MIB) if low_mib else low
    ranges = []
    start = 0
    for size in sizes_mib:
        end = start + size * MIB
        parts = [(start, min(end, low))] if start < low else []
        if end > low:
            parts.append((HIGH_BASE + max(start, low) - low, HIGH_BASE + end - low))
        ranges.append(parts)
        start = end
    return ranges


def own_ranges(machine_layout: dict[str, Any], cluster: int) -> list[Range]:
    """Physical ranges [(base, end), …] of the RAM that the layout gives to a cluster, worked out without the coordinator."""
    nodes = node_ranges(machine_layout["memory_mib"], machine_layout["low_memory_mib"])
    found = []
    for part in machine_layout["clusters"][cluster]["memory"]:
        skip, left = part["offset"], part["size"]
        for base, end in nodes[part["domain"]]:
            first = min(base + skip, end)
            last = min(first + left, end)
            skip -= first - base
            left -= last - first
            found += [(first, last)] if first < last else []
    return merged(found)


def io_apic_owner(machine_layout: dict[str, Any]) -> int:
    """The cluster that has QEMU's only I/O APIC, which has the id 0."""
    named = {io_apic["id"]: io_apic["owner"] for io_apic in machine_layout["io_apics"]}
    return named.get(0, machine_layout["console"])


def merged(ranges: Iterable[Range]) -> list[Range]:
    """The same bytes in ascending ranges with gaps between them."""
    result: list[Range] = []
    for base, end in sorted(ranges):
        if result and result[-1][1] == base:
            result[-1] = (result[-1][0], end)
        else:
            result.append((base, end))
    return result


class Boot:
    """One run to the end: `trouble` is None or says what failed; `lines` is the serial output. `more` is for the command line,
    `options` are those of qemu.command_line()."""

    def __init__(
        self,
        name: str,
        accelerator: str = "tcg",
        program: str = "demo",
        fault: str = "",
        timeout: float | None = None,
        more: str = "",
        **options: Any,
    ) -> None:
        arguments = qemu.command_line(BUILD / name, accelerator, qemu.guest_command(program, fault, more), **options)
        started = time.monotonic()
        with qemu.Guest(arguments, timeout or qemu.TIMEOUTS[accelerator]) as guest:
            self.trouble = guest.finish()
            self.lines = guest.lines
            self.status = guest.status
        self.seconds = time.monotonic() - started

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    def matching(self, pattern: str | re.Pattern[str]) -> list[re.Match[str]]:
        """The match of each line that fits the regular expression."""
        return [match for line in self.lines if (match := re.fullmatch(pattern, line))]


VERBOSE = "verbose"  # on the command line: the coordinator tells all


class BootLog:
    """What the coordinator said about each cluster, with VERBOSE: addresses are physical unless named otherwise."""

    def __init__(self, lines: list[str]) -> None:
        self.memory: dict[int, list[Range]] = {}  # cluster -> [(base, end), …]
        self.image: dict[int, tuple[int, ...]] = {}  # cluster -> (base, size, virtual base)
        self.root_table: dict[int, int] = {}  # cluster -> PML4
        self.reserve: dict[int, list[Range]] = {}  # cluster -> [(base, end), …]
        self.pool: dict[int, list[Range]] = {}  # cluster -> [(base, end), …]
        self.ring: dict[Range, Range] = {}  # (from, to) -> (address, slots)
        self.header: dict[int, int] = {}  # cluster -> address
        self.root_block: dict[int, Range] = {}  # cluster -> (base, end)
        for line in lines:
            self._take(line)

    def _take(self, line: str) -> None:
        if not (match := re.fullmatch(r"\[boot\] cluster (\d+): (.*)", line)):
            return
        cluster, text = int(match[1]), match[2]
        if part := re.match(r"(memory|reserve|pool) (0x[0-9a-f]+)-(0x[0-9a-f]+)", text):
            getattr(self, part[1]).setdefault(cluster, []).append((int(part[2], 16), int(part[3], 16)))
        elif part := re.match(r"image (0x[0-9a-f]+) size (0x[0-9a-f]+) virtual (0x[0-9a-f]+)", text):
            self.image[cluster] = tuple(int(number, 16) for number in part.groups())
        elif part := re.match(r"root table (0x[0-9a-f]+)", text):
            self.root_table[cluster] = int(part[1], 16)
        elif part := re.match(r"ring from (\d+) at (0x[0-9a-f]+), slots (\d+)", text):
            self.ring[int(part[1]), cluster] = (int(part[2], 16), int(part[3]))
        elif part := re.match(r"root task (0x[0-9a-f]+)-(0x[0-9a-f]+)", text):
            self.root_block[cluster] = (int(part[1], 16), int(part[2], 16))
        elif part := re.match(r"header (0x[0-9a-f]+)", text):
            self.header[cluster] = int(part[1], 16)


def write_words(path: pathlib.Path, writes: Iterable[Range]) -> None:
    """Through QEMU's test socket, which reaches devices too."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        stream = connection.makefile("rw", encoding="ascii")
        for address, word in writes:
            stream.write(f"writel {address:#x} {word:#x}\n")
            stream.flush()
            assert stream.readline() == "OK\n"


class StoppedMachine:
    """Runs the demonstration on a machine without the debug-exit port, where the end leaves everything in place, and stops it there.
    `writes` are made before the first instruction: [(physical address, 32-bit word), …]."""

    def __init__(self, name: str, scratch: pathlib.Path, writes: Iterable[Range] = ()) -> None:
        self.layout = layout(name)
        self.name = name
        self._dump = scratch / "dump"
        control = scratch / "qmp"
        extra = ["-qmp", f"unix:{control},server=on,wait=off"]
        extra += (
            ["-S", "-qtest", f"unix:{scratch / 'qtest'},server=on,wait=off", "-qtest-log", "none"] if writes else []
        )
        arguments = qemu.command_line(BUILD / name, "tcg", qemu.guest_command("demo", more=VERBOSE), extra)
        exit_device = arguments.index(f"isa-debug-exit,iobase={qemu.EXIT_PORT:#x},iosize=4")
        del arguments[exit_device - 1 : exit_device + 1]
        self._guest = qemu.Guest(arguments, qemu.TIMEOUTS["tcg"])
        try:
            self._qmp = qemu.Qmp(control, self._guest.deadline)
            if writes:
                write_words(scratch / "qtest", writes)
                self._qmp.execute("cont")
            if self._guest.wait_for(qemu.is_end) is None:
                raise qemu.QemuError(f"{name}: no end marker in\n{self._guest.output}")
            self._qmp.execute("stop")
        except qemu.QemuError:
            self._guest.kill()
            raise
        self.log = BootLog(self._guest.lines)

    def close(self) -> None:
        self._qmp.close()
        self._guest.kill()

    def read(self, address: int, size: int) -> bytes:
        """Guest physical memory."""
        self._qmp.execute("pmemsave", val=address, size=size, filename=str(self._dump))
        data = self._dump.read_bytes()
        assert len(data) == size
        return data

    def monitor(self, command: str, **more: Any) -> Any:
        """What QEMU's monitor answers."""
        return self._qmp.execute("human-monitor-command", **{"command-line": command, **more})

    def root_tables(self) -> list[Range]:
        """CR3 of each core, by APIC id: [(apic id, address of the PML4), …]."""
        apic_ids = {core["core"]: core["apic_id"] for cluster in self.layout["clusters"] for core in cluster["cores"]}
        tables = []
        for cpu in self._qmp.execute("query-cpus-fast"):
            registers = self.monitor("info registers", **{"cpu-index": cpu["cpu-index"]})
            tables.append(
                (apic_ids[cpu["cpu-index"]], int(re.search(r"CR3=([0-9a-f]+)", registers)[1], 16) & ~(PAGE - 1))
            )
        return tables
