# SPDX-License-Identifier: MIT
"""Which cores and which memory become a cluster.

    domain     each domain with cores; a large one in parts. Derived by the coordinator's own code: what it would do alone
    package    each package
    cache      each set of cores that share a last cache
    cores=N    so many cores of one domain
    by hand    as listed (layout_hand.py), which wins over all rules, with warnings

Rules of all but the first, which has its own (boot-coordinator/core/derive.h): clusters are numbered by their lowest
domain, then their lowest APIC id. Sibling threads stay together; a set of cores that is too large is cut, by sorted APIC
id, into even parts. Clusters share a domain's RAM in proportion to their cores in it. Cores whose domain has no RAM have
their home in the nearest one that has some; of equally near ones in that with the fewest cores so far, then the lowest
number. Memory without cores goes to the nearest cluster, unless it is PMEM or CXL and nobody asked for it. Clusters that
have cores of one domain carry one group. Each step looks at each pair of domain and cluster at most once.
"""

import bisect
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from headers import SHARED
from layout_error import LayoutError
from layout_examine import Cluster, Part, Peer
from layout_machine import LARGE, Machine, Node
from layout_sysfs import as_list

CLUSTERS_MAX = SHARED.numbers["R4_MAX_CLUSTERS"]
CORES_MAX = SHARED.numbers["R4_MAX_CORES"]
PRIORITY = 200  # the coordinator's, too
FAR = 256  # beyond every distance
OPTIONAL = ("PMEM", "CXL")


@dataclass
class Plan:
    """Who gets what, and by which rule."""

    policy: str
    clusters: list[Cluster]
    why_cores: dict[int, str] = field(default_factory=dict)  # cluster -> rule
    why_parts: dict[tuple[int, int], str] = field(default_factory=dict)  # (cluster, domain) -> rule
    left_out: dict[int, str] = field(default_factory=dict)  # domain -> why
    peers: list[Peer] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    machine_wide: str = ""  # why nothing can be planned

    def cluster_of(self, apic_id: int) -> int | None:
        return next((number for number, cluster in enumerate(self.clusters) if apic_id in cluster.apic_ids), None)


def plan(machine: Machine, policy: str, use: frozenset[str]) -> Plan:
    """The clusters by that policy."""
    must_boot(machine)
    if policy == "domain":
        made = Plan(policy, [Cluster(c.group, c.apic_ids, list(c.parts)) for c in machine.findings.clusters])
        _explain_derived(machine, made)
        _leave_out(machine, made, use)
    else:
        made = Plan(policy, _clusters(machine, policy))
        for number in range(len(made.clusters)):
            made.why_cores[number] = _reason(policy)
        give_memory(machine, made, use)
    regroup(machine, made.clusters)
    made.warnings += split_siblings(machine, made.clusters)
    made.peers = peers_of(machine, made.clusters)
    return made


def must_boot(machine: Machine) -> None:
    """Refuses a machine on which no layout of anybody's own would boot."""
    if machine.findings.stop is not None:
        raise LayoutError(f"the coordinator would stop: {machine.findings.stop}")
    if machine.findings.listed:
        reason = next(
            (line for line in machine.findings.warnings if "the SRAT is not used" in line), "the SRAT is not used"
        )
        raise LayoutError(
            f"the coordinator takes the machine for one domain, and only its own layout for that: {reason}"
        )


def _reason(policy: str) -> str:
    words = {"package": "one cluster for each package", "cache": "one cluster for each last cache"}
    return words.get(policy, f"clusters of {policy.removeprefix('cores=')} cores, each of one domain")


# --- the coordinator's own layout ---


def _explain_derived(machine: Machine, made: Plan) -> None:
    parts: dict[int | None, int] = {}
    for cluster in made.clusters:
        domain = machine.cores[cluster.apic_ids[0]].domain
        parts[domain] = parts.get(domain, 0) + 1
    for number, cluster in enumerate(made.clusters):
        domain = machine.cores[cluster.apic_ids[0]].domain
        reason = f"one cluster for each domain with cores, here domain {domain}"
        if parts[domain] > 1:
            reason += f"; with more than {CORES_MAX} cores it becomes {parts[domain]} clusters"
        made.why_cores[number] = reason
        for part in cluster.parts:
            sharers = sum(any(other.domain == part.domain for other in c.parts) for c in made.clusters)
            if part.domain == domain:
                rule = "its own domain" if sharers == 1 else "its share of its own domain, in proportion to its cores"
            elif part is cluster.parts[0]:
                rule = f"its home: domain {domain} has no RAM, and this is the nearest that has some"
            else:
                rule = "memory without cores goes to the nearest cluster"
            made.why_parts[number, part.domain] = rule


