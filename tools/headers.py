# SPDX-License-Identifier: MIT
"""The one reader of the sources' definitions: numbers, bit ranges, enums, X-macro lists, structures, the table of operations.

Reads text, so that linkgen.py works in a fresh clone before anything is built. It understands what this tree writes: `#define NAME`
with a constant expression, DEFINE_FIELD, enums without initialisers, lists `X(...)`, structures of fixed-width integers without padding.
tests/tools/test_headers.py compares all of it with what the compiler makes of the same headers.
"""

import ast
import operator
import re
import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

RIGHTS = [
    "READ",
    "WRITE",
    "EXEC",
    "SEND",
    "WAIT",
    "CONTROL",
    "LINK",
    "DEFER",
    "MODIFY",
]  # R4_READ, …: without a prefix of their own
OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.floordiv,
    ast.LShift: operator.lshift,
    ast.RShift: operator.rshift,
    ast.BitAnd: operator.and_,
    ast.BitOr: operator.or_,
}
INTEGERS = {"uint8_t": "B", "uint16_t": "H", "uint32_t": "I", "uint64_t": "Q"}
RESERVED = "reserved"  # a member with this name is zero and has no value


class HeaderError(Exception):
    """A definition is missing or has a form that this reader does not know."""


def blank(match: re.Match[str]) -> str:
    """Spaces in place of the text, so that lines and columns stay."""
    return re.sub(r"[^\n]", " ", match[0])


def without_comments(text: str) -> str:
    """C in which comments are blank; literals stay."""
    pattern = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*'
    return re.sub(pattern, lambda match: match[0] if match[0][0] in "\"'" else blank(match), text, flags=re.S)


def evaluate(text: str, names: Mapping[str, int]) -> int:
    """The value of a constant expression in C without casts, conditions and comparisons."""

    def value(node: ast.expr) -> int:
        if isinstance(node, ast.Constant) and isinstance(node.value, int):
            return node.value
        if isinstance(node, ast.Name) and node.id in names:
            return names[node.id]
        if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
            return int(OPERATORS[type(node.op)](value(node.left), value(node.right)))
        raise HeaderError(f"no constant expression: {text}")

    try:
        return value(ast.parse(re.sub(r"\b(0x[0-9a-fA-F]+|\d+)[uUlL]+\b", r"\1", text.strip()), mode="eval").body)
    except SyntaxError as error:
        raise HeaderError(f"no expression: {text}") from error


def arguments(text: str) -> list[str]:
    """The arguments of a call, given the text after its opening parenthesis; literals without their quotes."""
    found = [""]
    depth = 0
    for token in re.findall(r'"(?:\\.|[^"\\])*"|.', text, re.S):
        if token == ")" and depth == 0:
            break
        depth += (token == "(") - (token == ")")
        if token == "," and depth == 0:
            found.append("")
        else:
            found[-1] += token
    words = [" ".join(word.split()) for word in found]
    return [word[1:-1] if word.startswith('"') else word for word in words]


class Field(NamedTuple):
    """A bit range of a word: what DEFINE_FIELD(type, name, high, low) makes."""

    high: int
    low: int

    def get(self, word: int) -> int:
        return word >> self.low & ((1 << (self.high - self.low + 1)) - 1)


class Member(NamedTuple):
    """A member of a structure; `length` is the text between brackets, empty unless it is an array."""

    type: str
    name: str
    length: str


@dataclass(frozen=True)
class Structure:
    """A structure of integers, up to its first member that is none."""

    shape: struct.Struct
    names: list[str]  # without reserved ones

    @property
    def size(self) -> int:
        return self.shape.size

    def pack(self, record: Mapping[str, int]) -> bytes:
        """The structure with these values, one for each name."""
        if set(record) != set(self.names):
            raise HeaderError(f"values for {', '.join(record)}; the structure has {', '.join(self.names)}")
        return self.shape.pack(*(record[name] for name in self.names))

    def unpack(self, data: bytes, offset: int) -> dict[str, int]:
        return dict(zip(self.names, self.shape.unpack_from(data, offset)))


