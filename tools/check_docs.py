#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares README.md and docs/ with the tree; one line per breach, exit status 1 if there is any.

    commands   make's targets, variables and their values, tools and their options, as they are shown, exist
    names      files, functions and constants in backquotes exist
    abi        docs/abi.md says of operations, errors, types, fields and constants what the headers, the table in
               syscall.c and the handlers say
    boot       docs/boot.md names the areas, the linker constants and the lines that the coordinator prints

--refresh runs the command of each marker `<!-- output of: COMMAND -->` and puts what the clusters print (the
coordinator's lines left out) into the block below it. The boot tests compare that block with a run, numbers apart.
"""

import argparse
import pathlib
import re
import subprocess
from collections.abc import Iterator

import accelerator
import qemu
import headers
import tool
from check_tree import c_functions
from headers import ROOT, without_comments

Rows = list[list[str]]  # of a table, cells as text

SOURCES = {".c", ".h", ".S", ".py", ".mk", ".ld", ".sh", ".toml", ".asl", ".cfg"}
PROGRAMS = {"build/sim/r4sim": "tests/sim/main.c"}  # what is built and shown with options -> where these are

INLINE = r"[^`\n]+(?:\n[^`\n]+)?"  # may go on in the next line
CODE = re.compile(rf"```.*?\n(.*?)```|`({INLINE})`|^ {{4,}}(\S[^\n]*)$", re.S | re.M)
MARKER = re.compile(r"<!-- output of: (.+?) -->\n```\n(.*?)```\n", re.S)
PLACEHOLDER = re.compile(r"NAME|FILE|PATH|\bN\b|…|\.\.\.|\*")
PATH = re.compile(r"[\w.-]+(?:/[\w.-]+)*\.(?:c|h|S|py|md|mk|ld|sh|toml|asl|cfg)|(?:[\w-]+/)+")
IDENTIFIER = re.compile(r"([A-Za-z]\w*_\w*)(?:\(\))?")


def read(root: pathlib.Path, name: str) -> str:
    return (root / name).read_text(encoding="utf-8")


def tree_files(root: pathlib.Path) -> Iterator[str]:
    """The names of all files but built and hidden ones."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if parts[0] != "build" and not any(part.startswith((".", "__")) for part in parts) and path.is_file():
            yield str(path.relative_to(root))


def documents(root: pathlib.Path) -> list[str]:
    return [str(path.relative_to(root)) for path in [root / "README.md", *sorted((root / "docs").glob("*.md"))]]


def line_of(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


# --- commands ---


class Commands:
    """What can be called: targets and variables of make, options of the tools."""

    def __init__(self, root: pathlib.Path) -> None:
        self.root = root
        self.make = "".join(read(root, name) for name in tree_files(root) if name == "Makefile" or name.endswith(".mk"))
        self.targets = {word for line in re.findall(r"^\.PHONY: (.*)$", self.make, re.M) for word in line.split()}
        self.values = {
            "ACCEL": ["auto", *accelerator.ARGUMENTS],
            "FIRMWARE": list(qemu.FIRMWARE),
            "PROGRAM": qemu.programs(root),
            "CC": ["gcc", "clang"],
        }

    def check(self, code: str) -> Iterator[str]:
        """What is wrong with one line of code."""
        line = re.split(r"\s{2,}|\s#|;|\s\||&&", code.strip())[0]
        words = line.split()
        if words and words[0] == "make":
            yield from self.check_make(words[1:])
        tools = [word for word in words if re.fullmatch(r"(?:tools|tests)/[\w/]+\.(?:py|sh)", word) or word in PROGRAMS]
        for tool in tools[:1]:
            yield from self.check_tool(tool, words[words.index(tool) + 1 :])

    def check_make(self, words: list[str]) -> Iterator[str]:
        for word in words:
            name, is_variable, value = word.partition("=")
            if is_variable:
                yield from self.check_variable(name, value)
            elif not word.startswith("-") and word not in self.targets:
                yield f"make has no target {word}"

    def check_variable(self, name: str, value: str) -> Iterator[str]:
        if not re.search(rf"\$\({name}\)|^{name} *\?=", self.make, re.M):
            yield f"make has no variable {name}"
        for choice in value.split("|") if name in self.values else ():
            if choice not in self.values[name]:
                yield f"{name} is never {choice}"
        if name == "CONFIG" and not PLACEHOLDER.search(value) and not (self.root / value).is_file():
            yield f"there is no {value}"

    def check_tool(self, tool: str, words: list[str]) -> Iterator[str]:
        source = self.root / PROGRAMS.get(tool, tool)
        if not source.is_file():
            yield f"there is no {tool}"
            return
        parts = [source, *sorted(source.parent.glob(f"{source.stem}_*.py"))]
        text = "".join(part.read_text(encoding="utf-8") for part in parts)
        for word in words:
            option = re.match(r"--?[a-z][\w-]*", word)
            spelling = option and (option[0].lstrip("-") if tool in PROGRAMS else option[0])
            if option and f'"{spelling}"' not in text:
                yield f"{tool} has no option {option[0]}"


COLUMNS = 100  # outside outputs and code


def check_columns(name: str, text: str) -> Iterator[str]:
    """Lines that a terminal of 100 columns shows whole; but for fenced blocks and rows of tables, which cannot wrap."""
    text = re.sub(r"^```.*?^```", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > COLUMNS and not line.startswith("|"):
            yield f"{name}:{number}: {len(line)} columns; a line has up to {COLUMNS}"


def check_commands(name: str, text: str, commands: Commands) -> Iterator[str]:
    for match in CODE.finditer(text):
        (code,) = (group for group in match.groups() if group is not None)
        code = " ".join(code.split("\n")) if match[2] else code
        for offset, line in enumerate(code.splitlines()):
            for breach in commands.check(line):
                yield f"{name}:{line_of(text, match.start()) + offset}: {breach}: {line.strip()}"


# --- names ---


class Names:
    """Files of the tree and words of its sources."""

    def __init__(self, root: pathlib.Path) -> None:
        self.files = set(tree_files(root))
        self.folders = {str(parent) for name in self.files for parent in pathlib.PurePath(name).parents}
        code = (name for name in self.files if pathlib.PurePath(name).suffix in SOURCES or name == "Makefile")
        self.words = {word for name in code for word in re.findall(r"\w+", read(root, name))}

    def has_path(self, path: str) -> bool:
        """Full, or as readers shorten it: from some folder on."""
        path = path.rstrip("/")
        return any(known == path or known.endswith("/" + path) for known in self.files | self.folders)


def check_names(name: str, text: str, names: Names) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", lambda match: "\n" * match[0].count("\n"), text, flags=re.S | re.M)
    for match in re.finditer(rf"`({INLINE})`", text):
        for word in re.sub(r"[(){},;:]", " ", match[1]).split():
            identifier = IDENTIFIER.fullmatch(word)
            wrong = ""
            if PLACEHOLDER.search(word) or word.startswith(("build/", "/", "-", "../", "<")) or "=" in word:
                continue
            if PATH.fullmatch(word):
                wrong = "" if names.has_path(word) else "no such file"
            elif identifier:
                wrong = "" if identifier[1] in names.words else "no source has this name"
            if wrong:
                yield f"{name}:{line_of(text, match.start())}: {wrong}: {word}"


# --- abi.md ---


class Sections:
    """A document by headings: paragraphs, and the rows of tables as lists of cells without backquotes."""

    def __init__(self, text: str) -> None:
        parts = re.split(r"^#+ (.*)$", text, flags=re.M)
        self.text = dict(zip(parts[1::2], parts[2::2]))

    def rows(self, heading: str | None, head: list[str]) -> Rows:
        """Rows of all tables below `heading` (any heading: None) whose first columns are called `head`."""
        texts = [self.text.get(heading, "")] if heading else self.text.values()
        found = []
        for table in re.findall(r"(?:^\|.*\n)+", "\n".join(texts), re.M):
            lines = [
                [cell.strip().replace("`", "") for cell in line.strip("|").split("|")] for line in table.splitlines()
            ]
            if lines[0][: len(head)] == head:
                found += [cells[: len(head)] for cells in lines[2:]]
        return found

    def paragraph(self, heading: str, begin: str) -> str | None:
        """The text after `begin` up to the end of its paragraph, on one line; None if there is none."""
        match = re.search(rf"\b{begin}(.*?)(?:\n\n|\Z)", self.text.get(heading, ""), re.S)
        return " ".join(match[1].split()) if match else None


class Abi:
    """What the sources say."""

    HANDLER_FILES = [headers.TABLE]
    HANDLER_FOLDERS = ["call", "object", "peer", "pure"]
    THROUGH = {"LIKE": "yes", "MODIFIES": "R4_MODIFY", "LINKS": "R4_LINK", "DIRECT": "not"}  # syscall.c's names

    def __init__(self, root: pathlib.Path) -> None:
        self.headers = headers.shared(root)
        self.table = list(headers.operations(root))
        self.static: dict[
            tuple[str | None, str], str
        ] = {}  # (file, function) -> body: files may have functions of one name
        self.bodies: dict[str, tuple[str, str]] = {}  # function -> (file, body)
        files = (sorted((root / "cluster-kernel" / folder).glob("*.[ch]")) for folder in self.HANDLER_FOLDERS)
        for name in [*self.HANDLER_FILES, *(str(path.relative_to(root)) for paths in files for path in paths)]:
            self.take_functions(name, read(root, name))

    def take_functions(self, name: str, text: str) -> None:
        text = re.sub(r"__attribute__\(\((?:\w+(?:, )?)+\)\)", "", without_comments(text))
        text = re.sub(r"\bKERNEL_(?:CHECK|ASSERT)\((?:[^;]|\n)*?\);", "", text)  # no user sees what a contract calls
        lines = text.splitlines()
        for function, first, last in c_functions(text):
            body = "\n".join(lines[first - 1 : last])
            if name.endswith(".c") and body.startswith("static"):
                self.static[name, function] = body
            else:
                self.bodies[function] = (name, body)

    def operations(self) -> Rows:
        rows = []
        table = {operation.name: operation for operation in self.table}
        for number, name in enumerate(self.headers.enum("r4_operation")):
            operation = table[name]
            kept = ", no single-use one" if self.keeps_single_use(operation.handler) else ""
            needs = (self.THROUGH[operation.via_proxy] + kept).removeprefix("yes, ")
            right = "none" if operation.right == "0" else operation.right
            waits = "yes" if operation.waits == "MAY_WAIT" else "no"
            rows.append([str(number), name, operation.type or "any", right, needs, waits])
        return rows

    def keeps_single_use(self, handler: str) -> bool:
        """True if a handler refuses single-use proxies."""
        return "invocation_is_once(" in self.bodies[handler][1]

    def bits(self, prefix: str, names: list[str] | None = None) -> Rows:
        """Flags or rights: [value, name]; those with the prefix, or only these."""
        full = [prefix + name for name in names or self.headers.with_prefix(prefix)]
        return [[str(self.headers.numbers[name]), name] for name in full]

    def numbered(self, enumeration: str) -> Rows:
        return [[str(value), name] for value, name in enumerate(self.headers.enum(enumeration))]

    def fields(self) -> Rows:
        return [[name, f"{field.high}:{field.low}"] for name, field in self.headers.fields.items()]

    def refusals(
        self, function: str, name: str | None = None, seen: set[tuple[str | None, str]] | None = None
    ) -> set[str]:
        """The errors in a function, as file `name` knows it, and in all that it calls in these files."""
        seen = set() if seen is None else seen
        own = (name, self.static.get((name, function)))
        name, body = own if own[1] else self.bodies.get(function, (None, None))
        if body is None or (name, function) in seen:
            return set()
        seen.add((name, function))
        found = set(re.findall(r"R4_ERR_\w+", body))
        for called in re.findall(r"\b(\w+)\(", body):
            found |= self.refusals(called, name, seen)
        return found


def difference(what: str, said: Rows, true: Rows) -> Iterator[str]:
    """Differences between the rows of a table and what they should be."""
    for row in said:
        if row not in true:
            yield f"{what}: wrong or not there: {' | '.join(row)}"
    for row in true:
        if row not in said:
            yield f"{what}: missing: {' | '.join(row)}"
    if sorted(said) == sorted(true) and said != true:
        yield f"{what}: in another order than in the source"


SLOT_RULES = {
    "as for a destination slot": ("A destination slot", "invocation_destination"),
    "as for a named capability": ("A named capability", "invocation_cap"),
}
USED_UP = "R4_ERR_CHANGED"  # what a call through a single-use proxy can end with; said once, for all


def check_refusals(sections: Sections, abi: Abi) -> Iterator[str]:
    """Of the call itself, of the two kinds of slots, of each operation."""
    rules = {}
    for phrase, (begin, function) in SLOT_RULES.items():
        said = set(re.findall(r"R4_ERR_\w+", sections.paragraph("Slots and caps in arguments", begin) or ""))
        rules[phrase] = said
        yield from sets_differ(begin, said, abi.refusals(function))
    general = {row[0] for row in sections.rows("What every call can be refused with", ["error"])}
    yield from sets_differ("every call", general, abi.refusals("invoke", "cluster-kernel/syscall.c") | {USED_UP})
    for operation, handler, _, _, via_proxy, _ in abi.table:
        refused = sections.paragraph(operation, "Refused:")
        if refused is None:
            yield f"{operation}: does not say what it is refused with"
            continue
        said = set(re.findall(r"R4_ERR_\w+", refused))
        for phrase, errors in rules.items():
            said |= errors if phrase in refused else set()
        refusals = abi.refusals(handler)
        yield from sets_differ(operation, said, refusals - {USED_UP})
        single_use = via_proxy != "DIRECT" and not abi.keeps_single_use(handler)
        if single_use != (USED_UP in refusals):
            yield f"{operation}: {handler}() {'does not use' if single_use else 'uses'} up a single-use proxy"


def sets_differ(what: str, said: set[str], true: set[str]) -> Iterator[str]:
    if said != true:
        more, less = sorted(said - true), sorted(true - said)
        wrong = [f"not {error}" for error in more] + [f"also {error}" for error in less]
        yield ", ".join([f"{what}: refused with", *wrong])


def check_constants(text: str, numbers: dict[str, int]) -> Iterator[str]:
    """`NAME` (value) says the value that the header says."""
    for name, value in re.findall(r"`(R4_\w+)` \((0x[0-9a-f]+|\d+)\)", text):
        if name not in numbers:
            yield f"{name}: has no value in the headers"
        elif numbers[name] != int(value, 0):
            yield f"{name}: is {numbers[name]:#x}, not {value}"


def check_abi(root: pathlib.Path) -> list[str]:
    text = read(root, "docs/abi.md")
    sections, abi = Sections(text), Abi(root)
    errors = [[str(value), *error] for value, error in enumerate(abi.headers.rows("R4_ERROR_LIST"))]
    fields = sections.rows(None, ["field", "bits"])
    fields += [[name, bits] for name, _, bits in sections.rows(None, ["field", "word", "bits"])]
    members = [[member.name] for member in abi.headers.members("r4_root_info")]
    said_stats = re.findall(r"(\d) [\w\s]+\(`(R4_STAT_\w+)`\)", text)
    head = ["number", "operation", "type", "right", "through proxies", "may wait"]
    breaches = [
        *difference("operations", sections.rows("Operations", head), abi.operations()),
        *difference("errors", sections.rows("Errors", ["value", "error", "text"]), errors),
        *difference("types", sections.rows("Types", ["value", "type"]), abi.numbered("r4_cap_type")),
        *difference("rights", sections.rows("Rights", ["bit", "right"]), abi.bits("R4_", headers.RIGHTS)),
        *difference("flags", sections.rows("Flags", ["bit", "flag"]), abi.bits("R4_FLAG_")),
        *difference("proxy flags", sections.rows("The words of a proxy", ["bit", "proxy flag"]), abi.bits("R4_PROXY_")),
        *difference("fields", sorted(fields), sorted(abi.fields())),
        *difference("root task", sections.rows("The root task", ["field"]), members),
        *difference("counters", [list(row) for row in said_stats], abi.numbered("r4_stat")),
        *check_refusals(sections, abi),
        *check_constants(text, abi.headers.numbers),
    ]
    return [f"docs/abi.md: {breach}" for breach in breaches]


# --- boot.md ---


def printed_lines(root: pathlib.Path) -> Rows:
    """What the coordinator prints, as boot.md writes it: N, 0xN and … for numbers and texts."""
    found = []
    for path in sorted((root / "boot-coordinator").rglob("*.c")):
        text = path.read_text(encoding="utf-8")
        for literals in re.findall(
            r'(?:boot_(?:print|begin)\(|notes_add\([^";]*,)\s*((?:"(?:[^"\\]|\\.)*"\s*)+)', text
        ):
            line = "".join(re.findall(r'"((?:[^"\\]|\\.)*)"', literals))
            found.append([re.sub(r"%s", "…", re.sub(r"%[0-9]*l?[ux]", "N", line))])
    return found


READERS = {"boot-coordinator": "coordinator", "cluster-kernel": "kernel", "user": "program"}


def command_words(root: pathlib.Path) -> Rows:
    """Words of the command line, [word, who reads it]."""
    found = set()
    for folder, reader in READERS.items():
        for path in sorted((root / folder).rglob("*.c")):
            words = re.findall(r'string_(?:option|word)\([^"]*"(\w+)"', path.read_text(encoding="utf-8"))
            found |= {(word, reader) for word in words}
    return [list(row) for row in sorted(found)]


def known_words(root: pathlib.Path) -> list[str]:
    """Those of which the root task knows that somebody reads them."""
    table = re.search(r"words\[\] = \{(.*?)\};", read(root, "user/root/words.c"), re.S)
    return re.findall(r'\{"(\w+)"', table[1]) if table else []


def check_boot(root: pathlib.Path) -> list[str]:
    sections = Sections(read(root, "docs/boot.md"))
    known = headers.shared(root)
    areas = [[f"{value:#08x}", name] for name, value in known.numbers.items() if name.startswith("R4_AREA_")]
    constants = [[name] for name, *_ in known.rows("R4_LINKER_CONSTANT_LIST")]
    said = sections.rows("What is printed", ["line"])
    values = {row[0]: row[2] for row in sections.rows("The command line", ["word", "read by", "values"])}
    said_programs = re.findall(r"[:,] (\w+)", values.get("program", ""))
    printed = [[line] for line in sorted({line for line, *_ in printed_lines(root)})]
    breaches = [
        *difference("areas", sections.rows("Where a kernel lies", ["offset", "area"]), areas),
        *difference("linker constants", sections.rows("The linker", ["constant"]), constants),
        *difference("words", sorted(sections.rows("The command line", ["word", "read by"])), command_words(root)),
        *difference("known words", [[word] for word in known_words(root)], [[word] for word in values]),
        *difference("programs", [[name] for name in said_programs], [[name] for name in qemu.programs(root)]),
        *difference("printed lines", sorted(said), printed),
    ]
    return [f"docs/boot.md: {breach}" for breach in breaches]


# --- outputs ---


THREAD_FAULT = re.compile(r"\[c\d+\] kernel: thread \w+ on core \d+ stopped: exception 14, ")


def cluster_lines(output: str) -> list[str]:
    """What the clusters print, and the end; without faults of threads in memory that a revoke takes away, which may come."""
    lines = [line.rstrip() for line in output.splitlines() if re.match(r"\[(?!boot\])\w+\] ", line)]
    return [line for line in lines if not THREAD_FAULT.match(line)]


def shape(lines: list[str]) -> dict[str, list[str]]:
    """Prefix -> its lines in order, without numbers and the width of blanks. Clusters do not wait for each other."""
    found: dict[str, list[str]] = {}
    for line in lines:
        prefix, rest = line.split(" ", 1)
        found.setdefault(prefix, []).append(" ".join(re.sub(r"\d+", "#", rest).split()))
    return found


def outputs(text: str) -> list[tuple[str, list[str]]]:
    """(command, its lines) for each marked block."""
    return [(match[1], match[2].splitlines()) for match in MARKER.finditer(text)]


def refresh(root: pathlib.Path, more: str) -> None:
    """Fills the marked blocks."""
    for name in documents(root):
        text = read(root, name)

        def fill(match: re.Match[str]) -> str:
            command = f"{match[1]} {more}".strip()
            done = subprocess.run(command, shell=True, cwd=root, check=True, capture_output=True, text=True)
            lines = cluster_lines(done.stdout)
            if not lines:
                raise SystemExit(f"check_docs: {command}: no cluster has said anything")
            return f"<!-- output of: {match[1]} -->\n```\n" + "\n".join(lines) + "\n```\n"

        new = MARKER.sub(fill, text)
        if new != text:
            (root / name).write_text(new, encoding="utf-8")
            print(f"check_docs: {name} is new")


def check_docs(root: pathlib.Path, names: Names | None = None) -> Iterator[str]:
    """All breaches; `names` if they are known already."""
    commands, names = Commands(root), names or Names(root)
    for name in documents(root):
        text = read(root, name)
        yield from check_commands(name, text, commands)
        yield from check_names(name, text, names)
        yield from check_columns(name, text)
        for command, lines in outputs(text):
            if not cluster_lines("\n".join(lines)):
                yield f"{name}: the output of {command} is empty: tools/check_docs.py --refresh"
    yield from check_abi(root)
    yield from check_boot(root)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--root", type=pathlib.Path, default=ROOT)
    parser.add_argument("--refresh", action="store_true", help="run the marked commands, put in what they print")
    parser.add_argument("--with", default="", dest="more", metavar="WORDS", help="more words for these commands")
    arguments = parser.parse_args()
    if arguments.refresh:
        refresh(arguments.root, arguments.more)
    breaches = list(check_docs(arguments.root))
    for breach in breaches:
        print(breach)
    print(f"check_docs: {len(breaches) or 'no'} breach{'' if len(breaches) == 1 else 'es'}")
    return 1 if breaches else 0


if __name__ == "__main__":
    tool.run(main)
