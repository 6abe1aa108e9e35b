# SPDX-License-Identifier: MIT
"""Locality and isolation, seen from outside: the page tables of each cluster in a stopped machine's memory."""

from collections.abc import Callable

import pytest

import machine
import paging
from headers import SHARED

APIC = 0xFEE00000
IO_APIC = 0xFEC00000  # QEMU's only one
LARGE_PAGE = 2 * machine.MIB
KERNEL_AREA = SHARED.numbers["R4_KERNEL_AREA"]
RING_STRIDE = SHARED.numbers["R4_RING_STRIDE"]
UPPER_HALF = SHARED.numbers["R4_DIRECT_MAP"]


class View:
    """One cluster's address space and what it may hold."""

    def __init__(self, guest: machine.StoppedMachine, cluster: int) -> None:
        self.log = guest.log
        self.own = machine.own_ranges(guest.layout, cluster)
        self.constants = {
            name: int(value, 16) for name, value in guest.layout["clusters"][cluster]["linker_constants"].items()
        }
        self.mappings, self.tables = paging.walk(guest.read, self.log.root_table[cluster])
        self.cluster = cluster
        self.has_io_apic = machine.io_apic_owner(guest.layout) == cluster
        self.peers = [peer for peer in range(len(guest.layout["clusters"])) if peer != cluster]

    def owns(self, base: int, size: int) -> bool:
        return any(first <= base and base + size <= last for first, last in self.own)

    def exceptions(self) -> dict[tuple[int, int], tuple[bool, bool]]:
        """Page mappings outside the cluster's memory that the design allows: {(virtual, physical): (writable, no_cache)}."""
        allowed = {
            (self.constants["r4_linker_apic"], APIC): (True, True),
        }
        if self.has_io_apic:
            allowed[self.constants["r4_linker_io_apics"], IO_APIC] = (True, True)
        for peer in self.peers:
            header = self.constants["r4_linker_headers"] + peer * machine.PAGE
            allowed[header, self.log.header[peer]] = (False, False)
            base, _ = self.log.ring[self.cluster, peer]
            virtual = self.constants["r4_linker_rings_out"] + peer * RING_STRIDE
            for offset in range(0, RING_STRIDE, machine.PAGE):  # the ring's place, whatever its slots
                allowed[virtual + offset, base + offset] = (True, False)
        return allowed


CLUSTERS = [(name, cluster) for name in machine.NAMES for cluster in range(len(machine.layout(name)["clusters"]))]
each_cluster = pytest.mark.parametrize("name, cluster", CLUSTERS)


@pytest.fixture(name="view")
def cluster_view(stopped: Callable[[str], machine.StoppedMachine], name: str, cluster: int) -> View:
    return View(stopped(name), cluster)


@each_cluster
def test_coordinator_reports_the_memory_of_the_layout(
    stopped: Callable[[str], machine.StoppedMachine], name: str, cluster: int
) -> None:
    guest = stopped(name)
    view = View(guest, cluster)
    for kind in (guest.log.memory, guest.log.reserve, guest.log.pool):
        assert kind[cluster]
        for base, end in kind[cluster]:
            assert view.owns(base, end - base), f"{base:#x}-{end:#x}"


@each_cluster
def test_tables_lie_in_the_own_memory(view: View) -> None:
    assert [f"{table:#x}" for table in sorted(view.tables) if not view.owns(table, machine.PAGE)] == []


@each_cluster
def test_frames_are_own_or_excepted(view: View) -> None:
    allowed = view.exceptions()
    foreign = [mapping for mapping in view.mappings if not view.owns(mapping.physical, mapping.size)]
    wrong = [
        str(mapping)
        for mapping in foreign
        if mapping.size != machine.PAGE
        or allowed.get((mapping.virtual, mapping.physical)) != (mapping.writable, mapping.no_cache)
    ]
    assert wrong == []
    seen = {(mapping.virtual, mapping.physical) for mapping in view.mappings}
    assert [place for place in allowed if place not in seen] == []


@each_cluster
def test_kernel_rights(view: View) -> None:
    """Nothing for user mode, nothing both writable and executable; only text is executable."""
    image, _, virtual = view.log.image[view.cluster]
    for mapping in view.mappings:
        assert mapping.virtual >= UPPER_HALF and not mapping.user, mapping
        assert not (mapping.writable and mapping.executable), mapping
        if mapping.executable:
            assert (
                mapping.virtual - virtual == mapping.physical - image and mapping.virtual < virtual + LARGE_PAGE
            ), mapping


@each_cluster
def test_direct_map_holds_the_pool_and_no_more(view: View) -> None:
    base = view.constants["r4_linker_direct_map"]
    area = view.constants["r4_linker_virtual_base"]
    directories = view.constants["r4_linker_directories"]
    elsewhere = [mapping for mapping in view.mappings if not area <= mapping.virtual < area + KERNEL_AREA]
    direct = [mapping for mapping in elsewhere if mapping.virtual < directories]
    for mapping in direct:
        assert (mapping.virtual, mapping.size) == (base + mapping.physical, LARGE_PAGE), mapping
        assert mapping.writable, mapping
    pool = [part for first, last in view.log.pool[view.cluster] for part in range(first, last, LARGE_PAGE)]
    assert sorted(mapping.physical for mapping in direct) == sorted(pool)
    gibs = {page >> 30 for cluster in view.log.pool for page, _ in view.log.pool[cluster]}  # each pool here is in one
    seen = {(mapping.virtual - directories) // machine.PAGE for mapping in elsewhere if mapping.virtual >= directories}
    assert gibs <= seen


@each_cluster
def test_loaded_address_spaces(stopped: Callable[[str], machine.StoppedMachine], name: str, cluster: int) -> None:
    """What the cores have in CR3 at the end, user half included: tables and user frames are in the cluster's memory."""
    guest = stopped(name)
    view = View(guest, cluster)
    own_cores = {core["apic_id"] for core in guest.layout["clusters"][cluster]["cores"]}
    roots = {root for apic_id, root in guest.root_tables() if apic_id in own_cores}
    assert roots
    for root in roots:
        mappings, tables = paging.walk(guest.read, root)
        assert [f"{table:#x}" for table in sorted(tables) if not view.owns(table, machine.PAGE)] == []
        user = [mapping for mapping in mappings if mapping.virtual < UPPER_HALF]
        assert [str(mapping) for mapping in user if not view.owns(mapping.physical, mapping.size)] == []
        assert [str(mapping) for mapping in user if not mapping.user] == []


def test_memory_above_the_hole() -> None:
    """The test's own idea of q35: 2 GiB low, the rest from 4 GiB."""
    gib = 1 << 30
    assert machine.node_ranges([1024, 1024]) == [[(0, gib)], [(gib, 2 * gib)]]
    assert machine.node_ranges([3072, 1024]) == [[(0, 2 * gib), (4 * gib, 5 * gib)], [(5 * gib, 6 * gib)]]
