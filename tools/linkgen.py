#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""linkgen.py configs/NAME.toml [-o DIR]: turns a machine into all that is built from it, by default in build/NAME/.

    layout.bin      the layout that the coordinator reads (shared/r4/layout.h)
    layout.json     the same, and the linker constants, to be read by people and tests
    qemu.args       the machine, one argument per line; accelerator, disk and serial line are tools/qemu.py's
    grub.cfg        tools/grub.cfg for this machine: ACPI tables of its own, layout or none
    tables          sources of those tables, one per line
    cluster-N.ld    GNU ld script of the reference link of cluster N's kernel
    cluster-N.sym   its linker constants as `nm` prints them, for the debugger

With --picture FILE.svg also a drawing of it all (picture.py). The same configuration gives the same bytes. A bad one
gives one line on stderr, exit status 2 and no file.

linkgen.py collect|show|check|explain|layout|diff|qemu …: layouts of real machines, see linkgen_commands.py and docs/layouts.md.
"""

import argparse
import dataclasses
import json
import sys
from pathlib import Path
from typing import Any

import accelerator
import config as configuration
import tool
from config_fields import ConfigError
from config_machine import Machine
from config import Config, Layout, Peer
from headers import SHARED, linker_constants
from layout_binary import cluster_record, header_of, layout_bytes
from picture import picture

MIB = 1 << 20
PLAIN_MEMORY_MIB = 512 << 10  # QEMU's processors have 40 address bits, and the holes below 4 GiB and 1 TiB take some
COMMANDS = ("collect", "show", "check", "explain", "layout", "diff", "qemu", "image")
RESERVED_MEMORY_MIB = 16 << 10  # of machines with more QEMU reserves none: this host may have less
GRUB_CONFIG = Path(__file__).resolve().parent / "grub.cfg"

NUMBERS = SHARED.numbers


def make_layout(config: Config) -> Layout:
    """The layout as records: name of the array -> list of dictionaries with the fields of its structure."""
    clusters = [
        cluster_record(number, cluster.group, len(cluster.cores)) for number, cluster in enumerate(config.clusters)
    ]
    cores = [
        {"apic_id": config.machine.apic_ids[core], "cluster": number}
        for number, cluster in enumerate(config.clusters)
        for core in cluster.cores
    ]
    memories = [
        {"offset": part.offset_mib * MIB, "size": part.size_mib * MIB, "domain": part.node, "cluster": number}
        for number, cluster in enumerate(config.clusters)
        for part in cluster.memory
    ]
    peers = [
        {"from": peer.source, "to": peer.target, "priority": peer.priority, "distance": distance(config, peer)}
        for peer in config.peers
    ]
    io_apics = [{"id": io_apic.id, "owner": io_apic.cluster} for io_apic in config.io_apics]
    return {
        "r4_layout_cluster": clusters,
        "r4_layout_core": cores,
        "r4_layout_memory": memories,
        "r4_layout_peer": peers,
        "r4_layout_io_apic": io_apics,
    }


def distance(config: Config, peer: Peer) -> int:
    """Of the clusters' first nodes, where their kernels lie."""
    return config.machine.distances[config.clusters[peer.source].nodes[0]][config.clusters[peer.target].nodes[0]]


def make_header(config: Config, layout: Layout) -> dict[str, int]:
    """The header with a checksum of 0."""
    fields = {
        "ring_slots": config.ring_slots,
        "console_owner": config.console,
        "pci_owner": config.pci,
        "flags": config.stops * NUMBERS["R4_LAYOUT_STOP"] | config.trace * NUMBERS["R4_LAYOUT_TRACE"],
    }
    return header_of(layout, fields)


def qemu_args(config: Config) -> str:
    """The machine for QEMU, one argument per line."""
    machine = config.machine
    low = f",max-ram-below-4g={machine.low_memory_mib}M" if machine.low_memory_mib else ""
    added = f",slots={machine.slots},maxmem={machine.max_memory_mib}M" if machine.slots else ""
    args = ["-machine", f"q35{low}", *core_args(machine), "-m", f"{sum(machine.memory_mib)}M{added}"]
    if max(sum(machine.memory_mib), machine.max_memory_mib) > PLAIN_MEMORY_MIB:
        args += ["-global", f"max-x86_64-cpu.phys-bits={NUMBERS['R4_PHYS_MAX'].bit_length()}"]
    return "\n".join(args + (node_args(machine) if machine.srat else [])) + "\n"


