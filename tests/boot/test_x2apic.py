# SPDX-License-Identifier: MIT
"""x2APIC mode, and APIC ids that only it can name. Collected where tools/fetch_emulator.sh has an emulator for it (conftest.py)."""

import re
from pathlib import Path

import machine
import qemu
from test_boot import check_demonstration
from test_large import boot_large

EMULATOR = str(machine.X2APIC_EMULATOR)
X2APIC_MODE = r"\[boot\] local APIC: x2APIC mode, the boot processor has id 0"


def test_demonstration() -> None:
    boot = machine.Boot("qemu-2x2", emulator=EMULATOR)
    assert boot.trouble is None, boot.output
    check_demonstration(boot, "qemu-2x2")
    assert boot.matching(X2APIC_MODE)


def test_panic_stops_its_cluster() -> None:
    """By NMIs to the cluster's other cores; the other cluster goes on."""
    boot = machine.Boot("qemu-2x2", emulator=EMULATOR, fault="stack-overflow:1")
    assert boot.matching(X2APIC_MODE)
    assert boot.matching(r"\[c1\] kernel: panic: exception 8 in the kernel, .*")
    assert boot.matching(r"\[c0\] clean: .* as at the start"), boot.output
    assert boot.status == qemu.EXIT_PANICKED


# 129 cores in a socket need eight bits of the APIC id, so the second socket's begin at 256; two cores of each are there.
WIDE_MACHINE = """-machine q35 -m 512M -smp 2,sockets=2,cores=129,maxcpus=258
-object memory-backend-ram,id=m0,size=256M -numa node,nodeid=0,cpus=0-128,memdev=m0
-object memory-backend-ram,id=m1,size=256M -numa node,nodeid=1,cpus=129-257,memdev=m1
"""
WIDE_CORE = "max-x86_64-cpu,socket-id=1,die-id=0,module-id=0,core-id={},thread-id=0"


def test_apic_ids_above_255(tmp_path: Path) -> None:
    """Cores that only x2APIC can name start, are interrupted and interrupt, in a layout derived from the tables."""
    (tmp_path / "qemu.args").write_text(WIDE_MACHINE)
    (tmp_path / "r4.iso").symlink_to(machine.BUILD / "qemu-2x2" / "r4.iso")
    extra = [word for core in (0, 1) for word in ("-device", WIDE_CORE.format(core))]
    command = qemu.guest_command("demo", more=f"layout=derive {machine.VERBOSE}")
    with qemu.Guest(
        qemu.command_line(tmp_path, "tcg", command, extra, emulator=EMULATOR), qemu.TIMEOUTS["tcg"]
    ) as guest:
        assert guest.finish() is None, guest.output
    assert any(re.match(r"\[boot\] cluster 1: domain 1, cores 0 1 \(apic 256 257\)", line) for line in guest.lines)
    assert any(re.match(r"\[c1\] after the revoke: +16 of 16 counters stand still", line) for line in guest.lines)


def test_165_cores_with_ids_up_to_288(tmp_path: Path) -> None:
    """In a layout from a configuration: sockets of 33 cores begin at multiples of 64."""
    boot = boot_large(
        tmp_path, "large-5x33", (5, 33, 64), emulator=EMULATOR, keys="x2apic = true", more=machine.VERBOSE
    )
    assert boot.matching(r"\[boot\] cluster 4: domain 4, cores .* \(apic 256 257 .* 288\), .*")
    assert boot.matching(r"\[boot\] cores: 165 started")
