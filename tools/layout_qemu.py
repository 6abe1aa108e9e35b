# SPDX-License-Identifier: MIT
"""`linkgen.py qemu`: a QEMU machine of the same shape, as a configuration for `make run CONFIG=build/NAME.toml`. Clusters,
nodes, distances, groups and sibling threads stay; cores and memory are scaled down to what is given.

A processor core stays with as many threads as all of them have. Packages become QEMU's sockets, or domains where nobody
knows packages; if that would need APIC ids above 254, all cores are in one socket.
"""

from dataclasses import dataclass

from config_machine import APIC_ID_MAX, THREADS, Topology
from layout_acpi import DISTANCE_OTHER, DISTANCE_SELF
from layout_error import LayoutError
from layout_machine import Machine
from layout_policy import Plan

MIB = 1 << 20
UNIT = 2  # MiB
CLUSTER_MIB = 64  # a kernel, a root task, and something to begin with
FIRST_MIB = 256  # of the node with the lowest addresses: loader and modules are there, too
SHAPE_CORES = 64


@dataclass
class Box:
    """A processor core that stays."""

    threads: list[int]  # APIC ids
    socket: int
    domain: int


def _boxes(machine: Machine, plan: Plan) -> list[Box]:
    """All processor cores that clusters have, the boot core's first."""
    used = {apic_id for cluster in plan.clusters for apic_id in cluster.apic_ids}
    found: dict[int, Box] = {}
    for apic_id in sorted(used):
        threads = [other for other in machine.siblings(apic_id) if other in used]
        core = machine.cores[apic_id]
        socket = core.package if core.package is not None else core.domain or 0
        found.setdefault(min(threads), Box(threads, socket, core.domain or 0))
    boot = machine.firmware.boot_core
    return sorted(found.values(), key=lambda box: (boot not in box.threads, box.threads))


def _thinned(boxes: list[Box], plan: Plan, most: int) -> list[Box]:
    """As many as fit, of each cluster at least one, the same part of each."""
    threads = max(count for count in THREADS if all(len(box.threads) >= count for box in boxes))
    if threads == 1:  # they differ: each thread is a core of its own
        boxes = [Box([apic_id], box.socket, box.domain) for box in boxes for apic_id in box.threads]
    for box in boxes:
        box.threads = box.threads[:threads]
    owner = {apic_id: number for number, cluster in enumerate(plan.clusters) for apic_id in cluster.apic_ids}
    lists: dict[int, list[Box]] = {}
    for box in boxes:
        lists.setdefault(owner[box.threads[0]], []).append(box)
    for number in range(len(plan.clusters)):
        if number not in {owner[apic_id] for box in boxes for apic_id in box.threads}:
            raise LayoutError(f"cluster {number} has only sibling threads that are not kept: no such machine for QEMU")
    room = most // threads
    if room < len(lists):
        raise LayoutError(f"--cores {most}: {len(lists)} clusters of {threads} threads need {len(lists) * threads}")
    keep = {number: 1 for number in lists}
    while sum(keep.values()) < room:
        # The cluster that has lost the most gets the next.
        shares = [(keep[number] / len(cores), number) for number, cores in lists.items() if keep[number] < len(cores)]
        if not shares:
            break
        keep[min(shares)[1]] += 1
    kept = {id(box) for number, count in keep.items() for box in lists[number][:count]}
    return [box for box in boxes if id(box) in kept]


