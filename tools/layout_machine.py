# SPDX-License-Identifier: MIT
"""A machine as all inputs together describe it. Cores have physical numbers (APIC ids) and perhaps logical ones (Linux'
CPUs); domains are the firmware's, nodes are Linux' or, where nobody says, counted in the order of the domains."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import layout_acpi
from layout_error import LayoutError
from layout_examine import Findings, Range, examine
from layout_firmware import USABLE, Firmware, Map, linux_prefix, read_map, read_tables, tree_map
from layout_hwloc import ALONE, Hwloc, complete, read_hwloc
from layout_synthetic import invent
from layout_sysfs import LEGACY, Linux, as_list, firmware_of, guessed_map, read_linux
from layout_tree import Folder

HOT_PLUG, NON_VOLATILE = 2, 4  # flags of an SRAT range
SAMPLE = Map(LEGACY[1], LEGACY[1] + (1 << 20), USABLE)  # RAM that every PC has
LARGE = 2 << 20
NO_DISTANCE = (0, 255)


@dataclass
class Core:
    apic_id: int
    domain: int | None
    cpu: int | None = None
    package: int | None = None
    siblings: tuple[int, ...] = ()  # APIC ids of its processor core's threads, itself included; empty: unknown
    cache: tuple[int, ...] = ()  # those that share its last cache


@dataclass
class Node:
    domain: int
    number: int  # logical
    kind: str  # "RAM", "PMEM", "CXL"
    size: int  # as parts of a layout count it; 0: no RAM
    ram: list[tuple[int, int]]
    ranges: list[Range]

    @property
    def total(self) -> int:
        return sum(end - base for base, end in self.ram)


@dataclass
class Machine:
    firmware: Firmware
    findings: Findings
    cores: dict[int, Core] = field(default_factory=dict)  # by APIC id: those that are enabled and in a domain
    nodes: dict[int, Node] = field(default_factory=dict)  # by domain
    unused_cores: dict[int, str] = field(default_factory=dict)  # APIC id -> why
    contradictions: list[str] = field(default_factory=list)
    package_names: dict[int, str] = field(default_factory=dict)
    real: bool = True  # its addresses are a machine's
    made: bool = False  # its tables were made of what Linux says: a domain's number is its node's

    @property
    def guesses(self) -> list[str]:
        return self.firmware.guesses

    def distance(self, source: int, target: int) -> int:
        """SLIT distance between domains, 0 if unknown or unreachable."""
        if source == target:
            return layout_acpi.DISTANCE_SELF
        rows = self.findings.distances
        value = rows[source][target] if source < len(rows) and target < len(rows) else 0
        return 0 if value in NO_DISTANCE else value

    def core_cpus(self, apic_ids: Iterable[int]) -> list[int]:
        return [cpu for apic_id in apic_ids if (cpu := self.cores[apic_id].cpu) is not None]

    def node_cores(self, domain: int) -> list[int]:
        """APIC ids, sorted."""
        return sorted(core.apic_id for core in self.cores.values() if core.domain == domain)

    def siblings(self, apic_id: int) -> tuple[int, ...]:
        """Threads of one processor core. Without Linux' word neighbours are taken for siblings."""
        return self.cores[apic_id].siblings or tuple(id_ for id_ in (apic_id & ~1, apic_id | 1) if id_ in self.cores)


@dataclass(frozen=True)
class Sources:
    """What the user named."""

    acpi: Path | None = None
    sysfs: Path | None = None
    hwloc: Path | None = None
    synthetic: str | None = None
    memory_map: Path | None = None
    use: frozenset[str] = frozenset()  # kinds of memory that are asked for: PMEM, CXL


def read_machine(sources: Sources) -> Machine:
    """Reads, completes and cross-checks."""
    linux = _linux(sources)
    hwloc = read_hwloc(sources.hwloc) if sources.hwloc else None
    if linux is None and sources.acpi is None:
        reason = f"--hwloc alone is not enough: {ALONE}" if hwloc else "give --acpi, --sysfs or --synthetic"
        raise LayoutError(reason)
    firmware, real = _firmware(sources, linux)
    if linux is not None and linux.cpus[min(linux.cpus)].apic_id is not None:
        firmware.boot_core = linux.cpus[min(linux.cpus)].apic_id
    made = sources.acpi is None and not (linux is not None and linux.tables)
    found = complete(linux, hwloc) if linux is not None and hwloc is not None else []
    machine = machine_of(firmware, linux, made)
    machine.real = real
    machine.contradictions += found
    if hwloc is not None:
        machine.package_names = hwloc.package_names
        machine.contradictions += _counts(machine, linux, hwloc)
    if linux is not None and not made:
        machine.contradictions += _cross_check(machine, linux)
    return machine