def core_args(machine: Machine) -> list[str]:
    """QEMU begins with its first so many processors; those after a gap are devices, of a type that tools/qemu.py knows."""
    topology = machine.topology
    there = sorted(topology.index(apic_id) for apic_id in machine.apic_ids[: machine.cores])
    first = next((number for number, index in enumerate(there) if index != number), len(there))
    args = [
        "-smp",
        f"{first},maxcpus={topology.processors},sockets={topology.sockets},cores={topology.cores},threads={topology.threads}",
    ]
    for index in there[first:]:
        socket, core, thread = topology.place(topology.apic_id(index))
        args += ["-device", f"{accelerator.CORE_DEVICE},socket-id={socket},core-id={core},thread-id={thread}"]
    return args


def node_args(machine: Machine) -> list[str]:
    """Nodes and distances. Cores that are not there must be of some node: the last."""
    args = []
    node_cores = [[machine.topology.index(machine.apic_ids[core]) for core in cores] for cores in machine.node_cores]
    there = {index for cores in node_cores for index in cores}
    node_cores[-1] += [index for index in range(machine.topology.processors) if index not in there]
    for node, (size, cores) in enumerate(zip(machine.memory_mib, node_cores)):
        if size:
            # Address space alone: it may be more than this machine has, as long as the guest does not touch it.
            reserve = ",reserve=off" if sum(machine.memory_mib) > RESERVED_MEMORY_MIB else ""
            args += ["-object", f"memory-backend-ram,id=m{node},size={size}M{reserve}"]
        cpus = "".join(f",cpus={core}" for core in cores)
        args += ["-numa", f"node,nodeid={node}{cpus}" + (f",memdev=m{node}" if size else "")]
    for source, row in enumerate(machine.distances):
        for target, value in enumerate(row):
            if source != target:
                args += ["-numa", f"dist,src={source},dst={target},val={value}"]
    return args


def grub_config(config: Config) -> str:
    """The boot menu: tools/grub.cfg, with the machine's own tables, without the layout if it is to be derived."""
    lines = GRUB_CONFIG.read_text(encoding="utf-8").splitlines()
    if config.derived:
        lines = [line for line in lines if "/layout.bin" not in line]
    if config.tables:
        signatures = ",".join(sorted({table.signature for table in config.tables}))
        files = " ".join(f"/boot/{Path(table.path).stem}.aml" for table in config.tables)
        lines += ["insmod acpi", f"acpi --exclude={signatures} {files}"]
    return "\n".join(lines) + "\n"


def ld_script(name: str, cluster: dict[str, int], constants: dict[str, int]) -> str:
    """The reference link: what shared/linker.c does, in GNU ld's words."""
    symbols = "\n".join(f"{symbol} = {value:#x};" for symbol, value in constants.items())
    page = NUMBERS["R4_PAGE_SIZE"]
    sections = "\n".join(
        f"    {section} : ALIGN({page}) {{ *({section}) }}" for section in (".text", ".rodata", ".data", ".bss")
    )
    return f"""/* {name}, cluster {cluster['number']}: made by tools/linkgen.py. */
OUTPUT_FORMAT(elf64-x86-64)
ENTRY(r4_linker_virtual_base)
{symbols}
SECTIONS {{
    . = {cluster['virtual_base']:#x};
{sections}
}}
"""


def symbol_list(constants: dict[str, int]) -> str:
    """The linker constants as `nm` prints absolute symbols."""
    return "".join(f"{value:016x} A {symbol}\n" for symbol, value in constants.items())