def _memory(machine: Machine, plan: Plan, total: int) -> dict[int, int]:
    """MiB of each domain with RAM: in proportion, but enough for its clusters."""
    nodes = [node for node in machine.nodes.values() if node.ram]
    ram = sum(node.total for node in nodes)
    least = {
        node.domain: CLUSTER_MIB * max(1, sum(any(p.domain == node.domain for p in c.parts) for c in plan.clusters))
        for node in nodes
    }
    first = min(nodes, key=lambda node: node.ram[0][0])
    least[first.domain] = max(FIRST_MIB, least[first.domain])
    if sum(least.values()) > total:
        raise LayoutError(f"--memory: {total} MiB are too little for these clusters: {sum(least.values())} are needed")
    spare = total - sum(least.values())
    return {node.domain: (least[node.domain] + spare * node.total // ram) // UNIT * UNIT for node in nodes}


def _parts(
    machine: Machine, plan: Plan, number: int, memory: dict[int, int], order: list[int]
) -> tuple[list[int], list[str]]:
    """The cluster's nodes, and its parts in words."""
    nodes, parts = [], []
    for part in plan.clusters[number].parts:
        size, whole = machine.nodes[part.domain].size, memory[part.domain]
        sharers = sorted(p.offset for c in plan.clusters for p in c.parts if p.domain == part.domain)
        begin, end = (whole * at // size // UNIT * UNIT for at in (part.offset, part.offset + part.size))
        index = sharers.index(part.offset)  # each part keeps room for a kernel
        begin = max(begin, index * CLUSTER_MIB) if index else begin
        end = whole if part.offset + part.size == size else max(end, (index + 1) * CLUSTER_MIB)
        nodes.append(order.index(part.domain))
        parts.append(f"{{ node = {nodes[-1]}, offset_mib = {begin}, size_mib = {end - begin} }}")
    return list(dict.fromkeys(nodes)), parts


def _distances(machine: Machine, order: list[int]) -> list[list[int]]:
    """QEMU's are from 11 to 254."""
    rows = []
    for source in order:
        row = []
        for target in order:
            value = machine.distance(source, target) or DISTANCE_OTHER
            row.append(DISTANCE_SELF if source == target else min(max(value, DISTANCE_SELF + 1), 254))
        rows.append(row)
    return rows


def _sockets(boxes: list[Box], threads: int) -> list[list[Box]]:
    sockets: dict[int, list[Box]] = {}
    for box in boxes:
        sockets.setdefault(box.socket, []).append(box)
    found = list(sockets.values())
    topology = Topology(len(found), max(map(len, found)), threads)
    return found if topology.apic_id(topology.processors - 1) <= APIC_ID_MAX else [boxes]


def configuration(machine: Machine, plan: Plan, name: str, memory_mib: int, most: int = SHAPE_CORES) -> str:
    """The text of build/NAME.toml."""
    boxes = _thinned(_boxes(machine, plan), plan, most)
    threads = len(boxes[0].threads)
    sockets = _sockets(boxes, threads)
    ordered = [box for socket in sockets for box in socket]
    number_of = {apic_id: number for number, apic_id in enumerate(id_ for box in ordered for id_ in box.threads)}
    memory = _memory(machine, plan, memory_mib)
    order = [domain for domain in machine.nodes if memory.get(domain) or any(box.domain == domain for box in boxes)]
    # QEMU gives the lowest addresses to its first node.
    order.sort(key=lambda domain: machine.nodes[domain].ram[0][0] if machine.nodes[domain].ram else 1 << 63)
    node_cores = [
        [number_of[id_] for box in ordered if box.domain == domain for id_ in box.threads] for domain in order
    ]
    lines = [
        "# Made by tools/linkgen.py qemu: a machine of the same shape, with fewer cores and less memory.",
        *(f"# node {index}: domain {domain} of the real one" for index, domain in enumerate(order)),
        *(f"# domain {domain} is left out: neither cores nor RAM" for domain in machine.nodes if domain not in order),
        f'name = "{name}"',
        "ring_slots = 8",
        "",
        "[machine]",
        f"sockets = {len(sockets)}",
        f"cores_per_socket = {[len(socket) for socket in sockets]}",
        f"threads_per_core = {threads}",
        f"node_cores = {node_cores}",
        f"memory_mib = {[memory.get(domain, 0) for domain in order]}",
        f"distances = {_distances(machine, order)}",
    ]
    for number, cluster in enumerate(plan.clusters):
        nodes, parts = _parts(machine, plan, number, memory, order)
        cores = [number_of[apic_id] for apic_id in cluster.apic_ids if apic_id in number_of]
        lines += ["", f"[[cluster]] # {plan.why_cores[number]}", f"nodes = {nodes}", f"cores = {cores}"]
        lines += [f"group = {cluster.group}", f"memory = [{', '.join(parts)}]"]
    return "\n".join(lines) + "\n"
