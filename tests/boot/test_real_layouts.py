# SPDX-License-Identifier: MIT
"""The way of a real machine's layout: collected in its Linux tree, made, put into an image, booted; and a machine of the same
shape for QEMU."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import layout_world as world
import qemu

MIB = 1 << 20
NAME = "qemu-2x2"  # plays the server: its firmware says what is below
ROOT = qemu.ROOT


def server(folder: Path) -> Path:
    """The tree that Linux would show on that machine, for root."""
    files = world.linux_tree(
        {cpu: cpu for cpu in range(4)},
        {0: [0, 1], 1: [2, 3]},
        {0: 256, 1: 256},
        world.far(2, 21),
        blocks={0: [0, 1], 1: [2, 3]},
    )
    for index, (start, end) in enumerate([(0, 0x9FBFF), (0x100000, 0x1FFDFFFF)]):
        entry = f"sys/firmware/memmap/{index}"
        files |= {f"{entry}/start": f"{start:#x}\n", f"{entry}/end": f"{end:#x}\n", f"{entry}/type": "System RAM\n"}
    world.write_tree(files, folder)
    tables = folder / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    ranges = [(0, 0xA0000, 0), (0x100000, 256 * MIB, 0), (256 * MIB, 512 * MIB, 1)]
    cores = {apic_id: apic_id // 2 for apic_id in range(4)}
    for table in (world.madt(cores), world.fadt(), world.srat(cores, ranges), world.slit(world.far(2, 21))):
        (tables / table[:4].decode()).write_bytes(table)
    return folder


def make(*words: object) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAKE")}
    command = ["make", *map(str, words)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False)


def boot(image: Path, arguments: Path, folder: Path) -> list[str]:
    """Lines of the machine with those arguments, and that image in its drive."""
    folder.mkdir()
    shutil.copy(image, folder / "r4.iso")
    shutil.copy(arguments, folder / "qemu.args")
    command = qemu.command_line(folder, "tcg", qemu.guest_command("demo"))
    with qemu.Guest(command, qemu.TIMEOUTS["tcg"]) as guest:
        guest.finish()
        return guest.lines


def newest(pattern: str) -> Path:
    """What has just been built; a test that was broken off may have left others."""
    return max((ROOT / "build").glob(pattern), key=lambda path: path.stat().st_mtime)


def test_from_the_server_to_the_boot(tmp_path: Path) -> None:
    script = tmp_path / "collect.sh"
    script.write_text(world.run("collect").out, encoding="utf-8")
    environment = {**os.environ, "R4_ROOT": str(server(tmp_path / "root"))}
    subprocess.run(["sh", script], cwd=tmp_path, env=environment, check=True, capture_output=True)
    made = world.run(
        "layout", "--sysfs", tmp_path / "r4-machine.tar", "--policy", "cores=1", "-o", tmp_path, "--name", "server"
    )
    assert made.status == 0, made.err
    built = make("iso", f"LAYOUT={tmp_path}/server.toml")
    assert built.returncode == 0, built.stderr
    image = newest("layout-server-*/r4.iso")
    try:
        lines = boot(image, ROOT / f"build/{NAME}/qemu.args", tmp_path / "same")
        assert any(line.startswith("[boot] layout: the module's, clusters 4, ") for line in lines), lines
        assert any(map(qemu.is_end, lines)), lines
        # A machine that is another one is refused, with the reason.
        lines = boot(image, ROOT / "build/qemu-2x1/qemu.args", tmp_path / "other")
        assert any(line.startswith("[boot] stop: the layout contradicts the ACPI tables: ") for line in lines), lines
    finally:
        shutil.rmtree(image.parent)


@pytest.mark.parametrize(
    ("text", "policy"), [("pack:2 numa:1 core:4 pu:2", "cores=4"), ("pack:2 numa:2 core:2 pu:1", "package")]
)
def test_the_scaled_machine_boots(tmp_path: Path, text: str, policy: str) -> None:
    made = world.run(
        "qemu", "--synthetic", text, "--policy", policy, "--memory", "1GiB", "-o", tmp_path, "--name", "scaled"
    )
    assert made.status == 0, made.err
    built = make("iso", f"CONFIG={tmp_path}/scaled.toml")
    assert built.returncode == 0, built.stderr
    image = newest("scaled-*/r4.iso")
    try:
        lines = boot(image, image.parent / "qemu.args", tmp_path / "scaled")
        assert any(map(qemu.is_end, lines)), lines
    finally:
        shutil.rmtree(image.parent)
