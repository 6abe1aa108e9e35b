# SPDX-License-Identifier: MIT
"""A kernel that goes wild hurts only itself: cluster 1 writes into cluster 0's pool and is down alone."""

import re

import machine

PAGE_FAULT = 14


def test_wild_write_takes_down_one_cluster():
    boot = machine.Boot("qemu-4x2", hook="wild-write")
    panics = boot.matching(r"\[c(\d+)\] panic: (.*)")
    assert {match[1] for match in panics} == {"1"}, boot.output
    assert re.search(rf"page fault|vector {PAGE_FAULT}\b", boot.output)
    assert boot.trouble is None, boot.output
