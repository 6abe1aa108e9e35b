# SPDX-License-Identifier: MIT
"""PROGRAM=suite: each cluster plans and runs every case of user/suite that its machine can hold, and all of them pass."""

import re
from collections.abc import Callable, Iterator

import pytest

import machine
import qemu

CASES_MIN = 120  # the bar, on the smallest machine
SECONDS = 300  # cores that race take long where an emulator has fewer processors than they are

THEME = re.compile(r'const struct theme \w+ = \{"([^"]+)", (\w+), R4_COUNT\(\2\), (\d)\};')
TABLE = re.compile(r"static const struct test (\w+)\[\] = \{\n(.*?)\n\};", re.S)
CASE = re.compile(r'\{"([^"]+)",\s+\w+, (\d)\},?')
# Themes of one cluster each.
PEERS = {"lender": 0, "borrower": 1, "triangle-first": 0, "triangle-second": 1, "triangle-third": 2}


def sources() -> Iterator[tuple[str, str, int, int]]:
    """(theme, case, cores that it needs, clusters that it needs) of all cases, from the sources."""
    for path in sorted((machine.ROOT / "user/suite").glob("*.c")):
        text = path.read_text(encoding="utf-8")
        tables = dict(TABLE.findall(text))
        for theme, table, clusters in THEME.findall(text):
            for case, cores in CASE.findall(tables[table]):
                yield theme, case, int(cores), int(clusters)


def planned(number: int, cores: int, clusters: int) -> list[str]:
    """The names of the cases of cluster `number`."""
    return [
        f"{theme}: {case}"
        for theme, case, needs_cores, needs_clusters in sources()
        if needs_cores <= cores and needs_clusters <= clusters and PEERS.get(theme, number) == number
    ]


def troubles(lines: list[str], number: int, names: list[str]) -> Iterator[str]:
    """What is wrong with the TAP stream of cluster `number`, which should have these cases, in any order."""
    own = [line.removeprefix(f"[c{number}] ") for line in lines if line.startswith(f"[c{number}] ")]
    plans = [int(line[3:]) for line in own if re.fullmatch(r"1\.\.\d+", line)]
    if plans != [len(names)]:
        yield f"plans {plans}, not one of {len(names)}"
    results = [match for line in own if (match := re.fullmatch(r"(not )?ok (\d+) - (.*)", line))]
    if [int(result[2]) for result in results] != list(range(1, len(names) + 1)):
        yield f"{len(results)} results, or not in order"
    for name in sorted(set(names) ^ {result[3] for result in results}):
        yield f"{'not run' if name in names else 'not known'}: {name}"
    for index, line in enumerate(own):
        if line.startswith("not ok "):
            yield " ".join(own[index : index + 2])


def test_reader() -> None:
    names = ["a: b", "a: c"]
    good = ["[c1] 1..2", "[c1] ok 1 - a: b", "[c0] ok 1 - other", "[c1] # a remark", "[c1] ok 2 - a: c"]
    assert not list(troubles(good, 1, names))
    assert list(troubles(good[1:], 1, names)) == ["plans [], not one of 2"]
    assert list(troubles(good[:-1], 1, names)) == ["1 results, or not in order", "not run: a: c"]
    assert list(troubles([*good, "[c1] ok 2 - a: c"], 1, names)) == ["3 results, or not in order"]
    bad = ["[c1] 1..2", "[c1] ok 1 - a: b", "[c1] not ok 2 - a: c", "[c1] # why"]
    assert list(troubles(bad, 1, names)) == ["not ok 2 - a: c # why"]


def test_plans() -> None:
    """Enough cases on the smallest machine, more where there is more; every name once."""
    names = planned(0, 1, 1)
    assert len(names) >= CASES_MIN
    assert len(set(names)) == len(names)
    assert set(names) < set(planned(0, 2, 1)) < set(planned(0, 4, 1))
    assert set(names) < set(planned(0, 1, 2)) < set(planned(0, 2, 2))
    assert set(planned(0, 1, 2)) < set(planned(0, 1, 3))
    assert len(list(sources())) == len({case for number in range(3) for case in planned(number, 4, 3)})


