# SPDX-License-Identifier: MIT
"""`linkgen.py explain CORE|ADDRESS|all`: which domain, which cluster, by which rule, in words.

A core is its APIC id (`12`) or Linux' CPU (`cpu:3`); an address is hexadecimal (`0x1c0000000`) or has a unit (`7GiB`).
"""

import re

from layout_error import LayoutError, printable
from layout_machine import LARGE, Machine
from layout_policy import Plan
from layout_sysfs import as_list

UNITS = {"k": 10, "m": 20, "g": 30, "t": 40}
ADDRESS = re.compile(r"(\d{1,12})([kmgt])(?:i?b)?", re.IGNORECASE)


def explain(machine: Machine, plan: Plan, what: str) -> list[str]:
    """Lines."""
    if what == "all":
        cores = [
            line
            for apic_id in sorted([*machine.cores, *machine.unused_cores])
            for line in _core(machine, plan, apic_id)
        ]
        return cores + [line for domain in machine.nodes for line in _domain(machine, plan, domain)]
    if match := re.fullmatch(r"cpu:(\d{1,7})", what):
        found = [core.apic_id for core in machine.cores.values() if core.cpu == int(match[1])]
        if not found:
            raise LayoutError(f"explain {what}: no CPU of Linux has that number here; give --sysfs, or an APIC id")
        return _core(machine, plan, found[0])
    if match := ADDRESS.fullmatch(what):
        return _address(machine, plan, int(match[1]) << UNITS[match[2].lower()])
    if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", what):
        return _address(machine, plan, int(what, 16))
    if re.fullmatch(r"\d{1,10}", what):
        return _core(machine, plan, int(what))
    raise LayoutError(f"explain {printable(what)!r}: must be an APIC id, cpu:N, an address (0x1c0000000, 7GiB) or all")


def _core(machine: Machine, plan: Plan, apic_id: int) -> list[str]:
    if apic_id in machine.unused_cores:
        return [f"APIC id {apic_id}: in no cluster: {machine.unused_cores[apic_id]}"]
    core = machine.cores.get(apic_id)
    if core is None:
        raise LayoutError(f"explain {apic_id}: the MADT has no core with that APIC id")
    cpu = f" (Linux' CPU {core.cpu})" if core.cpu is not None else ""
    domain = "by the SRAT" if machine.findings.affinities else "since there is no SRAT"
    where = f"APIC id {apic_id}{cpu}: of domain {core.domain} {domain}, node {_node(machine, core.domain)}"
    number = plan.cluster_of(apic_id)
    if number is None:
        return [f"{where}; in no cluster: the list does not name it"]
    index = plan.clusters[number].apic_ids.index(apic_id)
    siblings = [other for other in core.siblings if other != apic_id]
    beside = f"; its sibling threads are APIC ids {as_list(siblings)}" if siblings else ""
    return [f"{where}; core {index} of cluster {number}: {plan.why_cores[number]}{beside}"]


def _node(machine: Machine, domain: int | None) -> str:
    return str(machine.nodes[domain].number) if domain in machine.nodes else "?"


def _domain(machine: Machine, plan: Plan, domain: int) -> list[str]:
    node = machine.nodes[domain]
    head = f"domain {domain} (node {node.number}), {node.kind}"
    if not node.ram:
        return [f"{head}: no RAM in it"]
    if domain in plan.left_out:
        return [f"{head}: {node.total >> 20} MiB in no cluster: {plan.left_out[domain]}"]
    found = []
    for number, cluster in enumerate(plan.clusters):
        for part in cluster.parts:
            if part.domain == domain:
                begin, size = part.offset >> 20, part.size >> 20
                found.append(
                    f"{head}: {size} MiB from {begin} MiB on to cluster {number}: {plan.why_parts[number, domain]}"
                )
    return found or [f"{head}: {node.total >> 20} MiB in no cluster"]


def _address(machine: Machine, plan: Plan, address: int) -> list[str]:
    if not any(base <= address < end for base, end in machine.findings.ram):
        return [f"{address:#x}: no RAM there, by the memory map"]
    for node in machine.nodes.values():
        if any(base <= address < end for base, end in node.ram):
            return [f"{address:#x}: " + _owner(machine, plan, node.domain, address)]
    return [f"{address:#x}: RAM in no range of the SRAT: in no cluster"]


def offset_of(machine: Machine, domain: int, address: int) -> int:
    """How a layout counts: whole pages of the domain's ranges that hold RAM, in the order of addresses."""
    node = machine.nodes[domain]
    position = last = 0
    ranges = sorted((range_.base, range_.end) for range_ in node.ranges) or node.ram
    for base, end in ranges:
        if not any(low < end and base < high for low, high in node.ram):
            continue
        first = max(base // LARGE * LARGE, last)
        last = max(last, -(-end // LARGE) * LARGE)
        if first <= address < last:
            return position + address - first
        position += last - first
    return position


def _owner(machine: Machine, plan: Plan, domain: int, address: int) -> str:
    where = f"RAM of domain {domain}, node {_node(machine, domain)}"
    offset = offset_of(machine, domain, address)
    for number, cluster in enumerate(plan.clusters):
        for part in cluster.parts:
            if part.domain == domain and part.offset <= offset < part.offset + part.size:
                return f"{where}; cluster {number}: {plan.why_parts[number, domain]}"
    return f"{where}; in no cluster: {plan.left_out.get(domain, 'the layout does not name it')}"