def machine_of(firmware: Firmware, linux: Linux | None = None, made: bool = False) -> Machine:
    """What the coordinator finds, completed by what Linux says. `made`: the tables were made of what Linux says."""
    if firmware.boot_core is None:
        firmware.boot_core = next((id_ for id_, enabled in _sampled(firmware).cores.items() if enabled), 0)
    if not firmware.map:
        _guess_map(firmware)
    machine = Machine(firmware, examine(firmware), made=made)
    _cores(machine, linux)
    _nodes(machine, linux)
    return machine


def _linux(sources: Sources) -> Linux | None:
    if sources.synthetic is not None:
        if sources.acpi or sources.sysfs or sources.hwloc:
            raise LayoutError("--synthetic invents a whole machine: no other input can be given with it")
        return invent(sources.synthetic)
    return read_linux(sources.sysfs) if sources.sysfs else None


def _firmware(sources: Sources, linux: Linux | None) -> tuple[Firmware, bool]:
    """Tables and memory map, and whether their addresses are a real machine's."""
    tables = read_tables(sources.acpi) if sources.acpi else linux.tables if linux else []
    if not tables:
        assert linux is not None
        firmware, real = firmware_of(linux, bool(sources.use))
        if sources.memory_map:
            firmware.map = read_map(sources.memory_map)
        return firmware, real
    firmware = Firmware(list(tables))
    if firmware.table("APIC") is None:
        raise LayoutError("the tables have no APIC (MADT): nothing says which cores there are")
    if firmware.table("FACP") is None:
        firmware.tables.append(layout_acpi.fadt())
        firmware.guesses.append("there is no FADT (FACP): one with a PM timer is taken")
    if sources.memory_map:
        firmware.map = read_map(sources.memory_map)
    elif linux is not None and linux.map:
        firmware.map = linux.map
    elif sources.acpi and sources.acpi.is_dir():
        folder = Folder(sources.acpi)
        firmware.map = tree_map(folder, linux_prefix(folder))
    return firmware, True


def _sampled(firmware: Firmware) -> Findings:
    """What the tables say, before it is known where RAM is."""
    return examine(Firmware(firmware.tables, [SAMPLE], firmware.boot_core))


def _guess_map(firmware: Firmware) -> None:
    found = _sampled(firmware)
    # The coordinator may have made a range for the sample itself.
    ranges = [r for r in found.ranges + found.listed if not SAMPLE.base <= r.base <= r.end <= SAMPLE.end]
    there = [range_ for range_ in ranges if not range_.flags & (HOT_PLUG | NON_VOLATILE)] or ranges
    if not there:
        raise LayoutError("nothing says where RAM is: no memory map, and no usable SRAT; give --memory-map or --sysfs")
    firmware.map = guessed_map([(range_.base, range_.end) for range_ in there], firmware.guesses)
    if len(there) < len(ranges):
        firmware.guesses.append(
            "ranges for memory that could be added (hot-plug), or is not volatile, are taken for empty"
        )


def _cores(machine: Machine, linux: Linux | None) -> None:
    findings = machine.findings
    cpu_of = {cpu.apic_id: cpu for cpu in linux.cpus.values() if cpu.apic_id is not None} if linux else {}
    id_of = {cpu.number: apic_id for apic_id, cpu in cpu_of.items()}
    for apic_id, enabled in findings.cores.items():
        domain = findings.affinities.get(apic_id) if findings.affinities else 0
        if not enabled:
            machine.unused_cores[apic_id] = "the MADT does not enable it"
        elif domain is None:
            machine.unused_cores[apic_id] = "the SRAT puts it into no domain"
        else:
            machine.cores[apic_id] = Core(apic_id, domain)
    for apic_id, core in machine.cores.items():
        if cpu := cpu_of.get(apic_id):
            core.cpu, core.package = cpu.number, cpu.package
            for name, numbers in (("siblings", cpu.core), ("cache", cpu.cache)):
                ids = (id_of.get(number) for number in numbers or ())
                setattr(core, name, tuple(sorted(id_ for id_ in ids if id_ in machine.cores)))


def _kind(findings: Findings, ranges: list[Range]) -> str:
    if ranges and all(range_.flags & NON_VOLATILE for range_ in ranges):
        return "PMEM"
    inside = (any(base <= range_.base and range_.end <= end for base, end in findings.windows) for range_ in ranges)
    return "CXL" if ranges and all(inside) else "RAM"


