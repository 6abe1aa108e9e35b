# SPDX-License-Identifier: MIT
"""Fields of a TOML table: read by a schema, refused with the key, what is wrong and what would be right."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

REQUIRED = object()
TYPES = {int: "an integer", str: "a string", list: "an array", dict: "a table", float: "a float", bool: "a boolean"}


class ConfigError(Exception):
    """A refused configuration."""

    def __init__(self, key: str, wrong: str, right: str) -> None:
        super().__init__(f"{key}: {wrong}; {right}")


@dataclass(frozen=True)
class Field:
    """What a key may be: its types, the value if it is left out, and, of what is more than a type, what is right."""

    types: type | tuple[type, ...]
    default: Any = REQUIRED
    right: str = ""

    def must(self) -> str:
        kinds = self.types if isinstance(self.types, tuple) else (self.types,)
        return "must be " + (self.right or " or ".join(TYPES[kind] for kind in kinds))


Schema = dict[str, Field]


def counted(count: int, noun: str) -> str:
    """'1 core', '2 cores'."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def from_to(low: int, high: int) -> str:
    return f"an integer from {low} to {high}"


def typed(value: Any, field: Field | type, key: str) -> Any:
    field = field if isinstance(field, Field) else Field(field)
    wanted = field.types if isinstance(field.types, tuple) else (field.types,)
    if type(value) not in wanted:  # not isinstance: a bool is no integer here
        raise ConfigError(key, f"is {TYPES.get(type(value), 'a date or time')}", field.must())
    return value


def in_range(value: Any, low: int, high: int, key: str, other: str = "") -> int:
    typed(value, int, key)
    if not low <= value <= high:
        raise ConfigError(key, f"is {value}", f"must be {other}from {low} to {high}")
    return value


def read(table: dict[str, Any], schema: Schema, prefix: str = "") -> dict[str, Any]:
    """Fields of `table` by `schema`; refuses any other key."""
    for key in table:
        if key not in schema:
            name = key if re.fullmatch(r"[\w-]+", key, re.ASCII) else ascii(key)
            raise ConfigError(prefix + name, "is unknown", "must be one of " + ", ".join(schema))
    fields = {}
    for key, field in schema.items():
        if key not in table and field.default is REQUIRED:
            raise ConfigError(prefix + key, "is missing", field.must())
        fields[key] = typed(table[key], field, prefix + key) if key in table else field.default
    return fields


def one_of(value: str, words: tuple[str, ...], key: str) -> str:
    if value not in words:
        raise ConfigError(key, f"is {value!a}", "must be " + " or ".join(map(ascii, words)))
    return value


def multiple_of(value: int, unit: int, key: str) -> int:
    if value % unit:
        raise ConfigError(key, f"is {value}", f"must be a multiple of {unit}")
    return value


def numbers(values: list[Any], known: Sequence[int], key: str, what: str, least: int = 1) -> list[int]:
    """A list of different numbers of `known`."""
    if len(values) < least:
        raise ConfigError(key, "is empty", f"must name at least one {what}")
    for index, value in enumerate(values):
        if typed(value, int, f"{key}[{index}]") not in known:
            right = f"from {known[0]} to {known[-1]}" if isinstance(known, range) else "that of a core of the machine"
            raise ConfigError(f"{key}[{index}]", f"{what} {value} does not exist", f"must be {right}")
        if value in values[:index]:
            raise ConfigError(f"{key}[{index}]", f"{what} {value} is named twice", "must be named once")
    return values
