# SPDX-License-Identifier: MIT
"""What a picture of a machine consists of, as lstopo draws it: boxes in boxes (machine, package, group, cache, core, thread),
nodes beside what is near to them. How they look is layout_picture.py's matter (SVG) and layout_ascii.py's (text).

P# is a physical number (APIC id, domain), L# a logical one (Linux' CPU, node).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

from layout_machine import Core, Machine, Node
from layout_policy import Plan
from layout_text import mib

WIDE = 24  # threads of a package that has a row of its own if there are more
SHAPE = 2.2  # how much wider than high a block of cores is


@dataclass
class Box:
    kind: str  # machine, package, group, cache, core, thread, node, part
    lines: list[str]
    cluster: int | None = None  # whose colour it has
    unused: bool = False  # hatched
    children: list["Box"] = field(default_factory=list)
    per_row: int = 1
    beside: list["Box"] = field(default_factory=list)  # at its left


def _ordered(cores: Iterable[Core], key: str) -> list[list[Core]]:
    """Cores that are alike, in the order of their lowest APIC ids."""
    found: dict[object, list[Core]] = {}
    for core in sorted(cores, key=lambda core: core.apic_id):
        found.setdefault(getattr(core, key), []).append(core)
    return list(found.values())


def _thread(plan: Plan, core: Core) -> Box:
    cluster = plan.cluster_of(core.apic_id)
    logical = [f"L#{core.cpu}"] if core.cpu is not None else []
    owner = f"c{cluster}:{plan.clusters[cluster].apic_ids.index(core.apic_id)}" if cluster is not None else "unused"
    return Box("thread", [f"P#{core.apic_id}", *logical, owner], cluster, cluster is None)


def _cores(plan: Plan, cores: list[Core]) -> list[Box]:
    """Processor cores with their threads; threads alone where nobody knows siblings."""
    boxes = []
    for same in _ordered(cores, "siblings") if all(core.siblings for core in cores) else [[core] for core in cores]:
        threads = [_thread(plan, core) for core in same]
        boxes.append(Box("core", ["core"], children=threads, per_row=len(threads)) if same[0].siblings else threads[0])
    return boxes


def _per_row(count: int, width: int = 1) -> int:
    return min(count, max(1, round(math.sqrt(count * SHAPE / width))))


def _inside(plan: Plan, cores: list[Core]) -> tuple[list[Box], int]:
    """Caches, or cores where nobody knows caches."""
    if not all(core.cache for core in cores):
        boxes = _cores(plan, cores)
        return boxes, _per_row(len(boxes), max(len(box.children) for box in boxes) or 1)
    caches = []
    for same in _ordered(cores, "cache"):
        boxes = _cores(plan, same)
        width = max(len(box.children) for box in boxes) or 1
        caches.append(Box("cache", ["last cache"], children=boxes, per_row=_per_row(len(boxes), width)))
    return caches, _per_row(len(caches))


def _node(plan: Plan, node: Node) -> Box:
    kind = node.kind if node.ram or node.kind != "RAM" else "no RAM"
    box = Box(
        "node", [f"node L#{node.number}", f"domain P#{node.domain}", f"{mib(node.total)} {kind}" if node.ram else kind]
    )
    left = node.size
    parts = [
        (part.offset, part.size, number)
        for number, c in enumerate(plan.clusters)
        for part in c.parts
        if part.domain == node.domain
    ]
    for _, size, number in sorted(parts):
        box.children.append(Box("part", [f"c{number} {mib(size)}"], number))
        left -= size
    if left > 0:
        box.children.append(Box("part", [f"unused {mib(left)}"], unused=True))
    return box


def _package(machine: Machine, plan: Plan, cores: list[Core], spread: set[int]) -> Box:
    """A package; `spread`: domains that are in more than one, whose nodes are beside the machine."""
    number = cores[0].package
    name = "package unknown" if number is None else f"package L#{number}"
    if number is not None and machine.package_names.get(number):
        name += f" {machine.package_names[number]}"
    box = Box("package", [name])
    groups = _ordered(cores, "domain") if machine.nodes else [cores]
    for same in groups:
        children, per_row = _inside(plan, same)
        domain = same[0].domain
        nodes = [_node(plan, machine.nodes[domain])] if domain in machine.nodes and domain not in spread else []
        if len(groups) == 1:
            box.children, box.per_row, box.beside = children, per_row, nodes
        else:
            box.children.append(
                Box("group", [f"group of domain P#{domain}"], children=children, per_row=per_row, beside=nodes)
            )
            box.per_row = 2
    return box


def boxes_of(machine: Machine, plan: Plan) -> Box:
    """The whole machine."""
    packages = _ordered(machine.cores.values(), "package")
    if all(core.package is None for core in machine.cores.values()):
        packages = _ordered(machine.cores.values(), "domain")
    where: dict[int | None, set[int]] = {}
    for index, cores in enumerate(packages):
        for core in cores:
            where.setdefault(core.domain, set()).add(index)
    spread = {domain for domain, found in where.items() if len(found) > 1 and domain is not None}
    total = sum(node.total for node in machine.nodes.values())
    absent = len(machine.unused_cores)
    more = f", {absent} places without a core that can be used" if absent else ""
    top = Box("machine", [f"machine: {len(machine.cores)} cores (threads), {mib(total)}{more}"])
    top.children = [_package(machine, plan, cores, spread) for cores in packages]
    top.per_row = 2 if max(map(len, packages), default=0) <= WIDE else 1
    top.beside = [
        _node(plan, node) for node in machine.nodes.values() if node.domain in spread or node.domain not in where
    ]
    return top


def ring_label(plan: Plan, source: int, target: int) -> str:
    """Distances of the two rings of a pair, one if they are the same."""
    found = {(peer.source, peer.target): peer.distance for peer in plan.peers}
    there, back = (str(found[pair] or "?") for pair in ((source, target), (target, source)))
    return there if there == back else f"{there}/{back}"