def _nodes(machine: Machine, linux: Linux | None) -> None:
    findings = machine.findings
    domains = {core.domain for core in machine.cores.values() if core.domain is not None}
    domains |= set(findings.sizes) | set(findings.affinities.values())
    number_of = _node_numbers(machine, linux)
    free = (number for number in range(1 << 20) if number not in number_of.values())
    for domain in sorted(domains):
        ranges = [range_ for range_ in findings.ranges if range_.domain == domain]
        number = number_of[domain] if domain in number_of else next(free)
        ram = findings.holds.get(domain, [])
        machine.nodes[domain] = Node(
            domain, number, _kind(findings, ranges), findings.sizes.get(domain, 0), ram, ranges
        )


def _node_numbers(machine: Machine, linux: Linux | None) -> dict[int, int]:
    """Domain -> Linux' node: the one that most of its cores are in, or its memory."""
    if linux is not None and machine.made:
        return {node: node for node in linux.nodes}
    votes: Counter[tuple[int, int]] = Counter()
    cpu_domain = {core.cpu: core.domain for core in machine.cores.values() if core.cpu is not None}
    for node in linux.nodes.values() if linux else ():
        for cpu in node.cpus:
            if (domain := cpu_domain.get(cpu)) is not None:
                votes[domain, node.number] += 1
        if not node.cpus and node.blocks and linux and linux.block_size:
            base = node.blocks[0] * linux.block_size
            for range_ in machine.findings.ranges:
                if range_.base <= base < range_.end:
                    votes[range_.domain, node.number] += 1
    found: dict[int, int] = {}
    for domain, number in sorted(votes, key=lambda pair: (-votes[pair], pair)):
        if domain not in found and number not in found.values():
            found[domain] = number
    return found


# --- what two inputs say differently ---


def _counts(machine: Machine, linux: Linux | None, hwloc: Hwloc) -> list[str]:
    """hwloc knows no APIC ids: without Linux only numbers can be compared."""
    enabled = sum(machine.findings.cores.values())
    if linux is not None or enabled == len(hwloc.pus):
        return []
    return [f"the MADT enables {enabled} cores, {hwloc.name} has {len(hwloc.pus)} PUs"]


def _cross_check(machine: Machine, linux: Linux) -> list[str]:
    found = []
    known = {cpu.apic_id: cpu for cpu in linux.cpus.values() if cpu.apic_id is not None}
    enabled = {apic_id for apic_id, on in machine.findings.cores.items() if on}
    if strange := set(known) - enabled:
        found.append(f"Linux has CPUs with APIC ids {as_list(strange)}, which the MADT does not enable")
    silent = sum(cpu.apic_id is None for cpu in linux.cpus.values())
    if not silent and (strange := enabled - set(known)):
        found.append(f"the MADT enables APIC ids {as_list(strange)}, which no CPU of Linux has")
    number_of = {domain: node.number for domain, node in machine.nodes.items()}
    node_of = {cpu: node.number for node in linux.nodes.values() for cpu in node.cpus}
    for core in machine.cores.values():
        node = node_of.get(core.cpu) if core.cpu is not None else None
        if core.domain is not None and node is not None and number_of[core.domain] != node:
            found.append(
                f"APIC id {core.apic_id} is of domain {core.domain} (node {number_of[core.domain]}), for Linux of node {node}"
            )
    return found + _distances_check(machine, linux) + _blocks_check(machine, linux)


def _distances_check(machine: Machine, linux: Linux) -> list[str]:
    domain_of = {node.number: domain for domain, node in machine.nodes.items()}
    order = sorted(linux.nodes)
    found = []
    for node in order:
        for target, value in zip(order, linux.nodes[node].distances):
            if node in domain_of and target in domain_of:
                known = machine.distance(domain_of[node], domain_of[target])
                if known not in (0, value):
                    found.append(
                        f"the distance from node {node} to node {target} is {known} in the SLIT, {value} for Linux"
                    )
    return found


def _blocks_check(machine: Machine, linux: Linux) -> list[str]:
    if linux.block_size is None or not machine.findings.ranges:
        return []
    number_of = {domain: node.number for domain, node in machine.nodes.items()}
    found = []
    for node in linux.nodes.values():
        wrong = []
        for block in node.blocks:
            base, end = block * linux.block_size, (block + 1) * linux.block_size
            owners = {number_of[r.domain] for r in machine.findings.ranges if r.base < end and base < r.end}
            if owners and node.number not in owners:
                wrong.append(block)
        if wrong:
            found.append(
                f"memory blocks {as_list(wrong)} are in node {node.number} for Linux, in no range of it in the SRAT"
            )
    return found
