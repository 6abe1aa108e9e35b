#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""Makes the seeds of the fuzz targets: FOLDER/TARGET/name, whole and good inputs that a fuzzer would not find by itself.

ACPI tables come from tests/host/acpi (iasl) and from QEMU: a NUMA machine whose firmware has put its tables into memory, read from there.
Layouts are linkgen's. ELF files are tests/linkgen/kernel.c, linked as the kernel is, and a program of a few bytes. The rest is made here.
"""

import argparse
import json
import pathlib
import struct
import subprocess
import time
import zlib
from collections.abc import Iterator
from typing import Any

QEMU = (
    "qemu-system-x86_64 -M q35 -accel tcg -cpu max -m 256M -smp 4,sockets=3,cores=2,maxcpus=6 -display none -nodefaults -qmp stdio "
    "-object memory-backend-ram,id=m0,size=128M -object memory-backend-ram,id=m1,size=128M -numa node,nodeid=0,cpus=0-1,memdev=m0 "
    "-numa node,nodeid=1,cpus=2-5,memdev=m1 -numa dist,src=0,dst=1,val=21"
)
FIRMWARE_SECONDS = 60
LOW = 0xE0000  # where the firmware leaves the root pointer: the last 128 KiB below 1 MiB
TABLES = {"APIC": "madt", "SRAT": "srat", "SLIT": "slit", "FACP": "fadt"}


class Machine:
    """A running QEMU and its physical memory."""

    def __init__(self, scratch: pathlib.Path) -> None:
        self.scratch = scratch
        # pylint: disable-next=consider-using-with # end() does
        self.process = subprocess.Popen(QEMU.split(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdout.readline()
        self.command("qmp_capabilities")

    def command(self, name: str, **arguments: Any) -> None:
        self.process.stdin.write(json.dumps({"execute": name, "arguments": arguments}) + "\n")
        self.process.stdin.flush()
        while "return" not in (answer := json.loads(self.process.stdout.readline())):
            if "error" in answer:
                raise RuntimeError(answer["error"]["desc"])

    def read(self, base: int, size: int) -> bytes:
        path = self.scratch / "memory"
        self.command("pmemsave", val=base, size=size, filename=str(path.resolve()))
        data = path.read_bytes()
        path.unlink()
        return data

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def root_pointer(machine: Machine) -> bytes:
    """The root pointer's first 20 bytes, once the firmware has written them."""
    end = time.monotonic() + FIRMWARE_SECONDS
    while time.monotonic() < end:
        low = machine.read(LOW, 0x20000)
        for at in range(0, len(low), 16):
            if low[at : at + 8] == b"RSD PTR " and sum(low[at : at + 20]) % 256 == 0:
                return low[at : at + 20]
        time.sleep(0.2)
    raise RuntimeError("QEMU's firmware left no root pointer")


def table_at(machine: Machine, base: int) -> bytes:
    (size,) = struct.unpack("<I", machine.read(base + 4, 4))
    return machine.read(base, size)


def qemu_tables(scratch: pathlib.Path) -> dict[str, bytes]:
    """Those of QEMU's tables that a target reads, by signature."""
    machine = Machine(scratch)
    try:
        (base,) = struct.unpack_from("<I", root_pointer(machine), 16)
        rsdt = table_at(machine, base)
        tables = [table_at(machine, entry) for (entry,) in struct.iter_unpack("<I", rsdt[36:])]
    finally:
        machine.end()
    return {table[:4].decode(): table for table in tables if table[:4].decode() in TABLES}


def sealed(data: bytes, at: int, size: int | None = None) -> bytes:
    data = bytearray(data)
    data[at] = 0
    data[at] = -sum(data[:size]) % 256
    return bytes(data)


def root_table(signature: bytes, pointers: list[int], width: int) -> bytes:
    size = 36 + width * len(pointers)
    entries = b"".join(pointer.to_bytes(width, "little") for pointer in pointers)
    return sealed(struct.pack("<4sIBB6s8sIII", signature, size, 1, 0, b"R4", b"FUZZ", 1, 0, 0) + entries, 9)


