# SPDX-License-Identifier: MIT
"""The table [machine] of a configuration: sockets, cores, nodes, distances. A core is what has an APIC id: with threads,
each thread of a core is one. Cores count from 0: socket by socket, in the order of their APIC ids."""

from dataclasses import dataclass
from typing import Any

from config_fields import ConfigError, Field, Schema, counted, from_to, in_range, multiple_of, numbers, read, typed
from headers import SHARED

NUMBERS = SHARED.numbers

PART_MIB = NUMBERS["R4_LARGE_SIZE"] >> 20
MACHINE_MAX_MIB = NUMBERS["R4_PHYS_MAX"] >> 20
APIC_ID_MAX = 254  # of the xAPIC; 255 means all
APIC_ID_WIDE_MAX = 0xFFFF  # of the x2APIC; more bits than any machine has sockets, cores and threads
CORES_MAX = NUMBERS["R4_MAX_CLUSTERS"] * NUMBERS["R4_MAX_CORES"]  # and QEMU's
THREADS = (1, 2, 4, 8)
SLOTS_MAX = 256  # QEMU's
DISTANCE_SELF = 10
DISTANCE_MAX = 254  # 255 would mean unreachable
LOW_MIN_MIB, LOW_MAX_MIB = 128, 2048  # of RAM below 4 GiB, if it is to be less than QEMU's own choice


@dataclass(frozen=True)
class Topology:
    """What QEMU numbers its processors by: so many sockets, cores in each, threads in each of these, whether they are
    there or not. An APIC id is these three numbers side by side, each in as many bits as its highest value needs."""

    sockets: int
    cores: int  # in a socket
    threads: int  # of a core

    @property
    def thread_bits(self) -> int:
        return (self.threads - 1).bit_length()

    @property
    def socket_shift(self) -> int:
        return (self.cores - 1).bit_length() + self.thread_bits

    @property
    def processors(self) -> int:
        return self.sockets * self.cores * self.threads

    def apic_id(self, index: int) -> int:
        """Of QEMU's processor of that index."""
        core, thread = divmod(index, self.threads)
        socket, core = divmod(core, self.cores)
        return socket << self.socket_shift | core << self.thread_bits | thread

    def place(self, apic_id: int) -> tuple[int, int, int]:
        """(socket, core, thread) of that id."""
        inner = apic_id & ((1 << self.socket_shift) - 1)
        return apic_id >> self.socket_shift, inner >> self.thread_bits, inner & ((1 << self.thread_bits) - 1)

    def index(self, apic_id: int) -> int:
        socket, core, thread = self.place(apic_id)
        return (socket * self.cores + core) * self.threads + thread


@dataclass(frozen=True)
class Machine:
    topology: Topology  # with what could be added
    apic_ids: list[int]  # of each core that is there, then of those that could be added
    cores: int  # that are there
    node_cores: list[list[int]]  # of each node
    memory_mib: list[int]  # of each node, 0 = none
    slots: int  # for memory that could be added while it runs
    max_memory_mib: int  # with it; 0 without slots
    low_memory_mib: int  # RAM below 4 GiB at most; 0 = as QEMU likes
    distances: list[list[int]]
    srat: bool
    x2apic: bool  # its processors have it, and so APIC ids of more than eight bits

    def socket(self, core: int) -> int:
        return self.topology.place(self.apic_ids[core])[0]

    def siblings(self, core: int) -> int:
        """The same number for the threads of one core, and for no others."""
        return self.apic_ids[core] >> self.topology.thread_bits

    def socket_cores(self) -> list[list[int]]:
        """Cores of each socket, with those that could be added."""
        cores = range(len(self.apic_ids))
        return [[core for core in cores if self.socket(core) == socket] for socket in range(self.topology.sockets)]


SCHEMA: Schema = {
    "sockets": Field(int, right=from_to(1, CORES_MAX)),
    "cores_per_socket": Field((int, list), right=f"{from_to(1, CORES_MAX)}, or an array with one for each socket"),
    "threads_per_core": Field(int, 1),
    "apic_ids": Field(list, None),
    "max_cores": Field(int, None),
    "node_cores": Field(list, None),
    "memory_mib": Field(list, right="an array with the MiB of each node"),
    "slots": Field(int, 0),
    "max_memory_mib": Field(int, None),
    "low_memory_mib": Field(int, None),
    "distances": Field((int, list), right="an array with a row for each node, or one distance between any two"),
    "srat": Field(bool, True),
    "x2apic": Field(bool, False),
}


