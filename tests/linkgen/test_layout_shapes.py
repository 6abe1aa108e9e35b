# SPDX-License-Identifier: MIT
"""The shapes of ten real machines, from their numbers: layout, picture, explanation, and a scaled machine for QEMU."""

import json
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

import config
from layout_world import GIB, NON_VOLATILE, Range, Shape, far, linux_tree, run, socket_shape, write_tar, write_tree

Words = list[object]


def acpi(shape: Shape) -> Callable[[Path], Words]:
    return lambda folder: list(shape.words(folder))


def r820() -> Shape:
    """Domains 1 to 4, ten cores of two threads, places for sixteen more."""
    cores = {
        socket << 5 | thread << 4 | core: socket + 1 for socket in range(4) for core in range(10) for thread in range(2)
    }
    ranges = [
        (0, 3 * GIB, 1),
        (4 * GIB, 17 * GIB, 1),
        *((at * GIB, (at + 16) * GIB, at // 16 + 1) for at in (17, 33, 49)),
    ]
    rows = far(5)
    rows[1][3] = rows[3][1] = rows[2][4] = rows[4][2] = 30
    return Shape(cores, ranges, rows, absent=list(range(208, 224)))


def opterons() -> Shape:
    """4 x 6 cores, RAM in two of four domains."""
    cores = {domain * 8 + core: domain for domain in range(4) for core in range(6)}
    return Shape(cores, [(0, 3 * GIB, 0), (4 * GIB, 17 * GIB, 0), (17 * GIB, 33 * GIB, 2)], far(4, 16))


def ice_lake() -> Shape:
    """256 and 240 GiB in six ranges."""
    cores = {socket << 7 | thread: socket for socket in range(2) for thread in range(48)}
    ranges = [(0, 2, 0), (4, 258, 0), (258, 322, 1), (322, 450, 1), (450, 482, 1), (482, 498, 1)]
    return Shape(cores, [(base * GIB, end * GIB, domain) for base, end, domain in ranges], far(2))


def turin() -> Shape:
    """2 x 768 GiB, the hole below 1 TiB in the second domain."""
    ranges = [(0, 2 * GIB, 0), (4 * GIB, 770 * GIB, 0), (770 * GIB, 1009 * GIB, 1), (1024 * GIB, 1553 * GIB, 1)]
    return Shape({socket << 8 | core: socket for socket in range(2) for core in range(8)}, ranges, far(2, 32))


def interleaved(folder: Path) -> Words:
    """4 x 10, CPUs dealt out to the nodes in turn, 512 GiB in blocks of 128 MiB."""
    cpus = {cpu: cpu % 4 << 5 | cpu // 4 for cpu in range(40)}
    nodes = {node: list(range(node, 40, 4)) for node in range(4)}
    blocks: dict[int, Iterable[int]] = {
        0: [*range(16), *range(32, 1040)],
        **{node: range(16 + 1024 * node, 16 + 1024 * (node + 1)) for node in (1, 2, 3)},
    }
    files = linux_tree(cpus, nodes, {node: 128 << 10 for node in range(4)}, far(4), blocks=blocks)
    return ["--sysfs", write_tar(files, folder / "interleaved.tar.gz")]


def sparse(folder: Path) -> Words:
    """Nodes 0, 1, 2, 33, 34, 45, 72, 73 of six cores; APIC ids from 16 on."""
    numbers = [0, 1, 2, 33, 34, 45, 72, 73]
    nodes = {node: list(range(6 * index, 6 * index + 6)) for index, node in enumerate(numbers)}
    blocks = {node: [*range(64 * index + 32, 64 * index + 96)] for index, node in enumerate(numbers)}
    blocks[0][0] = 0  # cores start below 1 MiB
    files = linux_tree(
        {cpu: 16 + cpu for cpu in range(48)}, nodes, {node: 8192 for node in numbers}, far(8, 16), blocks=blocks
    )
    return ["--sysfs", write_tree(files, folder / "sparse")]


def snc_pmem() -> Shape:
    """Two packages of two clusters of twenty threads, and a PMEM domain for each package."""
    cores = {domain << 5 | thread: domain for domain in range(4) for thread in range(20)}
    ranges: list[Range] = [
        (0, 2 * GIB, 0),
        *(((4 + 96 * index) * GIB, (100 + 96 * index) * GIB, index) for index in range(4)),
    ]
    ranges += [((400 + 372 * index) * GIB, (772 + 372 * index) * GIB, 4 + index, NON_VOLATILE) for index in range(2)]
    ram = [(range_[0], range_[1]) for range_ in ranges]
    return Shape(cores, ranges, far(6, 17), ram=ram)


def cxl() -> Shape:
    """Two sockets, two CXL windows without cores."""
    ranges = [
        (0, 2 * GIB, 0),
        (4 * GIB, 18 * GIB, 0),
        (18 * GIB, 34 * GIB, 1),
        (64 * GIB, 128 * GIB, 2),
        (128 * GIB, 192 * GIB, 3),
    ]
    cores = {socket << 4 | core: socket for socket in range(2) for core in range(8)}
    return Shape(cores, ranges, far(4), windows=[(64 * GIB, 192 * GIB)])


def epyc(folder: Path) -> Words:
    """2 x 192 threads: APIC ids above 255."""
    cpus = {cpu: cpu // 192 << 8 | cpu % 192 for cpu in range(384)}
    siblings = {cpu: f"{cpu & ~1}-{cpu | 1}" for cpu in cpus}
    nodes = {0: list(range(192)), 1: list(range(192, 384))}
    caches = {cpu: f"{cpu // 16 * 16}-{cpu // 16 * 16 + 15}" for cpu in cpus}
    blocks: dict[int, Iterable[int]] = {0: [*range(2), *range(4, 34)], 1: range(34, 66)}
    memory = {node: 32 << 10 for node in nodes}
    files = linux_tree(
        cpus, nodes, memory, far(2, 32), siblings=siblings, caches=caches, blocks=blocks, block_size=GIB,
        packages={cpu: cpu // 192 for cpu in cpus},
    )  # fmt: skip
    return ["--sysfs", write_tar(files, folder / "epyc.tar")]


# Machine -> what names it, cores and homes of the clusters, domains that are left out.
TEN: dict[str, tuple[Callable[[Path], Words], list[tuple[int, int]], list[int]]] = {
    "R820": (acpi(r820()), [(20, domain) for domain in (1, 2, 3, 4)], []),
    "8 x 8": (acpi(socket_shape(8, 8, 16 * GIB)), [(8, domain) for domain in range(8)], []),
    "4 x 6, RAM in two": (acpi(opterons()), [(6, 0), (6, 0), (6, 2), (6, 2)], []),
    "Ice Lake": (acpi(ice_lake()), [(48, 0), (48, 1)], []),
    "Turin": (acpi(turin()), [(8, 0), (8, 1)], []),
    "interleaved": (interleaved, [(10, domain) for domain in range(4)], []),
    "sparse": (sparse, [(6, domain) for domain in (0, 1, 2, 33, 34, 45, 72, 73)], []),
    "SNC2 with PMEM": (acpi(snc_pmem()), [(20, domain) for domain in range(4)], [4, 5]),
    "EPYC": (epyc, [(64, 0)] * 3 + [(64, 1)] * 3, []),
    "CXL": (acpi(cxl()), [(8, 0), (8, 1)], [2, 3]),
}


@pytest.mark.parametrize("name", TEN)
def test_shape(tmp_path: Path, name: str) -> None:
    make, clusters, left_out = TEN[name]
    words = make(tmp_path)
    # With RAM in two domains of four equally near ones the homes follow the load, which the tool's rule has.
    policy = ["--policy", "cores=6"] if name == "4 x 6, RAM in two" else []
    result = run("layout", *words, *policy, "-o", tmp_path / "out", "--name", "it")
    assert result.status == 0, result.err
    told = json.loads((tmp_path / "out/it.json").read_text(encoding="utf-8"))
    found = [(len(cluster["apic_ids"]), cluster["memory"][0]["domain"]) for cluster in told["clusters"]]
    assert sorted(found) == sorted(clusters)
    assert [node["domain"] for node in told["nodes"] if node["left_out"]] == left_out
    if name == "EPYC":
        assert [cluster["group"] for cluster in told["clusters"]] == [0, 0, 0, 3, 3, 3]
    assert run("show", *words, *policy, "--picture", tmp_path / "it.svg").status == 0
    classes = [
        rect.get("class") for rect in ElementTree.parse(tmp_path / "it.svg").iter("{http://www.w3.org/2000/svg}rect")
    ]
    assert classes.count("thread") == sum(cores for cores, _ in clusters)
    explained = run("explain", "all", *words, *policy).out.splitlines()
    assert sum(line.startswith("APIC id ") and " of cluster " in line for line in explained) == sum(
        cores for cores, _ in clusters
    )
    scaled = run("qemu", *words, *policy, "--memory", "2GiB", "-o", tmp_path, "--name", "scaled")
    assert scaled.status == 0, scaled.err
    assert len(config.load(tmp_path / "scaled.toml").clusters) == len(clusters)


def test_512_cores_of_linux_in_a_second(tmp_path: Path) -> None:
    """Eight sockets of 32 cores of two threads, all that sysfs says of them."""
    cpus = {cpu: cpu // 64 << 6 | cpu % 64 for cpu in range(512)}
    nodes = {node: list(range(64 * node, 64 * node + 64)) for node in range(8)}
    pairs = {cpu: f"{cpu & ~1}-{cpu | 1}" for cpu in cpus}
    blocks: dict[int, Iterable[int]] = {
        0: [*range(16), *range(32, 144)],
        **{node: range(16 + 128 * node, 144 + 128 * node) for node in range(1, 8)},
    }
    memory = {node: 16 << 10 for node in nodes}
    files = linux_tree(
        cpus,
        nodes,
        memory,
        far(8),
        siblings=pairs,
        caches={c: f"{c // 64 * 64}-{c // 64 * 64 + 63}" for c in cpus},
        blocks=blocks,
    )
    path = write_tar(files, tmp_path / "m.tar", packed=False)
    begin = time.process_time()
    result = run("layout", "--sysfs", path, "--policy", "cache", "-o", tmp_path, "--name", "it")
    assert result.status == 0, result.err
    assert time.process_time() - begin < 1
