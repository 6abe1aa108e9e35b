# SPDX-License-Identifier: MIT
"""The commands of linkgen.py for real machines; linkgen.py CONFIG is another matter. One line and exit status 2 for an
input that is wrong."""

import argparse
import dataclasses
import re
import sys
from collections.abc import Callable
from pathlib import Path

import layout_ascii
import layout_picture
from layout_diff import binary_beside, diff, load
from layout_error import LayoutError, printable
from layout_examine import examine
from layout_explain import explain
from layout_hand import plan_by_hand
from layout_machine import Machine, Sources, read_machine
from layout_policy import OPTIONAL, Plan, plan
from layout_qemu import SHAPE_CORES, configuration
from layout_show import notes, show
from layout_tree import read_file
from layout_write import Options, check_name, write

COLLECT = Path(__file__).resolve().parent / "collect.sh"
GRUB_CONFIG = Path(__file__).resolve().parent / "grub.cfg"
EXAMPLES = {
    "collect": [
        "linkgen.py collect >collect.sh     then, on the server, as root: sh collect.sh",
        "linkgen.py collect | ssh root@server 'cat >collect.sh && sh collect.sh'",
    ],
    "show": [
        "linkgen.py show --acpi /sys/firmware/acpi/tables --sysfs /",
        "linkgen.py show --acpi acpidump.txt --memory-map dmesg.txt --policy cores=8",
        'linkgen.py show --synthetic "pack:2 numa:1 core:4 pu:2" --picture build/machine.svg',
        "linkgen.py show --sysfs / --picture -",
    ],
    "check": [
        "linkgen.py check --sysfs r4-machine.tar",
        "linkgen.py check --sysfs r4-machine.tar --layout build/mine.bin",
    ],
    "explain": [
        "linkgen.py explain all --sysfs r4-machine.tar",
        "linkgen.py explain cpu:3 --sysfs /",
        "linkgen.py explain 0x1c0000000 --acpi tables/ --memory-map dmesg.txt",
    ],
    "layout": [
        "linkgen.py layout --sysfs r4-machine.tar --name mine -o build",
        "linkgen.py layout --sysfs r4-machine.tar --by-hand build/mine.toml --name changed",
    ],
    "diff": ["linkgen.py diff build/mine.toml build/changed.toml"],
    "qemu": [
        "linkgen.py qemu --sysfs r4-machine.tar --memory 2GiB --name mine; make run CONFIG=build/mine.toml",
        'linkgen.py qemu --synthetic "pack:4 core:8 pu:2" --cores 16 --name small',
    ],
    "image": ["linkgen.py image build/mine.bin -o build/layout-mine"],
}


