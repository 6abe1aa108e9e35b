# SPDX-License-Identifier: MIT
"""Machines at R4's limits: four clusters of 60 cores, whose configuration is made here, and 64 clusters."""

import subprocess
from pathlib import Path
from typing import Any

import pytest

import machine
from test_boot import check_demonstration

SECONDS = 300  # about twenty on two idle cores; every core is a thread of QEMU
LENDER_MIB = 256  # of cluster 0, which lends 2 MiB to each other


def configuration(name: str, sockets: int, cores: int, memory_mib: int, keys: str = "") -> str:
    """A configuration file: one cluster for each socket; `keys` are more lines for the machine."""
    numbers = [list(range(cores * socket, cores * (socket + 1))) for socket in range(sockets)]
    clusters = [f"[[cluster]]\nnodes = [{socket}]\ncores = {numbers[socket]}" for socket in range(sockets)]
    return "\n".join(
        [
            f'name = "{name}"\nring_slots = 8\n[machine]\nsockets = {sockets}\ncores_per_socket = {cores}\n{keys}',
            f"memory_mib = {[LENDER_MIB] + [memory_mib] * (sockets - 1)}\ndistances = 21",
            *clusters,
            "",
        ]
    )


def boot_large(folder: Path, name: str, shape: tuple[int, int, int], keys: str = "", **options: Any) -> machine.Boot:
    """The demonstration on a machine of that shape, in build/NAME/; `options` are those of machine.Boot."""
    path = folder / f"{name}.toml"
    path.write_text(configuration(name, *shape, keys=keys), encoding="utf-8")
    subprocess.run(
        ["make", "--no-print-directory", f"CONFIG={path}", f"NAME={name}", "iso"],
        cwd=machine.ROOT,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    boot = machine.Boot(name, timeout=SECONDS, **options)
    assert boot.trouble is None, boot.output[-5000:]
    check_demonstration(boot, name)
    return boot


def test_240_cores(tmp_path: Path) -> None:
    boot = boot_large(tmp_path, "large-4x60", (4, 60, 128))
    assert boot.matching(r"\[boot\] cores: 240 started")


@pytest.mark.parametrize("more", ["", "layout=derive"])
def test_64_clusters(more: str) -> None:
    boot = machine.Boot(machine.MANY, timeout=SECONDS, more=more)
    assert boot.trouble is None, boot.output[-5000:]
    check_demonstration(boot, machine.MANY)
    assert boot.matching(r"\[r4\] end: success \(64 clusters, 0 failed, 0 panicked\)")
