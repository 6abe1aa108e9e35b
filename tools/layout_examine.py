# SPDX-License-Identifier: MIT
"""What the coordinator makes of a machine: its own code, built for the host (tools/examine/), is given the tables, the
memory map and perhaps a layout, and says what it found, what it would print, and why it would stop."""

import os
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from layout_error import LayoutError
from layout_firmware import Firmware

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = "build/examine/examine"
MODULES = ("build/kernel.o", "build/root.elf")  # which the coordinator loads: it weighs their sizes
SOURCES = ("tools/examine", "boot-coordinator", "boot-coordinator/core", "boot-coordinator/x86", "shared", "shared/r4")
SECONDS = 60
TABLE, MAP, LAYOUT, COMMAND, BOOT_CORE = range(1, 6)  # tools/examine/input.h
COMMAND_MAX = 255


@dataclass(frozen=True)
class Range:
    """Of the SRAT."""

    base: int
    end: int
    domain: int
    flags: int


@dataclass
class Part:
    """Bytes of a domain that a cluster owns."""

    domain: int
    offset: int
    size: int


@dataclass
class Cluster:
    group: int
    apic_ids: list[int] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    pools: list[tuple[int, int]] = field(default_factory=list)


@dataclass(frozen=True)
class Peer:
    source: int
    target: int
    priority: int
    distance: int


@dataclass
class Findings:
    """What the coordinator found. With a stop there are no clusters."""

    lines: list[str] = field(default_factory=list)
    stop: str | None = None
    cores: dict[int, bool] = field(default_factory=dict)  # APIC id -> enabled, in the MADT's order
    affinities: dict[int, int] = field(default_factory=dict)  # APIC id -> domain
    ranges: list[Range] = field(default_factory=list)
    listed: list[Range] = field(default_factory=list)  # of an SRAT that is not used
    sizes: dict[int, int] = field(default_factory=dict)  # of domains, as the parts of a layout count them
    holds: dict[int, list[tuple[int, int]]] = field(default_factory=dict)  # domain -> its RAM
    distances: list[list[int]] = field(default_factory=list)
    windows: list[tuple[int, int]] = field(default_factory=list)  # of CXL memory
    ram: list[tuple[int, int]] = field(default_factory=list)
    clusters: list[Cluster] = field(default_factory=list)
    peers: list[Peer] = field(default_factory=list)
    console: int = 0
    pci: int = 0

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.lines if line.startswith(("warning:", "refused:", "ignored:", "unused:"))]


def _newest(folder: Path) -> float:
    return max((file.stat().st_mtime for file in folder.iterdir() if file.suffix in (".c", ".h")), default=0.0)


def program() -> Path:
    """The host program, made first if it is missing or older than what it is made of."""
    path = ROOT / PROGRAM
    there = all((ROOT / file).exists() for file in (PROGRAM, *MODULES))
    if not there or path.stat().st_mtime < max(_newest(ROOT / folder) for folder in SOURCES):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
        make = ["make", "--no-print-directory", "-C", str(ROOT), PROGRAM]
        made = subprocess.run(make, env=environment, capture_output=True, text=True, check=False)
        if made.returncode:
            last = (made.stderr.strip() or made.stdout.strip() or "no word").splitlines()[-1]
            raise LayoutError(f"{PROGRAM} cannot be built: {last}")
        os.utime(path)
    return path


def _record(kind: int, content: bytes) -> bytes:
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def _records(firmware: Firmware, layout: bytes | None, command: str) -> bytes:
    records = [_record(TABLE, table) for table in firmware.tables]
    ranges = [struct.pack("<QQQ", range_.base, range_.end, range_.type) for range_ in firmware.map]
    records.append(_record(MAP, b"".join(ranges)))
    records.append(_record(BOOT_CORE, struct.pack("<I", firmware.boot_core or 0)))
    records.append(_record(COMMAND, command.encode("ascii", "replace")[:COMMAND_MAX] + b"\0"))
    if layout is not None:
        records.append(_record(LAYOUT, layout))
    return b"".join(records)


def examine(firmware: Firmware, layout: bytes | None = None, command: str = "") -> Findings:
    """Runs the coordinator's code on the machine, with that layout as its module if there is one."""
    records = _records(firmware, layout, command)
    try:
        command_line = [program(), *(ROOT / module for module in MODULES)]
        run = subprocess.run(command_line, input=records, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired as error:
        raise LayoutError(f"the coordinator's code takes more than {SECONDS} s") from error
    if run.returncode:
        last = (run.stderr.decode("utf-8", "replace").strip() or "no word").splitlines()[-1]
        raise LayoutError(f"the coordinator's code ended with status {run.returncode}: {last}")
    findings = Findings()
    for line in run.stdout.decode("utf-8", "replace").splitlines():
        word, _, rest = line.partition(" ")
        if word == "line":
            findings.lines.append(rest)
        elif word == "stop":
            findings.stop = rest
        else:
            _take(findings, word, [int(number) for number in rest.split()])
    return findings


def _take(findings: Findings, word: str, numbers: list[int]) -> None:
    """One fact; examine.c lists them."""
    match word, numbers:
        case "core", [apic_id, enabled]:
            findings.cores[apic_id] = bool(enabled)
        case "affinity", [apic_id, domain]:
            findings.affinities[apic_id] = domain
        case "range", [base, end, domain, flags]:
            findings.ranges.append(Range(base, end, domain, flags))
        case "domain", [domain, size]:
            findings.sizes[domain], findings.holds[domain] = size, []
        case "holds", [domain, base, end]:
            findings.holds[domain].append((base, end))
        case "listed", [base, end, domain, flags]:
            findings.listed.append(Range(base, end, domain, flags))
        case "distances", [_, *row]:
            findings.distances.append(row)
        case "window", [base, end]:
            findings.windows.append((base, end))
        case "ram", [base, end]:
            findings.ram.append((base, end))
        case "cluster", [_, group]:
            findings.clusters.append(Cluster(group))
        case "member", [cluster, apic_id]:
            findings.clusters[cluster].apic_ids.append(apic_id)
        case "part", [cluster, domain, offset, size]:
            findings.clusters[cluster].parts.append(Part(domain, offset, size))
        case "pool", [cluster, base, end]:
            findings.clusters[cluster].pools.append((base, end))
        case "peer", [source, target, priority, distance]:
            findings.peers.append(Peer(source, target, priority, distance))
        case "owners", [console, pci]:
            findings.console, findings.pci = console, pci
        case _:
            raise LayoutError(f"the coordinator's code says what nobody understands: {word}")