def read_machine(table: dict[str, Any]) -> Machine:
    fields = read(table, SCHEMA, "machine.")
    sizes = _socket_sizes(fields)
    topology, ids = _processors(fields, sizes)
    there = sum(sizes)
    node_cores = _node_cores(fields["node_cores"], sizes)
    memory = _memory_mib(fields["memory_mib"], node_cores)
    _srat(fields)
    return Machine(
        topology,
        ids,
        there,
        node_cores,
        memory,
        fields["slots"],
        _slots(fields["slots"], fields["max_memory_mib"], sum(memory)),
        _low_memory(fields["low_memory_mib"]),
        _distances(fields["distances"], len(memory)),
        fields["srat"],
        fields["x2apic"],
    )


def _socket_sizes(fields: dict[str, Any]) -> list[int]:
    """Cores, each with its threads, of each socket."""
    sockets = in_range(fields["sockets"], 1, CORES_MAX, "machine.sockets")
    threads = fields["threads_per_core"]
    if threads not in THREADS:
        raise ConfigError("machine.threads_per_core", f"is {threads}", f"must be one of {', '.join(map(str, THREADS))}")
    key, cores = "machine.cores_per_socket", fields["cores_per_socket"]
    if isinstance(cores, list):
        if len(cores) != sockets:
            raise ConfigError(key, f"has {counted(len(cores), 'entry')}", f"must have {sockets}, one for each socket")
        sizes = [in_range(size, 1, CORES_MAX, f"{key}[{socket}]") for socket, size in enumerate(cores)]
    else:
        sizes = [in_range(cores, 1, CORES_MAX, key)] * sockets
    return [size * threads for size in sizes]


