# SPDX-License-Identifier: MIT
"""The document of one run of the figures: what is in it, how it is read and written. schema.json beside this file says the same.

Quartiles and median are samples, never means of two: of n samples in order those number n // 4, n // 2 and 3 * n // 4, from 0. So what
was counted stays a whole number, and the median is the one that the programs print.
"""

import collections
import dataclasses
import json
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

SCHEMA = pathlib.Path(__file__).with_name("schema.json")
SCHEMA_VERSION = 1
ACCELERATORS = ("icount", "tcg", "kvm", "native")
EXACT_UNITS = ("insn", "insn-sum", "count", "lines")  # the same on every machine and in every run

Number = int | float
Parameters = Mapping[str, int | str]


class DocumentError(Exception):
    """What is wrong with a document."""


@dataclasses.dataclass(frozen=True)
class Figure:
    """What was measured of one case in one metric. `name` is unique in the document; figures of one case have the same `test`; those
    of one `family` are shown together, by their parameters."""

    name: str
    family: str
    test: str
    metric: str  # instructions, ticks, messages, doorbells, lines, …
    parameters: Parameters
    unit: str
    exact: bool
    samples: Sequence[Number]  # as they came
    budget: Mapping[str, int] | None = None
    interval: tuple[Number, Number] | None = None  # 95 %, of what was fitted

    def quantile(self, quarters: int) -> Number:
        """0: the least; 2: the median; 4: the most."""
        ordered = sorted(self.samples)
        return ordered[min(quarters * len(ordered) // 4, len(ordered) - 1)]

    @property
    def median(self) -> Number:
        return self.quantile(2)

    def fields(self) -> dict[str, Any]:
        """As the document has it."""
        found: dict[str, Any] = {
            "name": self.name,
            "family": self.family,
            "test": self.test,
            "metric": self.metric,
            "parameters": dict(self.parameters),
            "unit": self.unit,
            "exact": self.exact,
            "n": len(self.samples),
            "samples": list(self.samples),
        }
        found |= {key: self.quantile(quarters) for quarters, key in enumerate(("min", "q1", "median", "q3", "max"))}
        found["budget"] = None if self.budget is None else dict(self.budget)
        return found | ({} if self.interval is None else {"interval": list(self.interval)})


@dataclasses.dataclass(frozen=True)
class Document:
    """`context`: date, command, commit, dirty, compiler, qemu, accelerator, layout_checksum, machine, host."""

    context: Mapping[str, Any]
    figures: Sequence[Figure]

    @property
    def tier(self) -> str:
        """What counted: icount, tcg, kvm or native."""
        return str(self.context["accelerator"])

    def by_name(self) -> dict[str, Figure]:
        return {figure.name: figure for figure in self.figures}

    def fields(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "context": dict(self.context),
            "figures": [figure.fields() for figure in self.figures],
        }


def figure_of(fields: Mapping[str, Any]) -> Figure:
    """A figure as a document has it; what is derived from the samples has to be right."""
    interval = fields.get("interval")
    figure = Figure(
        name=fields["name"],
        family=fields["family"],
        test=fields["test"],
        metric=fields["metric"],
        parameters=fields["parameters"],
        unit=fields["unit"],
        exact=fields["exact"],
        samples=fields["samples"],
        budget=fields["budget"],
        interval=None if interval is None else (interval[0], interval[1]),
    )
    if not figure.samples:
        raise DocumentError(f"{figure.name}: no samples")
    derived = figure.fields()
    for key, value in fields.items():
        if derived.get(key) != value:
            raise DocumentError(f"{figure.name}: {key} is {value!r}, and the samples say {derived.get(key)!r}")
    return figure


def document_of(fields: Mapping[str, Any]) -> Document:
    version = fields.get("schema_version")
    if version != SCHEMA_VERSION:
        raise DocumentError(f"schema_version is {version!r}; this tool reads {SCHEMA_VERSION}")
    try:
        figures = [figure_of(figure) for figure in fields["figures"]]
        document = Document(fields["context"], figures)
        tier = document.tier
    except (KeyError, TypeError) as error:
        raise DocumentError(f"no document of figures: {error!r}") from error
    if tier not in ACCELERATORS:
        raise DocumentError(f"accelerator is {tier!r}; one of {', '.join(ACCELERATORS)}")
    check_names(document)
    return document


def check_names(document: Document) -> None:
    names = collections.Counter(figure.name for figure in document.figures)
    if twice := sorted(name for name, count in names.items() if count > 1):
        raise DocumentError(f"two figures have the name {twice[0]}")


def read(path: pathlib.Path) -> Document:
    try:
        return document_of(json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, DocumentError) as error:
        raise DocumentError(f"{path}: {error}") from error


def write(path: pathlib.Path, document: Document) -> None:
    """A reader has the old file or the new one, whole."""
    check_names(document)
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(path.name + ".new")
    new.write_text(json.dumps(document.fields(), indent=1) + "\n", encoding="utf-8")
    new.replace(path)
