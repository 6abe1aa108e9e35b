# SPDX-License-Identifier: MIT
"""The benchmark in a short form: its documents fit their schema, and what the protocol promises of messages and instructions holds."""

import json
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

import document as documents
import families
import machine
import report

RUN = machine.ROOT / "tools/bench/run.py"
CLUSTERS = 8
FAMILIES = "handoff,content,peers,chain,tree,at_once,unrelated"
PEER_PERCENT = 10  # by which the cost of one more peer may differ
UNRELATED_PERCENT = 2
CHILDREN = 32


def bench(folder: Path, name: str, accel: str, *words: str) -> tuple[documents.Document, str]:
    """(document, what was printed) of that run."""
    path = folder / f"{name}.json"
    command = [sys.executable, str(RUN), "--build", str(machine.BUILD / name), "--accel", accel]
    done = subprocess.run([*command, "--output", str(path), *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    schema = json.loads(documents.SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(json.loads(path.read_text(encoding="utf-8")))
    return documents.read(path), done.stdout


@pytest.fixture(name="eight", scope="module")
def fixture_eight(tmp_path_factory: pytest.TempPathFactory) -> documents.Document:
    """All cases between clusters, on eight."""
    folder = tmp_path_factory.mktemp("bench")
    document, _ = bench(folder, f"qemu-{CLUSTERS}x1", "icount", "--cases", FAMILIES, "--repeat", "1")
    assert document.tier == "icount" and document.context["machine"]["cores"] == [1] * CLUSTERS
    return document


@pytest.fixture(name="medians", scope="module")
def fixture_medians(eight: documents.Document) -> dict[str, documents.Number]:
    return {figure.name: figure.median for figure in eight.figures}


def test_two_messages_for_each_range_that_is_out(medians: dict[str, documents.Number]) -> None:
    """For any number of peers, hops, frames and unrelated capabilities; none if nothing is out."""
    expected = {f"remote.revoke.peers.{peers}": 2 * peers for peers in range(CLUSTERS)}
    expected |= {f"remote.revoke.{kind}.{depth}": 2 * depth for kind in ("chain", "round") for depth in range(1, 15)}
    expected |= {f"remote.revoke.children.{peers}": 2 * CHILDREN for peers in (1, 2, 4, 7)}
    expected |= {"remote.revoke.tree.3": 2 * (2 + 4 + 8)}
    expected |= {f"remote.at_once.own.{clusters}": 2 * clusters for clusters in range(2, CLUSTERS + 1)}
    expected |= {"remote.at_once.ancestor.2": 4, "remote.revoke.frames.0": 2}
    expected |= {
        f"remote.revoke.{kind}.{frames}": 2 for kind in ("frames", "mapped") for frames in (1, 8, 64, 512, 4096)
    }
    expected |= {f"remote.{call}.unrelated.{count}": 2 for call in ("revoke", "handoff") for count in (0, 256, 65536)}
    expected |= {f"remote.{call}.mib.{mib}": 2 for call in ("revoke", "handoff") for mib in (2, 64)}
    suffix = ".messages"
    assert {name.removesuffix(suffix): value for name, value in medians.items() if name.endswith(suffix)} == expected


def test_each_further_peer_costs_the_same(medians: dict[str, documents.Number]) -> None:
    costs = [medians[f"remote.revoke.peers.{peers}"] for peers in range(1, CLUSTERS)]
    steps = [later - earlier for earlier, later in zip(costs, costs[1:])]
    assert max(steps) * 100 <= min(steps) * (100 + PEER_PERCENT), steps


def test_unrelated_capabilities_cost_nothing(medians: dict[str, documents.Number]) -> None:
    for call in ("revoke", "handoff"):
        few, many = (medians[f"remote.{call}.unrelated.{count}"] for count in (256, 65536))
        assert abs(many - few) * 100 <= few * UNRELATED_PERCENT


def test_report(eight: documents.Document) -> None:
    """A plot for each family that has more than one case, and every figure; the published ones have their messages beside them."""
    text = report.page([eight])
    assert [figure.name for figure in eight.figures if f"<code>{figure.name}</code>" not in text] == []
    plotted = [name for name in families.FAMILIES if f'<h2 id="{name}">' in text]
    assert len(plotted) == text.count("<svg") == len(families.FAMILIES) - 2  # those of one cluster were not run
    assert text.count("<dt>") == len(families.PUBLISHED)


def test_clusters_of_several_cores_under_tcg(tmp_path: Path) -> None:
    """Times vary there, messages do not. What does not fit is left out by name."""
    document, said = bench(tmp_path, "qemu-2x2", "tcg", "--cases", "handoff,peers,at_once", "--repeat", "2")
    figures = document.by_name()
    assert figures["remote.revoke.peers.1.messages"].samples == [2, 2]
    assert figures["remote.revoke.peers.0.messages"].samples == [0, 0]
    assert figures["remote.at_once.own.2.messages"].samples == [4, 4]
    assert figures["remote.revoke.peers.1"].unit == "tsc" and not figures["remote.revoke.peers.1"].exact
    assert "left out remote.handoff.mib.1024: no untyped of 2^30 bytes\n" in said


def test_unknown_family(tmp_path: Path) -> None:
    command = [sys.executable, str(RUN), "--build", str(machine.BUILD / "qemu-2x1")]
    done = subprocess.run(
        [*command, "--accel", "tcg", "--cases", "pears", "--output", str(tmp_path / "x.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1 and "no family of cases is called 'pears': today, handoff," in done.stderr
    assert not list(tmp_path.iterdir())
