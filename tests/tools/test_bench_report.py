# SPDX-License-Identifier: MIT
"""The report: every figure is on the page, nothing comes from elsewhere, and a browser shows it: wide and narrow, light and dark."""

import functools
import pathlib
import re
import shutil
import subprocess

import pytest

import document as documents
import families
import plots
import report
from test_bench_document import CONTEXT

BROWSER = "chromium"
SECONDS = 120
# A browser's window may not be as narrow as a telephone's: so the page is shown in a frame. A script in a copy of it tells the frame's
# page, which puts it into its title, what the browser made of it.
PROBE = """<script>
addEventListener("error", (event) => parent.postMessage("error: " + event.message, "*"));
addEventListener("load", () => {
  const heights = [...document.querySelectorAll("svg text")].map((each) => each.getBoundingClientRect().height);
  const colours = [getComputedStyle(document.body).backgroundColor, getComputedStyle(document.querySelector("svg text")).fill];
  parent.postMessage([document.documentElement.scrollWidth <= innerWidth, Math.min(...heights) >= 9, innerWidth, ...colours].join("; "), "*");
});
</script>"""
FRAME = """<!doctype html><title>nothing</title><body style="margin: 0">
<script>addEventListener("message", (event) => { document.title = event.data; });</script>
<iframe src="report.html" style="border: 0; width: WIDTHpx; height: 900px"></iframe>"""


def family_figures(unit: str, exact: bool, step: int) -> list[documents.Figure]:
    """Three figures of each family, and messages of what is compared with published figures."""
    found = []
    for name, family in families.FAMILIES.items():
        for place in (1, 8, 512):
            samples = [step * place + at for at in (0, 0 if exact else 3, 0 if exact else 9)]
            case = f"case.{name}.{place}"
            metric = "instructions" if exact else "ticks"
            found.append(documents.Figure(case, name, case, metric, {family.parameter: place}, unit, exact, samples))
    for row in families.PUBLISHED:
        found.append(documents.Figure(row.figure, "others", row.figure, "instructions", {}, unit, exact, [step]))
        name = f"{row.figure}.messages"
        found.append(documents.Figure(name, "others", row.figure, "messages", {}, "count", True, [17]))
    budget = {"today": 10, "ceiling": 20}
    found.append(documents.Figure("cap.copy", "local", "cap.copy", "instructions", {}, unit, exact, [21], budget))
    return found


EXACT = documents.Document(CONTEXT, family_figures("insn-sum", True, 10))
LATER = documents.Document(CONTEXT | {"dirty": True}, family_figures("insn-sum", True, 11))
TIMED = documents.Document(CONTEXT | {"accelerator": "tcg", "command": "a & <b>"}, family_figures("tsc", False, 12))


@functools.cache
def both() -> str:
    return report.page([EXACT, TIMED])


def test_every_figure_is_on_the_page() -> None:
    text = both()
    for document in (EXACT, TIMED):
        for figure in document.figures:
            assert f"<code>{figure.name}</code>" in text
    assert [name for name in families.FAMILIES if f'<h2 id="{name}">' not in text] == []
    assert text.count("<svg") == len(families.FAMILIES)
    for family in families.FAMILIES.values():
        assert family.sentence in text.replace("&#39;", "'")
    assert "R4: 17 messages" in text
    assert "0 of 2 figures are within their bound" in text
    assert "a &amp; &lt;b&gt;" in text and "<b>" not in text


def test_nothing_comes_from_elsewhere() -> None:
    text = both()
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"|url\((?!#)[^)]*\)|@import|<script|<link', text)


def test_exact_figures_have_no_interval() -> None:
    rows = {row["name"]: row for row in map(report.figure_row, [*EXACT.figures[:1], *TIMED.figures[1:2]])}
    assert [row["interval"] for row in rows.values()] == ["", "96 to 105"]


def test_two_runs_are_compared() -> None:
    text = report.page([EXACT, LATER])
    assert '<h2 id="comparison">' in text and "B: files differed from its commit" in text
    assert '<td class="number">+512</td>' in text and '<td class="worse">worse</td>' in text
    assert '<h2 id="comparison">' not in both()


def test_same_documents_make_the_same_page() -> None:
    curve = [figure for figure in EXACT.figures if figure.family == "revoke-peers"]
    first, second = (plots.plot("revoke-peers", "peers", [("icount", curve)]) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("width, dark", [(1280, False), (400, True)])
def test_browser_shows_it(tmp_path: pathlib.Path, width: int, dark: bool) -> None:
    """No wider than the window, text of 9 pixels at least, colours as the reader has chosen them, no error in a script."""
    assert shutil.which(BROWSER), "install the Debian package chromium"
    (tmp_path / "report.html").write_text(both() + PROBE, encoding="utf-8")
    frame = tmp_path / "frame.html"
    frame.write_text(FRAME.replace("WIDTH", str(width)), encoding="utf-8")
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'browser'}"]
    command += ["--window-size=1400,1000", f"--blink-settings=preferredColorScheme={0 if dark else 1}"]
    command += ["--virtual-time-budget=3000", "--dump-dom", frame.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    title = re.search(r"<title>(.*?)</title>", done.stdout)
    assert title, done.stdout[-500:] + done.stderr[-2000:]
    paper, ink = ("rgb(21, 23, 26)", "rgb(231, 233, 236)") if dark else ("rgb(255, 255, 255)", "rgb(27, 29, 32)")
    assert title[1] == f"true; true; {width}; {paper}; {ink}"
