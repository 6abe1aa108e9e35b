# SPDX-License-Identifier: MIT
"""What a boot costs, in instructions and in lines: within bars, and the lines do not grow with the square of the clusters."""

from collections.abc import Callable

import pytest

import boot_cost
import machine

# Of commit 4cdc37f, before the boot was looked at; there the call that prints is named debug_write:
#     make CONFIG=large-64x1.toml iso build/large-64x1/reference    (the machine of configs/qemu-64x1.toml)
#     tests/boot/boot_cost.py build/large-64x1 --point debug_write
# coordinator 213,763,236, kernels 29,554,657, programs 1,376,584
BEFORE_64 = 244_694_477
PART_OF_BEFORE = 4
COORDINATOR_1X1 = 3_000_000
LINES_BESIDES = 24  # that the coordinator prints whatever the number of clusters


@pytest.fixture(name="cost", scope="module")
def cost_of() -> Callable[[str], boot_cost.Cost]:
    """cost(name): of that machine's boot; each is made once."""
    costs = {}

    def measured(name: str) -> boot_cost.Cost:
        if name not in costs:
            costs[name] = boot_cost.measure(machine.BUILD / name)
        return costs[name]

    return measured


def coordinator_lines(lines: list[str]) -> int:
    return sum(line.startswith("[boot] ") for line in lines)


def test_64_clusters(cost: Callable[[str], boot_cost.Cost]) -> None:
    many = cost(machine.MANY)
    assert many.all * PART_OF_BEFORE <= BEFORE_64, many


def test_one_cluster(cost: Callable[[str], boot_cost.Cost]) -> None:
    one = cost("qemu-1x1")
    assert one.coordinator <= COORDINATOR_1X1, one


@pytest.mark.parametrize("name, clusters", [("qemu-1x1", 1), (machine.MANY, 64)])
def test_one_line_for_each_cluster(cost: Callable[[str], boot_cost.Cost], name: str, clusters: int) -> None:
    lines = coordinator_lines(cost(name).lines)
    assert clusters < lines <= clusters + LINES_BESIDES


def test_verbose_tells_all() -> None:
    """Each ring, among all else."""
    lines = machine.Boot("qemu-8x1", more=machine.VERBOSE).lines
    rings = [line for line in lines if line.startswith("[boot] cluster ") and ": ring from " in line]
    assert len(rings) == 8 * 7
    assert sorted(machine.BootLog(lines).root_table) == list(range(8))
