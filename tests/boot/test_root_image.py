# SPDX-License-Identifier: MIT
"""Root tasks with large images: whatever fits into the image's addresses is loaded; what does not is refused at boot."""

import shutil
import subprocess
from pathlib import Path

import pytest

import machine
from test_boot import check_demonstration

KIB = 1 << 10
STOPPED = 67  # QEMU's exit status for the coordinator's code
OBJECTS = sorted(
    path for path in (machine.BUILD / "user").rglob("*.o") if machine.BUILD / "user/shared" not in path.parents
)


def boot_with_array(name: str, kib: int, folder: Path) -> machine.Boot:
    """The demonstration of a root task that has a static array of that size as well."""
    source, iso = folder / "array.c", folder / "iso"
    source.write_text(f"char array[{kib * KIB}] __attribute__((used)) = {{1}};\n", encoding="utf-8")
    shutil.copytree(machine.BUILD / name / "iso", iso)
    shutil.copy(machine.BUILD / name / "qemu.args", folder)
    commands: list[list[str | Path]] = [
        ["gcc", "-ffreestanding", "-fno-pic", "-c", source, "-o", folder / "array.o"],
        ["ld", "-static", "-nostdlib", "-z", "max-page-size=4096", "-T", machine.ROOT / "user/lib/user.ld", "-o",
         iso / "boot/root.elf", *OBJECTS, folder / "array.o", machine.BUILD / "user/shared.a"],
        ["grub-mkrescue", "--locales=", "--fonts=", "--themes=", "-o", folder / "r4.iso", iso],
    ]  # fmt: skip
    for command in commands:
        subprocess.run(command, check=True, capture_output=True)
    return machine.Boot(str(folder))


@pytest.mark.parametrize("name, kib", [("qemu-1x1", 256), ("qemu-1x1", 1500), ("qemu-2x2", 256)])
def test_large_array(name: str, kib: int, tmp_path: Path) -> None:
    boot = boot_with_array(name, kib, tmp_path)
    assert boot.trouble is None, boot.output
    check_demonstration(boot, name)


def test_too_large_array(tmp_path: Path) -> None:
    boot = boot_with_array("qemu-1x1", 2000, tmp_path)
    assert boot.status == STOPPED, boot.output
    assert boot.lines[-1] == "[boot] stop: module root: a segment lies outside the root task's image area"
