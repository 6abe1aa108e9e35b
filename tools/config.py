# SPDX-License-Identifier: MIT
"""Reads and validates one machine configuration, configs/NAME.toml.

load() returns a Config in which every default is filled in and every rule below holds, or raises ConfigError with the
key, what is wrong and what would be right. Clusters, nodes and cores count from 0; `cluster[1].cores` is the key
`cores` of cluster 1.
"""

import re
import tomllib
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from headers import SHARED

NUMBERS = SHARED.numbers

NODE_MIN_MIB = 64
MACHINE_MAX_MIB = 512 * 1024  # QEMU's processors have 40 address bits, and the holes below 4 GiB take some
APIC_ID_MAX = 254  # of the xAPIC; 255 means all
CORES_MAX = NUMBERS["R4_MAX_CLUSTERS"] * NUMBERS["R4_MAX_CORES"]  # and QEMU's
IO_APIC_ID_MAX = 255
SLOTS_MAX = 256  # QEMU's
DISTANCE_SELF = 10
DISTANCE_MAX = 254  # 255 would mean unreachable
PART_MIB = NUMBERS["R4_LARGE_SIZE"] >> 20

LOW_MIN_MIB, LOW_MAX_MIB = 128, 2048  # of RAM below 4 GiB, if it is to be less than QEMU's own choice
# Of a data table's source for iasl, and of one that is written as AML.
SIGNATURE = re.compile(r'^(?:\[[0-9]{4}\] *Signature :|DefinitionBlock \("",) "([A-Z]{4})"', re.MULTILINE)

REQUIRED = object()
Schema = dict[str, tuple[type, Any]]  # key -> (type, default or REQUIRED)
TYPES = {int: "an integer", str: "a string", list: "an array", dict: "a table", float: "a float", bool: "a boolean"}


class ConfigError(Exception):
    """A refused configuration."""

    def __init__(self, key: str, wrong: str, right: str) -> None:
        super().__init__(f"{key}: {wrong}; {right}")


@dataclass(frozen=True)
class Part:  # of the memory of one node
    node: int
    offset_mib: int
    size_mib: int


@dataclass(frozen=True)
class Cluster:
    nodes: list[int]
    cores: list[int]  # core numbers of the machine, in the order of the cluster's own
    group: int
    memory: list[Part]


@dataclass(frozen=True)
class Peer:  # one direction between two clusters
    source: int
    target: int
    priority: int


@dataclass(frozen=True)
class IoApic:  # one that is not the console's owner's
    id: int  # in the MADT
    cluster: int


@dataclass(frozen=True)
class Table:  # an ACPI table of one's own
    path: str
    signature: str


@dataclass(frozen=True)
class Machine:
    sockets: int
    cores_per_socket: int
    max_cores: int  # those that could be added while it runs included
    node_cores: list[list[int]]  # of each node
    memory_mib: list[int]  # of each node, 0 = none
    slots: int  # for memory that could be added while it runs
    max_memory_mib: int  # with it; 0 without slots
    low_memory_mib: int  # RAM below 4 GiB at most; 0 = as QEMU likes
    distances: list[list[int]]
    srat: bool
    x2apic: bool  # its processors have it, and so APIC ids of more than eight bits

    @property
    def cores(self) -> int:
        return self.sockets * self.cores_per_socket

    def apic_id(self, core: int) -> int:
        """As QEMU numbers them: each socket begins at a power of two."""
        socket, index = divmod(core, self.cores_per_socket)
        return socket << (self.cores_per_socket - 1).bit_length() | index


@dataclass(frozen=True)
class Config:
    name: str
    ring_slots: int
    stops: bool  # if the layout contradicts the tables
    derived: bool  # no layout in the boot image: the coordinator makes its own
    tables: list[Table]
    machine: Machine
    clusters: list[Cluster]
    peers: list[Peer]  # one for each ordered pair
    console: int  # the cluster that has the console
    pci: int  # the cluster that has PCI configuration
    io_apics: list[IoApic]
    trace: bool  # the kernels record events


Layout = dict[str, list[dict[str, int]]]  # of the arrays of layout.bin: structure -> records, as linkgen.py makes them


def _typed(value: Any, wanted: type, key: str) -> Any:
    if type(value) is not wanted:  # pylint: disable=unidiomatic-typecheck # a bool is no integer here
        raise ConfigError(key, f"is {TYPES.get(type(value), 'a date or time')}", f"must be {TYPES[wanted]}")
    return value