def _leave_out(machine: Machine, made: Plan, use: frozenset[str]) -> None:
    """Takes away memory of the kinds that nobody asked for, unless it is all that a cluster has."""
    for node in machine.nodes.values():
        if node.kind in OPTIONAL and node.kind not in use and not machine.node_cores(node.domain):
            for cluster in made.clusters:
                cluster.parts = [p for p in cluster.parts if p is cluster.parts[0] or p.domain != node.domain]
            if not any(part.domain == node.domain for cluster in made.clusters for part in cluster.parts):
                made.left_out[node.domain] = _kind_reason(node)


def _kind_reason(node: Node) -> str:
    return f"{node.kind} is left out unless --use {node.kind.lower()} asks for it"


# --- cores ---


def _clusters(machine: Machine, policy: str) -> list[Cluster]:
    sets: dict[tuple[int, ...], list[int]] = {}
    size = CORES_MAX
    if match := re.fullmatch(r"cores=(\d{1,5})", policy):
        size = int(match[1])
        if not 1 <= size <= CORES_MAX:
            raise LayoutError(f"--policy {policy}: must be from 1 to {CORES_MAX} cores")
    elif policy not in ("package", "cache"):
        raise LayoutError(f"--policy {policy}: must be domain, package, cache or cores=N")
    for apic_id, core in sorted(machine.cores.items()):
        if (policy == "package" and core.package is None) or (policy == "cache" and not core.cache):
            raise LayoutError(
                f"--policy {policy}: nothing says which {policy} the core with APIC id {apic_id} is in; give --sysfs"
            )
        key = {"package": (core.package or 0,), "cache": core.cache}.get(policy, (core.domain or 0,))
        sets.setdefault(key, []).append(apic_id)
    parts = [part for ids in sets.values() for part in cut(machine, ids, size, even=policy in ("package", "cache"))]
    if len(parts) > CLUSTERS_MAX:
        raise LayoutError(f"--policy {policy}: makes {len(parts)} clusters; must be at most {CLUSTERS_MAX}")
    parts.sort(key=lambda ids: (min(machine.cores[id_].domain or 0 for id_ in ids), ids))
    return [Cluster(number, ids) for number, ids in enumerate(parts)]