def memory_with(tables: list[bytes], wide: bool) -> bytes:
    """Physical memory from address 0: root pointer, root table, tables."""
    width = 8 if wide else 4
    at = 64 + 36 + width * len(tables)
    pointers = []
    for table in tables:
        pointers.append(at)
        at += len(table)
    root = root_table(b"XSDT" if wide else b"RSDT", pointers, width)
    pointer = struct.pack(
        "<8sB6sBIIQB3x", b"RSD PTR ", 0, b"R4", 2 if wide else 0, 0 if wide else 64, 36, 64 if wide else 0, 0
    )
    pointer = sealed(sealed(pointer, 8, 20), 32)
    return pointer.ljust(64, b"\0") + root + b"".join(tables)


def tag(kind: int, body: bytes) -> bytes:
    return (struct.pack("<II", kind, 8 + len(body)) + body).ljust((8 + len(body) + 7) // 8 * 8, b"\0")


def information(*tags: bytes) -> bytes:
    body = b"".join(tags) + tag(0, b"")
    return struct.pack("<II", 8 + len(body), 0) + body


def information_blocks(pointer: bytes) -> Iterator[tuple[str, bytes]]:
    memory = [
        (0, 0x9FC00, 1),
        (0x9FC00, 0x400, 2),
        (0x100000, 0xFF00000, 1),
        (0xFFE0000, 0x20000, 3),
        (0x100000000, 0x8000000, 1),
    ]
    loader = struct.pack("<II", 24, 0) + b"".join(struct.pack("<QQII", *entry, 0) for entry in memory)
    efi = struct.pack("<II", 48, 1) + b"".join(
        struct.pack("<IIQQQQ8x", kind, 0, base, 0, pages, 0xF)
        for kind, base, pages in [
            (7, 0, 160),
            (4, 0x100000, 0x800),
            (7, 0x900000, 0x7000),
            (9, 0x7900000, 0x20),
            (6, 0x7920000, 0x40),
        ]
    )
    command = tag(1, b"program=demo slice_us=100\0")
    modules = [
        tag(3, struct.pack("<II", 0x200000 + i * 0x10000, 0x208000 + i * 0x10000) + name)
        for i, name in enumerate((b"kernel\0", b"root\0", b"layout\0"))
    ]
    yield "bios", information(command, *modules, tag(6, loader), tag(14, pointer[:20]))
    yield "efi", information(command, *modules, tag(17, efi), tag(14, pointer[:20]), tag(15, pointer[:36]))
    yield "both", information(tag(6, loader), tag(17, efi), tag(15, pointer[:36]), command)


def framed(*sections: bytes) -> bytes:
    return b"".join(struct.pack("<H", len(section)) + section for section in sections)


def with_io_apics(layout: bytes, owners: list[tuple[int, int]]) -> bytes:
    """The layout with owners [(id, cluster), …] of I/O APICs (none there before), of nodes of 128 MiB as QEMU's machine above has them."""
    layout = bytearray(layout) + b"".join(struct.pack("<HHI", *owner, 0) for owner in owners)
    clusters, cores, memories = struct.unpack_from("<3H", layout, 16)
    for index in range(memories):
        struct.pack_into("<Q", layout, 40 + 24 * clusters + 8 * cores + 24 * index + 8, 128 << 20)
    struct.pack_into("<II", layout, 8, len(layout), 0)
    struct.pack_into("<H", layout, 34, len(owners))
    struct.pack_into("<I", layout, 12, zlib.crc32(layout))
    return bytes(layout)


def with_second_io_apic(madt: bytes) -> bytes:
    """One that shares a page with QEMU's."""
    madt = madt + struct.pack("<BBBBII", 1, 12, 5, 0, 0xFEC00400, 24)
    return sealed(madt[:4] + struct.pack("<I", len(madt)) + madt[8:], 9)


def compiled(scratch: pathlib.Path) -> tuple[bytes, bytes]:
    """A relocatable object linked as the kernel is, and an executable."""
    flags = "gcc -std=gnu11 -O2 -ffreestanding -fno-pic -fno-pie -fno-stack-protector -fcf-protection=none -fno-asynchronous-unwind-tables"
    subprocess.run(
        f"{flags} -mcmodel=kernel -mgeneral-regs-only -Ishared -c tests/linkgen/kernel.c -o {scratch}/k.o".split(),
        check=True,
    )
    subprocess.run(f"ld -r -T cluster-kernel/x86/merge.ld -o {scratch}/kernel.o {scratch}/k.o".split(), check=True)
    (scratch / "p.c").write_text(
        "static int count; int table[40] = {1}; void _start(void) { table[count++ & 31]++; for (;;) {} }\n"
    )
    subprocess.run(f"{flags} -c {scratch}/p.c -o {scratch}/p.o".split(), check=True)
    subprocess.run(
        f"ld -static -nostdlib -z max-page-size=4096 -z noseparate-code -Ttext=0x400100 --build-id=none -s "
        f"-o {scratch}/p.elf {scratch}/p.o".split(),
        check=True,
        capture_output=True,
    )
    return (scratch / "kernel.o").read_bytes(), (scratch / "p.elf").read_bytes()


def seeds(arguments: argparse.Namespace, scratch: pathlib.Path) -> Iterator[tuple[str, str, bytes]]:
    """(target, name, bytes) of all seeds."""
    own = {path.stem: path.read_bytes() for path in arguments.tables.glob("*.aml")}
    qemu = qemu_tables(scratch)
    for signature, target in TABLES.items():
        yield target, "iasl", own[target]
        yield target, "qemu", qemu[signature]
    yield "srat", "revision-1", own["srat_revision_1"]
    for name, tables in (("iasl", [own[target] for target in TABLES.values()]), ("qemu", list(qemu.values()))):
        yield "acpi", f"{name}-rsdt", memory_with(tables, wide=False)
        yield "acpi", f"{name}-xsdt", memory_with(tables, wide=True)
    for name, data in information_blocks(memory_with([], wide=True)):
        yield "multiboot", name, data
    ram = struct.pack("<6Q", 0, 0x9FC00, 0x100000, 0x7FDF000, 0x8000000, 0xFFDF000)
    for path in arguments.layouts:
        layout = path.read_bytes()
        yield "layout", path.parent.name, layout
        yield "topology", path.parent.name, framed(qemu["APIC"], qemu["SRAT"], qemu["SLIT"], ram, layout)
        if path.parent.name == "qemu-2x2":
            owned = with_io_apics(layout, [(0, 1), (5, 1)])
            yield "layout", "io-apics", owned
            yield "topology", "io-apics", framed(
                with_second_io_apic(qemu["APIC"]), qemu["SRAT"], qemu["SLIT"], ram, owned
            )
    yield "topology", "iasl", framed(own["madt"], own["srat"], own["slit"], ram, b"")
    yield "topology", "no-srat", framed(qemu["APIC"], b"", b"", ram, b"")
    kernel, program = compiled(scratch)
    yield "object", "kernel", kernel
    yield "root", "small", program
    yield "root", "root-cut", arguments.root.read_bytes()[:2048]
    yield "string", "option", b"\x1flayout\0program=demo layout=derive serial=0x2f8,57600"
    yield "console", "settings", b"program=demo serial=0x2f8,57600"
    yield "console", "none", b"serial=none"
    yield "string", "number", b"\x08x\x000x1f8,9 x=17"
    yield "format", "directives", bytes([100, 4]) + bytes(range(0, 240, 3)) + b"%-8s|%08lx|%c%%%d%5u%q"
    yield "peer", "handoff", bytes([3, 6, 0, 5, 0, 2, 0, 0, 3, 0, 0, 0, 0, 5, 0, 7, 0, 0, 6, 0, 0, 0, 0, 5, 0])
    yield "peer", "receive_slot", bytes(
        [2, 0, 2, 1, 0, 24, 1, 5, 0, 0, 5, 1, 0, 0, 0, 5, 0, 8, 1, 0, 2, 0, 3, 1, 2, 3, 4, 1, 5, 0]
    )
    lent = [3, 6, 16, 5, 0, 2, 0, 0, 3, 0, 0, 0, 0, 5, 0]
    back = [0, 2, 0, 3, 0, 1, 5, 0, 7, 0, 0, 6, 0, 0, 0, 0, 5, 0]  # a part comes back; REVOKE; DONE too early
    yield "peer", "hand_back", bytes([*lent, *back, 0, 5, 0, 0, 0, 0, 5, 0, 8, 0, 0, 0, 6, 0, 0, 0, 0, 5, 0])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--tables", type=pathlib.Path, required=True, help="folder of compiled tables")
    parser.add_argument("--layouts", type=pathlib.Path, nargs="+", required=True)
    parser.add_argument("--root", type=pathlib.Path, required=True, help="the root task's ELF file")
    arguments = parser.parse_args()
    scratch = arguments.folder / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    for target, name, data in seeds(arguments, scratch):
        path = arguments.folder / target / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)


if __name__ == "__main__":
    main()
