# SPDX-License-Identifier: MIT
"""Reads and validates one machine configuration, configs/NAME.toml.

load() returns a Config in which every default is filled in and every rule below holds, or raises ConfigError with the
key, what is wrong and what would be right. Clusters, nodes and cores count from 0; `cluster[1].cores` is the key
`cores` of cluster 1. config_machine.py reads the machine, config_fields.py any table.
"""

import re
import tomllib
from dataclasses import dataclass
from itertools import permutations
from pathlib import Path
from typing import Any

from config_fields import (
    ConfigError,
    Field,
    Schema,
    from_to,
    in_range,
    multiple_of,
    numbers,
    one_of,
    read,
    typed,
)
from config_machine import PART_MIB, Machine, read_machine
from headers import SHARED

NUMBERS = SHARED.numbers
IO_APIC_ID_MAX = 255
CLUSTER_MIN_MIB = 8  # image and tables of its kernel, root task, and something to begin with
SLOTS = tuple(1 << bits for bits in range(7))  # of a ring
SLOTS_RIGHT = f"a power of two from 1 to {SLOTS[-1]}"

ONE_BRACKET = re.compile(r"\s*\[(cluster|peer|io_apic)\]")
# Of a data table's source for iasl, and of one that is written as AML.
SIGNATURE = re.compile(r'^(?:\[[0-9]{4}\] *Signature :|DefinitionBlock \("",) "([A-Z]{4})"', re.MULTILINE)


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


def _part(table: dict[str, Any], nodes: list[int], memory_mib: list[int], key: str) -> Part:
    most = max(memory_mib[node] for node in nodes)
    schema: Schema = {
        "node": Field(int, right="one of " + ", ".join(map(str, nodes))),
        "offset_mib": Field(int, right=from_to(0, most - PART_MIB)),
        "size_mib": Field(int, right=from_to(PART_MIB, most)),
    }
    fields = read(table, schema, key + ".")
    part = Part(**fields)
    if part.node not in nodes:
        raise ConfigError(
            f"{key}.node", f"is {part.node}, not a node of this cluster", "must be one of " + ", ".join(map(str, nodes))
        )
    limit = memory_mib[part.node]
    in_range(part.offset_mib, 0, limit - PART_MIB, f"{key}.offset_mib")
    in_range(part.size_mib, PART_MIB, limit, f"{key}.size_mib")
    for name in ("offset_mib", "size_mib"):
        multiple_of(fields[name], PART_MIB, f"{key}.{name}")
    end = part.offset_mib + part.size_mib
    if end > limit:
        raise ConfigError(
            f"{key}.size_mib", f"reaches to {end} MiB of node {part.node}", f"must end at or below its {limit} MiB"
        )
    return part


def _cores(fields: dict[str, Any], machine: Machine, key: str) -> list[int]:
    """The cluster's cores by the machine's numbers; the file names them so or by their APIC ids."""
    name = "cores" if fields["apic_ids"] is None else "apic_ids"
    if fields["cores"] is None and fields["apic_ids"] is None:
        raise ConfigError(f"{key}.cores", "is missing", "must be an array of core numbers, or apic_ids be given")
    if fields["cores"] is not None and fields["apic_ids"] is not None:
        raise ConfigError(f"{key}.apic_ids", "is there, and cores as well", "must be left out, or cores be")
    ids = machine.apic_ids[: machine.cores]
    named = fields[name]
    if len(named) > NUMBERS["R4_MAX_CORES"]:
        raise ConfigError(f"{key}.{name}", f"has {len(named)} entries", f"must have at most {NUMBERS['R4_MAX_CORES']}")
    if name == "cores":
        return numbers(named, range(machine.cores), f"{key}.cores", "core")
    return [ids.index(apic_id) for apic_id in numbers(named, ids, f"{key}.apic_ids", "APIC id")]


def _cluster(table: dict[str, Any], number: int, machine: Machine) -> Cluster:
    key = f"cluster[{number}]"
    schema: Schema = {
        "nodes": Field(list, right="an array of node numbers"),
        "cores": Field(list, None),
        "apic_ids": Field(list, None),
        "group": Field(int, number),
        "memory": Field(list, None),
    }
    fields = read(typed(table, dict, key), schema, key + ".")
    sizes = machine.memory_mib
    for index, node in enumerate(numbers(fields["nodes"], range(len(sizes)), f"{key}.nodes", "node")):
        if sizes[node] == 0:
            raise ConfigError(f"{key}.nodes[{index}]", f"node {node} has no memory", "must be a node with memory")
    cores = _cores(fields, machine, key)
    in_range(fields["group"], 0, 0xFFFF, f"{key}.group")
    if fields["memory"] is None:
        parts = [Part(node, 0, sizes[node]) for node in fields["nodes"]]
    else:
        parts = [
            _part(typed(part, dict, f"{key}.memory[{index}]"), fields["nodes"], sizes, f"{key}.memory[{index}]")
            for index, part in enumerate(fields["memory"])
        ]
    if not parts:
        raise ConfigError(f"{key}.memory", "is empty", "must name at least one part, or be left out for whole nodes")
    size = sum(part.size_mib for part in parts)
    if size < CLUSTER_MIN_MIB:
        raise ConfigError(f"{key}.memory", f"is {size} MiB in all", f"must be at least {CLUSTER_MIN_MIB}")
    return Cluster(fields["nodes"], cores, fields["group"], parts)


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