def cut(machine: Machine, ids: Sequence[int], size: int, even: bool) -> list[list[int]]:
    """Parts of at most `size` cores, or of one processor core's threads if these are more: by sorted APIC id, siblings
    together. `even`: of even size, instead of full ones and a rest."""
    if len(ids) <= size:
        return [sorted(ids)]
    known = set(ids)
    boxes = list(
        {min(machine.siblings(id_)): [t for t in machine.siblings(id_) if t in known] for id_ in sorted(ids)}.values()
    )
    if even:
        count = -(-len(ids) // size)
        size = min(size, -(-len(ids) // count) + max(map(len, boxes)) - 1)
    parts: list[list[int]] = [[]]
    for box in boxes:
        if parts[-1] and len(parts[-1]) + len(box) > size:
            parts.append([])
        parts[-1] += box
    return [sorted(part) for part in parts]


def regroup(machine: Machine, clusters: list[Cluster]) -> None:
    """Parts of one domain, and clusters that share sibling threads, carry one group: the lowest number of them."""
    first: dict[object, int] = {}
    leader = list(range(len(clusters)))

    def find(number: int) -> int:
        while leader[number] != number:
            number = leader[number]
        return number

    for number, cluster in enumerate(clusters):
        for apic_id in cluster.apic_ids:
            for key in (("domain", machine.cores[apic_id].domain), ("core", min(machine.siblings(apic_id)))):
                low, high = sorted((find(first.setdefault(key, number)), find(number)))
                leader[high] = low
    for number, cluster in enumerate(clusters):
        cluster.group = find(number)


# --- memory ---


def give_memory(machine: Machine, made: Plan, use: frozenset[str]) -> None:
    """All RAM to all clusters, by the rules above."""
    nodes = {domain: node for domain, node in machine.nodes.items() if node.size}
    sharers: dict[int, dict[int, int]] = {domain: {} for domain in nodes}  # domain -> cluster -> cores
    load = {domain: len(machine.node_cores(domain)) for domain in nodes}
    for number, cluster in enumerate(made.clusters):
        own = Counter(machine.cores[apic_id].domain for apic_id in cluster.apic_ids)
        for domain, cores in sorted(own.items(), key=lambda item: (-item[1], item[0] or 0)):
            if domain in nodes:
                sharers[domain][number] = cores
                made.why_parts[number, domain] = "its own domain"
    for number, cluster in enumerate(made.clusters):
        if not any(number in cores for cores in sharers.values()):
            home = _home(machine, cluster, nodes, load, use)
            sharers[home][number] = len(cluster.apic_ids)
            load[home] += len(cluster.apic_ids)
            made.why_parts[
                number, home
            ] = f"its home: domain {machine.cores[cluster.apic_ids[0]].domain} has no RAM, and this is the nearest that has some"
    _give(machine, made, nodes, sharers, use)


def _home(machine: Machine, cluster: Cluster, nodes: dict[int, Node], load: dict[int, int], use: frozenset[str]) -> int:
    allowed = [domain for domain, node in nodes.items() if node.kind not in OPTIONAL or node.kind in use] or list(nodes)
    source = machine.cores[cluster.apic_ids[0]].domain or 0
    return min(allowed, key=lambda domain: (machine.distance(source, domain) or FAR, load[domain], domain))


def _nearest(machine: Machine, made: Plan, domain: int) -> int:
    """The cluster that has the core nearest to that memory."""

    def rank(number: int) -> tuple[int, int]:
        domains = {machine.cores[apic_id].domain or 0 for apic_id in made.clusters[number].apic_ids}
        return min(machine.distance(source, domain) or FAR for source in domains), number

    return min(range(len(made.clusters)), key=rank)


def _give(
    machine: Machine, made: Plan, nodes: dict[int, Node], sharers: dict[int, dict[int, int]], use: frozenset[str]
) -> None:
    found: dict[int, list[Part]] = {number: [] for number in range(len(made.clusters))}
    weights: dict[tuple[int, int], int] = {}
    for domain, node in nodes.items():
        if sharers[domain]:
            for number, part in _shared(node, sharers[domain]):
                found[number].append(part)
                weights[number, domain] = sharers[domain][number]
                if len(sharers[domain]) > 1:
                    made.why_parts[number, domain] += ", its share in proportion to its cores"
        elif node.kind in OPTIONAL and node.kind not in use:
            made.left_out[domain] = _kind_reason(node)
        else:
            number = _nearest(machine, made, domain)
            found[number].append(Part(domain, 0, node.size))
            made.why_parts[number, domain] = "memory without cores goes to the nearest cluster"
    for number, cluster in enumerate(made.clusters):
        # The first part is the home: where most of its cores are.
        ranked = sorted((-weights.get((number, part.domain), 0), part.domain, part.offset) for part in found[number])
        parts = {(part.domain, part.offset): part for part in found[number]}
        cluster.parts = [parts[domain, offset] for _, domain, offset in ranked]


def _shared(node: Node, cores: dict[int, int]) -> list[tuple[int, Part]]:
    """The domain's RAM in proportion to cores, cut at 2 MiB pages; holes do not count."""
    pages = _Pages(node)
    total, served, begin = sum(cores.values()), 0, 0
    found = []
    for number, count in sorted(cores.items()):
        served += count
        end = node.size if served == total else pages.offset(node.total // total * served)
        if end <= begin:
            raise LayoutError(f"domain {node.domain} has too little RAM for the clusters that share it")
        found.append((number, Part(node.domain, begin, end - begin)))
        begin = end
    return found


class _Pages:
    """A domain's offsets: how much RAM is below each. As boot-coordinator/core/topology.c counts them."""

    def __init__(self, node: Node) -> None:
        self.points: list[tuple[int, int]] = [(0, 0)]  # (RAM below, offset), at both ends of each stretch of RAM
        ranges = [(range_.base, range_.end) for range_ in sorted(node.ranges, key=lambda r: r.base)] or node.ram
        ram = below = position = last = 0
        for base, end in ranges:
            inside = [(max(base, low), min(end, high)) for low, high in node.ram if low < end and base < high]
            if not inside:
                continue
            first = max(base // LARGE * LARGE, last)
            last = max(last, -(-end // LARGE) * LARGE)
            for low, high in inside:
                below = position + max(0, low - first)
                self.points.append((ram, below))
                ram += high - low
                self.points.append((ram, position + max(0, high - first)))
            position += last - first

    def offset(self, ram: int) -> int:
        """The lowest one, whole pages, below which there is that much."""
        index = bisect.bisect_left(self.points, (ram, 0))
        high_ram, high = self.points[min(index, len(self.points) - 1)]
        return -(-(high - max(0, high_ram - ram)) // LARGE) * LARGE


def peers_of(machine: Machine, clusters: list[Cluster]) -> list[Peer]:
    """Each ordered pair; distances of the homes."""
    homes = [cluster.parts[0].domain if cluster.parts else 0 for cluster in clusters]
    return [
        Peer(source, target, PRIORITY, machine.distance(homes[source], homes[target]))
        for source in range(len(clusters))
        for target in range(len(clusters))
        if source != target
    ]


def split_siblings(machine: Machine, clusters: list[Cluster]) -> list[str]:
    """Processor cores whose threads are in two clusters, in words."""
    cluster_of = {apic_id: number for number, cluster in enumerate(clusters) for apic_id in cluster.apic_ids}
    found = []
    for apic_id in sorted(cluster_of):
        siblings = machine.cores[apic_id].siblings
        owners = {cluster_of[other] for other in siblings if other in cluster_of}
        if siblings and apic_id == siblings[0] and len(owners) > 1:
            found.append(f"sibling threads {as_list(siblings)} (APIC ids) are in clusters {as_list(owners)}")
    return found
