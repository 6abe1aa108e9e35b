#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""report.py DOCUMENT…: one page of one or several runs, which opens from disk and needs no network; `make report`.

Two documents of the same kind are compared, the first with the second.
"""

import argparse
import collections
import pathlib
import sys
from collections.abc import Iterator, Sequence
from typing import Any

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

# pylint: disable=wrong-import-position # they need the path above
import compare
import document as documents
import families
import inference
import jinja2
import plots
import tool

PAGE = pathlib.Path(__file__).with_name("page.html")
OUTPUT = ROOT / "build/bench/report.html"


def number(value: documents.Number) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def interval_text(interval: tuple[float, float] | None, sign: str = "") -> str:
    return "" if interval is None else f"{interval[0]:{sign},g} to {interval[1]:{sign},g}"


def figure_row(figure: documents.Figure) -> dict[str, Any]:
    interval = figure.interval
    if interval is None and not figure.exact:
        interval = inference.median_interval(figure.samples)
    return {
        "name": figure.name,
        "least": number(figure.quantile(0)),
        "median": number(figure.median),
        "interval": interval_text(interval),
        "most": number(figure.quantile(4)),
        "unit": figure.unit,
        "n": len(figure.samples),
    }


def title_of(document: documents.Document) -> str:
    return f"{document.context['machine']['name']}, {document.tier}"


def document_entry(document: documents.Document) -> dict[str, Any]:
    context = document.context
    machine, host = context["machine"], context["host"]
    cores = collections.Counter(machine["cores"])
    shape = " and ".join(f"{count} of {each} core{'s' * (each > 1)}" for each, count in sorted(cores.items()))
    return {
        "title": title_of(document),
        "date": context["date"],
        "commit": f"commit {context['commit'][:12]}" if context["commit"] else "no commit",
        "dirty": context["dirty"],
        "machine": f"Clusters: {shape}; rings of {machine['ring_slots']}; layout {context['layout_checksum']}",
        "compiler": context["compiler"],
        "qemu": context["qemu"] or "native",
        "host": f"{host['processors']} × {host['processor']}, {host['system']}",
        "command": context["command"],
        "rows": [figure_row(figure) for figure in document.figures],
    }


def budget_rows(of: Sequence[documents.Document]) -> Iterator[dict[str, Any]]:
    """A figure above its ceiling has failed, and one above its goal has not got there; both are shown."""
    for document in of:
        for figure in document.figures:
            if figure.budget is not None:
                bound = figure.budget.get("ceiling", figure.budget.get("goal", figure.budget["today"]))
                yield {
                    "name": figure.name,
                    "median": number(figure.median),
                    "bound": number(bound),
                    "unit": figure.unit,
                    "met": figure.median <= bound,
                }


def published_rows(of: Sequence[documents.Document]) -> Iterator[dict[str, Any]]:
    """Of the last document that has the case."""
    for row in families.PUBLISHED:
        for document in reversed(of):
            by_name = document.by_name()
            if row.figure in by_name and f"{row.figure}.messages" in by_name:
                figure = by_name[row.figure]
                yield {
                    "what": row.what,
                    "messages": number(by_name[f"{row.figure}.messages"].median),
                    "value": f"{number(figure.median)} {figure.unit}",
                    "others": row.others,
                }
                break


def growth(figures: Sequence[documents.Figure], parameter: str) -> str:
    """From where to where a curve goes, and what one more costs on the average, if it was counted."""
    found = plots.points(figures, parameter)
    (first, low), (last, high) = found[0], found[-1]
    text = f"{parameter} {first:,} to {last:,}: {number(low.median)} to {number(high.median)} {high.unit}"
    if high.exact:
        text += f", {(high.median - low.median) / (last - first):,.1f} for each"
    return text + "."


def family_entries(of: Sequence[documents.Document]) -> Iterator[dict[str, Any]]:
    for name, family in families.FAMILIES.items():
        curves = []
        for document in of:
            measured = [
                figure
                for figure in document.figures
                if figure.family == name
                and figure.metric in ("instructions", "ticks")
                and family.parameter in figure.parameters
            ]
            if len({figure.parameters[family.parameter] for figure in measured}) > 1:
                curves.append((title_of(document), measured))
        if curves:
            yield {
                "name": name,
                "title": family.title,
                "svg": plots.plot(name, family.parameter, curves),
                "sentence": " ".join(
                    [family.sentence, *(f"{title}: {growth(figures, family.parameter)}" for title, figures in curves)]
                ),
            }


def comparison_entries(of: Sequence[documents.Document]) -> Iterator[dict[str, Any]]:
    if len(of) != 2 or of[0].tier != of[1].tier or of[0].context["machine"]["name"] != of[1].context["machine"]["name"]:
        return
    found = compare.comparisons(*of)
    counts = collections.Counter(comparison.verdict for comparison in found)
    yield {
        "remarks": list(compare.remarks(*of)),
        "summary": ", ".join(f"{counts[verdict]} {verdict}" for verdict in ("better", "worse", "same", "noise")),
        "rows": [
            {
                "name": each.new.name,
                "old": number(each.old.median),
                "new": number(each.new.median),
                "difference": interval_text(each.interval, "+") or f"{each.difference:+,}",
                "unit": each.new.unit,
                "verdict": each.verdict,
            }
            for each in found
            if each.verdict != inference.SAME
        ],
    }


def page(of: Sequence[documents.Document]) -> str:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
    return environment.from_string(PAGE.read_text(encoding="utf-8")).render(
        documents=[document_entry(document) for document in of],
        budgets=list(budget_rows(of)),
        published=list(published_rows(of)),
        comparisons=list(comparison_entries(of)),
        families=list(family_entries(of)),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("documents", nargs="+", type=pathlib.Path, metavar="DOCUMENT")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    text = page([documents.read(path) for path in arguments.documents])
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(text, encoding="utf-8")
    print(arguments.output)
    return 0


if __name__ == "__main__":
    tool.run(main, documents.DocumentError, compare.CompareError)