@pytest.mark.parametrize(
    "name, firmware",
    [
        ("qemu-1x1", "bios"),
        ("qemu-1x4", "bios"),
        ("qemu-2x1", "bios"),
        ("qemu-2x2", "bios"),
        ("split-socket", "bios"),
        ("cpu-only-node", "bios"),  # three clusters
        ("qemu-2x1", "uefi"),
        ("checks/qemu-1x4", "bios"),  # kernels that check every contract
        ("checks/qemu-2x2", "bios"),
    ],
)
def test_suite(name: str, firmware: str, record_property: Callable[[str, object], None]) -> None:
    boot = machine.Boot(name, program="suite", timeout=SECONDS, firmware=firmware)
    clusters = machine.layout(name)["clusters"]
    found = []
    total = 0
    for cluster in clusters:
        number = cluster["number"]
        names = planned(number, len(cluster["cores"]), len(clusters))
        found += [f"[c{number}] {trouble}" for trouble in troubles(boot.lines, number, names)]
        total += len(names)
        if not boot.matching(rf"\[c{number}\] clean: \d+ bytes free and \d+ slots used, as at the start"):
            found.append(f"[c{number}] does not say that it is clean")
    assert not found, "\n".join(found)
    assert boot.trouble is None, boot.output
    record_property("cases", total)


def spoken(boot: machine.Boot, number: int) -> list[str]:
    """What the root task of cluster `number` prints after its banner, without numbers."""
    own = [line.removeprefix(f"[c{number}] ") for line in boot.lines if line.startswith(f"[c{number}] ")]
    return [re.sub(r"\d+ (bytes|slots)", r"N \1", line) for line in own[1:]]


def test_unknown_names() -> None:
    """Each theme is told, and the run fails; each program, too."""
    boot = machine.Boot("qemu-1x1", program="suite", more="theme=proxys")
    assert boot.trouble is not None
    themes = sorted({theme for theme, *_ in sources()})
    told = "".join(spoken(boot, 0))
    assert told.startswith("no theme is called 'proxys': ")
    assert sorted(told.partition(": ")[2].split(", ")) == themes
    boot = machine.Boot("qemu-1x1", program="nonsense")
    assert boot.trouble is not None
    assert spoken(boot, 0) == ["no program is called 'nonsense': " + ", ".join(qemu.programs())]


def test_one_theme() -> None:
    """The cases of that theme alone."""
    name, theme = "qemu-2x1", "asid"
    boot = machine.Boot(name, program="suite", more=f"theme={theme}")
    clusters = machine.layout(name)["clusters"]
    assert boot.trouble is None, boot.output
    for cluster in clusters:
        number = cluster["number"]
        names = [
            case for case in planned(number, len(cluster["cores"]), len(clusters)) if case.startswith(theme + ": ")
        ]
        assert names and not list(troubles(boot.lines, number, names))


def test_threads_without_xsave() -> None:
    """A processor that has FXSAVE alone. The emulator's loads no x87 pointers, as that of some processors."""
    boot = machine.Boot("qemu-1x1", program="suite", more="theme=thread", extra=["-cpu", "max,-xsave"])
    assert boot.trouble is None, boot.output


def test_jump_to_no_address() -> None:
    """The emulator is a processor that reports where a jump went. The kernel does not return there: some would fault in the kernel."""
    boot = machine.Boot("qemu-1x1", program="suite", more="theme=fault")
    assert boot.trouble is None, boot.output
    faults = boot.matching(r"\[c0\] kernel: thread \w+ on core 0 stopped: exception (\d+), .* ip (\w+), sp \w+")
    places = [match.groups() for match in faults]
    at = places.index(("13", "8000000000000000"))
    assert places[at + 1] == ("14", "7ffffffff000")
    assert "8000000000000000" not in [place for _, place in places[at + 1 :]]


def test_theme_that_does_not_fit() -> None:
    """Nothing passed: a failure, and why."""
    boot = machine.Boot("qemu-1x1", program="suite", more="theme=post")
    assert boot.trouble is not None
    assert spoken(boot, 0)[0] == "1..0"
    assert any(
        line.startswith("no case of theme 'post' fits: it needs more cores or clusters") for line in spoken(boot, 0)
    )
