# SPDX-License-Identifier: MIT
"""Clusters listed by hand, as `linkgen.py layout` writes them: [[cluster]] with apic_ids or cpus, and perhaps group and
memory. The list wins over every rule; what it leaves out or does unusually is a warning."""

import tomllib
from pathlib import Path
from typing import Any

from config_fields import ConfigError, Field, Schema, from_to, in_range, read, typed
from layout_error import LayoutError, printable
from layout_examine import Cluster, Part
from layout_machine import LARGE, Machine
from layout_policy import CLUSTERS_MAX, CORES_MAX, Plan, give_memory, must_boot, peers_of, regroup, split_siblings
from layout_sysfs import as_list
from layout_tree import read_file

MIB = 1 << 20
FILE: Schema = {
    "schema_version": Field(int, 1),
    "name": Field(str, ""),
    "policy": Field(str, ""),
    "console": Field(int, 0),
    "pci": Field(int, 0),
    "ring_slots": Field(int, 8),
    "on_mismatch": Field(str, "stop"),
    "cluster": Field(list, right="an array of tables, each of which begins with [[cluster]]"),
}
CLUSTER: Schema = {
    "apic_ids": Field(list, None),
    "cpus": Field(list, None),
    "group": Field(int, None),
    "memory": Field(list, None),
}
MEMORY: Schema = {
    "domain": Field(int, right="a domain's number"),
    "offset_mib": Field(int, 0),
    "size_mib": Field(int, None),
}


def plan_by_hand(machine: Machine, path: Path, use: frozenset[str]) -> Plan:
    must_boot(machine)
    name = printable(str(path))
    content = read_file(path, name)
    try:
        fields = read(tomllib.loads((content or b"").decode("utf-8-sig")), FILE)
        made = Plan("by hand", _clusters(machine, fields["cluster"]))
        listed = [typed(table, dict, "cluster").get("memory") is not None for table in fields["cluster"]]
        if any(listed) and not all(listed):
            raise ConfigError("cluster", "some list memory, and some do not", "must all list it, or none")
        groups = [table.get("group") for table in fields["cluster"]]
        _memory(machine, made, fields["cluster"] if any(listed) else [], use)
        _groups(machine, made, groups)
    except (ConfigError, tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise LayoutError(f"{name}: {printable(str(error))}") from error
    made.peers = peers_of(machine, made.clusters)
    for number in range(len(made.clusters)):
        made.why_cores[number] = "listed by hand"
    if left := set(machine.cores) - {apic_id for cluster in made.clusters for apic_id in cluster.apic_ids}:
        made.warnings.append(f"cores with APIC ids {as_list(left)} are in no cluster: unused")
    return made


def _clusters(machine: Machine, tables: list[Any]) -> list[Cluster]:
    if not 0 < len(tables) <= CLUSTERS_MAX:
        raise ConfigError("cluster", f"there are {len(tables)}", f"must be from 1 to {CLUSTERS_MAX}")
    id_of = {core.cpu: apic_id for apic_id, core in machine.cores.items() if core.cpu is not None}
    owner: dict[int, int] = {}
    found = []
    for number, table in enumerate(tables):
        key = f"cluster[{number}]"
        fields = read(typed(table, dict, key), CLUSTER, key + ".")
        if (fields["apic_ids"] is None) == (fields["cpus"] is None):
            raise ConfigError(key, "has not one of apic_ids and cpus", "must have one")
        ids = []
        for value in fields["apic_ids"] or fields["cpus"] or []:
            apic_id = typed(value, int, key) if fields["apic_ids"] else id_of.get(typed(value, int, key), -1)
            if apic_id not in machine.cores:
                why = machine.unused_cores.get(apic_id, "the machine has no such core")
                raise ConfigError(key, f"names core {value}", f"must be one that can be used: {why}")
            if apic_id in owner:
                raise ConfigError(
                    key, f"names core {value}, which cluster {owner[apic_id]} has", "must be in one cluster"
                )
            owner[apic_id] = number
            ids.append(apic_id)
        if not 0 < len(ids) <= CORES_MAX:
            raise ConfigError(key, f"has {len(ids)} cores", f"must have from 1 to {CORES_MAX}")
        found.append(Cluster(number, ids))
    return found


def _memory(machine: Machine, made: Plan, tables: list[Any], use: frozenset[str]) -> None:
    if not tables:
        give_memory(machine, made, use)
        return
    taken: dict[int, list[tuple[int, int]]] = {}
    for number, table in enumerate(tables):
        for index, entry in enumerate(typed(table["memory"], list, f"cluster[{number}].memory")):
            key = f"cluster[{number}].memory[{index}]"
            part = _part(machine, read(typed(entry, dict, key), MEMORY, key + "."), key)
            for begin, end in taken.setdefault(part.domain, []):
                if begin < part.offset + part.size and part.offset < end:
                    raise ConfigError(key, "overlaps memory that is listed before", "must be owned once")
            taken[part.domain].append((part.offset, part.offset + part.size))
            made.clusters[number].parts.append(part)
            made.why_parts[number, part.domain] = "listed by hand"
        if not made.clusters[number].parts:
            raise ConfigError(f"cluster[{number}].memory", "is empty", "must name at least one part")
    for domain, node in machine.nodes.items():
        free = node.size - sum(end - begin for begin, end in taken.get(domain, []))
        if free:
            made.warnings.append(f"{free // MIB} MiB of domain {domain} are in no cluster: unused")


def _part(machine: Machine, fields: dict[str, Any], key: str) -> Part:
    node = machine.nodes.get(fields["domain"])
    if node is None or not node.size:
        raise ConfigError(f"{key}.domain", f"is {fields['domain']}", "must be a domain with RAM")
    most = node.size // MIB
    offset = in_range(fields["offset_mib"], 0, most - 2, f"{key}.offset_mib")
    size = (
        most - offset
        if fields["size_mib"] is None
        else in_range(fields["size_mib"], 2, most - offset, f"{key}.size_mib")
    )
    if offset * MIB % LARGE or size * MIB % LARGE:
        raise ConfigError(key, f"is {size} MiB from {offset} MiB on", "must be whole 2 MiB")
    return Part(node.domain, offset * MIB, size * MIB)


def _groups(machine: Machine, made: Plan, groups: list[int | None]) -> None:
    """Those of the list; sibling threads in two clusters must be in one group."""
    regroup(machine, made.clusters)
    for number, group in enumerate(groups):
        if group is not None:
            made.clusters[number].group = in_range(group, 0, 0xFFFF, f"cluster[{number}].group")
    for text in split_siblings(machine, made.clusters):
        made.warnings.append(text)
    owner = {apic_id: cluster for cluster in made.clusters for apic_id in cluster.apic_ids}
    for apic_id, cluster in owner.items():
        for other in machine.cores[apic_id].siblings:
            if other in owner and owner[other].group != cluster.group:
                raise ConfigError(
                    "cluster",
                    f"sibling threads {apic_id} and {other} are in clusters of two groups",
                    f"must be in one, {from_to(0, 0xFFFF)}",
                )
