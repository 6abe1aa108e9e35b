# SPDX-License-Identifier: MIT
"""Boots shared by the tests of this folder: each is made once, when the first test asks for it."""

import pytest

import machine
import qemu

UNTESTED = machine.x2apic_untested()
collect_ignore = ["test_x2apic.py"] if UNTESTED else []


def pytest_terminal_summary(terminalreporter):
    if UNTESTED:
        terminalreporter.write_line(f"untested: x2APIC mode, APIC ids above 254: {UNTESTED}")


@pytest.fixture(scope="session")
def stopped(tmp_path_factory):
    """stopped(name): that machine at the end of the demonstration, alive but with its virtual CPUs stopped."""
    guests = {}

    def boot(name):
        if name not in guests:
            try:
                guests[name] = machine.StoppedMachine(name, tmp_path_factory.mktemp(name))
            except qemu.QemuError as error:  # kept: the other tests must not wait for the same time limit again
                guests[name] = error
        if isinstance(guests[name], qemu.QemuError):
            raise guests[name]
        return guests[name]

    yield boot
    for guest in guests.values():
        if isinstance(guest, machine.StoppedMachine):
            guest.close()