def _check_siblings(clusters: list[Cluster], machine: Machine) -> None:
    """Threads of one core share more than other cores do: only clusters of one group may."""
    first: dict[int, int] = {}  # the core's first cluster
    for number, cluster in enumerate(clusters):
        for core in cluster.cores:
            other = first.setdefault(machine.siblings(core), number)
            if clusters[other].group != cluster.group:
                raise ConfigError(
                    f"cluster[{number}].group",
                    f"is {cluster.group}, and core {core} has a sibling thread in cluster {other}",
                    f"must be {clusters[other].group}, that of cluster {other}",
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
    _check_siblings(clusters, machine)
    return clusters


def _peers(tables: list[Any], count: int, default: int) -> list[Peer]:
    priorities = {}
    for index, table in enumerate(tables):
        key = f"peer[{index}]"
        schema: Schema = {
            "from": Field(int, right=from_to(0, count - 1)),
            "to": Field(int, right=from_to(0, count - 1)),
            "priority": Field(int, right=from_to(0, 255)),
        }
        fields = read(typed(table, dict, key), schema, key + ".")
        for end in ("from", "to"):
            _existing(fields[end], count, f"{key}.{end}")
        pair = fields["from"], fields["to"]
        if pair[0] == pair[1]:
            raise ConfigError(f"{key}.to", f"is {pair[1]} like `from`", "must be another cluster")
        if pair in priorities:
            raise ConfigError(key, f"names the pair from {pair[0]} to {pair[1]} again", "must be named once")
        priorities[pair] = in_range(fields["priority"], 0, 255, f"{key}.priority")
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
        schema: Schema = {
            "id": Field(int, right=from_to(0, IO_APIC_ID_MAX)),
            "cluster": Field(int, right=from_to(0, count - 1)),
        }
        fields = read(typed(table, dict, key), schema, key + ".")
        in_range(fields["id"], 0, IO_APIC_ID_MAX, f"{key}.id")
        _existing(fields["cluster"], count, f"{key}.cluster")
        if fields["id"] in (other.id for other in found):
            raise ConfigError(f"{key}.id", f"names the I/O APIC {fields['id']} again", "must be named once")
        found.append(IoApic(**fields))
    return found


def _check_brackets(path: Path) -> None:
    """The file is no TOML, and the parser's words may be no help: a [cluster] before another one is what people write."""
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
        if match := ONE_BRACKET.match(line):
            right = f"must begin with [[{match[1]}]], as each of an array of tables"
            raise ConfigError("syntax", f"line {number} is [{match[1]}]", right)


def _parse(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        raise ConfigError("file", f"cannot be read ({error.strerror})", "must be a readable TOML file") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        _check_brackets(path)
        wrong = str(error)
    except RecursionError:
        wrong = "arrays or tables are nested too deeply"
    except ValueError:
        wrong = "a number has thousands of digits"
    raise ConfigError("syntax", wrong, "must be TOML 1.0 in UTF-8")


def _tables(names: list[Any], folder: Path) -> list[Table]:
    """ACPI tables beside the configuration."""
    found: list[Table] = []
    for index, name in enumerate(names):
        key = f"tables[{index}]"
        path = folder / typed(name, str, key)
        if not path.exists():
            raise ConfigError(key, f"{name!a} is not there", "must be a file beside the configuration")
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
        "name": Field(str, right=f"a string, the file's name, {path.stem!a}"),
        "ring_slots": Field(int, right=SLOTS_RIGHT),
        "peer_priority": Field(int, 200),
        "layout": Field(str, "module"),
        "console": Field(int, 0),
        "pci": Field(int, None),
        "on_mismatch": Field(str, "stop"),
        "tables": Field(list, []),
        "trace": Field(bool, False),
        "machine": Field(dict, right="a table, which begins with [machine]"),
        "cluster": Field(list, [], right="an array of tables, each of which begins with [[cluster]]"),
        "peer": Field(list, [], right="an array of tables, each of which begins with [[peer]]"),
        "io_apic": Field(list, [], right="an array of tables, each of which begins with [[io_apic]]"),
    }
    fields = read(_parse(path), schema)
    if fields["name"] != path.stem:
        raise ConfigError("name", f"is {fields['name']!a}", f"must be the file's name, {path.stem!a}")
    slots = fields["ring_slots"]
    if slots not in SLOTS:
        raise ConfigError("ring_slots", f"is {slots}", f"must be {SLOTS_RIGHT}")
    priority = in_range(fields["peer_priority"], 0, 255, "peer_priority")
    derived = one_of(fields["layout"], ("module", "derive"), "layout") == "derive"
    stops = one_of(fields["on_mismatch"], ("stop", "derive"), "on_mismatch") == "stop"
    tables = _tables(fields["tables"], path.parent)
    machine = read_machine(fields["machine"])
    clusters = _clusters(fields["cluster"], machine)
    peers = _peers(fields["peer"], len(clusters), priority)
    console = _existing(fields["console"], len(clusters), "console")
    pci = console if fields["pci"] is None else _existing(fields["pci"], len(clusters), "pci")
    io_apics = _io_apics(fields["io_apic"], len(clusters))
    return Config(
        fields["name"], slots, stops, derived, tables, machine, clusters, peers, console, pci, io_apics, fields["trace"]
    )
