#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the tree to its own rules; one line per breach, exit status 1 if there is any.

    purity     boot-coordinator/core, cluster-kernel/pure and shared see only <r4/…>, their own folder and freestanding headers; no
               assembly; their objects call only each other, the four memory functions and contract_failed, and hold no data that can change
    size       functions up to 60 lines, files up to 500; C up to 120 columns, comments included
    switches   no conditional compilation outside x86/ but include guards
    waiting    the table of operations says MAY_WAIT of exactly those whose handlers start an operation that may wait for another cluster
    words      one word, one meaning: names have none of the words that were given up; only where the layout of words is the subject is
               a slot's word indexed
    language   no typedef of a struct; nothing marked as left to do; a licence line at the top
"""

import argparse
import ast
import pathlib
import re
import subprocess
from collections.abc import Iterator

import tool
from headers import TABLE, blank, operations, without_comments

Function = tuple[str, int, int]  # name, first line, last line
Bodies = dict[tuple[str, str], str]  # (file, function) -> body

FUNCTION_LINES = 60
FILE_LINES = 500
COLUMNS = 120  # of C: clang-format leaves comments as they are
CODE = {".c", ".h", ".S", ".ld", ".py", ".sh", ".mk"}
PURE_FOLDERS = ["boot-coordinator/core", "cluster-kernel/pure", "shared", "shared/r4"]
FREESTANDING = {
    "stdarg",
    "stdatomic",
    "stdbool",
    "stddef",
    "stdint",
    "stdalign",
    "stdnoreturn",
    "limits",
    "float",
    "iso646",
}
MEMORY_FUNCTIONS = {"memcpy", "memmove", "memset", "memcmp"}
GROUND = MEMORY_FUNCTIONS | {"contract_failed"}  # what every floor may call
# Where the build leaves the objects of each pure folder.
PURE_OBJECTS = ["coordinator/core", "coordinator/shared", "kernel/pure", "kernel/shared"]

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else)\b")
GUARD = re.compile(r"\s*#\s*ifndef\s+(\w+)\s*\n\s*#\s*define\s+\1\s*\n")
ASSEMBLY = re.compile(r"\b(__asm__|asm)\b")
LEFT_TO_DO = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
# An operation that a call waits for and that may wait for a peer.
MAY_WAIT = re.compile(r"\boperation_start\([^;]*\bOPERATION_(?:REVOKE|DELETE|JOIN|HANDOFF|MILESTONE_WAIT)\b")
# Parts of names that were given up -> what is said today.
OLD_WORDS = {
    "landing": "receive slot",
    "landings": "receive slots",
    "shelter": "park",
    "undo": "finalise",
    "making": "creating",
    "hook": "fault",
    "census": "cap_scan, usage",
    "furnish": "setup",
    "crew": "workers",
    "plant": "mutant",
    "plants": "mutants",
    "rarely": "unlikely",
}
NAME = re.compile(r"\b[A-Za-z_]\w*\b")
RAW_WORD = re.compile(r"\bword\[")
RAW_WORD_FOLDERS = ("cluster-kernel/", "user/")  # but for the places below
RAW_WORD_PLACES = ("cluster-kernel/pure/", "user/lib/window.h", "user/lib/proxy.h")
STRUCT_TYPEDEF = re.compile(r"\btypedef\s+(struct|union)\b")


def bare(text: str) -> str:
    """C without comments, literals and preprocessor lines: what is left has balanced braces."""
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', blank, without_comments(text))
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", blank, text, flags=re.M)


def c_functions(text: str) -> Iterator[Function]:
    """(name, first line, last line) of each function body at the outermost level."""
    text = bare(text)
    depth = 0
    start = 0  # of the current outermost declaration
    header = ""
    for position, character in enumerate(text):
        if character == "{":
            if depth == 0:
                header = text[start:position]
            depth += 1
        elif character == "}":
            depth -= 1
            if depth == 0:
                header = re.sub(r"__attribute__\s*\(\(.*?\)\)", blank, header)
                name = re.search(r"(\w+)\s*\(", header)
                if name and "=" not in header and header.rstrip().endswith(")"):  # no enum or struct
                    first = start + len(header) - len(header.lstrip())
                    yield name.group(1), text.count("\n", 0, first) + 1, text.count("\n", 0, position) + 1
                start = position + 1
        elif character == ";" and depth == 0:
            start = position + 1


def python_functions(text: str) -> Iterator[Function]:
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno or node.lineno


def check_size(name: str, text: str) -> Iterator[str]:
    lines = text.count("\n")
    if lines > FILE_LINES:
        yield f"{name}:1: {lines} lines; a file has up to {FILE_LINES}"
    if name.endswith((".c", ".h")):
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > COLUMNS:
                yield f"{name}:{number}: {len(line)} columns; a line has up to {COLUMNS}"
    functions = {".c": c_functions, ".h": c_functions, ".py": python_functions}.get(pathlib.PurePath(name).suffix)
    for function, first, last in functions(text) if functions else ():
        if last - first + 1 > FUNCTION_LINES:
            yield f"{name}:{first}: {function} has {last - first + 1} lines; a function has up to {FUNCTION_LINES}"


def check_switches(name: str, text: str) -> Iterator[str]:
    path = pathlib.PurePath(name)
    if path.suffix not in (".c", ".h") or "x86" in path.parts:
        return
    text = without_comments(text)
    if path.suffix == ".h":
        text = GUARD.sub(blank, text, count=1)
    for number, line in enumerate(text.splitlines(), 1):
        if CONDITION.match(line):
            yield f"{name}:{number}: conditional compilation outside x86/: {line.strip()}"


def kernel_bodies(root: pathlib.Path) -> Bodies:
    """(file, function) -> body, of all functions of the kernel."""
    found = {}
    for path in sorted((root / "cluster-kernel").rglob("*.[ch]")):
        text = path.read_text(encoding="utf-8")
        lines = bare(text).splitlines()
        for function, first, last in c_functions(text):
            found[str(path), function] = "\n".join(lines[first - 1 : last]).partition("{")[2]
    return found


def may_wait(bodies: Bodies, function: str, file: str | None = None, seen: set[tuple[str, str]] | None = None) -> bool:
    """True if the function, as `file` knows it, or one that it calls starts an operation that may wait for a peer."""
    seen = set() if seen is None else seen
    places = (
        [(file, function)]
        if file is not None and (file, function) in bodies
        else [key for key in bodies if key[1] == function]
    )
    for place in places:
        if place not in seen:
            seen.add(place)
            body = bodies[place]
            if MAY_WAIT.search(body) or any(
                may_wait(bodies, called, place[0], seen) for called in re.findall(r"\b(\w+)\(", body)
            ):
                return True
    return False


def check_waiting(root: pathlib.Path) -> Iterator[str]:
    """A handler that may have to wait for another cluster says so in its row, and nobody else does."""
    if not (root / TABLE).is_file():
        return
    bodies = kernel_bodies(root)
    for operation in operations(root):
        true = "MAY_WAIT" if may_wait(bodies, operation.handler) else "AT_ONCE"
        if operation.waits != true:
            yield f"{TABLE}: {operation.handler} says {operation.waits}, and it is {true}"


def code_of(name: str, text: str) -> str:
    """The text without what is no code: comments and literals, line by line."""
    if name.endswith((".c", ".h")):
        return re.sub(r'"(?:\\.|[^"\\\n])*"', blank, without_comments(text))
    return ""


def check_words(name: str, text: str) -> Iterator[str]:
    for number, line in enumerate(code_of(name, text).splitlines(), 1):
        for found in NAME.findall(line):
            for part in found.lower().split("_"):
                if part in OLD_WORDS:
                    yield f"{name}:{number}: {found}: the word for {part} is {OLD_WORDS[part]}"
        if RAW_WORD.search(line) and name.startswith(RAW_WORD_FOLDERS) and not name.startswith(RAW_WORD_PLACES):
            yield f"{name}:{number}: a slot's word without an accessor: {line.strip()}"


def check_language(name: str, text: str) -> Iterator[str]:
    if "SPDX-License-Identifier: " not in "\n".join(text.splitlines()[:2]):
        yield f"{name}:1: no SPDX licence line at the top"
    code = without_comments(text) if name.endswith((".c", ".h")) else ""
    for number, (line, clean) in enumerate(zip(text.splitlines(), code.splitlines() or text.splitlines()), 1):
        if LEFT_TO_DO.search(line):
            yield f"{name}:{number}: left to do: {line.strip()}"
        if code and STRUCT_TYPEDEF.search(clean):
            yield f"{name}:{number}: a struct keeps its name: {clean.strip()}"


def include_is_pure(path: pathlib.Path, bracket: str, target: str) -> bool:
    if bracket == '"':
        return "/" not in target and (path.parent / target).exists()
    return target.startswith("r4/") or target.removesuffix(".h") in FREESTANDING


def check_pure_source(root: pathlib.Path, name: str, text: str) -> Iterator[str]:
    if str(pathlib.PurePath(name).parent) not in PURE_FOLDERS:
        return
    text = without_comments(text)
    for match in INCLUDE.finditer(text):
        if not include_is_pure(root / name, *match.groups()):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: a pure file includes {match.group(2)}"
    for number, line in enumerate(text.splitlines(), 1):
        if ASSEMBLY.search(line):
            yield f"{name}:{number}: assembly in a pure file"


def symbols(objects: list[pathlib.Path]) -> Iterator[tuple[str, str, str]]:
    """(object, letter, name) for each symbol of the objects, as nm says."""
    listing = subprocess.run(["nm", "-A", *map(str, objects)], capture_output=True, text=True, check=True).stdout
    for line in listing.splitlines():
        place, _, rest = line.rpartition(":")
        *_, letter, name = rest.split()
        yield place, letter, name


def check_pure_objects(build: pathlib.Path) -> Iterator[str]:
    """Undefined names of pure objects must be defined by pure objects; nothing in them can be written."""
    objects = [path for folder in PURE_OBJECTS for path in sorted((build / folder).glob("*.o"))]
    if not objects:
        yield f"{build}: no objects of pure folders; build first"
        return
    table = list(symbols(objects))
    defined = {name for _, letter, name in table if letter not in "Uvw"} | GROUND
    for place, letter, name in table:
        if letter in "Uvw" and name not in defined:
            yield f"{place}: a pure object needs {name}"
        if letter in "BbCDdGgSs":
            yield f"{place}: a pure object has data that can change: {name}"


def tree_files(root: pathlib.Path) -> Iterator[str]:
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        hidden = parts[0] == "build" or any(part.startswith((".", "__")) for part in parts)
        if not hidden and path.is_file() and (path.suffix in CODE or path.name == "Makefile"):
            yield str(path.relative_to(root))


def check_tree(root: pathlib.Path, build: pathlib.Path) -> Iterator[str]:
    for name in tree_files(root):
        text = (root / name).read_text(encoding="utf-8")
        yield from check_size(name, text)
        yield from check_switches(name, text)
        yield from check_words(name, text)
        yield from check_language(name, text)
        yield from check_pure_source(root, name, text)
    yield from check_waiting(root)
    yield from check_pure_objects(build)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[1])
    parser.add_argument("--build", type=pathlib.Path, help="where the objects are; default: ROOT/build")
    arguments = parser.parse_args()
    breaches = list(check_tree(arguments.root, arguments.build or arguments.root / "build"))
    for breach in breaches:
        print(breach)
    print(f"check_tree: {len(breaches) or 'no'} breach{'' if len(breaches) == 1 else 'es'}")
    return 1 if breaches else 0


if __name__ == "__main__":
    tool.run(main)
