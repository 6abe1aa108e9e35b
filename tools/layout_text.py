# SPDX-License-Identifier: MIT
"""Tables of text: framed and coloured on a terminal (if Debian's python3-rich is there), else plain columns."""

import sys
from collections.abc import Sequence
from typing import TextIO

Row = Sequence[str]


def fancy(stream: TextIO) -> bool:
    """Whether rich tables can be shown there."""
    if not stream.isatty():
        return False
    try:
        import rich.table  # pylint: disable=import-outside-toplevel,unused-import
    except ImportError:
        return False
    return True


def table(title: str, heads: Row, rows: Sequence[Row], stream: TextIO | None = None) -> None:
    """Prints a table; numbers to the right."""
    stream = stream or sys.stdout
    if fancy(stream):
        _rich(title, heads, rows, stream)
        return
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    right = [all(row[column].isdecimal() for row in rows) for column in range(len(heads))]
    print(f"{title}:", file=stream)
    for row in [heads, *rows]:
        cells = [
            word.rjust(width) if to_right else word.ljust(width) for word, width, to_right in zip(row, widths, right)
        ]
        print(("  " + "  ".join(cells)).rstrip(), file=stream)


def _rich(title: str, heads: Row, rows: Sequence[Row], stream: TextIO) -> None:
    from rich.console import Console  # pylint: disable=import-outside-toplevel
    from rich.markup import escape  # pylint: disable=import-outside-toplevel
    from rich.table import Table  # pylint: disable=import-outside-toplevel

    drawn = Table(title=escape(title), title_justify="left")
    for column, head in enumerate(heads):
        numeric = all(row[column].isdecimal() for row in rows)
        drawn.add_column(escape(head), justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        drawn.add_row(*map(escape, row))
    Console(file=stream).print(drawn)


def mib(size: int) -> str:
    """'512 MiB', '16 GiB', '1.5 TiB'."""
    for unit, name in ((1 << 40, "TiB"), (1 << 30, "GiB")):
        if size >= unit:
            return f"{size / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{size >> 20} MiB"
