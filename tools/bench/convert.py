#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""convert.py --format google|csv DOCUMENT…: what other tools read, on the standard output.

    google   JSON of Google's benchmark library: compare.py of that library compares two of them
    csv      one row a sample: test, variant, tier, cluster a, cluster b, size, repeat, metric, value, unit
"""

import argparse
import csv
import json
import pathlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import tool  # pylint: disable=wrong-import-position # needs the path above
import document as documents  # pylint: disable=wrong-import-position

COLUMNS = ("test", "variant", "tier", "cluster a", "cluster b", "size", "repeat", "metric", "value", "unit")
OWN_COLUMNS = {"cluster_a": "cluster a", "cluster_b": "cluster b", "size": "size"}  # parameters that have one


def google_entry(figure: documents.Figure, family: int, repeat: int) -> dict[str, Any]:
    """One sample. That library knows times alone: the label has the true unit."""
    value = figure.samples[repeat]
    return {
        "name": figure.name,
        "run_name": figure.name,
        "family_index": family,
        "per_family_instance_index": 0,
        "run_type": "iteration",
        "repetitions": len(figure.samples),
        "repetition_index": repeat,
        "threads": 1,
        "iterations": 1,
        "real_time": float(value),
        "cpu_time": float(value),
        "time_unit": "ns",
        "label": figure.unit,
    }


def google(document: documents.Document) -> dict[str, Any]:
    context = document.context
    return {
        "context": {
            "date": context["date"],
            "host_name": context["machine"]["name"],
            "executable": context["command"],
            "num_cpus": context["host"]["processors"],
            "mhz_per_cpu": 0,
            "cpu_scaling_enabled": False,
            "caches": [],
            "load_avg": [],
            "library_build_type": "release",
            "tier": document.tier,
            "commit": context["commit"],
        },
        "benchmarks": [
            google_entry(figure, family, repeat)
            for family, figure in enumerate(document.figures)
            for repeat in range(len(figure.samples))
        ],
    }


def rows(document: documents.Document) -> Iterator[dict[str, object]]:
    """Rows of the table, by column."""
    for figure in document.figures:
        own = {OWN_COLUMNS[key]: value for key, value in figure.parameters.items() if key in OWN_COLUMNS}
        others = [f"{key}={value}" for key, value in figure.parameters.items() if key not in OWN_COLUMNS]
        for repeat, value in enumerate(figure.samples):
            yield own | {
                "test": figure.test,
                "variant": " ".join(others),
                "tier": document.tier,
                "repeat": repeat,
                "metric": figure.metric,
                "value": value,
                "unit": figure.unit,
            }


def write_google(of: Sequence[documents.Document]) -> None:
    if len(of) != 1:
        raise documents.DocumentError("--format google takes one document: its readers compare two files")
    json.dump(google(of[0]), sys.stdout, indent=1)
    sys.stdout.write("\n")


def write_csv(of: Sequence[documents.Document]) -> None:
    writer = csv.DictWriter(sys.stdout, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for document in of:
        writer.writerows(rows(document))


FORMATS: dict[str, Callable[[Sequence[documents.Document]], None]] = {"google": write_google, "csv": write_csv}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=pathlib.Path, metavar="DOCUMENT")
    parser.add_argument("--format", required=True, choices=FORMATS)
    arguments = parser.parse_args()
    FORMATS[arguments.format]([documents.read(path) for path in arguments.documents])
    return 0


if __name__ == "__main__":
    tool.run(main, documents.DocumentError)