class Headers:
    """The definitions in some files, those that others use first."""

    def __init__(self, paths: Iterable[Path]) -> None:
        texts = (without_comments(path.read_text(encoding="utf-8")) for path in paths)
        self.text = "\n".join(text.replace("\\\n", "  ") for text in texts)

    @cached_property
    def numbers(self) -> dict[str, int]:
        """The macros that are constant expressions, in order."""
        found: dict[str, int] = {}
        waiting = dict(re.findall(r"^#define (\w+) +(\S.*)$", self.text, re.M))
        order = list(waiting)
        while True:
            before = len(found)
            for name, text in list(waiting.items()):
                try:
                    found[name] = evaluate(text, found)
                    del waiting[name]
                except HeaderError:
                    pass  # it uses a later one, or is no number
            if len(found) == before:
                return {name: found[name] for name in order if name in found}

    @cached_property
    def fields(self) -> dict[str, Field]:
        """The bit ranges, in order."""
        rows = re.findall(r"^DEFINE_FIELD\(\w+, (\w+), (\d+), (\d+)\)", self.text, re.M)
        return {name: Field(int(high), int(low)) for name, high, low in rows}

    def _body(self, what: str, pattern: str) -> str:
        match = re.search(pattern, self.text, re.S | re.M)
        if match is None:
            raise HeaderError(f"{what} is not defined")
        return match[1]

    def enum(self, name: str) -> list[str]:
        """Its names, whose positions are their values; a last one NAME_COUNT is none of them."""
        names = [word.strip() for word in self._body(f"enum {name}", rf"^enum {name} \{{(.*?)\}}").split(",")]
        if not all(re.fullmatch(r"\w*", word) for word in names):
            raise HeaderError(f"enum {name} has initialisers")
        return [word for word in names if word and not word.endswith("_COUNT")]

    def rows(self, name: str) -> list[list[str]]:
        """The arguments of each X(...) of an X-macro list."""
        body = self._body(name, rf"^#define {name}\(X\) (.*?)$")
        return [arguments(body[match.end() :]) for match in re.finditer(r"\bX\(", body)]

    def members(self, name: str) -> list[Member]:
        body = self._body(f"struct {name}", rf"^struct {name} \{{(.*?)^\}}")
        return [Member(*match) for match in re.findall(r"(\w[\w ]*?) +\**(\w+)(?:\[([^\]]*)\])?;", body)]

    def structure(self, name: str) -> Structure:
        """A structure's integers. Its size, or the offset of what comes after them, is stated with R4_SIZE or R4_OFFSET."""
        shape, names, rest = "<", [], ""
        for member in self.members(name):
            letter = INTEGERS.get(member.type)
            if letter is None or (member.length and member.name != RESERVED):
                rest = member.name
                break
            if member.name == RESERVED:
                count = evaluate(member.length, self.numbers) if member.length else 1
                shape += f"{struct.calcsize(letter) * count}x"
            else:
                shape += letter
                names.append(member.name)
        stated = rf"^R4_OFFSET\(struct {name}, {rest}, (\d+)\);" if rest else rf"^R4_SIZE\(struct {name}, (\d+)\);"
        size = int(self._body(f"the size of struct {name}", stated))
        if struct.calcsize(shape) != size:
            raise HeaderError(f"struct {name} has padding: {struct.calcsize(shape)} bytes of members in {size}")
        return Structure(struct.Struct(shape), names)

    def bit_names(self, prefix: str, names: Iterable[str], bits: int) -> str:
        """The names of the bits that are set, defined as prefix + name; "all" and "-" for all and none."""
        values = {name: self.numbers[prefix + name] for name in names}
        if bits == sum(values.values()):
            return "all"
        return "|".join(name.lower() for name, value in values.items() if bits & value) or "-"

    def with_prefix(self, prefix: str) -> list[str]:
        """The numbers whose names begin so, without the prefix."""
        return [name.removeprefix(prefix) for name in self.numbers if name.startswith(prefix)]


def shared(root: Path = ROOT, more: Iterable[str] = ()) -> Headers:
    """What kernel, coordinator and user programs have in common, and further files."""
    return Headers([*sorted((root / "shared/r4").glob("*.h")), *(root / name for name in more)])


SHARED = shared()


# --- linker constants ---


def linker_constants(header: Mapping[str, int], cluster: Mapping[str, int]) -> dict[str, int]:
    """The linker constants of one cluster, in the order of their list: name -> value.

    `header` and `cluster` give the fields of struct r4_layout_header and struct r4_layout_cluster by name.
    """
    names = SHARED.numbers | {f"header_{name}": value for name, value in header.items()}
    names |= {f"cluster_{name}": value for name, value in cluster.items()}
    rows = SHARED.rows("R4_LINKER_CONSTANT_LIST")
    return {
        name: evaluate(value.replace("(c)->", "cluster_").replace("(l)->header->", "header_"), names)
        for name, _, value in rows
    }


# --- the table of operations ---

TABLE = "cluster-kernel/syscall.c"
ROW = re.compile(
    r"\[(R4_OP_\w+)\] =\s+\{(\w+),\s+(?:TYPE\((\w+)\)|ANY|EVEN_BUSY),\s+(AT_ONCE|MAY_WAIT),\s+(\w+)\((\w+)\)\}"
)


class Operation(NamedTuple):
    """One row of the kernel's table: an operation and what it needs."""

    name: str
    handler: str
    type: str  # empty: any
    waits: str  # AT_ONCE or MAY_WAIT
    via_proxy: str
    right: str  # 0: none


def operations(root: Path) -> Iterator[Operation]:
    """The rows of the kernel's table of operations."""
    return map(Operation._make, ROW.findall((root / TABLE).read_text(encoding="utf-8")))
