# SPDX-License-Identifier: MIT
"""What is wrong with an input of linkgen.py: one line, exit status 2."""


class LayoutError(Exception):
    """An input that is refused; the text names it and says why."""


def printable(text: str) -> str:
    """A name from outside, as one line of plain characters."""
    return "".join(letter if letter.isascii() and letter.isprintable() else "?" for letter in text)
