# SPDX-License-Identifier: MIT
"""A kernel that goes wild hurts only itself: cluster 1 writes into cluster 0's pool and is down alone."""

import machine
import qemu

VICTIM = 0x2000000  # physical, in cluster 0's pool
PAGE_PRESENT = 1
PAGE_WRITE = 2


def test_wild_write_takes_down_one_cluster():
    boot = machine.Boot("qemu-4x2", hook=f"wild-write:1:{VICTIM:#x}")
    panics = boot.matching(r"\[c(\d+)\] kernel: panic: (.*)")
    assert {match[1] for match in panics} == {"1"}, boot.output
    (fault,) = boot.matching(r"\[c1\] kernel: panic: exception 14 in the kernel, error ([0-9a-f]+), address ([0-9a-f]+)")
    assert int(fault[1], 16) & (PAGE_PRESENT | PAGE_WRITE) == PAGE_WRITE  # a write, and nothing is mapped there
    assert int(fault[2], 16) == int(machine.layout("qemu-4x2")["clusters"][1]["direct_map"], 16) + VICTIM
    assert any(first <= VICTIM < last for first, last in machine.BootLog(boot.lines).pool[0])
    for number in (0, 2, 3):  # the others complete the demonstration among themselves
        assert boot.matching(rf"\[c{number}\] clean: .* as at the start"), boot.output
    for number in (2, 3):
        assert boot.matching(rf"\[c{number}\] after the revoke: +16 of 16 counters stand still"), boot.output
        assert boot.matching(rf"\[c0\] cluster {number}'s 2 MiB are back: own pattern unchanged after 10 ms"), boot.output
    assert "[r4] end: panic (4 clusters, 0 failed, 1 panicked)" in boot.lines, boot.output
    assert boot.status == qemu.EXIT_PANICKED
