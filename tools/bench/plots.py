# SPDX-License-Identifier: MIT
"""One plot for each family of cases, as SVG that lies in the page: text is text, and takes the page's colour."""

import io
import re
from collections.abc import Sequence
from typing import Any

import document as documents
import matplotlib

matplotlib.use("svg")
# pylint: disable=wrong-import-position # after the choice of the backend
import matplotlib.pyplot
import matplotlib.ticker

INK = "#010203"  # stands for the colour of the page's text until the plot is done
COLOURS = ("#3a7bd5", "#d5743a", "#3aa66b", "#a35bc4")  # legible on white and on black
MARKERS = ("o", "s", "^", "D")
LINES = ("-", "--", ":", "-.")
FAR = 64  # from the first to the last place
FEW = 8  # places that all have their number
SIZE = (5.2, 3.2)  # inches: at 400 pixels the text is three quarters of its size
SETTINGS = {
    "svg.fonttype": "none",
    "font.size": 10,
    "font.family": "sans-serif",
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "text.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "savefig.transparent": True,
}


def label_of(tier: str, figure: documents.Figure) -> str:
    return f"{figure.metric}, {figure.unit} ({tier})"


def points(figures: Sequence[documents.Figure], parameter: str) -> list[tuple[int, documents.Figure]]:
    return sorted(((int(figure.parameters[parameter]), figure) for figure in figures), key=lambda point: point[0])


def scale(axes: Any, places: Sequence[int]) -> None:
    """By powers of two where the parameter goes far, else from 0."""
    far = max(places) > FAR * max(1, min(places))
    if far:
        axes.set_xscale("symlog", base=2)
        axes.set_yscale("symlog", base=2, linthresh=1024)
    if len(set(places)) <= FEW:
        axes.set_xticks(sorted(set(places)))
    axes.set_ylim(bottom=0)
    axes.yaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))
    axes.xaxis.set_major_formatter(matplotlib.ticker.StrMethodFormatter("{x:,.0f}"))


def plot(name: str, parameter: str, curves: Sequence[tuple[str, Sequence[documents.Figure]]]) -> str:
    """Medians over the parameter, a curve for each list of figures; bars from the first to the third quartile of what varies."""
    with matplotlib.rc_context(SETTINGS | {"svg.hashsalt": name}):
        picture, axes = matplotlib.pyplot.subplots(figsize=SIZE, layout="constrained")
        for number, (tier, figures) in enumerate(curves):
            found = points(figures, parameter)
            places = [place for place, _ in found]
            medians = [figure.median for _, figure in found]
            bars = None
            if not all(figure.exact for _, figure in found):
                bars = [
                    [figure.median - figure.quantile(1) for _, figure in found],
                    [figure.quantile(3) - figure.median for _, figure in found],
                ]
            colour = COLOURS[number % len(COLOURS)]
            style = {"color": colour, "marker": MARKERS[number % len(MARKERS)], "linestyle": LINES[number % len(LINES)]}
            axes.errorbar(places, medians, yerr=bars, label=label_of(tier, found[0][1]), **style)
        scale(axes, [int(figure.parameters[parameter]) for _, figures in curves for figure in figures])
        axes.set_xlabel(parameter)
        axes.legend(frameon=False)
        target = io.StringIO()
        picture.savefig(target, format="svg", metadata={"Date": None, "Creator": None})
        matplotlib.pyplot.close(picture)
    svg = target.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    return re.sub(r' width="[\d.]+pt"| height="[\d.]+pt"', "", svg, count=2).replace("<svg", '<svg role="img"', 1)
