# SPDX-License-Identifier: MIT
"""linkgen on real machines: each kind of input says what it should, and two that contradict each other are caught."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from layout_world import (
    GIB,
    HOT_PLUG,
    MIB,
    NON_VOLATILE,
    Shape,
    dump,
    far,
    linux_tree,
    madt,
    run,
    slit,
    socket_shape,
    srat,
    write_tar,
    write_tree,
)

Clusters = list[dict[str, Any]]


def layout(folder: Path, *words: object) -> dict[str, Any]:
    """What `layout` writes for these inputs."""
    result = run("layout", *words, "-o", folder / "out", "--name", "it")
    assert (result.status, result.out.count("\n")) == (0, 3), result.err
    return json.loads((folder / "out/it.json").read_text(encoding="utf-8"))


def sizes(told: dict[str, Any]) -> list[tuple[int, int]]:
    """(cores, MiB in pools) of each cluster."""
    pools = [[int(p["end"], 16) - int(p["base"], 16) for p in c["pools"]] for c in told["clusters"]]
    return [(len(cluster["apic_ids"]), sum(pool) // MIB) for cluster, pool in zip(told["clusters"], pools)]


def domains(told: dict[str, Any]) -> list[list[int]]:
    return [[part["domain"] for part in cluster["memory"]] for cluster in told["clusters"]]


TWO = socket_shape(2, 4, 4 * GIB)


# --- ACPI ---


def test_binary_folder(tmp_path: Path) -> None:
    told = layout(tmp_path, *TWO.words(tmp_path))
    assert sizes(told) == [(4, 4094), (4, 4096)]
    assert told["schema_version"] == 1


def test_text_and_binary_say_the_same(tmp_path: Path) -> None:
    """acpidump's text, acpixtract's files, one file of all tables, a tar file: the same bytes come out."""
    words = TWO.words(tmp_path)
    layout(tmp_path, *words)
    first = (tmp_path / "out/it.bin").read_bytes()
    text = tmp_path / "acpidump.txt"
    text.write_text(dump(TWO.tables()), encoding="ascii")
    extracted = tmp_path / "extracted"
    extracted.mkdir()
    subprocess.run(["acpixtract", "-a", text], cwd=extracted, check=True, capture_output=True)
    assert (extracted / "apic.dat").exists()
    joined = tmp_path / "all.bin"
    joined.write_bytes(b"".join(TWO.tables().values()))
    packed = write_tar(
        {f"r4/sys/firmware/acpi/tables/{name}": table for name, table in TWO.tables().items()}, tmp_path / "a.tar.gz"
    )
    for source in (text, extracted, joined, packed):
        layout(tmp_path, "--acpi", source, *words[2:])
        assert (tmp_path / "out/it.bin").read_bytes() == first, source


def test_tables_of_iasl(tmp_path: Path) -> None:
    """Tables that another program made."""
    source = tmp_path / "slit.asl"
    source.write_text(
        '[0004] Signature : "SLIT"\n[0004] Table Length : 00000030\n[0001] Revision : 01\n[0001] Checksum : 00\n'
        '[0006] Oem ID : "T"\n[0008] Oem Table ID : "T"\n[0004] Oem Revision : 00000001\n[0004] Asl Compiler ID : "INTL"\n'
        "[0004] Asl Compiler Revision : 20220331\n[0008] Localities : 0000000000000002\n"
        "[0002] Locality 0 : 0A 1F\n[0002] Locality 1 : 1F 0A\n",
        encoding="ascii",
    )
    words = TWO.words(tmp_path)
    (tmp_path / "tables/SLIT").unlink()
    subprocess.run(["iasl", "-p", tmp_path / "tables/slit", source], check=True, capture_output=True)
    told = layout(tmp_path, *words)
    assert told["distances"] == {"0": {"0": 10, "1": 31}, "1": {"0": 31, "1": 10}}


def test_no_memory_map_is_a_guess(tmp_path: Path) -> None:
    words = TWO.words(tmp_path)[:2]
    told = layout(tmp_path, *words)
    assert sizes(told) == [(4, 4094), (4, 4096)]
    assert any("there is no memory map" in guess for guess in told["guesses"])


def test_log_of_linux_is_a_memory_map(tmp_path: Path) -> None:
    words = TWO.words(tmp_path)
    log = tmp_path / "dmesg.txt"
    log.write_text(
        "[    0.000000] BIOS-e820: [mem 0x0000000000000000-0x000000000009fbff] usable\n"
        "[    0.000000] BIOS-e820: [mem 0x00000000000f0000-0x00000000000fffff] reserved\n"
        "[    0.000000] BIOS-e820: [mem 0x0000000000100000-0x00000000bfffffff] usable\n"
        "[    0.000000] BIOS-e820: [mem 0x0000000100000000-0x000000023fffffff] usable\n",
        encoding="ascii",
    )
    assert sizes(layout(tmp_path, *words[:3], log)) == [(4, 4094), (4, 4096)]


def test_domains_from_one_on(tmp_path: Path) -> None:
    """As a Dell R820: domains 1 to 4, sockets of ten cores of two threads, sixteen places for more cores."""
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
    shape = Shape(cores, ranges, rows, absent=list(range(208, 224)))
    result = run("show", *shape.words(tmp_path))
    assert result.status == 0
    assert "0                  1  RAM   16 GiB" in result.out
    assert "cores with APIC ids 208-223: the MADT does not enable it" in result.out
    assert "0:    10  20  30  20" in result.out
    told = layout(tmp_path, *shape.words(tmp_path))
    assert domains(told) == [[1], [2], [3], [4]]
    assert [size[0] for size in sizes(told)] == [20] * 4


def test_hole_below_one_tib(tmp_path: Path) -> None:
    """As an EPYC of 2 x 768 GiB: the second socket begins after the hole below 1 TiB."""
    ranges = [(0, 2 * GIB, 0), (4 * GIB, 770 * GIB, 0), (770 * GIB, 1009 * GIB, 1), (1024 * GIB, 1553 * GIB, 1)]
    shape = Shape({0: 0, 1: 0, 256: 1, 257: 1}, ranges, far(2, 32))
    told = layout(tmp_path, *shape.words(tmp_path))
    assert domains(told) == [[0], [1]]
    for base, end in ((int(p["base"], 16), int(p["end"], 16)) for c in told["clusters"] for p in c["pools"]):
        assert end <= 1009 * GIB or base >= 1024 * GIB


def test_kinds_of_memory(tmp_path: Path) -> None:
    """PMEM and CXL memory is named, and left out unless asked for."""
    ranges = [
        (0, 2 * GIB, 0),
        (4 * GIB, 6 * GIB, 1),
        (8 * GIB, 12 * GIB, 2, NON_VOLATILE),
        (16 * GIB, 20 * GIB, 3),
        (32 * GIB, 64 * GIB, 0, HOT_PLUG),
    ]
    ram = [(0, 2 * GIB), (4 * GIB, 6 * GIB), (8 * GIB, 12 * GIB), (16 * GIB, 20 * GIB)]
    shape = Shape({0: 0, 1: 1}, ranges, far(4), ram=ram, windows=[(16 * GIB, 32 * GIB)])
    words = shape.words(tmp_path)
    for policy in ("domain", "cores=1"):
        told = layout(tmp_path, *words, "--policy", policy)
        assert domains(told) == [[0], [1]]
        assert [node["kind"] for node in told["nodes"]] == ["RAM", "RAM", "PMEM", "CXL"]
        assert [bool(node["left_out"]) for node in told["nodes"]] == [False, False, True, True]
        told = layout(tmp_path, *words, "--policy", policy, "--use", "pmem", "--use", "cxl")
        assert sorted(domain for cluster in domains(told) for domain in cluster) == [0, 1, 2, 3]
    assert "domain 3 (node 3), CXL: 4096 MiB in no cluster" in run("explain", "all", *words).out


def test_what_the_coordinator_refuses(tmp_path: Path) -> None:
    """The tool stops where the boot does, by its words: it is its code."""
    words = TWO.words(tmp_path)
    (tmp_path / "tables/APIC").write_bytes(madt([]))
    result = run("layout", *words, "-o", tmp_path / "out")
    assert (result.status, result.out) == (2, "")
    assert result.err.startswith("linkgen.py: the coordinator would stop: ACPI table APIC")
    shown = run("show", *words)
    assert shown.status == 0 and "The coordinator would stop: ACPI table APIC" in shown.out
    assert run("check", *words).status == 1


# --- Linux ---

CPUS = {cpu: 16 + cpu for cpu in range(8)}
NODES = {0: [0, 1, 2, 3], 1: [4, 5, 6, 7]}
BLOCKS = {0: [*range(0, 16), *range(32, 40)], 1: range(40, 64)}


def tree(**more: Any) -> dict[str, str]:
    all_words: dict[str, Any] = {"blocks": BLOCKS, **more}
    return linux_tree(CPUS, NODES, {0: 3072, 1: 3072}, far(2), **all_words)


@pytest.mark.parametrize("form", ["folder", "tar"])
def test_linux_alone(tmp_path: Path, form: str) -> None:
    source = write_tree(tree(), tmp_path / "root") if form == "folder" else write_tar(tree(), tmp_path / "root.tar.gz")
    told = layout(tmp_path, "--sysfs", source)
    assert sizes(told) == [(4, 3070), (4, 3072)]
    assert told["clusters"][0]["apic_ids"] == [16, 17, 18, 19]
    assert told["clusters"][0]["cpus"] == [0, 1, 2, 3]
    assert any("domain numbers are taken to be Linux' node numbers" in guess for guess in told["guesses"])


def test_tar_with_one_folder_around(tmp_path: Path) -> None:
    files = {f"machine/{name}": text for name, text in tree().items()}
    assert sizes(layout(tmp_path, "--sysfs", write_tar(files, tmp_path / "m.tar"))) == [(4, 3070), (4, 3072)]


def test_linux_without_block_size(tmp_path: Path) -> None:
    told = layout(tmp_path, "--sysfs", write_tree(tree(block_size=None), tmp_path / "root"))
    assert any(guess.startswith("memory blocks have 128 MiB") for guess in told["guesses"])


def test_linux_without_addresses_shows_and_writes_nothing(tmp_path: Path) -> None:
    files = linux_tree(CPUS, NODES, {0: 8192, 1: 8192}, far(2), block_size=None)
    source = write_tree(files, tmp_path / "root")
    shown = run("show", "--sysfs", source)
    assert shown.status == 0 and "8 GiB" in shown.out
    result = run("layout", "--sysfs", source, "-o", tmp_path / "out")
    assert (result.status, (tmp_path / "out").exists()) == (2, False)
    assert "a layout needs real addresses" in result.err


def test_sparse_nodes(tmp_path: Path) -> None:
    """Columns of a distance row count the nodes that are there."""
    numbers = [0, 2, 33, 73]
    nodes = {node: [2 * index, 2 * index + 1] for index, node in enumerate(numbers)}
    rows = [[10, 16, 22, 16], [16, 10, 16, 22], [22, 16, 10, 16], [16, 22, 16, 10]]
    blocks = {node: [*range(64 * index + 32, 64 * index + 64)] for index, node in enumerate(numbers)}
    blocks[0][0] = 0  # cores start below 1 MiB
    files = linux_tree({cpu: cpu for cpu in range(8)}, nodes, {node: 4096 for node in numbers}, rows, blocks=blocks)
    told = layout(tmp_path, "--sysfs", write_tree(files, tmp_path / "root"))
    assert domains(told) == [[0], [2], [33], [73]]
    assert [node["node"] for node in told["nodes"]] == numbers
    assert told["distances"]["0"] == {"0": 10, "2": 16, "33": 22, "73": 16}


def test_memory_after_boot_and_a_block_of_two_nodes(tmp_path: Path) -> None:
    """Cores in nodes without memory, RAM in others, PMEM that came after the boot, a block that two nodes have."""
    nodes: dict[int, list[int]] = {0: [0, 1], 1: [2, 3], 2: [], 3: [], 4: []}
    rows = [
        [10, 21, 11, 14, 17],
        [21, 10, 21, 11, 28],
        [11, 21, 10, 13, 17],
        [14, 11, 13, 10, 28],
        [17, 28, 17, 28, 10],
    ]
    blocks = {2: [0, *range(33, 49)], 3: range(48, 64), 4: range(64, 96)}
    files = linux_tree({cpu: cpu for cpu in range(4)}, nodes, {2: 2176, 3: 2048, 4: 4096}, rows, blocks=blocks)
    files |= {"sys/devices/system/node/has_memory": "2-4\n", "sys/devices/system/node/has_normal_memory": "2-3\n"}
    told = layout(tmp_path, "--sysfs", write_tree(files, tmp_path / "root"))
    assert domains(told) == [[2], [3]]
    assert any(guess.startswith("nodes 4 are left out") for guess in told["guesses"])
    assert any(guess.startswith("memory blocks 48 are in two nodes") for guess in told["guesses"])


def test_offline_cores_are_not_left_out_silently(tmp_path: Path) -> None:
    files = tree() | {"sys/devices/system/cpu/offline": "2-3,64-95\n"}
    result = run("layout", "--sysfs", write_tree(files, tmp_path / "root"), "-o", tmp_path / "out")
    assert result.status == 2 and "CPUs 2-3 are offline" in result.err


def test_invented_nodes_are_refused(tmp_path: Path) -> None:
    files = linux_tree(
        CPUS, {0: list(CPUS), 1: list(CPUS)}, {0: 2048, 1: 2048}, far(2), blocks={0: range(16), 1: range(32, 48)}
    )
    result = run("show", "--sysfs", write_tree(files, tmp_path / "root"))
    assert result.status == 2 and "CPU 0 is in node 0 and in node 1" in result.err


# --- both ---


def both(tmp_path: Path, **more: Any) -> list[str]:
    ids = {apic_id: cpu // 4 for cpu, apic_id in CPUS.items()}
    shape = Shape(ids, [(0, 2 * GIB, 0), (4 * GIB, 5 * GIB, 0), (5 * GIB, 8 * GIB, 1)], far(2))
    return [*shape.words(tmp_path), "--sysfs", str(write_tree(tree(**more), tmp_path / "root"))]


def test_linux_completes_tables(tmp_path: Path) -> None:
    words = both(tmp_path, siblings={cpu: f"{cpu & ~1}-{cpu | 1}" for cpu in CPUS})
    assert run("check", *words).status == 0
    assert "APIC id 18 (Linux' CPU 2): of domain 0" in run("explain", "cpu:2", *words).out
    assert "its sibling threads are APIC ids 19" in run("explain", "18", *words).out
    told = layout(tmp_path, *words, "--policy", "package")
    assert [len(cluster["apic_ids"]) for cluster in told["clusters"]] == [8]


@pytest.mark.parametrize(
    ("table", "text"),
    [
        (madt([*range(16, 24), 40]), "the MADT enables APIC ids 40, which no CPU of Linux has"),
        (madt(range(16, 23)), "Linux has CPUs with APIC ids 23, which the MADT does not enable"),
        (slit(far(2, 31)), "the distance from node 0 to node 1 is 31 in the SLIT, 20 for Linux"),
        (
            srat(
                {id_: id_ // 20 for id_ in range(16, 24)},
                [(0, 2 * GIB, 0), (4 * GIB, 7 * GIB, 0), (7 * GIB, 8 * GIB, 1)],
            ),
            "memory blocks 40-55 are in node 1 for Linux, in no range of it in the SRAT",
        ),
        (
            srat({16: 1, **{id_: id_ // 20 for id_ in range(17, 24)}}, [(0, 5 * GIB, 0), (5 * GIB, 8 * GIB, 1)]),
            "APIC id 16 is of domain 1 (node 1), for Linux of node 0",
        ),
    ],
    ids=["too many cores", "too few", "distance", "memory", "core"],
)
def test_contradictions(tmp_path: Path, table: bytes, text: str) -> None:
    words = both(tmp_path)
    (tmp_path / "tables" / table[:4].decode()).write_bytes(table)
    result = run("check", *words)
    assert result.status == 1
    assert f"contradiction: {text}" in result.out


def test_tables_in_the_tree(tmp_path: Path) -> None:
    """What `collect` brings as root: tables and memory map beside the rest."""
    words = both(tmp_path)
    files: dict[str, Any] = tree()
    files |= {f"sys/firmware/acpi/tables/{path.name}": path.read_bytes() for path in (tmp_path / "tables").iterdir()}
    for index, (start, end, kind) in enumerate(
        [(0, 0x9FFFF, "System RAM"), (0x100000, 0x7FFFFFFF, "System RAM"), (4 * GIB, 8 * GIB - 1, "System RAM")]
    ):
        entry = f"sys/firmware/memmap/{index}"
        files |= {f"{entry}/start": f"{start:#x}\n", f"{entry}/end": f"{end:#x}\n", f"{entry}/type": f"{kind}\n"}
    told = layout(tmp_path, "--sysfs", write_tar(files, tmp_path / "all.tar.gz"))
    first = (tmp_path / "out/it.bin").read_bytes()
    assert told["guesses"] == []
    layout(tmp_path, *words)
    assert (tmp_path / "out/it.bin").read_bytes() == first


# --- hwloc ---


def hwloc_xml(version: str = "2.0", pus: int = 8) -> str:
    cores = "".join(
        f'<object type="L3Cache"><object type="Core" os_index="{core}">'
        f'<object type="PU" os_index="{2 * core}"/><object type="PU" os_index="{2 * core + 1}"/></object></object>'
        for core in range(pus // 2)
    )
    return (
        f'<?xml version="1.0"?><!DOCTYPE topology SYSTEM "hwloc2.dtd"><topology version="{version}"><object type="Machine">'
        '<object type="Package" os_index="0"><info name="CPUModel" value="Some CPU"/>'
        f'<object type="NUMANode" os_index="0"/><object type="NUMANode" os_index="1"/>{cores}</object></object></topology>'
    )


def test_hwloc_completes_linux(tmp_path: Path) -> None:
    files = {name: text for name, text in tree().items() if "siblings" not in name}
    xml = tmp_path / "m.xml"
    xml.write_text(hwloc_xml(), encoding="utf-8")
    words = ["--sysfs", write_tree(files, tmp_path / "root"), "--hwloc", xml]
    assert "Package 0 (logical): Some CPU" in run("show", *words).out
    assert run("check", *words).status == 0
    assert [len(c["apic_ids"]) for c in layout(tmp_path, *words, "--policy", "cache")["clusters"]] == [2, 2, 2, 2]
    xml.write_text(hwloc_xml(pus=6), encoding="utf-8")
    result = run("check", *words)
    assert result.status == 1 and "Linux has 8 CPUs online" in result.out


@pytest.mark.parametrize(
    ("xml", "text"),
    [
        (hwloc_xml("3.0"), "is of hwloc 3.0; must be version 2"),
        (hwloc_xml().replace(' version="2.0"', ""), "is of hwloc 1.x"),
        (hwloc_xml(), "--hwloc alone is not enough: it has no APIC ids and no addresses"),
    ],
)
def test_hwloc_refused(tmp_path: Path, xml: str, text: str) -> None:
    path = tmp_path / "m.xml"
    path.write_text(xml, encoding="utf-8")
    result = run("show", "--hwloc", path)
    assert result.status == 2 and text in result.err


# --- invented ---


def test_synthetic(tmp_path: Path) -> None:
    result = run("show", "--synthetic", "pack:2 numa:1(8GiB) core:4 pu:2")
    assert result.status == 0
    assert "8 GiB of domain 1" in result.out and "0-7" in result.out
    refused = run("layout", "--synthetic", "pack:2 core:2", "-o", tmp_path / "out")
    assert refused.status == 2 and "real addresses" in refused.err


@pytest.mark.parametrize(
    "text", ["", "pack", "pack:0", "cake:2", "pu:2 core:2", "pack:9999 core:9", "pack:2(4GiB)", "numa:2(3MiB)"]
)
def test_synthetic_refused(text: str) -> None:
    result = run("show", "--synthetic", text)
    assert result.status == 2 and result.err.startswith("linkgen.py: --synthetic: ")


def test_tools_are_there() -> None:
    assert shutil.which("acpixtract") and shutil.which("iasl")


def test_guessed_map_leaves_out_devices(tmp_path: Path) -> None:
    """A range of the SRAT that goes on through the devices below 4 GiB, as firmware often writes it."""
    shape = Shape({0: 0, 1: 1}, [(0, 17 * GIB, 0), (17 * GIB, 33 * GIB, 1)], far(2))
    told = layout(tmp_path, *shape.words(tmp_path)[:2])
    assert sizes(told)[1] == (1, 16384)
    assert told["nodes"][0]["ranges"] == [
        {"base": "0x0", "end": "0xa0000"},
        {"base": "0x100000", "end": "0xc0000000"},
        {"base": "0x100000000", "end": "0x440000000"},
    ]
