# SPDX-License-Identifier: MIT
"""Policies: who gets which cores and which memory, on the shapes of real machines; every layout passes the coordinator's own
check, since `layout` writes no other."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

import layout_machine
import layout_policy
from layout_world import GIB, MIB, Shape, far, linux_tree, run, socket_shape, srat, write_tree

NOTHING: frozenset[str] = frozenset()


def layout(folder: Path, *words: object) -> dict[str, Any]:
    result = run("layout", *words, "-o", folder / "out", "--name", "it")
    assert result.status == 0, result.err
    return json.loads((folder / "out/it.json").read_text(encoding="utf-8"))


def cores(told: dict[str, Any]) -> list[list[int]]:
    return [cluster["apic_ids"] for cluster in told["clusters"]]


def domains(told: dict[str, Any]) -> list[list[int]]:
    return [[part["domain"] for part in cluster["memory"]] for cluster in told["clusters"]]


def invented(text: str) -> layout_machine.Machine:
    return layout_machine.read_machine(layout_machine.Sources(synthetic=text))


@pytest.mark.parametrize(
    ("text", "policy", "sizes", "groups"),
    [
        ("pack:2 numa:1 core:96 pu:2", "cache", [64] * 6, [0, 0, 0, 3, 3, 3]),  # an EPYC of 2 x 192 threads
        ("pack:2 numa:1 core:96 pu:2", "package", [64] * 6, [0, 0, 0, 3, 3, 3]),
        ("pack:2 numa:2 core:10 pu:2", "domain", [20] * 4, [0, 1, 2, 3]),
        ("pack:2 numa:2 core:10 pu:2", "package", [40] * 2, [0, 1]),
        ("pack:1 numa:2 l3:2 core:5 pu:2", "cache", [10] * 4, [0, 0, 2, 2]),
        ("pack:2 numa:1 core:5 pu:2", "cores=4", [4, 4, 2, 4, 4, 2], [0, 0, 0, 3, 3, 3]),
        ("pack:2 numa:1 core:5 pu:2", "cores=3", [2] * 10, [0] * 5 + [5] * 5),
        ("pack:2 numa:1 core:3 pu:2", "cores=1", [2] * 6, [0] * 3 + [3] * 3),  # siblings stay together
        ("pack:1 core:8 pu:4", "cores=6", [4] * 8, [0] * 8),  # four threads, as a Xeon Phi
        ("pack:1 core:33 pu:2", "package", [34, 32], [0, 0]),
    ],
)
def test_shapes(text: str, policy: str, sizes: list[int], groups: list[int]) -> None:
    machine = invented(text)
    made = layout_policy.plan(machine, policy, NOTHING)
    assert [len(cluster.apic_ids) for cluster in made.clusters] == sizes
    assert [cluster.group for cluster in made.clusters] == groups
    assert not layout_policy.split_siblings(machine, made.clusters)
    assert sorted(id_ for cluster in made.clusters for id_ in cluster.apic_ids) == sorted(machine.cores)


def test_siblings_of_linux_are_far_apart(tmp_path: Path) -> None:
    """CPU n and n + 4 are threads of one core, their APIC ids side by side: by ids they would be cut apart."""
    ids = {cpu: cpu % 4 * 2 + cpu // 4 for cpu in range(8)}
    siblings = {cpu: f"{cpu % 4},{cpu % 4 + 4}" for cpu in range(8)}
    files = linux_tree(ids, {0: list(range(8))}, {0: 3072}, [[10]], siblings=siblings, blocks={0: range(24)})
    words = ["--sysfs", write_tree(files, tmp_path / "root"), "--policy", "cores=3"]
    assert cores(layout(tmp_path, *words)) == [[0, 1], [2, 3], [4, 5], [6, 7]]


def test_nearest_home_and_ties(tmp_path: Path) -> None:
    """Domains 2 and 3 have cores alone: equally near ones share the load, a nearer one wins."""
    rows = [[10, 20, 20, 20], [20, 10, 20, 20], [20, 20, 10, 20], [20, 20, 20, 10]]
    shape = Shape({0: 0, 1: 0, 2: 2, 3: 3}, [(0, 2 * GIB, 0), (4 * GIB, 6 * GIB, 1)], rows)
    words = shape.words(tmp_path)
    # Domain 0 has two cores, domain 1 none: domain 2's core goes to 1, then domain 3's too, since 1 has fewer still.
    assert domains(layout(tmp_path, *words, "--policy", "cores=2")) == [[0], [1], [1]]
    rows[3][0] = 15
    assert domains(layout(tmp_path, *shape.words(tmp_path), "--policy", "cores=2")) == [[0], [1], [0]]


def test_memory_without_cores(tmp_path: Path) -> None:
    """To the nearest cluster, the lowest number on a tie: no node is dropped."""
    rows = [[10, 20, 17, 28], [20, 10, 28, 17], [17, 28, 10, 28], [28, 17, 28, 10]]
    ranges = [(index * 4 * GIB, index * 4 * GIB + 2 * GIB, index) for index in range(4)]
    shape = Shape({0: 0, 1: 1}, ranges, rows)
    for policy in ("domain", "cores=1"):
        assert domains(layout(tmp_path, *shape.words(tmp_path), "--policy", policy)) == [[0, 2], [1, 3]]


def test_34_nodes_with_2_that_have_cores(tmp_path: Path) -> None:
    ranges = [(node * 4 * GIB, node * 4 * GIB + 2 * GIB, node) for node in range(34)]
    shape = Shape({0: 0, 1: 33}, ranges, far(34))
    words = shape.words(tmp_path)
    for policy in ("domain", "cores=1"):
        begin = time.monotonic()
        told = layout(tmp_path, *words, "--policy", policy)
        assert time.monotonic() - begin < 1
        assert sorted(domain for cluster in domains(told) for domain in cluster) == list(range(34))


@pytest.mark.parametrize("text", ["pack:8 numa:1 core:64", "pack:8 numa:2 l3:4 core:4 pu:2"])
def test_eight_sockets_and_512_cores_in_a_second(text: str) -> None:
    begin = time.monotonic()
    machine = invented(text)
    assert len(machine.cores) == 512
    made = layout_policy.plan(machine, "cache", NOTHING)
    assert time.monotonic() - begin < 1
    assert sum(len(cluster.apic_ids) for cluster in made.clusters) == 512


def test_shares_are_in_proportion_and_skip_holes(tmp_path: Path) -> None:
    """Three clusters of one domain whose RAM has a hole: each gets a third, none a byte twice."""
    ranges = [(0, 8 * GIB, 0)]
    shape = Shape({core: 0 for core in range(6)}, ranges, ram=[(0, 1 * GIB), (6 * GIB, 8 * GIB)])
    told = layout(tmp_path, *shape.words(tmp_path), "--policy", "cores=2")
    pools = [[(int(p["base"], 16), int(p["end"], 16)) for p in cluster["pools"]] for cluster in told["clusters"]]
    totals = [sum(end - base for base, end in cluster) for cluster in pools]
    assert all(abs(total - GIB) <= 4 * MIB for total in totals)
    flat = sorted(pool for cluster in pools for pool in cluster)
    assert all(before[1] <= after[0] for before, after in zip(flat, flat[1:]))


def test_an_srat_that_the_coordinator_does_not_use(tmp_path: Path) -> None:
    """The boot processor is in no domain: it boots as one domain, and any module would contradict the tables."""
    words = socket_shape(2, 2, 4 * GIB).words(tmp_path)
    (tmp_path / "tables/SRAT").write_bytes(srat({1: 0, 2: 1, 3: 1}, [(0, 2 * GIB, 0), (4 * GIB, 6 * GIB, 1)]))
    for policy in ("domain", "cores=1"):
        result = run("layout", *words, "--policy", policy, "-o", tmp_path / "out")
        assert result.status == 2 and "takes the machine for one domain" in result.err
    assert "the SRAT is not used: the boot processor (APIC id 0) is in no domain" in run("show", *words).out


# --- by hand ---


def by_hand(folder: Path, text: str, *words: str) -> Any:
    path = folder / "hand.toml"
    path.write_text(text, encoding="utf-8")
    return run("layout", *words, "--by-hand", path, "-o", folder / "out", "--name", "it")


def test_what_layout_writes_can_be_given_back(tmp_path: Path) -> None:
    words = socket_shape(2, 4, 4 * GIB).words(tmp_path)
    layout(tmp_path, *words, "--policy", "cores=2")
    first = (tmp_path / "out/it.bin").read_bytes()
    assert (
        run("layout", *words, "--by-hand", tmp_path / "out/it.toml", "-o", tmp_path / "out", "--name", "again").status
        == 0
    )
    assert (tmp_path / "out/again.bin").read_bytes() == first
    assert run("diff", tmp_path / "out/it.toml", tmp_path / "out/again.json").status == 0


def test_by_hand_wins_with_warnings(tmp_path: Path) -> None:
    words = socket_shape(2, 4, 4 * GIB).words(tmp_path)
    result = by_hand(tmp_path, "[[cluster]]\napic_ids = [0, 2]\n[[cluster]]\napic_ids = [1, 4]\n", *words)
    assert result.status == 0, result.err
    assert "cores with APIC ids 3,5-7 are in no cluster: unused" in result.err
    told = json.loads((tmp_path / "out/it.json").read_text())
    assert domains(told) == [[0], [0, 1]]
    text = "[[cluster]]\napic_ids = [0]\nmemory = [{ domain = 0, size_mib = 512 }]\n"
    result = by_hand(tmp_path, text, *words)
    assert result.status == 0, result.err
    assert "3584 MiB of domain 0 are in no cluster: unused" in result.err


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[cluster]]\napic_ids = [0]\n[[cluster]]\napic_ids = [0]\n", "names core 0, which cluster 0 has"),
        ("[[cluster]]\napic_ids = [77]\n", "the machine has no such core"),
        ("[[cluster]]\ncpus = [0]\n", "the machine has no such core"),
        ("[[cluster]]\napic_ids = [0]\ncpus = [0]\n", "has not one of apic_ids and cpus"),
        ("[[cluster]]\napic_ids = [1]\n", "the layout does not name the boot processor"),
        (
            "[[cluster]]\napic_ids = [0]\nmemory = [{ domain = 1 }]\n",
            "has a core of domain 0 (APIC id 0), but no memory of that",
        ),
        ("[[cluster]]\napic_ids = [0]\nmemory = [{ domain = 9 }]\n", "must be a domain with RAM"),
        (
            "[[cluster]]\napic_ids = [0]\nmemory = [{ domain = 0 }, { domain = 0 }]\n",
            "overlaps memory that is listed before",
        ),
        ("[[cluster]]\napic_ids = [0]\nmemory = [{ domain = 0, size_mib = 3 }]\n", "must be whole 2 MiB"),
        ("[[cluster]]\napic_ids = [0]\nmemory = []\n", "is empty"),
        ("[[cluster]]\napic_ids = []\n", "has 0 cores"),
        ("cluster = []\n", "there are 0"),
        ("[[cluster]]\napic_ids = [0]\ncake = 1\n", "is unknown"),
        ("[[cluster]\n", "hand.toml: "),
    ],
)
def test_by_hand_refused(tmp_path: Path, text: str, why: str) -> None:
    result = by_hand(tmp_path, text, *socket_shape(2, 4, 4 * GIB).words(tmp_path))
    assert (result.status, result.out, (tmp_path / "out").exists()) == (2, "", False)
    assert why in result.err and result.err.count("\n") == 1


def test_siblings_by_hand_only_within_a_group(tmp_path: Path) -> None:
    siblings = {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"}
    ids = {cpu: cpu for cpu in range(4)}
    files = linux_tree(ids, {0: [0, 1, 2, 3]}, {0: 3072}, [[10]], siblings=siblings, blocks={0: range(24)})
    words = ["--sysfs", str(write_tree(files, tmp_path / "root"))]
    result = by_hand(tmp_path, "[[cluster]]\ncpus = [0, 2]\n[[cluster]]\ncpus = [1, 3]\n", *words)
    assert result.status == 0, result.err
    assert "sibling threads 0-1 (APIC ids) are in clusters 0-1" in result.err
    text = "[[cluster]]\ncpus = [0, 2]\ngroup = 0\n[[cluster]]\ncpus = [1, 3]\ngroup = 1\n"
    result = by_hand(tmp_path, text, *words)
    assert result.status == 2 and "sibling threads 0 and 1 are in clusters of two groups" in result.err


# --- the changed machine ---


def test_a_machine_that_has_changed_is_refused(tmp_path: Path) -> None:
    shape = socket_shape(2, 4, 4 * GIB)
    words = shape.words(tmp_path)
    layout(tmp_path, *words)
    assert run("check", *words, "--layout", tmp_path / "out/it.toml").status == 0
    del shape.cores[6]
    result = run("check", *shape.words(tmp_path), "--layout", tmp_path / "out/it.bin")
    assert result.status == 1
    assert "cluster 1 has a core with APIC id 6, which the MADT does not list" in result.out


def test_diff(tmp_path: Path) -> None:
    words = socket_shape(2, 4, 4 * GIB).words(tmp_path)
    layout(tmp_path, *words)
    assert run("layout", *words, "--policy", "cores=2", "-o", tmp_path / "out", "--name", "other").status == 0
    result = run("diff", tmp_path / "out/it.bin", tmp_path / "out/other.bin")
    assert result.status == 1
    assert "cluster 0: APIC ids: 0-3 -> 0-1" in result.out and "cluster 2: only in the second" in result.out


def test_explain_addresses(tmp_path: Path) -> None:
    words = socket_shape(2, 4, 4 * GIB).words(tmp_path)
    assert "RAM of domain 0, node 0; cluster 0: its own domain" in run("explain", "1GiB", *words).out
    assert "RAM of domain 1, node 1; cluster 1: its own domain" in run("explain", "0x180000000", *words).out
    assert "no RAM there" in run("explain", "0xfee00000", *words).out
    assert run("explain", "99", *words).status == 2
    assert len(run("explain", "all", *words).out.splitlines()) == 10


@pytest.mark.parametrize(("size", "owned"), [(2 * MIB, [[0], [0, 1]]), (64 * MIB, [[0], [1]])])
def test_a_domain_too_small_for_a_kernel_gets_more(tmp_path: Path, size: int, owned: list[list[int]]) -> None:
    """The coordinator weighs the sizes of the built kernel and root task."""
    shape = Shape({0: 0, 1: 1}, [(0, GIB, 0), (GIB, GIB + size, 1)], far(2))
    assert [sorted(found) for found in domains(layout(tmp_path, *shape.words(tmp_path)))] == owned


def test_a_cluster_too_small_for_a_kernel_is_refused(tmp_path: Path) -> None:
    words = Shape({0: 0, 1: 1}, [(0, GIB, 0), (GIB, GIB + 2 * MIB, 1)], far(2)).words(tmp_path)
    result = run("layout", *words, "--policy", "cores=1", "-o", tmp_path / "out")
    assert result.status == 2 and "the coordinator refuses this layout: cluster 1 has no " in result.err
