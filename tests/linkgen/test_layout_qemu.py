# SPDX-License-Identifier: MIT
"""linkgen.py qemu: a valid configuration of the same shape; and each command's help."""

from pathlib import Path

import pytest

import config
from layout_machine import Sources, read_machine
from layout_policy import plan
from layout_world import GIB, NON_VOLATILE, Shape, far, run
from linkgen_commands import EXAMPLES, HELP, RUN

SHAPES = [
    ("pack:2 numa:1 core:96 pu:2", "domain"),  # an EPYC: six clusters, two groups
    ("pack:4 numa:1 core:10 pu:2", "domain"),
    ("pack:8 numa:1 core:8", "domain"),
    ("pack:2 numa:2 core:10 pu:2", "package"),
    ("pack:1 numa:2 l3:2 core:5 pu:2", "cache"),
    ("pack:1 core:8 pu:4", "cores=4"),
    ("numa:34 core:1", "domain"),
    ("pack:64 core:16 pu:2", "package"),  # no APIC ids up to 254 for so many sockets
]


@pytest.mark.parametrize(("text", "policy"), SHAPES)
@pytest.mark.parametrize("cores", [64, 128])
def test_shape_is_kept(tmp_path: Path, text: str, policy: str, cores: int) -> None:
    machine = read_machine(Sources(synthetic=text))
    made = plan(machine, policy, frozenset())
    words = ["--policy", policy, "--memory", "8GiB", "--cores", cores, "-o", tmp_path, "--name", "scaled"]
    result = run("qemu", "--synthetic", text, *words)
    if "pu:2" in text and len(made.clusters) * 2 > cores:
        assert result.status == 2 and "need 128" in result.err
        return
    assert result.status == 0, result.err
    scaled = config.load(tmp_path / "scaled.toml")
    assert [cluster.group for cluster in scaled.clusters] == [cluster.group for cluster in made.clusters]
    assert scaled.machine.cores <= cores
    assert scaled.machine.cores > min(cores, len(machine.cores)) * 0.8 - 8
    threads = len(machine.siblings(min(machine.cores)))
    assert scaled.machine.topology.threads == threads
    for cluster, real in zip(scaled.clusters, made.clusters):
        assert 0 < len(cluster.cores) <= len(real.apic_ids)
        assert len(cluster.nodes) == len({part.domain for part in real.parts})
        assert sum(part.size_mib for part in cluster.memory) >= 64
    assert sum(scaled.machine.memory_mib) <= 8192
    assert scaled.machine.distances == [[machine.distance(a, b) for b in machine.nodes] for a in machine.nodes]


def test_odd_nodes(tmp_path: Path) -> None:
    """Memory without cores, cores without memory, PMEM that nobody has, an unknown distance."""
    ranges = [(0, 2 * GIB, 1), (4 * GIB, 6 * GIB, 3), (8 * GIB, 12 * GIB, 5, NON_VOLATILE)]
    words = Shape({0: 1, 1: 1, 2: 4}, ranges, far(5)).words(tmp_path)
    assert run("qemu", *words, "-o", tmp_path, "--name", "odd").status == 0
    scaled = config.load(tmp_path / "odd.toml")
    assert scaled.machine.node_cores == [[0, 1], [], [], [2]]
    assert [size > 0 for size in scaled.machine.memory_mib] == [True, True, True, False]
    assert len(scaled.clusters) == 2


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["--memory", "100MiB"], "are too little for these clusters"),
        (["--cores", "1"], "clusters of 2 threads need"),
    ],
)
def test_refused(tmp_path: Path, words: list[str], text: str) -> None:
    result = run("qemu", "--synthetic", "pack:2 numa:1 core:4 pu:2", *words, "-o", tmp_path / "out")
    assert (result.status, (tmp_path / "out").exists()) == (2, False)
    assert text in result.err


@pytest.mark.parametrize("command", RUN)
def test_help_has_examples(command: str) -> None:
    result = run(command, "--help")
    assert result.status == 0
    assert EXAMPLES[command] and all(line in result.out for line in EXAMPLES[command])
    assert set(RUN) == set(EXAMPLES) == set(HELP)