def _processors(fields: dict[str, Any], sizes: list[int]) -> tuple[Topology, list[int]]:
    """The topology, and the APIC ids of all cores."""
    threads, wide = fields["threads_per_core"], fields["x2apic"]
    if fields["apic_ids"] is not None or isinstance(fields["cores_per_socket"], list):
        if fields["max_cores"] is not None:
            raise ConfigError(
                "machine.max_cores",
                "is there, with sockets that differ",
                "must be left out where cores_per_socket or apic_ids is an array",
            )
        key = "machine.cores_per_socket" if fields["apic_ids"] is None else "machine.apic_ids"
        if fields["apic_ids"] is None:
            topology = Topology(len(sizes), max(sizes) // threads, threads)
            base = [socket * topology.cores * threads for socket in range(len(sizes))]
            ids = [topology.apic_id(base[socket] + index) for socket, size in enumerate(sizes) for index in range(size)]
        else:
            ids = fields["apic_ids"]
            topology = _topology_of(ids, sizes, threads)
        value = f"is {fields['cores_per_socket']}" if fields["apic_ids"] is None else f"has {max(ids)}"
        _check_most(topology.processors, max(ids), key, value, wide)
        return topology, ids
    there = sum(sizes)
    most = _max_cores(fields["max_cores"], there, sizes[0])
    key, value = ("machine.cores_per_socket", sizes[0] // threads) if most == there else ("machine.max_cores", most)
    topology = Topology(most // sizes[0], sizes[0] // threads, threads)
    _check_most(most, topology.apic_id(most - 1), key, f"is {value}", wide)
    return topology, [topology.apic_id(index) for index in range(most)]


def _max_cores(most: int | None, there: int, socket: int) -> int:
    if most is None:
        return there
    if most < there or most % socket:
        raise ConfigError(
            "machine.max_cores",
            f"is {most}",
            f"must be a multiple of {socket}, whole sockets, and at least the {there} that are there",
        )
    return most


def _check_most(most: int, last: int, key: str, is_value: str, wide: bool) -> None:
    if most > CORES_MAX:
        raise ConfigError(key, f"{is_value}, which makes {most} cores", f"must be at most {CORES_MAX} in all")
    if last > APIC_ID_MAX and not wide:
        raise ConfigError(
            key,
            f"{is_value}, which makes APIC ids up to {last}",
            f"must keep them at or below {APIC_ID_MAX}, or x2apic be true",
        )


def _topology_of(ids: list[Any], sizes: list[int], threads: int) -> Topology:
    """The smallest topology that has these ids: those of socket n begin at n times a power of two."""
    key = "machine.apic_ids"
    if len(ids) != sum(sizes):
        raise ConfigError(key, f"has {counted(len(ids), 'entry')}", f"must have {sum(sizes)}, one for each core")
    numbers(ids, range(APIC_ID_WIDE_MAX + 1), key, "APIC id")
    if 0 not in ids:
        raise ConfigError(key, "has no 0", "must have 0, the id of the core that boots")
    thread_bits = (threads - 1).bit_length()
    socket_of = [socket for socket, size in enumerate(sizes) for _ in range(size)]
    for shift in range(thread_bits, APIC_ID_WIDE_MAX.bit_length() + 1):
        if [id_ >> shift for id_ in ids] == socket_of:
            inner = max(id_ & ((1 << shift) - 1) for id_ in ids) >> thread_bits
            enough = 1 << (shift - thread_bits - 1) if shift > thread_bits else 0  # or the field would have fewer bits
            return Topology(len(sizes), max(inner, enough) + 1, threads)
    raise ConfigError(
        key, f"do not fall into {counted(len(sizes), 'socket')}", "must be from n times a power of two on in socket n"
    )


def _node_cores(lists: list[Any] | None, sizes: list[int]) -> list[list[int]]:
    """Cores of each node; by default each socket is one."""
    total = sum(sizes)
    if lists is None:
        first = [sum(sizes[:socket]) for socket in range(len(sizes))]
        return [list(range(at, at + size)) for at, size in zip(first, sizes)]
    owner: dict[int, int] = {}
    for node, cores in enumerate(lists):
        key = f"machine.node_cores[{node}]"
        for core in numbers(typed(cores, list, key), range(total), key, "core", least=0):
            if core in owner:
                raise ConfigError(key, f"core {core} is in node {owner[core]} already", "must be in one node only")
            owner[core] = node
    for core in range(total):
        if core not in owner:
            raise ConfigError("machine.node_cores", f"core {core} is in no node", "must be in one")
    return lists


def _memory_mib(sizes: list[Any], node_cores: list[list[int]]) -> list[int]:
    key = "machine.memory_mib"
    if len(sizes) != len(node_cores):
        raise ConfigError(key, f"has {counted(len(sizes), 'entry')}", f"must have {len(node_cores)}, one for each node")
    for node, size in enumerate(sizes):
        in_range(size, 0, MACHINE_MAX_MIB, f"{key}[{node}]")
        multiple_of(size, PART_MIB, f"{key}[{node}]")
        if size == 0 and not node_cores[node]:
            raise ConfigError(f"{key}[{node}]", "is 0, and the node has no cores", "must have memory, cores or both")
    if not 0 < sum(sizes) <= MACHINE_MAX_MIB:
        raise ConfigError(key, f"is {sum(sizes)} MiB in all", f"must be from {PART_MIB} to {MACHINE_MAX_MIB}")
    return sizes


def _slots(slots: int, most: int | None, there: int) -> int:
    """The most memory that the machine can get, in MiB."""
    key = "machine.max_memory_mib"
    right = f"a multiple of {PART_MIB} above the {there} that are there, at most {MACHINE_MAX_MIB}"
    in_range(slots, 0, SLOTS_MAX, "machine.slots")
    if slots == 0 and most is not None:
        raise ConfigError(key, f"is {most}, without slots", "must be left out, or slots be given")
    if slots != 0 and most is None:
        raise ConfigError(key, f"is missing, with {counted(slots, 'slot')}", f"must be {right}")
    if most is not None and (most <= there or most > MACHINE_MAX_MIB or most % PART_MIB):
        raise ConfigError(key, f"is {most}", f"must be {right}")
    return most or 0


def _low_memory(size: int | None) -> int:
    if size is None:
        return 0
    key = "machine.low_memory_mib"
    return multiple_of(in_range(size, LOW_MIN_MIB, LOW_MAX_MIB, key), PART_MIB, key)


def _srat(fields: dict[str, Any]) -> None:
    """Without an SRAT there is one domain; QEMU makes an SRAT where memory can be added."""
    nodes = len(fields["memory_mib"])
    if not fields["srat"] and (nodes > 1 or fields["slots"]):
        what = counted(nodes, "node") if nodes > 1 else counted(fields["slots"], "slot")
        raise ConfigError("machine.srat", f"is false on a machine with {what}", "must be true there")


def _distances(rows: list[Any] | int, nodes: int) -> list[list[int]]:
    if isinstance(rows, int):
        in_range(rows, DISTANCE_SELF + 1, DISTANCE_MAX, "machine.distances")
        return [[DISTANCE_SELF if row == column else rows for column in range(nodes)] for row in range(nodes)]
    shape = f"must be {counted(nodes, 'row')} of {counted(nodes, 'number')}"
    if len(rows) != nodes:
        raise ConfigError("machine.distances", f"has {counted(len(rows), 'row')}", shape)
    for source, row in enumerate(rows):
        if len(typed(row, list, f"machine.distances[{source}]")) != nodes:
            raise ConfigError(f"machine.distances[{source}]", f"has {counted(len(row), 'entry')}", shape)
        for target, distance in enumerate(row):
            key = f"machine.distances[{source}][{target}]"
            if source != target:
                in_range(distance, DISTANCE_SELF + 1, DISTANCE_MAX, key)
            elif typed(distance, int, key) != DISTANCE_SELF:
                raise ConfigError(key, f"is {distance}", f"must be {DISTANCE_SELF}, a node's distance to itself")
    return rows