def describe(config: Config, header: dict[str, int], layout: Layout) -> dict[str, Any]:
    """layout.json: addresses as hexadecimal text, sizes in bytes."""
    clusters = []
    for cluster, source in zip(layout["r4_layout_cluster"], config.clusters):
        number = cluster["number"]
        constants = linker_constants(header, cluster)
        stride = NUMBERS["R4_RING_STRIDE"]
        peers = [peer for peer in range(header["cluster_count"]) if peer != number]
        clusters.append(
            {
                "number": number,
                "group": cluster["group"],
                "nodes": source.nodes,
                "virtual_base": f"{cluster['virtual_base']:#x}",
                "direct_map": f"{cluster['direct_map']:#x}",
                "cores": [
                    {"index": index, "core": core, "apic_id": config.machine.apic_ids[core]}
                    for index, core in enumerate(source.cores)
                ],
                "memory": [
                    {key: part[key] for key in ("domain", "offset", "size")}
                    for part in layout["r4_layout_memory"]
                    if part["cluster"] == number
                ],
                "rings_in": {str(peer): f"{constants['r4_linker_rings_in'] + peer * stride:#x}" for peer in peers},
                "rings_out": {str(peer): f"{constants['r4_linker_rings_out'] + peer * stride:#x}" for peer in peers},
                "linker_constants": {name: f"{value:#x}" for name, value in constants.items()},
            }
        )
    machine = config.machine
    return {
        "name": config.name,
        "ring_slots": config.ring_slots,
        "console": config.console,
        "pci": config.pci,
        "io_apics": layout["r4_layout_io_apic"],
        "derived": config.derived,
        "memory_mib": machine.memory_mib,
        "low_memory_mib": machine.low_memory_mib,
        "x2apic": machine.x2apic,
        "distances": machine.distances,
        "clusters": clusters,
        "peers": layout["r4_layout_peer"],
    }


def make_files(config: Config) -> dict[str, bytes]:
    """All outputs: file name -> bytes."""
    layout = make_layout(config)
    header = make_header(config, layout)
    files = {
        "layout.bin": layout_bytes(header, layout),
        "qemu.args": qemu_args(config).encode(),
        "grub.cfg": grub_config(config).encode(),
        "tables": "".join(f"{table.path}\n" for table in config.tables).encode(),
        "layout.json": (json.dumps(describe(config, header, layout), indent=2) + "\n").encode(),
    }
    for cluster in layout["r4_layout_cluster"]:
        constants = linker_constants(header, cluster)
        stem = f"cluster-{cluster['number']}"
        files[f"{stem}.ld"] = ld_script(config.name, cluster, constants).encode()
        files[f"{stem}.sym"] = symbol_list(constants).encode()
    return files


def main() -> int:
    """Command line."""
    if sys.argv[1:2] and sys.argv[1] in COMMANDS:
        import linkgen_commands  # pylint: disable=import-outside-toplevel # a build of machines does not depend on it

        return linkgen_commands.main(sys.argv[1:])
    parser = argparse.ArgumentParser(description="Turn a configuration into layout, QEMU arguments and linker scripts.")
    parser.epilog = f"Commands for real machines: {', '.join(COMMANDS)}; `linkgen.py COMMAND --help` says more."
    parser.add_argument("config", metavar="CONFIG.toml")
    parser.add_argument("-o", metavar="DIR", dest="folder", help="where to (default: build/NAME)")
    parser.add_argument("--trace", action="store_true", help="as with trace = true in the configuration")
    parser.add_argument("--picture", metavar="FILE.svg", help="also draw sockets, nodes, clusters and rings")
    arguments = parser.parse_args()
    try:
        config = configuration.load(arguments.config)
        config = dataclasses.replace(config, trace=config.trace or arguments.trace)
        files = make_files(config)
    except ConfigError as error:
        print(f"{arguments.config}: {error}", file=sys.stderr)
        return 2
    folder = Path(arguments.folder or Path("build") / Path(arguments.config).stem)
    folder.mkdir(parents=True, exist_ok=True)
    for old in (*folder.glob("cluster-*.ld"), *folder.glob("cluster-*.sym")):  # there may have been more clusters
        old.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    if arguments.picture:
        Path(arguments.picture).write_bytes(picture(config, make_layout(config)))
    return 0


if __name__ == "__main__":
    tool.run(main)
