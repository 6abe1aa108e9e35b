# SPDX-License-Identifier: MIT
"""linkgen.py collect: the script runs in any POSIX shell, takes what is needed and nothing else."""

import os
import subprocess
import tarfile
from pathlib import Path

import pytest

from layout_world import GIB, acpi, fadt, far, linux_tree, madt, run, slit, srat, write_tree

CPUS = {cpu: cpu * 2 for cpu in range(4)}
SECRET = "SECRET"


def server(folder: Path) -> Path:
    """A Linux-shaped tree, with things in it that are nobody's business."""
    blocks = {0: [*range(16), *range(32, 36)], 1: range(36, 56)}
    caches = {cpu: "0-1" if cpu < 2 else "2-3" for cpu in CPUS}
    files = linux_tree(CPUS, {0: [0, 1], 1: [2, 3]}, {0: 2560, 1: 2560}, far(2), caches=caches, blocks=blocks)
    files["proc/cpuinfo"] = files["proc/cpuinfo"].replace(
        "apicid", f"serial\t: {SECRET}\nmodel name\t: {SECRET}\napicid"
    )
    files["sys/devices/system/node/node0/meminfo"] += f"Node 0 MemFree: {SECRET} kB\n"
    for name in ("etc/hostname", "sys/class/dmi/id/product_serial", "sys/class/net/eth0/address", "proc/version"):
        files[name] = SECRET
    for index, (start, end) in enumerate([(0, 0x9FFFF), (0x100000, 2 * GIB - 1), (4 * GIB, 7 * GIB - 1)]):
        entry = f"sys/firmware/memmap/{index}"
        files |= {f"{entry}/start": f"{start:#x}\n", f"{entry}/end": f"{end:#x}\n", f"{entry}/type": "System RAM\n"}
    write_tree(files, folder)
    tables = folder / "sys/firmware/acpi/tables"
    tables.mkdir(parents=True)
    ranges = [(0, 2 * GIB, 0), (4 * GIB, 4 * GIB + GIB // 2, 0), (4 * GIB + GIB // 2, 7 * GIB, 1)]
    for table in (madt(CPUS.values()), fadt(), srat({id_: id_ // 4 for id_ in CPUS.values()}, ranges), slit(far(2))):
        (tables / table[:4].decode()).write_bytes(table)
    for name in ("MSDM", "SLIC", "DSDT"):
        (tables / name).write_bytes(acpi(name, SECRET.encode()))
    return folder


def collect(root: Path, folder: Path, shell: str = "sh") -> tuple[str, Path]:
    """What the script prints, and what it makes."""
    script = folder / "collect.sh"
    script.write_text(run("collect").out, encoding="utf-8")
    environment = {**os.environ, "R4_ROOT": str(root)}
    done = subprocess.run(
        [shell, script], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout, folder / "r4-machine.tar"


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_takes_what_is_needed_and_nothing_else(tmp_path: Path, shell: str) -> None:
    root = server(tmp_path / "root")
    folder = tmp_path / "there"
    folder.mkdir()
    told, path = collect(root, folder, shell)
    assert sorted(file.name for file in folder.iterdir()) == ["collect.sh", "r4-machine.tar"]
    for line in (
        "/sys/firmware/acpi/tables: APIC FACP SRAT SLIT",
        "/proc/cpuinfo: ",
        "/sys/firmware/memmap: ",
        "/sys/devices/system/node: ",
    ):
        assert line in told
    assert SECRET.encode() not in path.read_bytes()
    with tarfile.open(path) as archive:
        names = archive.getnames()
    assert not any(word in name for name in names for word in ("MSDM", "SLIC", "DSDT", "dmi", "net", "host"))


def test_what_it_makes_is_enough(tmp_path: Path) -> None:
    root = server(tmp_path / "root")
    _, path = collect(root, tmp_path)
    assert run("check", "--sysfs", path).status == 0
    result = run("layout", "--sysfs", path, "--policy", "cache", "-o", tmp_path / "out", "--name", "mine")
    assert result.status == 0 and "guessed" not in result.err
    from_tree = run("layout", "--sysfs", root, "--policy", "cache", "-o", tmp_path / "out", "--name", "tree")
    assert from_tree.status == 0
    assert (tmp_path / "out/mine.bin").read_bytes() == (tmp_path / "out/tree.bin").read_bytes()


def test_without_root_it_says_what_is_missing(tmp_path: Path) -> None:
    root = server(tmp_path / "root")
    for path in (root / "sys/firmware/acpi/tables").iterdir():
        path.unlink()
    told, path = collect(root, tmp_path)
    assert "NOT taken: the ACPI tables" in told
    assert "guessed: domain numbers are taken to be Linux' node numbers" in run("show", "--sysfs", path).out
