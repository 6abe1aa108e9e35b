# SPDX-License-Identifier: MIT
"""Layouts that the coordinator makes itself, and what it says of a machine that has more than its layout names."""

import re
from typing import Any

import pytest

import machine
from test_boot import check_demonstration

# By choice not one cluster for each domain, so that something else is derived there.
CHOSEN = {"grouped", "split-socket"}
DERIVED = re.compile(
    r"\[boot\] derived: cluster (\d+): domain \d+, cores (\d+), bytes 0x([0-9a-f]+) to 0x([0-9a-f]+) of domain (\d+)'s memory"
)

Part = tuple[int, ...]  # cluster, cores, domain, offset, size


def derived(boot: machine.Boot) -> list[Part]:
    """The derived memory parts as those in layout.json: [(cluster, cores, domain, offset, size), …]."""
    parts = [match.groups() for line in boot.lines if (match := DERIVED.fullmatch(line))]
    return [
        (int(cluster), int(cores), int(domain), int(begin, 16), int(end, 16) - int(begin, 16))
        for cluster, cores, begin, end, domain in parts
    ]


def described(clusters: list[dict[str, Any]]) -> list[Part]:
    return [
        (cluster["number"], len(cluster["cores"]), part["domain"], part["offset"], part["size"])
        for cluster in clusters
        for part in cluster["memory"]
    ]


@pytest.mark.parametrize("name", [name for name in machine.NAMES if name not in CHOSEN])
def test_derived_is_what_the_configuration_describes(name: str) -> None:
    """The tables alone lead to the same clusters, cores, memory and distances."""
    boot = machine.Boot(name, more=f"layout=derive {machine.VERBOSE}")
    assert boot.trouble is None, boot.output
    layout = machine.layout(name)
    clusters = layout["clusters"]
    assert (
        f"[boot] layout: derived from the ACPI tables, clusters {len(clusters)}, cores {sum(len(c['cores']) for c in clusters)}"
        in boot.lines
    )
    assert sorted(derived(boot)) == sorted(described(clusters))
    for cluster in clusters:
        apic_ids = " ".join(str(core["apic_id"]) for core in cluster["cores"])
        home = cluster["memory"][0]["domain"]
        distances = [layout["distances"][home][other["memory"][0]["domain"]] for other in clusters]
        distances = (
            " ".join(map(str, distances)) if len(layout["memory_mib"]) > 1 else "?"
        )  # QEMU makes no SLIT for one node
        assert boot.matching(
            rf"\[boot\] cluster {cluster['number']}: domain {home}, cores [\d ]+ \(apic {apic_ids}\), distances {re.escape(distances)}"
        )
    check_demonstration(boot, name)


@pytest.mark.parametrize("name, clusters", [("split-socket", 1), ("grouped", 4)])
def test_derived_goes_by_domains(name: str, clusters: list[dict[str, Any]]) -> None:
    boot = machine.Boot(name, more="layout=derive")
    assert boot.trouble is None, boot.output
    assert boot.matching(rf"\[r4\] end: success \({clusters} clusters?, 0 failed, 0 panicked\)")


def test_module_is_named() -> None:
    boot = machine.Boot("qemu-2x2")
    assert boot.matching(r"\[boot\] layout: the module's, clusters 2, cores 4")
    assert not [line for line in boot.lines if line.startswith(("[boot] unused", "[boot] ignored", "[boot] warning"))]


def test_more_cores_than_the_layout_names() -> None:
    """A core is there that the layout does not know: it is said and left alone."""
    extra = ["-device", "max-x86_64-cpu,socket-id=2,core-id=0,thread-id=0"]
    boot = machine.Boot("hot-plug", extra=extra)
    assert boot.trouble is None, boot.output
    assert boot.matching(r"\[boot\] unused: core with APIC id 4, which the layout does not name")
    assert not boot.matching(r"\[boot\] ignored: .* APIC id 4,.*")
    assert boot.matching(
        r"\[boot\] ignored: the SRAT lists a core with APIC id 5, which the MADT does not enable \(and 2 more\)"
    )
