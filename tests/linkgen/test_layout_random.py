# SPDX-License-Identifier: MIT
"""Random machines through tables, policy and the coordinator's check: no overlap, every core and every page in one place or
named as unused, the same bytes again. R4_MACHINES=500 tries two thousand of them."""

import os
import random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import layout_ascii
import layout_world as world
from layout_error import LayoutError
from layout_examine import examine
from layout_firmware import USABLE, Firmware, Map
from layout_machine import LARGE, Machine, machine_of
from layout_policy import OPTIONAL, Plan, plan, split_siblings
from layout_write import Options, binary, checked

MACHINES = int(os.environ.get("R4_MACHINES", "40"))  # of each of the four tests here
MIB, GIB = world.MIB, world.GIB
NOTHING: frozenset[str] = frozenset()
MANY = settings(
    max_examples=MACHINES,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@st.composite
def machines(draw: st.DrawFn) -> Firmware:
    """Domains with gaps in their numbers, with cores, memory or both; holes, ranges that are no pages, kinds of memory."""
    count = draw(st.integers(1, 12))
    numbers = sorted(draw(st.lists(st.integers(0, 40), min_size=count, max_size=count, unique=True)))
    cores: dict[int, int] = {}
    apic_id = draw(st.integers(0, 8))
    for domain in numbers:
        for _ in range(draw(st.integers(0, 9))):
            cores[apic_id] = domain
            apic_id += draw(st.integers(1, 3))
    if not cores:
        cores[apic_id] = numbers[0]
    ranges: list[world.Range] = []
    at = 0
    for domain in draw(st.lists(st.sampled_from(numbers), min_size=1, max_size=16)):
        size = draw(st.integers(64, 4096)) * MIB + draw(st.sampled_from([0, 0, 4096, 123 * 4096]))
        at += draw(st.sampled_from([0, 0, GIB, 4096]))
        if at < 4 * GIB and at + size > 3 * GIB:
            at = 4 * GIB
        flags = draw(st.sampled_from([0, 0, 0, 0, world.NON_VOLATILE, world.HOT_PLUG]))
        ranges.append((at, at + size, domain, flags))
        at += size
    chance = random.Random(draw(st.integers(0, 1 << 16)))
    rows = (
        [[10 if a == b else chance.randint(10, 40) for b in range(41)] for a in range(41)]
        if draw(st.booleans())
        else []
    )
    shape = world.Shape(cores, ranges, rows, absent=[apic_id + 1] if draw(st.booleans()) else [])
    memory = [Map(base, end, USABLE) for base, end in shape.memory()]
    boot = draw(st.sampled_from(sorted(cores)))
    return Firmware(list(shape.tables().values()), memory, boot)


def judge(machine: Machine, made: Plan) -> None:
    """What must hold of every layout."""
    layout = checked(machine, made, Options("it"))
    assert layout == binary(made, Options("it"))
    owned = [apic_id for cluster in made.clusters for apic_id in cluster.apic_ids]
    assert sorted(owned) == sorted(machine.cores)
    assert not split_siblings(machine, made.clusters)
    pools = sorted(pool for cluster in made.clusters for pool in cluster.pools)
    assert all(before[1] <= after[0] for before, after in zip(pools, pools[1:]))
    for node in machine.nodes.values():
        parts = sorted((p.offset, p.offset + p.size) for c in made.clusters for p in c.parts if p.domain == node.domain)
        if node.domain in made.left_out:
            assert node.kind in OPTIONAL and not parts
        elif node.size:  # all of it, from end to end
            assert parts[0][0] == 0 and parts[-1][1] == node.size
            assert all(before[1] == after[0] for before, after in zip(parts, parts[1:]))
    taken = sum(end - base for base, end in pools)
    whole = sum(max(0, end // LARGE * LARGE - -(-base // LARGE) * LARGE) for base, end in machine.findings.ram)
    left = sum(machine.nodes[domain].total for domain in made.left_out)
    assert taken >= whole - left - 2 * LARGE * (len(pools) + len(machine.findings.ram)) or unmapped(machine, layout)
    for cluster in made.clusters:
        domains = {machine.cores[apic_id].domain for apic_id in cluster.apic_ids}
        sharers = [c.group for c in made.clusters if domains & {machine.cores[id_].domain for id_ in c.apic_ids}]
        assert set(sharers) == {cluster.group}


def unmapped(machine: Machine, layout: bytes) -> bool:
    """The coordinator says of the rest that it is unused."""
    return any(line.startswith("unused: ") for line in examine(machine.firmware, layout).lines)


def planned(firmware: Firmware, policy: str) -> tuple[Machine, Plan] | None:
    """None if there is too little RAM for so many clusters, or are too many of them: refused, in words."""
    machine = machine_of(firmware)
    if machine.findings.stop is not None:
        return None
    try:
        return machine, plan(machine, policy, NOTHING)
    except LayoutError as error:
        assert any(
            words in str(error)
            for words in ("too little RAM", "must be at most 64", "takes the machine for one domain")
        )
        return None


@MANY
@given(firmware=machines())
def test_by_domain(firmware: Firmware) -> None:
    if (found := planned(firmware, "domain")) is not None:
        judge(*found)


@MANY
@given(firmware=machines(), cores=st.integers(1, 9))
def test_by_count(firmware: Firmware, cores: int) -> None:
    if (found := planned(firmware, f"cores={cores}")) is not None:
        judge(*found)
        assert all(len(cluster.apic_ids) <= max(2, cores) for cluster in found[1].clusters)


@MANY
@given(firmware=machines(), data=st.data())
def test_shuffled_tables_give_the_same_bytes(firmware: Firmware, data: Any) -> None:
    """The order of tables and of ranges in the memory map says nothing."""
    found = planned(firmware, "cores=4")
    shuffled = Firmware(
        data.draw(st.permutations(firmware.tables)), data.draw(st.permutations(firmware.map)), firmware.boot_core
    )
    again = planned(shuffled, "cores=4")
    assert (found is None) == (again is None)
    if found is not None and again is not None:
        assert checked(*found, Options("it")) == checked(*again, Options("it"))


@MANY
@given(firmware=machines())
def test_layout_of_the_tool_is_the_boots(firmware: Firmware) -> None:
    """With the default policy the boot finds the same cores and pools with the module as without."""
    if (found := planned(firmware, "domain")) is None or found[1].left_out:
        return
    machine, made = found
    checked(machine, made, Options("it"))
    alone = machine.findings.clusters
    assert [(c.apic_ids, c.pools) for c in made.clusters] == [(c.apic_ids, c.pools) for c in alone]
    assert layout_ascii.draw(machine, made).isascii()
