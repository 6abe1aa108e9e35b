# SPDX-License-Identifier: MIT
"""The boot linker compared with GNU ld, byte for byte, for every configuration and cluster; and what it refuses.

Image: from the virtual base to the end of .data, gaps zero, .bss excluded, padded to whole pages.
"""

import json
import struct
import subprocess
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from building import HOST_FLAGS, ROOT, generate_machines, run

HERE = Path(__file__).parent
SANITIZERS = ["-fsanitize=address,undefined", "-fno-sanitize-recover=undefined"]
PAGE = 4096
EACH_UP_TO = 8  # clusters; of more a few stand for all
CONFIGS = sorted(path.stem for path in (ROOT / "configs").glob("*.toml"))
MERGE = ROOT / "cluster-kernel" / "x86" / "merge.ld"
FLAGS = (
    "-std=gnu11 -O2 -g -mcmodel=kernel -fno-pic -ffreestanding -fno-common -mno-red-zone -mgeneral-regs-only "
    "-mno-sse -mno-mmx -fno-asynchronous-unwind-tables -fno-stack-protector -fcf-protection=none"
).split()


@pytest.fixture(scope="session")
def machines(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    return generate_machines(tmp_path_factory.mktemp("machines"))


@pytest.fixture(scope="session")
def linkref(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The boot linker as a host program under sanitizers."""
    path = tmp_path_factory.mktemp("linkref") / "linkref"
    sources = [
        ROOT / "shared" / name for name in ("layout.c", "elf.c", "linker.c", "refusal.c", "format.c", "string.c")
    ]
    memory = [f"-D{name}=string_{name}" for name in ("memcpy", "memmove", "memset", "memcmp")]
    run("gcc", *HOST_FLAGS, *SANITIZERS, *memory, "-o", path, *sources, Path(__file__).parent / "linkref.c")
    return path


def merge(target: Path, *objects: Path) -> Path:
    """What the Makefile does to make kernel.o."""
    run("ld", "-r", "-T", MERGE, "-o", target, *objects)
    run("objcopy", "--set-section-flags", ".rodata=alloc,load,readonly,data,contents", target)
    return target


@pytest.fixture(scope="session", params=["gcc", "clang", "kernel"])
def kernel(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The stand-in by either compiler, and the real kernel object as `make` has built it."""
    if request.param == "kernel":
        path = ROOT / "build" / "kernel.o"
        assert path.exists(), "build/kernel.o is missing: run make first"
        return path
    folder = tmp_path_factory.mktemp(request.param)
    run(request.param, *FLAGS, "-I", ROOT / "shared", "-c", HERE / "kernel.c", "-o", folder / "part.o")
    return merge(folder / "kernel.o", folder / "part.o")


def ld_image(kernel: Path, script: Path, folder: Path) -> bytes:
    """GNU ld's image."""
    run("ld", "-T", script, "-o", folder / "reference.elf", kernel)
    with (folder / "reference.elf").open("rb") as stream:
        elf = ELFFile(stream)
        sections = [elf.get_section_by_name(name) for name in (".text", ".rodata", ".data")]
        parts = [(section["sh_addr"], section.data()) for section in sections if section is not None]
        base = elf.header["e_entry"]  # the scripts say so
    image = bytearray(max(address + len(data) for address, data in parts) - base)
    for address, data in parts:
        image[address - base : address - base + len(data)] = data
    return bytes(image) + bytes(-len(image) % PAGE)


def boot_link(linkref: Path, kernel: Path, folder: Path, cluster: int, out: Path) -> tuple[bytes | None, str]:
    """The boot linker's image, or None and what it said."""
    result = subprocess.run(
        [linkref, kernel, folder / "layout.bin", str(cluster), out / "image"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert result.returncode in (0, 2), result.stderr
    return ((out / "image").read_bytes(), "") if result.returncode == 0 else (None, result.stderr.strip())


def first_difference(left: bytes, right: bytes) -> int | None:
    """Offset of the first byte that differs, None if the images are the same."""
    if left == right:
        return None
    return next((at for at, pair in enumerate(zip(left, right)) if pair[0] != pair[1]), min(len(left), len(right)))


@pytest.mark.parametrize("config", CONFIGS)
def test_same_as_ld(config: str, kernel: Path, linkref: Path, machines: dict[str, Path], tmp_path: Path) -> None:
    folder = machines[config]
    images = set()
    count = len(json.loads((folder / "layout.json").read_text())["clusters"])
    clusters = range(count) if count <= EACH_UP_TO else (0, 1, count // 2, count - 1)
    for cluster in clusters:
        image, fault = boot_link(linkref, kernel, folder, cluster, tmp_path)
        assert image is not None, fault
        assert len(image) >= PAGE
        assert first_difference(image, ld_image(kernel, folder / f"cluster-{cluster}.ld", tmp_path)) is None
        images.add(image)
    assert len(images) == len(clusters)  # the constants are in the images


def relocations(kernel: Path, section: str) -> list[tuple[int, int]]:
    """(file offset, type) of each relocation for `section`."""
    with kernel.open("rb") as stream:
        table = ELFFile(stream).get_section_by_name(f".rela{section}")
        return [
            (table["sh_offset"] + 24 * index, entry["r_info_type"])
            for index, entry in enumerate(table.iter_relocations() if table else [])
        ]


def test_five_types(kernel: Path) -> None:
    found = {kind for section in (".text", ".rodata", ".data") for _, kind in relocations(kernel, section)}
    assert found <= {1, 2, 4, 10, 11}
    assert found >= {1, 10, 11}, "the comparison would prove little"


def test_wrong_addend_is_seen(kernel: Path, linkref: Path, machines: dict[str, Path], tmp_path: Path) -> None:
    """Each addend in turn would be slow: the first of each type."""
    folder = machines["qemu-2x2"]
    reference = ld_image(kernel, folder / "cluster-1.ld", tmp_path)
    first: dict[int, int] = {}
    for at, kind in relocations(kernel, ".text"):
        first.setdefault(kind, at)
    assert len(first) >= 3
    for at in first.values():
        content = bytearray(kernel.read_bytes())
        struct.pack_into("<q", content, at + 16, struct.unpack_from("<q", content, at + 16)[0] + 1)
        (tmp_path / "wrong.o").write_bytes(content)
        image, fault = boot_link(linkref, tmp_path / "wrong.o", folder, 1, tmp_path)
        assert image is not None, fault
        assert first_difference(image, reference) is not None


def test_wrong_section_order_is_seen(kernel: Path, linkref: Path, machines: dict[str, Path], tmp_path: Path) -> None:
    folder = machines["qemu-2x2"]
    script = (folder / "cluster-0.ld").read_text()
    lines = script.splitlines()
    text = next(at for at, line in enumerate(lines) if line.startswith("    .text"))
    lines[text], lines[text + 1] = lines[text + 1], lines[text]
    (tmp_path / "wrong.ld").write_text("\n".join(lines))
    image, fault = boot_link(linkref, kernel, folder, 0, tmp_path)
    assert image is not None, fault
    assert first_difference(image, ld_image(kernel, tmp_path / "wrong.ld", tmp_path)) is not None


FIT = "the value does not fit the relocation"
TYPE = "the relocation has an unknown type"

# Assembly, what the boot linker says of it, and whether GNU ld refuses it as well.
REFUSED = {
    "undefined": ("movl $nowhere, %eax", "nowhere: the symbol is undefined (type 10 at 0x1)", True),
    "weak": (".weak maybe; movl $maybe, %eax", "maybe: the symbol is weak and undefined (type 10 at 0x1)", False),
    "common": (
        ".comm shared, 8; movq $shared, %rax",
        "shared: the symbol is common: compile with -fno-common (type 11 at 0x3)",
        False,
    ),
    "fit-32": ("movl $r4_linker_header, %eax", f"r4_linker_header: {FIT} (type 10 at 0x1)", True),
    "fit-32S": ("movq $r4_linker_direct_map, %rax", f"r4_linker_direct_map: {FIT} (type 11 at 0x3)", True),
    "fit-PC32": ("leaq r4_linker_direct_map(%rip), %rax", f"r4_linker_direct_map: {FIT} (type 2 at 0x3)", True),
    "fit-PLT32": ("call r4_linker_direct_map", f"r4_linker_direct_map: {FIT} (type 4 at 0x1)", True),
    "type-8": (".byte r4_linker_cluster", f"r4_linker_cluster: {TYPE} (type 14 at 0x0)", False),
    "type-16": (".word r4_linker_cluster", f"r4_linker_cluster: {TYPE} (type 12 at 0x0)", False),
    "type-PC64": (".quad r4_linker_header - .", f"r4_linker_header: {TYPE} (type 24 at 0x0)", False),
    "type-GOTPCREL": (
        "movq r4_linker_header@GOTPCREL(%rip), %rax",
        f"r4_linker_header: {TYPE} (type 42 at 0x3)",
        False,
    ),
    "type-TPOFF32": ("movq $r4_linker_header@TPOFF, %rax", f"r4_linker_header: {TYPE} (type 23 at 0x3)", False),
    "section": (
        '.section .extra, "a"; .byte 1',
        ".extra: the section is to be loaded and has no place in the image",
        False,
    ),
    "alignment": (
        ".balign 8192; nop",
        ".text: the section is to be aligned to more than a page",
        False,
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str, linkref: Path, machines: dict[str, Path], tmp_path: Path) -> None:
    assembly, expected, by_ld = REFUSED[name]
    (tmp_path / "part.s").write_text(f".text\n{assembly}\n")
    run("as", "-o", tmp_path / "part.o", tmp_path / "part.s")
    merge(tmp_path / "kernel.o", tmp_path / "part.o")
    image, fault = boot_link(linkref, tmp_path / "kernel.o", machines["qemu-2x2"], 1, tmp_path)
    assert image is None
    assert fault == expected
    script = machines["qemu-2x2"] / "cluster-1.ld"
    result = subprocess.run(
        ["ld", "-T", script, "-o", tmp_path / "reference.elf", tmp_path / "kernel.o"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode != 0) == by_ld
