# SPDX-License-Identifier: MIT
"""What make does with its variables, with files that have changed, with another make beside it, in odd places: in copies of the tree."""

import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Callable

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
LEFT_OUT = shutil.ignore_patterns("build", ".git", "__pycache__")
APART = {
    name: value for name, value in os.environ.items() if not name.startswith("MAKE")
}  # from the make that runs this

Copy = Callable[[str], pathlib.Path]


@pytest.fixture(name="tree")
def fixture_tree(tmp_path: pathlib.Path) -> pathlib.Path:
    """A fresh clone, in a path with spaces."""
    return shutil.copytree(ROOT, tmp_path / "a fresh clone", ignore=LEFT_OUT)


def make(tree: pathlib.Path, *words: str, path: pathlib.Path | None = None) -> subprocess.CompletedProcess[str]:
    """A make that must succeed; programs in `path` come before others of their name."""
    environment = APART | ({"PATH": f"{path}:{os.environ['PATH']}"} if path else {})
    done = subprocess.run(["make", *words], cwd=tree, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def program(path: pathlib.Path, body: str) -> pathlib.Path:
    """A shell script."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def started(tree: pathlib.Path, *words: str) -> list[str]:
    """The command with which `make run` would start QEMU."""
    (line,) = [line for line in make(tree, "-n", "run", *words).stdout.splitlines() if "tools/qemu.py" in line]
    return shlex.split(line)


def machine_folder(tree: pathlib.Path, *words: str) -> str:
    line = started(tree, *words)
    return line[line.index("--build") + 1]


def rewrite(path: pathlib.Path, old: str, new: str) -> None:
    """The file is as old afterwards as a file can be."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(path, (1, 1))


def memory(tree: pathlib.Path, folder: str) -> list[int]:
    return json.loads((tree / folder / "layout.json").read_text(encoding="utf-8"))["memory_mib"]


def test_content_decides(tree: pathlib.Path) -> None:
    """Not the time of the file: what is made again is what would be different."""
    made = tree / "build/qemu-1x1/layout.bin"
    make(tree, "build/qemu-1x1/layout.bin")
    assert memory(tree, "build/qemu-1x1") == [256]
    before = made.stat().st_mtime_ns
    os.utime(tree / "configs/qemu-1x1.toml")
    make(tree, "build/qemu-1x1/layout.bin")
    assert made.stat().st_mtime_ns == before
    rewrite(tree / "configs/qemu-1x1.toml", "memory_mib = [256]", "memory_mib = [128]")
    make(tree, "build/qemu-1x1/layout.bin")
    assert memory(tree, "build/qemu-1x1") == [128]
    before = made.stat().st_mtime_ns
    (tree / "configs/any.asl").write_text("", encoding="utf-8")  # a table may have come to be named
    make(tree, "build/qemu-1x1/layout.bin")
    assert made.stat().st_mtime_ns > before


def test_machines_of_one_name(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Each has a folder of its own, whatever lies in that of the other, and wherever it is."""
    folder = tmp_path / "else where's"
    folder.mkdir()
    other = pathlib.Path(shutil.copy(tree / "configs/qemu-1x1.toml", folder))
    rewrite(other, "memory_mib = [256]", "memory_mib = [128]")
    own, elsewhere = machine_folder(tree, "CONFIG=configs/qemu-1x1.toml"), machine_folder(tree, f"CONFIG={other}")
    make(tree, f"{own}/layout.bin")
    make(tree, f"CONFIG={other}", f"{elsewhere}/layout.bin")
    assert own == "build/qemu-1x1" and re.fullmatch(r"build/qemu-1x1-[0-9a-f]{8}", elsewhere)
    assert memory(tree, own) == [256] and memory(tree, elsewhere) == [128]
    rewrite(other, "memory_mib = [128]", "memory_mib = [64]")
    again = machine_folder(tree, f"CONFIG={other}")
    make(tree, f"CONFIG={other}", f"{again}/layout.bin")
    assert memory(tree, again) == [64] and memory(tree, elsewhere) == [128]


def compiler(tmp_path: pathlib.Path, version: str) -> pathlib.Path:
    """One that notes what it makes, does so when the file `go` is there, and fails if that is being made already."""
    return program(
        tmp_path / "cc",
        f'[ "$1" != --version ] || {{ echo {version}; exit; }}\n'
        'for last; do :; done; name=$(basename "$last").busy\n'
        f"cd {shlex.quote(str(tmp_path))} && echo $name >>made && mkdir $name || exit 1\n"
        f'while [ ! -e go ]; do sleep 0.1; done; rmdir $name; cd "$OLDPWD" && exec gcc "$@"',
    )


def made(tmp_path: pathlib.Path) -> int:
    return len((tmp_path / "made").read_text(encoding="utf-8").splitlines())


@pytest.mark.parametrize("words", [["build/kvm-probe.elf"], ["build", "BOOT_FILES="]])
def test_two_makes_at_once(tree: pathlib.Path, tmp_path: pathlib.Path, words: list[str]) -> None:
    """The second one waits, and finds made what the first has made."""
    line = ["make", f"CC={compiler(tmp_path, 'one')}", *words]
    with subprocess.Popen(line, cwd=tree, env=APART, stdout=subprocess.DEVNULL) as first:
        while not (tmp_path / "made").exists():
            assert first.poll() is None
            time.sleep(0.1)
        with subprocess.Popen(line, cwd=tree, env=APART, stderr=subprocess.PIPE, text=True) as second:
            assert second.stderr is not None
            said = second.stderr.readline()
            (tmp_path / "go").touch()
            second.communicate(timeout=60)
    assert (first.returncode, second.returncode) == (0, 0)
    assert (tree / "build/kvm-probe.elf").exists() and made(tmp_path) == 1
    assert said == "another make builds here: waiting\n"


def test_another_compiler(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """Makes other objects, although no source has changed."""
    (tmp_path / "go").touch()
    for version, count in (("one", 1), ("one", 1), ("two", 2)):
        make(tree, f"CC={compiler(tmp_path, version)}", "build/kvm-probe.elf")
        assert made(tmp_path) == count


def test_builds_elsewhere(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """BUILD= is all that is written to; the checks, which would write to other places, say that they will not."""
    make(tree, f"BUILD={tmp_path}/out", f"{tmp_path}/out/qemu-1x1/layout.bin", f"{tmp_path}/out/kvm-probe.elf")
    assert (tmp_path / "out/qemu-1x1/layout.json").exists() and (tmp_path / "out/kvm-probe.elf").exists()
    assert not (tree / "build").exists()
    lines = make(tree, "-n", f"BUILD={tmp_path}/out", "run").stdout
    assert f"{tmp_path}/out/qemu-2x2/r4.iso" in lines and not re.search(r"(?<!/)\bbuild/", lines)
    for words in (["check", f"BUILD={tmp_path}/out"], ["build", "BUILD=a b"]):
        done = subprocess.run(["make", *words], cwd=tree, env=APART, capture_output=True, text=True, check=False)
        assert done.returncode != 0 and done.stderr.count("\n") == 1 and "BUILD=" in done.stderr


@pytest.mark.parametrize("words", ["it's", 'a "b" c', "$HOME a;b", "serial=0x2f8,57600"])
def test_words_for_the_guest(tree: pathlib.Path, words: str) -> None:
    line = started(tree, "COMMAND=" + words.replace("$", "$$"))
    assert line[line.index("--command") + 1] == words


def test_switches(tree: pathlib.Path) -> None:
    """What is off is off in each of its spellings."""
    assert machine_folder(tree) == machine_folder(tree, "TRACE=0", "CHECKS=0") == "build/qemu-2x2"
    assert machine_folder(tree, "TRACE=1") == "build/qemu-2x2-trace"
    assert machine_folder(tree, "CHECKS=1") == "build/checks/qemu-2x2"
    assert "--timeout" not in started(tree)
    assert started(tree, "TIMEOUT=0.5")[-4:-2] == ["--timeout", "0.5"]


def test_command_line_of_a_fresh_clone(tree: pathlib.Path) -> None:
    """`make qemu-command` has the image built that it names, and prints nothing else."""
    done = make(tree, "-n", "qemu-command")
    assert "grub-mkrescue" in done.stderr and "grub-mkrescue" not in done.stdout
    assert [line for line in done.stdout.splitlines() if "LOCKED=1" not in line][-1].endswith(" --print")


def test_packages(tree: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """gdb comes with `make debug`, iasl with a machine that has tables of its own; a run needs neither."""
    program(tmp_path / "bin/dpkg-query", "echo none")
    program(tmp_path / "bin/apt-get", f'echo "$@" >>{shlex.quote(str(tmp_path / "got"))}')
    program(tmp_path / "bin/sudo", 'exec "$@"')
    wanted = {}
    for target in ("run", "debug", "tables"):
        environment = APART | {"PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        subprocess.run([tree / "tools/install_packages.sh", target], env=environment, check=True, capture_output=True)
        wanted[target] = set((tmp_path / "got").read_text(encoding="utf-8").splitlines()[-1].split())
    assert wanted["debug"] - wanted["run"] == {"gdb"} and wanted["tables"] - wanted["run"] == {"acpica-tools"}
    assert "install_packages.sh debug" in make(tree, "-n", "debug").stdout
    assert "install_packages.sh debug" not in make(tree, "-n", "run").stdout
    assert "install_packages.sh tables" in make(tree, "-n", "iso").stdout


def test_gdb_in_a_path_with_spaces(tree: pathlib.Path) -> None:
    """The script that `make debug` writes finds symbols and commands."""
    machine = tree / "build/mine"
    machine.mkdir(parents=True)
    (machine / "layout.json").write_text('{"clusters": [{"number": 0}]}', encoding="utf-8")
    subprocess.run(
        ["gcc", "-g", "-c", "-x", "c", "-", "-o", str(machine / "cluster-0.elf")],
        input="int answer;",
        text=True,
        check=True,
    )
    for name in ("root.elf", "coordinator.elf"):
        shutil.copy(machine / "cluster-0.elf", machine.parent / name)
    subprocess.run([tree / "tools/gdb/script.py", machine], check=True, capture_output=True)
    script = machine / "debug.gdb"
    script.write_text(re.sub("^target remote.*", "", script.read_text(encoding="utf-8"), flags=re.M), encoding="utf-8")
    line = [
        "gdb",
        "-batch",
        "-x",
        str(script),
        "-ex",
        "show directories",
        "-ex",
        "help r4-window",
        "-ex",
        "ptype answer",
    ]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert f"searched: {tree}:" in done.stdout and "type = int" in done.stdout, done.stdout + done.stderr
    assert "r4-window [CLUSTER [ASID]]" in done.stdout
