# SPDX-License-Identifier: MIT
"""What `linkgen.py layout` writes: NAME.bin for the boot image, NAME.json to be read by programs, NAME.toml to be read and
changed by people (`--by-hand NAME.toml`). All three say the same; the coordinator's code has checked the first."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from layout_binary import NUMBERS, Records, cluster_record, header_of, layout_bytes
from layout_error import LayoutError, printable
from layout_examine import examine
from layout_machine import Machine
from layout_policy import Plan
from layout_sysfs import as_list

SCHEMA_VERSION = 1
MIB = 1 << 20
RING_SLOTS = 8
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Options:
    """What is no matter of the machine."""

    name: str
    console: int = 0
    pci: int = 0
    stops: bool = True  # if the machine has changed since


def check_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise LayoutError(f"--name {printable(name)!r}: must be letters, digits, dots and dashes, 64 at most")
    return name


def binary(plan: Plan, options: Options) -> bytes:
    """The layout, not yet checked."""
    clusters = plan.clusters
    if max(options.console, options.pci) >= len(clusters):
        raise LayoutError(
            f"there is no cluster {max(options.console, options.pci)} to own a device: there are {len(clusters)}"
        )
    records: Records = {
        "r4_layout_cluster": [cluster_record(n, c.group, len(c.apic_ids)) for n, c in enumerate(clusters)],
        "r4_layout_core": [{"apic_id": id_, "cluster": n} for n, c in enumerate(clusters) for id_ in c.apic_ids],
        "r4_layout_memory": [
            {"offset": part.offset, "size": part.size, "domain": part.domain, "cluster": number}
            for number, cluster in enumerate(clusters)
            for part in cluster.parts
        ],
        "r4_layout_peer": [
            {"from": peer.source, "to": peer.target, "priority": peer.priority, "distance": peer.distance}
            for peer in plan.peers
        ],
        "r4_layout_io_apic": [],
    }
    fields = {
        "ring_slots": RING_SLOTS,
        "console_owner": options.console,
        "pci_owner": options.pci,
        "flags": options.stops * NUMBERS["R4_LAYOUT_STOP"],
    }
    return layout_bytes(header_of(records, fields), records)


def checked(machine: Machine, plan: Plan, options: Options) -> bytes:
    """The layout, which the coordinator's code accepts on this machine; refused with its reason otherwise."""
    layout = binary(plan, options)
    findings = examine(machine.firmware, layout)
    if findings.stop is not None:
        raise LayoutError(f"the coordinator refuses this layout: {findings.stop}")
    if not any(line.startswith("layout: the module's") for line in findings.lines):
        reason = next((line for line in findings.lines if line.startswith("layout: ")), "no word")
        raise LayoutError(f"the coordinator does not take this layout: {reason}")
    for number, cluster in enumerate(findings.clusters):
        plan.clusters[number].pools = cluster.pools
    return layout


def describe(machine: Machine, plan: Plan, options: Options) -> dict[str, Any]:
    """NAME.json; addresses as hexadecimal text, sizes in bytes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "name": options.name,
        "policy": plan.policy,
        "console": options.console,
        "pci": options.pci,
        "on_mismatch": "stop" if options.stops else "derive",
        "nodes": [
            {
                "domain": node.domain,
                "node": node.number,
                "kind": node.kind,
                "ram": node.total,
                "ranges": [{"base": f"{base:#x}", "end": f"{end:#x}"} for base, end in node.ram],
                "left_out": plan.left_out.get(node.domain, ""),
            }
            for node in machine.nodes.values()
        ],
        "distances": {
            str(source): {str(target): machine.distance(source, target) for target in machine.nodes}
            for source in machine.nodes
        },
        "clusters": [
            {
                "number": number,
                "group": cluster.group,
                "apic_ids": cluster.apic_ids,
                "cpus": machine.core_cpus(cluster.apic_ids),
                "memory": [{"domain": p.domain, "offset": p.offset, "size": p.size} for p in cluster.parts],
                "pools": [{"base": f"{base:#x}", "end": f"{end:#x}"} for base, end in cluster.pools],
                "rule": plan.why_cores[number],
            }
            for number, cluster in enumerate(plan.clusters)
        ],
        "peers": [
            {"from": peer.source, "to": peer.target, "priority": peer.priority, "distance": peer.distance}
            for peer in plan.peers
        ],
        "unused_cores": {str(apic_id): reason for apic_id, reason in sorted(machine.unused_cores.items())},
        "guesses": machine.guesses,
        "warnings": plan.warnings + machine.contradictions + machine.findings.warnings,
    }


def toml(machine: Machine, plan: Plan, options: Options) -> str:
    """NAME.toml."""
    lines = [
        f"# A layout made by tools/linkgen.py layout, policy {plan.policy}. Change it, and give it back with --by-hand.",
        *(f"# guessed: {guess}" for guess in machine.guesses),
        *(f"# left out: domain {domain}: {reason}" for domain, reason in plan.left_out.items()),
        f"schema_version = {SCHEMA_VERSION}",
        f'name = "{options.name}"',
        f'policy = "{plan.policy}"',
        f"console = {options.console}",
        f"pci = {options.pci}",
        f'on_mismatch = "{"stop" if options.stops else "derive"}"',
    ]
    for number, cluster in enumerate(plan.clusters):
        cpus = machine.core_cpus(cluster.apic_ids)
        lines += ["", f"[[cluster]] # {number}: {plan.why_cores[number]}"]
        lines += [f"# Linux' CPUs {as_list(cpus)}"] if cpus else []
        lines += [f"apic_ids = {cluster.apic_ids}", f"group = {cluster.group}", "memory = ["]
        for part in cluster.parts:
            why = plan.why_parts.get((number, part.domain), "")
            place = f"domain = {part.domain}, offset_mib = {part.offset // MIB}, size_mib = {part.size // MIB}"
            lines.append(f"    {{ {place} }}, # {why}")
        lines.append("]")
    return "\n".join(lines) + "\n"


def write(machine: Machine, plan: Plan, options: Options, folder: Path) -> list[Path]:
    """All three files, or none."""
    if not machine.real:
        raise LayoutError(
            "a layout needs real addresses, and there are none: no ACPI tables, no memory blocks; give --acpi"
        )
    contents = {
        "bin": checked(machine, plan, options),
        "json": (json.dumps(describe(machine, plan, options), indent=2) + "\n").encode(),
        "toml": toml(machine, plan, options).encode(),
    }
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, content in contents.items():
        paths.append(folder / f"{options.name}.{suffix}")
        paths[-1].write_bytes(content)
    return paths