def add_sources(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("inputs")
    group.add_argument(
        "--acpi", type=Path, metavar="DIR|FILE", help="binary ACPI tables, a tar file of them, or acpidump's text"
    )
    group.add_argument("--sysfs", type=Path, metavar="DIR|TAR", help="Linux' sys/ and proc/, or what `collect` made")
    group.add_argument(
        "--hwloc", type=Path, metavar="FILE.xml", help="hwloc's XML, version 2: cross-checks, adds names"
    )
    group.add_argument("--synthetic", metavar="TEXT", help='an invented machine: "pack:2 numa:1 core:4 pu:2"')
    group.add_argument(
        "--memory-map", type=Path, metavar="FILE", help="lines BASE END TYPE, Linux' log, or a Linux tree"
    )


def add_policy(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("policy")
    group.add_argument("--policy", default="domain", help="domain (default), package, cache or cores=N")
    group.add_argument("--by-hand", type=Path, metavar="FILE.toml", help="clusters as listed there")
    group.add_argument(
        "--use", action="append", default=[], choices=[kind.lower() for kind in OPTIONAL], help="such memory, too"
    )


def sources_of(arguments: argparse.Namespace) -> Sources:
    use = frozenset(kind.upper() for kind in getattr(arguments, "use", []))
    names = ("acpi", "sysfs", "hwloc", "synthetic", "memory_map")
    sources = Sources(**{name: getattr(arguments, name) for name in names}, use=use)
    for name in names:
        path = getattr(sources, name)
        if isinstance(path, Path) and not path.exists():
            raise LayoutError(f"{path}: there is no such file or folder")
    return sources


def planned(machine: Machine, arguments: argparse.Namespace) -> Plan:
    use = frozenset(kind.upper() for kind in arguments.use)
    if arguments.by_hand is not None:
        return plan_by_hand(machine, arguments.by_hand, use)
    return plan(machine, arguments.policy, use)


# --- commands ---


def run_show(arguments: argparse.Namespace) -> int:
    machine = read_machine(sources_of(arguments))
    if machine.findings.stop is not None or machine.findings.listed:
        show(machine, None)
        return 0
    made = planned(machine, arguments)
    if arguments.picture == "-":
        print(layout_ascii.draw(machine, made), end="")
        return 0
    if arguments.picture is not None:
        source = arguments.sysfs or arguments.acpi
        name = source.name if source else arguments.synthetic
        Path(arguments.picture).write_bytes(layout_picture.draw(machine, made, printable(name)))
    show(machine, made)
    return 0


def run_check(arguments: argparse.Namespace) -> int:
    """Exit status 1 if the coordinator would stop, or inputs contradict each other."""
    machine = read_machine(sources_of(arguments))
    findings = machine.findings
    if arguments.layout is not None:
        load(arguments.layout)
        layout = read_file(binary_beside(arguments.layout), str(arguments.layout))
        findings = examine(machine.firmware, layout)
        machine = dataclasses.replace(machine, findings=findings)
    for line in findings.lines:
        print(line)
    for note in notes(machine, None):
        if not note.startswith("coordinator: "):
            print(note)
    if findings.stop is not None:
        print(f"The coordinator would stop: {findings.stop}")
    good = findings.stop is None and not machine.contradictions
    print("good" if good else "not good")
    return 0 if good else 1


def run_explain(arguments: argparse.Namespace) -> int:
    machine = read_machine(sources_of(arguments))
    for line in explain(machine, planned(machine, arguments), arguments.what):
        print(line)
    return 0


def run_layout(arguments: argparse.Namespace) -> int:
    options = Options(check_name(arguments.name), arguments.console, arguments.pci, arguments.on_mismatch == "stop")
    machine = read_machine(sources_of(arguments))
    made = planned(machine, arguments)
    paths = write(machine, made, options, arguments.folder)
    for note in notes(machine, made):
        print(note, file=sys.stderr)
    print("\n".join(map(str, paths)))
    return 0


def run_qemu(arguments: argparse.Namespace) -> int:
    name = check_name(arguments.name)
    machine = read_machine(sources_of(arguments))
    text = configuration(machine, planned(machine, arguments), name, arguments.memory, arguments.cores)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    path = arguments.folder / f"{name}.toml"
    path.write_text(text, encoding="utf-8")
    print(f"{path}: make run CONFIG={path}")
    return 0


def run_image(arguments: argparse.Namespace) -> int:
    """What `make iso LAYOUT=FILE` puts beside R4's own files."""
    path = binary_beside(arguments.file)
    load(path)
    content = read_file(path, str(path)) or b""
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for name, data in (("layout.bin", content), ("grub.cfg", GRUB_CONFIG.read_bytes()), ("tables", b"")):
        (arguments.folder / name).write_bytes(data)
    return 0


def memory_size(text: str) -> int:
    """MiB."""
    match = re.fullmatch(r"(\d{1,7})(MiB|GiB|M|G)?", text)
    if match is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no size; must be like 2048MiB or 2GiB")
    return int(match[1]) << (10 if (match[2] or "M").startswith("G") else 0)


def run_diff(arguments: argparse.Namespace) -> int:
    lines = diff(arguments.first, arguments.second)
    for line in lines:
        print(line)
    return 1 if lines else 0


def run_collect(_: argparse.Namespace) -> int:
    print(COLLECT.read_text(encoding="utf-8"), end="")
    return 0


RUN: dict[str, Callable[[argparse.Namespace], int]] = {
    "collect": run_collect,
    "show": run_show,
    "check": run_check,
    "explain": run_explain,
    "layout": run_layout,
    "diff": run_diff,
    "qemu": run_qemu,
    "image": run_image,
}


# --- command line ---

HELP = {
    "collect": "print a shell script that collects what the others need, to be run on the server",
    "show": "nodes, distances and clusters as tables",
    "check": "what the coordinator would print on this machine, and what contradicts it; exit status 1 if anything does",
    "explain": "which domain, which cluster, by which rule: of a core, an address, or all",
    "layout": "write the layout: NAME.toml, NAME.bin, NAME.json",
    "diff": "compare two layouts; exit status 1 if they differ",
    "qemu": "write the configuration of a QEMU machine of the same shape, scaled down: NAME.toml",
    "image": "what goes into the boot image beside R4: called by `make iso LAYOUT=FILE`",
}


def add_command(command: argparse.ArgumentParser, name: str) -> None:
    """What the command is given."""
    if name == "explain":
        command.add_argument("what", metavar="CORE|ADDRESS|all", help="an APIC id, cpu:N, 0x1c0000000, 7GiB, or all")
    if name == "diff":
        command.add_argument("first", type=Path, metavar="A")
        command.add_argument("second", type=Path, metavar="B")
    if name == "image":
        command.add_argument("file", type=Path, metavar="FILE")
    if name in ("layout", "qemu", "image"):
        command.add_argument(
            "-o", dest="folder", type=Path, default=Path("build"), metavar="DIR", help="where to; build/"
        )
    if name in ("collect", "diff", "image"):
        return
    add_sources(command)
    if name != "check":
        add_policy(command)
    if name in ("layout", "qemu"):
        command.add_argument("--name", default=name, help="of the files")
    match name:
        case "show":
            command.add_argument("--picture", metavar="FILE.svg", help="also draw it; -: in letters, instead of tables")
        case "check":
            command.add_argument(
                "--layout", type=Path, metavar="FILE", help="a layout that the machine would boot with"
            )
        case "qemu":
            command.add_argument("--memory", type=memory_size, default=2048, metavar="SIZE", help="in all; 2GiB")
            command.add_argument("--cores", type=int, default=SHAPE_CORES, metavar="N", help=f"at most; {SHAPE_CORES}")
        case "layout":
            command.add_argument("--console", type=int, default=0, metavar="N", help="the cluster that has the console")
            command.add_argument("--pci", type=int, default=0, metavar="N", help="the one that has PCI configuration")
            command.add_argument(
                "--on-mismatch", choices=["stop", "derive"], default="stop", help="if the machine has changed"
            )


def parser_of() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="linkgen.py", description="Layouts of real machines.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in HELP.items():
        examples = "examples:\n" + "".join(f"  {line}\n" for line in EXAMPLES[name])
        command = commands.add_parser(
            name, help=text, description=text, epilog=examples, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        add_command(command, name)
    return parser


def main(words: list[str]) -> int:
    arguments = parser_of().parse_args(words)
    try:
        return RUN[arguments.command](arguments)
    except LayoutError as error:
        print(f"linkgen.py: {error}", file=sys.stderr)
        return 2
