#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""compare.py A B: what has changed from document A to document B, a line for each figure that both have; `make bench-compare`.

Exact figures (instructions, messages) show their difference. Times show the bootstrap's 95 % interval of the difference of the medians.
The verdict is better, worse, same, or noise: the samples do not tell.
"""

import argparse
import collections
import pathlib
import sys
from collections.abc import Iterator

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import document as documents  # pylint: disable=wrong-import-position # needs the path above
import inference  # pylint: disable=wrong-import-position
import tool  # pylint: disable=wrong-import-position


class CompareError(Exception):
    """Two documents that have nothing to do with each other."""


def comparisons(old: documents.Document, new: documents.Document) -> list[inference.Comparison]:
    """Of all figures that are in both, in the order of the new document."""
    if old.tier != new.tier:
        raise CompareError(f"one was measured with {old.tier}, the other with {new.tier}")
    before = old.by_name()
    pairs = [(before[figure.name], figure) for figure in new.figures if figure.name in before]
    if not pairs:
        raise CompareError("no figure is in both documents")
    for first, second in pairs:
        if first.unit != second.unit:
            raise CompareError(f"{first.name}: in {first.unit} and in {second.unit}")
    return [inference.compare(first, second) for first, second in pairs]


def remarks(old: documents.Document, new: documents.Document) -> Iterator[str]:
    """What makes the comparison doubtful."""
    for key in ("compiler", "qemu", "machine", "host"):
        if old.context[key] != new.context[key] and (key != "host" or new.tier != "icount"):
            yield f"another {key}: {old.context[key]} and {new.context[key]}"
    for document, name in ((old, "A"), (new, "B")):
        if document.context["dirty"]:
            yield f"{name}: files differed from its commit"
    only = [sorted(set(one.by_name()) - set(other.by_name())) for one, other in ((old, new), (new, old))]
    for name, names in zip("AB", only):
        if names:
            yield f"only in {name}: {', '.join(names)}"


def line_of(comparison: inference.Comparison) -> str:
    old, new = comparison.old, comparison.new
    text = (
        f"{comparison.verdict:6}  {new.name}: {old.median:,} -> {new.median:,} {new.unit}, {comparison.difference:+,}"
    )
    if comparison.percent is not None:
        text += f" ({comparison.percent:+.1f} %)"
    if comparison.interval is not None:
        low, high = comparison.interval
        text += f" [{low:+,} to {high:+,}]"
    return text


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old", type=pathlib.Path, metavar="A")
    parser.add_argument("new", type=pathlib.Path, metavar="B")
    parser.add_argument("--all", action="store_true", help="figures that are the same, too")
    arguments = parser.parse_args()
    old, new = documents.read(arguments.old), documents.read(arguments.new)
    found = comparisons(old, new)
    for remark in remarks(old, new):
        print(f"note: {remark}")
    for comparison in found:
        if arguments.all or comparison.verdict != inference.SAME:
            print(line_of(comparison))
    counts = collections.Counter(comparison.verdict for comparison in found)
    verdicts = (inference.BETTER, inference.WORSE, inference.SAME, inference.NOISE)
    print(", ".join(f"{counts[verdict]} {verdict}" for verdict in verdicts))
    return 0


if __name__ == "__main__":
    tool.run(main, CompareError, documents.DocumentError)