def _in_range(value: Any, low: int, high: int, key: str, other: str = "") -> int:
    _typed(value, int, key)
    if not low <= value <= high:
        raise ConfigError(key, f"is {value}", f"must be {other}from {low} to {high}")
    return value


def _read(table: dict[str, Any], schema: Schema, prefix: str = "") -> dict[str, Any]:
    """Fields of `table` by `schema`; refuses any other key."""
    for key in table:
        if key not in schema:
            raise ConfigError(prefix + key, "is unknown", "must be one of " + ", ".join(schema))
    fields = {}
    for key, (wanted, default) in schema.items():
        if key not in table and default is REQUIRED:
            raise ConfigError(prefix + key, "is missing", f"must be {TYPES[wanted]}")
        fields[key] = _typed(table[key], wanted, prefix + key) if key in table else default
    return fields


def _one_of(value: str, words: tuple[str, ...], key: str) -> str:
    if value not in words:
        raise ConfigError(key, f"is {value!a}", "must be " + " or ".join(map(ascii, words)))
    return value


def _numbers(values: list[Any], high: int, key: str, what: str, least: int = 1) -> list[int]:
    """A list of different numbers from 0 to high."""
    if len(values) < least:
        raise ConfigError(key, "is empty", f"must name at least one {what}")
    for index, value in enumerate(values):
        if _typed(value, int, f"{key}[{index}]") not in range(high + 1):
            raise ConfigError(f"{key}[{index}]", f"{what} {value} does not exist", f"must be from 0 to {high}")
        if value in values[:index]:
            raise ConfigError(f"{key}[{index}]", f"{what} {value} is named twice", "must be named once")
    return values


def _machine(table: dict[str, Any]) -> Machine:
    schema: Schema = {
        "sockets": (int, REQUIRED), "cores_per_socket": (int, REQUIRED), "max_cores": (int, None), "node_cores": (list, None),
        "memory_mib": (list, REQUIRED), "slots": (int, 0), "max_memory_mib": (int, None), "low_memory_mib": (int, None),
        "distances": (list, REQUIRED), "srat": (bool, True), "x2apic": (bool, False),
    }  # fmt: skip
    fields = _read(table, schema, "machine.")
    sockets = _in_range(fields["sockets"], 1, CORES_MAX, "machine.sockets")
    cores = _in_range(fields["cores_per_socket"], 1, CORES_MAX, "machine.cores_per_socket")
    fields["max_cores"] = _max_cores(fields["max_cores"], sockets, cores, fields["x2apic"])
    fields["node_cores"] = _node_cores(fields["node_cores"], sockets, cores)
    _memory_mib(fields["memory_mib"], fields["node_cores"])
    fields["max_memory_mib"] = _slots(fields["slots"], fields["max_memory_mib"], sum(fields["memory_mib"]))
    fields["low_memory_mib"] = _low_memory(fields["low_memory_mib"])
    _distances(fields["distances"], len(fields["memory_mib"]))
    _srat(fields)
    return Machine(**fields)


