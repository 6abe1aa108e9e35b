# SPDX-License-Identifier: MIT
"""`linkgen.py show`: nodes, distances and clusters as tables. Every number says whether it is physical (the firmware's) or
logical (Linux')."""

from layout_machine import Machine
from layout_policy import Plan
from layout_sysfs import as_list
from layout_text import mib, table


def _nodes(machine: Machine, plan: Plan | None) -> None:
    rows = []
    for node in machine.nodes.values():
        ids = machine.node_cores(node.domain)
        owners = {
            number
            for number, cluster in enumerate(plan.clusters if plan else [])
            if any(part.domain == node.domain for part in cluster.parts) or set(ids) & set(cluster.apic_ids)
        }
        used = (
            f"clusters {as_list(owners)}" if len(owners) > 1 else f"cluster {as_list(owners)}" if owners else "unused"
        )
        if plan and node.domain in plan.left_out:
            used = f"left out: {plan.left_out[node.domain]}"
        elif not ids and not node.ram:
            used = "neither cores nor RAM"
        rows.append(
            (
                str(node.number),
                str(node.domain),
                node.kind if node.ram or node.kind != "RAM" else "no RAM",
                mib(node.total) if node.ram else "-",
                as_list(machine.core_cpus(ids)) or "-",
                as_list(ids) or "-",
                used,
            )
        )
    heads = ("node (logical)", "domain (physical)", "kind", "RAM", "CPUs (logical)", "APIC ids (physical)", "in")
    table("Nodes", heads, rows)


def _distances(machine: Machine) -> None:
    nodes = list(machine.nodes.values())
    rows = []
    for source in nodes:
        values = (machine.distance(source.domain, target.domain) for target in nodes)
        rows.append([f"{source.number}:", *(str(value) if value else "?" for value in values)])
    table(
        "Node distances (logical numbers, as numactl -H prints them)", ["node", *(str(n.number) for n in nodes)], rows
    )


def _clusters(machine: Machine, plan: Plan) -> None:
    rows = []
    for number, cluster in enumerate(plan.clusters):
        memory = ", ".join(f"{mib(part.size)} of domain {part.domain}" for part in cluster.parts)
        ids = cluster.apic_ids
        cpus = as_list(machine.core_cpus(ids)) or "-"
        rows.append(
            (str(number), str(cluster.group), str(len(ids)), cpus, as_list(ids), memory, plan.why_cores[number])
        )
    table(
        f"Clusters, policy {plan.policy}",
        ("cluster", "group", "cores", "CPUs (logical)", "APIC ids (physical)", "memory", "rule"),
        rows,
    )


def notes(machine: Machine, plan: Plan | None) -> list[str]:
    """What a reader must know besides the tables."""
    found = [f"guessed: {guess}" for guess in machine.guesses]
    found += [f"contradiction: {text}" for text in machine.contradictions]
    reasons: dict[str, list[int]] = {}
    for apic_id, reason in machine.unused_cores.items():
        reasons.setdefault(reason, []).append(apic_id)
    found += [f"unused: cores with APIC ids {as_list(ids)}: {reason}" for reason, ids in reasons.items()]
    if plan is not None:
        found += [f"left out: domain {domain}: {reason}" for domain, reason in plan.left_out.items()]
        found += [f"warning: {text}" for text in plan.warnings]
    found += [f"coordinator: {line}" for line in machine.findings.warnings]
    return found


def show(machine: Machine, plan: Plan | None) -> None:
    for package, name in sorted(machine.package_names.items()):
        print(f"Package {package} (logical): {name}")
    _nodes(machine, plan)
    print()
    _distances(machine)
    if plan is not None:
        print()
        _clusters(machine, plan)
    for note in notes(machine, plan):
        print(note)
    if machine.findings.stop is not None:
        print(f"The coordinator would stop: {machine.findings.stop}")
