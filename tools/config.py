# SPDX-License-Identifier: MIT
"""Reads and validates one machine configuration, configs/NAME.toml.

load() returns a Config in which every default is filled in and every rule below holds, or raises ConfigError with the
key, what is wrong and what would be right. Clusters, nodes and cores count from 0; `cluster[1].cores` is the key
`cores` of cluster 1.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from headers import NUMBERS

NODE_MIN_MIB = 64
MACHINE_MAX_MIB = 512 * 1024  # QEMU's processors have 40 address bits, and the holes below 4 GiB take some
APIC_ID_MAX = 254  # of the xAPIC; 255 means all
DISTANCE_SELF = 10
DISTANCE_MAX = 254  # 255 would mean unreachable
PART_MIB = NUMBERS["R4_LARGE_SIZE"] >> 20

REQUIRED = object()
TYPES = {int: "an integer", str: "a string", list: "an array", dict: "a table", float: "a float", bool: "a boolean"}


class ConfigError(Exception):
    """A refused configuration."""

    def __init__(self, key, wrong, right):
        super().__init__(f"{key}: {wrong}; {right}")


@dataclass(frozen=True)
class Part:  # of the memory of one node
    node: int
    offset_mib: int
    size_mib: int


@dataclass(frozen=True)
class Cluster:
    nodes: list
    cores: list  # core numbers of the machine, in the order of the cluster's own
    group: int
    memory: list  # of Part


@dataclass(frozen=True)
class Link:
    source: int
    target: int
    priority: int


@dataclass(frozen=True)
class Config:
    name: str
    ring_slots: int
    sockets: int
    cores_per_socket: int
    memory_mib: list
    distances: list
    clusters: list
    links: list  # one for each ordered pair

    def apic_id(self, core):
        """As QEMU numbers them: each socket begins at a power of two."""
        socket, index = divmod(core, self.cores_per_socket)
        return socket << (self.cores_per_socket - 1).bit_length() | index


def _typed(value, wanted, key):
    if type(value) is not wanted:
        raise ConfigError(key, f"is {TYPES.get(type(value), 'a date or time')}", f"must be {TYPES[wanted]}")
    return value


def _in_range(value, low, high, key):
    _typed(value, int, key)
    if not low <= value <= high:
        raise ConfigError(key, f"is {value}", f"must be from {low} to {high}")
    return value


def _read(table, schema, prefix=""):
    """Fields of `table` by `schema` (key -> (type, default or REQUIRED)); refuses any other key."""
    for key in table:
        if key not in schema:
            raise ConfigError(prefix + key, "is unknown", "must be one of " + ", ".join(schema))
    fields = {}
    for key, (wanted, default) in schema.items():
        if key not in table and default is REQUIRED:
            raise ConfigError(prefix + key, "is missing", f"must be {TYPES[wanted]}")
        fields[key] = _typed(table[key], wanted, prefix + key) if key in table else default
    return fields


def _numbers(values, high, key, what):
    """A list of different numbers from 0 to high, at least one."""
    if not values:
        raise ConfigError(key, "is empty", f"must name at least one {what}")
    for index, value in enumerate(values):
        if _typed(value, int, f"{key}[{index}]") not in range(high + 1):
            raise ConfigError(f"{key}[{index}]", f"{what} {value} does not exist", f"must be from 0 to {high}")
        if value in values[:index]:
            raise ConfigError(f"{key}[{index}]", f"{what} {value} is named twice", "must be named once")
    return values


def _machine(table):
    schema = {"sockets": (int, REQUIRED), "cores_per_socket": (int, REQUIRED),
              "memory_mib": (list, REQUIRED), "distances": (list, REQUIRED)}
    machine = _read(table, schema, "machine.")
    sockets = _in_range(machine["sockets"], 1, NUMBERS["R4_MAX_CLUSTERS"], "machine.sockets")
    cores = _in_range(machine["cores_per_socket"], 1, APIC_ID_MAX + 1, "machine.cores_per_socket")
    last = (sockets - 1) << (cores - 1).bit_length() | (cores - 1)
    if last > APIC_ID_MAX:
        raise ConfigError("machine.cores_per_socket", f"is {cores}, which makes APIC ids up to {last}",
                          f"must keep them at or below {APIC_ID_MAX}")
    _memory_mib(machine["memory_mib"], sockets)
    _distances(machine["distances"], sockets)
    return machine


def _memory_mib(sizes, sockets):
    if len(sizes) != sockets:
        raise ConfigError("machine.memory_mib", f"has {len(sizes)} entries",
                          f"must have {sockets}, one for each socket's node")
    for node, size in enumerate(sizes):
        key = f"machine.memory_mib[{node}]"
        _in_range(size, NODE_MIN_MIB, MACHINE_MAX_MIB, key)
        if size % PART_MIB:
            raise ConfigError(key, f"is {size}", f"must be a multiple of {PART_MIB}")
    if sum(sizes) > MACHINE_MAX_MIB:
        raise ConfigError("machine.memory_mib", f"is {sum(sizes)} MiB in all", f"must be at most {MACHINE_MAX_MIB}")


def _distances(rows, sockets):
    shape = f"must be {sockets} rows of {sockets} numbers"
    if len(rows) != sockets:
        raise ConfigError("machine.distances", f"has {len(rows)} rows", shape)
    for source, row in enumerate(rows):
        if len(_typed(row, list, f"machine.distances[{source}]")) != sockets:
            raise ConfigError(f"machine.distances[{source}]", f"has {len(row)} entries", shape)
        for target, distance in enumerate(row):
            key = f"machine.distances[{source}][{target}]"
            if source != target:
                _in_range(distance, DISTANCE_SELF + 1, DISTANCE_MAX, key)
            elif _typed(distance, int, key) != DISTANCE_SELF:
                raise ConfigError(key, f"is {distance}", f"must be {DISTANCE_SELF}, a node's distance to itself")


def _part(table, nodes, memory_mib, key):
    schema = {"node": (int, REQUIRED), "offset_mib": (int, REQUIRED), "size_mib": (int, REQUIRED)}
    fields = _read(table, schema, key + ".")
    part = Part(**fields)
    if part.node not in nodes:
        raise ConfigError(f"{key}.node", f"is {part.node}, not a node of this cluster",
                          "must be one of " + ", ".join(map(str, nodes)))
    limit = memory_mib[part.node]
    _in_range(part.offset_mib, 0, limit - PART_MIB, f"{key}.offset_mib")
    _in_range(part.size_mib, PART_MIB, limit, f"{key}.size_mib")
    for name in ("offset_mib", "size_mib"):
        if fields[name] % PART_MIB:
            raise ConfigError(f"{key}.{name}", f"is {fields[name]}", f"must be a multiple of {PART_MIB}")
    end = part.offset_mib + part.size_mib
    if end > limit:
        raise ConfigError(f"{key}.size_mib", f"reaches to {end} MiB of node {part.node}",
                          f"must end at or below its {limit} MiB")
    return part


def _cluster(table, number, machine):
    key = f"cluster[{number}]"
    schema = {"nodes": (list, REQUIRED), "cores": (list, REQUIRED), "group": (int, number), "memory": (list, None)}
    fields = _read(_typed(table, dict, key), schema, key + ".")
    cores = machine["sockets"] * machine["cores_per_socket"]
    _numbers(fields["nodes"], machine["sockets"] - 1, f"{key}.nodes", "node")
    _numbers(fields["cores"], cores - 1, f"{key}.cores", "core")
    if len(fields["cores"]) > NUMBERS["R4_MAX_CORES"]:
        raise ConfigError(f"{key}.cores", f"has {len(fields['cores'])} entries",
                          f"must have at most {NUMBERS['R4_MAX_CORES']}")
    _in_range(fields["group"], 0, 0xffff, f"{key}.group")
    sizes = machine["memory_mib"]
    if fields["memory"] is None:
        parts = [Part(node, 0, sizes[node]) for node in fields["nodes"]]
    else:
        parts = [_part(_typed(part, dict, f"{key}.memory[{index}]"), fields["nodes"], sizes, f"{key}.memory[{index}]")
                 for index, part in enumerate(fields["memory"])]
    if not parts:
        raise ConfigError(f"{key}.memory", "is empty", "must name at least one part, or be left out for whole nodes")
    return Cluster(fields["nodes"], fields["cores"], fields["group"], parts)


def _check_cores(clusters, total):
    owner = {}
    for number, cluster in enumerate(clusters):
        for index, core in enumerate(cluster.cores):
            if core in owner:
                raise ConfigError(f"cluster[{number}].cores[{index}]",
                                  f"core {core} is in cluster {owner[core]} already", "must be in one cluster only")
            owner[core] = number
    for core in range(total):
        if core not in owner:
            raise ConfigError("cluster", f"core {core} is in no cluster", "must be in one")


def _check_memory(clusters):
    seen = []
    for number, cluster in enumerate(clusters):
        for index, part in enumerate(cluster.memory):
            for other_number, other in seen:
                if (part.node == other.node and part.offset_mib < other.offset_mib + other.size_mib
                        and other.offset_mib < part.offset_mib + part.size_mib):
                    raise ConfigError(f"cluster[{number}].memory[{index}]",
                                      f"overlaps memory of cluster {other_number} in node {part.node}",
                                      "must own parts that nobody else owns")
            seen.append((number, part))


def _clusters(tables, machine):
    if not tables:
        raise ConfigError("cluster", "there is none", "must have at least one [[cluster]]")
    if len(tables) > NUMBERS["R4_MAX_CLUSTERS"]:
        raise ConfigError("cluster", f"there are {len(tables)}", f"must be at most {NUMBERS['R4_MAX_CLUSTERS']}")
    clusters = [_cluster(table, number, machine) for number, table in enumerate(tables)]
    _check_cores(clusters, machine["sockets"] * machine["cores_per_socket"])
    _check_memory(clusters)
    return clusters


def _links(tables, count, default):
    priorities = {}
    for index, table in enumerate(tables):
        key = f"link[{index}]"
        schema = {"from": (int, REQUIRED), "to": (int, REQUIRED), "priority": (int, REQUIRED)}
        fields = _read(_typed(table, dict, key), schema, key + ".")
        for end in ("from", "to"):
            if fields[end] not in range(count):
                raise ConfigError(f"{key}.{end}", f"cluster {fields[end]} does not exist",
                                  f"must be from 0 to {count - 1}")
        pair = fields["from"], fields["to"]
        if pair[0] == pair[1]:
            raise ConfigError(f"{key}.to", f"is {pair[1]} like `from`", "must be another cluster")
        if pair in priorities:
            raise ConfigError(key, f"names the link from {pair[0]} to {pair[1]} again", "must be named once")
        priorities[pair] = _in_range(fields["priority"], 0, 255, f"{key}.priority")
    return [Link(source, target, priorities.get((source, target), default))
            for source in range(count) for target in range(count) if source != target]


def _parse(path):
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError("file", f"cannot be read ({error.strerror})", "must be a readable TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("syntax", str(error), "must be TOML 1.0 in UTF-8") from error


def load(path):
    """The validated configuration in the file `path`."""
    path = Path(path)
    schema = {"name": (str, REQUIRED), "ring_slots": (int, REQUIRED), "link_priority": (int, 200),
              "machine": (dict, REQUIRED), "cluster": (list, []), "link": (list, [])}
    fields = _read(_parse(path), schema)
    if fields["name"] != path.stem:
        raise ConfigError("name", f"is {fields['name']!a}", f"must be the file's name, {path.stem!a}")
    slots = fields["ring_slots"]
    if slots not in (1, 2, 4, 8, 16, 32, 64):
        raise ConfigError("ring_slots", f"is {slots}", "must be a power of two from 1 to 64")
    priority = _in_range(fields["link_priority"], 0, 255, "link_priority")
    machine = _machine(fields["machine"])
    clusters = _clusters(fields["cluster"], machine)
    links = _links(fields["link"], len(clusters), priority)
    return Config(fields["name"], slots, machine["sockets"], machine["cores_per_socket"], machine["memory_mib"],
                  machine["distances"], clusters, links)