def _max_cores(most: int | None, sockets: int, cores: int, x2apic: bool) -> int:
    there = sockets * cores
    if most is None:
        most = there
    elif most < there or most % cores:
        raise ConfigError(
            "machine.max_cores",
            f"is {most}",
            f"must be a multiple of {cores}, whole sockets, and at least the {there} that are there",
        )
    key, value = ("machine.cores_per_socket", cores) if most == there else ("machine.max_cores", most)
    if most > CORES_MAX:
        raise ConfigError(key, f"is {value}, which makes {most} cores", f"must be at most {CORES_MAX} in all")
    last = (most // cores - 1) << (cores - 1).bit_length() | (cores - 1)
    if last > APIC_ID_MAX and not x2apic:
        raise ConfigError(
            key,
            f"is {value}, which makes APIC ids up to {last}",
            f"must keep them at or below {APIC_ID_MAX}, or x2apic be true",
        )
    return most


def _node_cores(lists: list[Any] | None, sockets: int, cores: int) -> list[list[int]]:
    """Cores of each node; by default each socket is one."""
    if lists is None:
        return [list(range(socket * cores, (socket + 1) * cores)) for socket in range(sockets)]
    owner: dict[int, int] = {}
    for node, numbers in enumerate(lists):
        key = f"machine.node_cores[{node}]"
        for core in _numbers(_typed(numbers, list, key), sockets * cores - 1, key, "core", least=0):
            if core in owner:
                raise ConfigError(key, f"core {core} is in node {owner[core]} already", "must be in one node only")
            owner[core] = node
    for core in range(sockets * cores):
        if core not in owner:
            raise ConfigError("machine.node_cores", f"core {core} is in no node", "must be in one")
    return lists


def _memory_mib(sizes: list[Any], node_cores: list[list[int]]) -> None:
    if len(sizes) != len(node_cores):
        raise ConfigError(
            "machine.memory_mib", f"has {len(sizes)} entries", f"must have {len(node_cores)}, one for each node"
        )
    for node, size in enumerate(sizes):
        key = f"machine.memory_mib[{node}]"
        if _typed(size, int, key) != 0:
            _in_range(size, NODE_MIN_MIB, MACHINE_MAX_MIB, key, "0 or ")
        elif not node_cores[node]:
            raise ConfigError(key, "is 0, and the node has no cores", "must have memory, cores or both")
        if size % PART_MIB:
            raise ConfigError(key, f"is {size}", f"must be a multiple of {PART_MIB}")
    if not 0 < sum(sizes) <= MACHINE_MAX_MIB:
        raise ConfigError(
            "machine.memory_mib", f"is {sum(sizes)} MiB in all", f"must be from {NODE_MIN_MIB} to {MACHINE_MAX_MIB}"
        )


def _slots(slots: int, most: int | None, there: int) -> int:
    """The most memory that the machine can get, in MiB."""
    _in_range(slots, 0, SLOTS_MAX, "machine.slots")
    if slots == 0 and most is not None:
        raise ConfigError("machine.max_memory_mib", f"is {most}, without slots", "must be left out, or slots be given")
    if slots != 0 and most is None:
        raise ConfigError("machine.max_memory_mib", f"is missing, with {slots} slots", "must be an integer")
    if most is not None and (most <= there or most > MACHINE_MAX_MIB or most % PART_MIB):
        raise ConfigError(
            "machine.max_memory_mib",
            f"is {most}",
            f"must be a multiple of {PART_MIB} above the {there} that are there, at most {MACHINE_MAX_MIB}",
        )
    return most or 0


def _low_memory(size: int | None) -> int:
    if size is None:
        return 0
    key = "machine.low_memory_mib"
    _in_range(size, LOW_MIN_MIB, LOW_MAX_MIB, key)
    if size % PART_MIB:
        raise ConfigError(key, f"is {size}", f"must be a multiple of {PART_MIB}")
    return size


def _srat(fields: dict[str, Any]) -> None:
    """Without an SRAT there is one domain; QEMU makes an SRAT where memory can be added."""
    nodes = len(fields["memory_mib"])
    if not fields["srat"] and (nodes > 1 or fields["slots"]):
        what = f"{nodes} nodes" if nodes > 1 else f"{fields['slots']} slots"
        raise ConfigError("machine.srat", f"is false on a machine with {what}", "must be true there")


def _distances(rows: list[Any], nodes: int) -> None:
    shape = f"must be {nodes} rows of {nodes} numbers"
    if len(rows) != nodes:
        raise ConfigError("machine.distances", f"has {len(rows)} rows", shape)
    for source, row in enumerate(rows):
        if len(_typed(row, list, f"machine.distances[{source}]")) != nodes:
            raise ConfigError(f"machine.distances[{source}]", f"has {len(row)} entries", shape)
        for target, distance in enumerate(row):
            key = f"machine.distances[{source}][{target}]"
            if source != target:
                _in_range(distance, DISTANCE_SELF + 1, DISTANCE_MAX, key)
            elif _typed(distance, int, key) != DISTANCE_SELF:
                raise ConfigError(key, f"is {distance}", f"must be {DISTANCE_SELF}, a node's distance to itself")


def _part(table: dict[str, Any], nodes: list[int], memory_mib: list[int], key: str) -> Part:
    schema: Schema = {"node": (int, REQUIRED), "offset_mib": (int, REQUIRED), "size_mib": (int, REQUIRED)}
    fields = _read(table, schema, key + ".")
    part = Part(**fields)
    if part.node not in nodes:
        raise ConfigError(
            f"{key}.node", f"is {part.node}, not a node of this cluster", "must be one of " + ", ".join(map(str, nodes))
        )
    limit = memory_mib[part.node]
    _in_range(part.offset_mib, 0, limit - PART_MIB, f"{key}.offset_mib")
    _in_range(part.size_mib, PART_MIB, limit, f"{key}.size_mib")
    for name in ("offset_mib", "size_mib"):
        if fields[name] % PART_MIB:
            raise ConfigError(f"{key}.{name}", f"is {fields[name]}", f"must be a multiple of {PART_MIB}")
    end = part.offset_mib + part.size_mib
    if end > limit:
        raise ConfigError(
            f"{key}.size_mib", f"reaches to {end} MiB of node {part.node}", f"must end at or below its {limit} MiB"
        )
    return part


def _cluster(table: dict[str, Any], number: int, machine: Machine) -> Cluster:
    key = f"cluster[{number}]"
    schema: Schema = {
        "nodes": (list, REQUIRED),
        "cores": (list, REQUIRED),
        "group": (int, number),
        "memory": (list, None),
    }
    fields = _read(_typed(table, dict, key), schema, key + ".")
    sizes = machine.memory_mib
    for index, node in enumerate(_numbers(fields["nodes"], len(sizes) - 1, f"{key}.nodes", "node")):
        if sizes[node] == 0:
            raise ConfigError(f"{key}.nodes[{index}]", f"node {node} has no memory", "must be a node with memory")
    _numbers(fields["cores"], machine.cores - 1, f"{key}.cores", "core")
    if len(fields["cores"]) > NUMBERS["R4_MAX_CORES"]:
        raise ConfigError(
            f"{key}.cores", f"has {len(fields['cores'])} entries", f"must have at most {NUMBERS['R4_MAX_CORES']}"
        )
    _in_range(fields["group"], 0, 0xFFFF, f"{key}.group")
    if fields["memory"] is None:
        parts = [Part(node, 0, sizes[node]) for node in fields["nodes"]]
    else:
        parts = [
            _part(_typed(part, dict, f"{key}.memory[{index}]"), fields["nodes"], sizes, f"{key}.memory[{index}]")
            for index, part in enumerate(fields["memory"])
        ]
    if not parts:
        raise ConfigError(f"{key}.memory", "is empty", "must name at least one part, or be left out for whole nodes")
    return Cluster(fields["nodes"], fields["cores"], fields["group"], parts)


def _check_cores(clusters: list[Cluster], total: int) -> None:
    owner: dict[int, int] = {}
    for number, cluster in enumerate(clusters):
        for index, core in enumerate(cluster.cores):
            if core in owner:
                raise ConfigError(
                    f"cluster[{number}].cores[{index}]",
                    f"core {core} is in cluster {owner[core]} already",
                    "must be in one cluster only",
                )
            owner[core] = number
    for core in range(total):
        if core not in owner:
            raise ConfigError("cluster", f"core {core} is in no cluster", "must be in one")


def _check_memory(clusters: list[Cluster]) -> None:
    seen: list[tuple[int, Part]] = []
    for number, cluster in enumerate(clusters):
        for index, part in enumerate(cluster.memory):
            for other_number, other in seen:
                if (
                    part.node == other.node
                    and part.offset_mib < other.offset_mib + other.size_mib
                    and other.offset_mib < part.offset_mib + part.size_mib
                ):
                    raise ConfigError(
                        f"cluster[{number}].memory[{index}]",
                        f"overlaps memory of cluster {other_number} in node {part.node}",
                        "must own parts that nobody else owns",
                    )
            seen.append((number, part))


def _check_near(clusters: list[Cluster], machine: Machine) -> None:
    """A core whose node has memory finds some of it in its cluster."""
    node_of = {core: node for node, cores in enumerate(machine.node_cores) for core in cores}
    for number, cluster in enumerate(clusters):
        nodes = {part.node for part in cluster.memory}
        for index, core in enumerate(cluster.cores):
            node = node_of[core]
            if machine.memory_mib[node] != 0 and node not in nodes:
                raise ConfigError(
                    f"cluster[{number}].cores[{index}]",
                    f"core {core} is of node {node}, whose memory is not the cluster's",
                    "must be in a cluster with memory of its node",
                )


def _clusters(tables: list[Any], machine: Machine) -> list[Cluster]:
    if not tables:
        raise ConfigError("cluster", "there is none", "must have at least one [[cluster]]")
    if len(tables) > NUMBERS["R4_MAX_CLUSTERS"]:
        raise ConfigError("cluster", f"there are {len(tables)}", f"must be at most {NUMBERS['R4_MAX_CLUSTERS']}")
    clusters = [_cluster(table, number, machine) for number, table in enumerate(tables)]
    _check_cores(clusters, machine.cores)
    _check_memory(clusters)
    _check_near(clusters, machine)
    return clusters


def _peers(tables: list[Any], count: int, default: int) -> list[Peer]:
    priorities = {}
    for index, table in enumerate(tables):
        key = f"peer[{index}]"
        schema: Schema = {"from": (int, REQUIRED), "to": (int, REQUIRED), "priority": (int, REQUIRED)}
        fields = _read(_typed(table, dict, key), schema, key + ".")
        for end in ("from", "to"):
            _existing(fields[end], count, f"{key}.{end}")
        pair = fields["from"], fields["to"]
        if pair[0] == pair[1]:
            raise ConfigError(f"{key}.to", f"is {pair[1]} like `from`", "must be another cluster")
        if pair in priorities:
            raise ConfigError(key, f"names the pair from {pair[0]} to {pair[1]} again", "must be named once")
        priorities[pair] = _in_range(fields["priority"], 0, 255, f"{key}.priority")
    return [Peer(one, other, priorities.get((one, other), default)) for one, other in permutations(range(count), 2)]


def _existing(number: int, count: int, key: str) -> int:
    """The number of a cluster."""
    if number not in range(count):
        raise ConfigError(key, f"cluster {number} does not exist", f"must be from 0 to {count - 1}")
    return number


def _io_apics(tables: list[Any], count: int) -> list[IoApic]:
    found: list[IoApic] = []
    for index, table in enumerate(tables):
        key = f"io_apic[{index}]"
        fields = _read(_typed(table, dict, key), {"id": (int, REQUIRED), "cluster": (int, REQUIRED)}, key + ".")
        _in_range(fields["id"], 0, IO_APIC_ID_MAX, f"{key}.id")
        _existing(fields["cluster"], count, f"{key}.cluster")
        if fields["id"] in (other.id for other in found):
            raise ConfigError(f"{key}.id", f"names the I/O APIC {fields['id']} again", "must be named once")
        found.append(IoApic(**fields))
    return found


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise ConfigError("file", f"cannot be read ({error.strerror})", "must be a readable TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("syntax", str(error), "must be TOML 1.0 in UTF-8") from error


def _tables(names: list[Any], folder: Path) -> list[Table]:
    """ACPI tables beside the configuration."""
    found: list[Table] = []
    for index, name in enumerate(names):
        key = f"tables[{index}]"
        path = folder / _typed(name, str, key)
        try:
            signature = SIGNATURE.search(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            signature = None
        if path.suffix != ".asl" or signature is None:
            raise ConfigError(
                key, f"{name!a} is no ACPI table", "must be a file NAME.asl that iasl compiles to a table"
            )
        if path.stem in (Path(table.path).stem for table in found):
            raise ConfigError(key, f"{name!a} is named like an earlier one", "must have another name")
        found.append(Table(str(path), signature[1]))
    return found


def load(path: str | Path) -> Config:
    """The validated configuration in the file `path`."""
    path = Path(path)
    schema: Schema = {
        "name": (str, REQUIRED), "ring_slots": (int, REQUIRED), "peer_priority": (int, 200), "layout": (str, "module"),
        "console": (int, 0), "pci": (int, None), "on_mismatch": (str, "stop"), "tables": (list, []), "trace": (bool, False),
        "machine": (dict, REQUIRED), "cluster": (list, []), "peer": (list, []), "io_apic": (list, []),
    }  # fmt: skip
    fields = _read(_parse(path), schema)
    if fields["name"] != path.stem:
        raise ConfigError("name", f"is {fields['name']!a}", f"must be the file's name, {path.stem!a}")
    slots = fields["ring_slots"]
    if slots not in (1, 2, 4, 8, 16, 32, 64):
        raise ConfigError("ring_slots", f"is {slots}", "must be a power of two from 1 to 64")
    priority = _in_range(fields["peer_priority"], 0, 255, "peer_priority")
    derived = _one_of(fields["layout"], ("module", "derive"), "layout") == "derive"
    stops = _one_of(fields["on_mismatch"], ("stop", "derive"), "on_mismatch") == "stop"
    tables = _tables(fields["tables"], path.parent)
    machine = _machine(fields["machine"])
    clusters = _clusters(fields["cluster"], machine)
    peers = _peers(fields["peer"], len(clusters), priority)
    console = _existing(fields["console"], len(clusters), "console")
    pci = console if fields["pci"] is None else _existing(fields["pci"], len(clusters), "pci")
    io_apics = _io_apics(fields["io_apic"], len(clusters))
    return Config(
        fields["name"], slots, stops, derived, tables, machine, clusters, peers, console, pci, io_apics, fields["trace"]
    )
