# SPDX-License-Identifier: MIT
"""Boots shared by the tests of this folder: each is made once, when the first test asks for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

import machine
import qemu

UNTESTED = machine.x2apic_untested()
collect_ignore = ["test_x2apic.py"] if UNTESTED else []


@pytest.hookimpl(tryfirst=True)  # type: ignore[misc] # of pluggy, which has no types
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cases of one file run in one process, so that each boot that they share is made once."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if UNTESTED:
        terminalreporter.write_line(f"untested: x2APIC mode, APIC ids above 254: {UNTESTED}")


@pytest.fixture(scope="session")
def stopped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], machine.StoppedMachine]]:
    """stopped(name): that machine at the end of the demonstration, alive but with its virtual CPUs stopped."""
    guests: dict[str, machine.StoppedMachine | qemu.QemuError] = {}

    def boot(name: str) -> machine.StoppedMachine:
        if name not in guests:
            try:
                guests[name] = machine.StoppedMachine(name, tmp_path_factory.mktemp(name))
            except qemu.QemuError as error:  # kept: the other tests must not wait for the same time limit again
                guests[name] = error
        guest = guests[name]
        if isinstance(guest, qemu.QemuError):
            raise guest
        return guest

    yield boot
    for guest in guests.values():
        if isinstance(guest, machine.StoppedMachine):
            guest.close()
