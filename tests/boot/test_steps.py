# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""No step between two preemption points of the kernel is long: counted under icount by a plugin of the emulator (step_counter.c), in the
kernel that everybody runs. Clusters of one core: who waits for another core's lock would count that core's work."""

import collections
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import kernel_code
import machine

STEP_LIMIT = 2000  # instructions, the bar
TOLD_FROM = 1000  # of longer ones than any before it is told where they were spent
OPERATIONS_MIN = 16  # operations under way at the same time
STEPS_MIN = 500  # that a run must have had, or nothing was measured
PLUGIN = machine.BUILD / "host/step_counter.so"
POINT = "machine_event_pending"
EMULATOR = "qemu-system-x86_64"  # the packaged one: the plugin speaks its version


class Steps:
    """One run: how many steps, the longest one, and for the longest ones in which functions."""

    def __init__(self, name: str, program: str, folder: Path, more: str = "") -> None:
        code, out = kernel_code.Code(machine.BUILD / name), folder / f"{name}-{program}"
        words = [f"out={out}", f"limit={TOLD_FROM}"]
        words += [f"point={address:x}" for address in code.addresses(POINT)]
        boot = machine.Boot(
            name, "icount", program, more=more, extra=["-plugin", ",".join([str(PLUGIN), *words])], emulator=EMULATOR
        )
        assert boot.trouble is None, boot.output
        self.output = boot.output
        first, *rest = out.read_text(encoding="utf-8").splitlines()
        _, steps, _, longest = first.split()
        self.count, self.longest = int(steps), int(longest)
        self.told = [describe(code, line.split()) for line in rest]


def describe(code: kernel_code.Code, words: list[str]) -> str:
    shares = collections.Counter(code.name(int(word, 16)) for word in words[1:])
    return f"{words[0]} instructions: " + ", ".join(f"{name} {share}" for name, share in shares.most_common(8))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, str], Steps]:
    """run(name, program): its steps; each run is made once."""
    runs = {}

    def steps_of(name: str, program: str) -> Steps:
        if (name, program) not in runs:
            runs[name, program] = Steps(name, program, tmp_path_factory.mktemp("steps"))
        return runs[name, program]

    return steps_of


@pytest.mark.parametrize(
    "name, program", [("qemu-2x1", "bench"), ("qemu-2x1", "steps"), ("large-memory", "steps"), ("qemu-8x1", "demo")]
)
def test_no_step_is_long(run: Callable[[str, str], Steps], name: str, program: str) -> None:
    steps = run(name, program)
    assert steps.count >= STEPS_MIN
    if steps.longest > STEP_LIMIT:
        pytest.fail("\n".join(steps.told), pytrace=False)


def test_many_operations_at_a_time(tmp_path: Path) -> None:
    """Slices of 3 microseconds: dozens of retypes are under way when slots go."""
    steps = Steps("qemu-1x1", "steps", tmp_path, "slice_us=3")
    under_way = re.search(r"many operations: (\d+) retypes were under way", steps.output)
    assert int(under_way[1]) >= OPERATIONS_MIN, steps.output
    if steps.longest > STEP_LIMIT:
        pytest.fail("\n".join(steps.told), pytrace=False)


def test_the_longest_step_is_named(run: Callable[[str, str], Steps]) -> None:
    """A retype of as many objects as one call can make is among them."""
    steps = run("qemu-2x1", "steps")
    assert steps.longest > TOLD_FROM
    assert steps.told[-1].startswith(f"{steps.longest} instructions: ")
    assert any("derivation_create_more " in line and "untyped_retype " in line for line in steps.told), steps.told
