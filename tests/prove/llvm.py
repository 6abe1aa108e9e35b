# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""LLVM's intermediate code as text (typed pointers, as clang 14 writes it): the types, objects and functions of one
file.
"""

import re

OBJECTS = 0x10000  # address of the first object
GAP = 0x1000  # after each object, at least
PAGE = 0x1000


def split(text: str) -> list[str]:
    """The parts of a list at commas outside all brackets."""
    parts, depth, start = [], 0, 0
    for position, character in enumerate(text):
        depth += (character in "([{<") - (character in ")]}>")
        if character == "," and depth == 0:
            parts.append(text[start:position].strip())
            start = position + 1
    return parts + [text[start:].strip()] if text.strip() else []


def in_brackets(text: str) -> str:
    """What is between the bracket at the beginning of `text` and the one that closes it."""
    depth = 0
    for position, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return text[1:position]
    raise ValueError(text)


def address_after(address: int, size: int) -> int:
    """Where the next object begins."""
    return -(-(address + size + GAP) // PAGE) * PAGE


class Function:
    """Parameters (type, name) and blocks of instructions, each a line of text."""

    def __init__(self, module: "Module", parameters: str, body: str) -> None:
        self.parameters = [(module.leading_type(part)[0], f"%{i}") for i, part in enumerate(split(parameters))]
        self.first = str(len(self.parameters))  # the label of the first block, which is not written
        self.blocks: dict[str, list[str]] = {}
        label = self.first
        for line in body.splitlines():
            if match := re.match(r"(\w[\w.]*):", line):
                label = match[1]
            elif line.strip():
                without_metadata = re.sub(r", !.*$", "", line.strip())
                self.blocks.setdefault(label, []).append(re.sub(r" #\d+$", "", without_metadata))


class Packed(list[str]):
    """The parts of a structure without gaps."""


class Module:
    def __init__(self, text: str) -> None:
        self.structs = {m[1]: split(m[2]) for m in re.finditer(r"^(%[\w.]+) = type \{ (.*) \}$", text, re.M)}
        packed = re.finditer(r"^(%[\w.]+) = type <\{ (.*) \}>$", text, re.M)
        self.structs |= {m[1]: Packed(split(m[2])) for m in packed}
        self.functions = {}
        for match in re.finditer(r"^define [^\n]*?@([\w.]+)(\([^\n]*)\{\n(.*?)^\}", text, re.M | re.S):
            self.functions[match[1]] = Function(self, in_brackets(match[2]), match[3])
        self.objects = {}  # name -> (address, size)
        address = OBJECTS
        for match in re.finditer(r"^(@[\w.]+) = .*?(?:global|constant) (.*)$", text, re.M):
            size = self.size(self.leading_type(match[2])[0])
            self.objects[match[1]] = (address, size)
            address = address_after(address, size)

    def leading_type(self, text: str) -> tuple[str, str]:
        """The type at the beginning of `text`, and what follows."""
        match = re.match(r"(void|i\d+|%[\w.]+|\[\d+ x |\{ )", text)
        end = match.end()
        if match[1].startswith("["):
            _, rest = self.leading_type(text[end:])
            end = len(text) - len(rest.removeprefix("]"))
        elif match[1].startswith("{"):
            end = text.index("}", end) + 1
        while text[end : end + 1] == "*":
            end += 1
        return text[:end], text[end:].strip()

    def parts(self, kind: str) -> list[str] | None:
        """The types of an aggregate's parts; None of anything else."""
        if kind.endswith("*"):
            return None
        if match := re.match(r"\[(\d+) x (.*)\]$", kind):
            return [match[2]] * int(match[1])
        return split(kind[1:-1]) if kind.startswith("{") else self.structs.get(kind)

    def alignment(self, kind: str) -> int:
        parts = self.parts(kind)
        if isinstance(parts, Packed):
            return 1
        return max(map(self.alignment, set(parts))) if parts else self.size(kind)

    def offset(self, parts: list[str], index: int) -> int:
        at = 0
        for kind in parts[: index + 1]:
            alignment = 1 if isinstance(parts, Packed) else self.alignment(kind)
            start = -(-at // alignment) * alignment
            at = start + self.size(kind)
        return start

    def size(self, kind: str) -> int:
        """In bytes; of an array's element, its distance from the next one."""
        if kind.endswith("*"):
            return 8
        if match := re.match(r"i(\d+)$", kind):
            return -(-int(match[1]) // 8)
        if match := re.match(r"\[(\d+) x (.*)\]$", kind):
            return int(match[1]) * self.size(match[2])
        parts = self.parts(kind)
        end = self.offset(parts, len(parts) - 1) + self.size(parts[-1])
        return -(-end // self.alignment(kind)) * self.alignment(kind)

    def width(self, kind: str) -> int:
        """In bits, of a number or a pointer."""
        return 64 if kind.endswith("*") else int(kind[1:])
