# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""The lemmas of lemmas_*.c are proved (lemmas.py); false ones, those of false.c, are refuted, and so are true ones
about sources with a mutated bug (mutants/NAME.toml: as those of tests/sim, and which lemma is false with it). Compiled
with optimisation, since without each && would be a fork of paths; the sanitizer's traps are put in before, so no
undefined behaviour that it knows is optimised away. Aliasing it does not know: nothing is assumed of that.
"""

import ctypes
import random
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import z3

from headers import SHARED
from lemmas import Execution, Unsupported, refute
from llvm import Module
from mutant import mutant

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
BUILT = ROOT / "build" / "prove"

FOLDERS = {"shared": ROOT / "shared", "cluster-kernel": ROOT / "cluster-kernel"}
FLAGS: list[str | Path] = [
    "-std=gnu11",
    "-O1",
    "-DKERNEL_CHECKS=0",
    "-S",
    "-emit-llvm",
    "-Wall",
    "-Wextra",
    "-Wshadow",
    "-Werror",
]
FLAGS += ["-fsanitize=undefined", "-fsanitize-trap=undefined", "-fno-strict-aliasing"]
FALSE = {  # what the beginning of a false lemma's name says of the answer
    "false": "it is false",
    "undefined": "undefined behaviour",
    "outside": "an access outside all objects",
    "nothing": "it claims nothing",
}


def compiled(source: Path, to: Path, folders: dict[str, Path]) -> Module:
    """The module of a C file, compiled with the sources in these folders."""
    to.parent.mkdir(parents=True, exist_ok=True)
    include: list[str | Path] = ["-I", folders["shared"], "-iquote", folders["cluster-kernel"], "-iquote", HERE]
    subprocess.run(["clang", *FLAGS, *include, source, "-o", to], check=True, timeout=60)
    return Module(to.read_text(encoding="ascii"))


def all_lemmas(pattern: str) -> list[Any]:
    """(module, name) of each lemma in the files that match."""
    modules = [compiled(path, BUILT / f"{path.stem}.ll", FOLDERS) for path in sorted(HERE.glob(pattern))]
    lemmas = [(module, name) for module in modules for name in module.functions if name.startswith("lemma_")]
    return [pytest.param(*lemma, id=lemma[1]) for lemma in lemmas]


@pytest.mark.parametrize("module, name", all_lemmas("lemmas_*.c"))
def test_lemma(module: Module, name: str) -> None:
    wrong = refute(module, name)
    assert wrong is None, wrong


@pytest.mark.parametrize("module, name", all_lemmas("false.c"))
def test_false(module: Module, name: str) -> None:
    assert refute(module, name).splitlines()[0] == FALSE[name.split("_")[1]]


@pytest.mark.parametrize("path", sorted((HERE / "mutants").glob("*.toml")), ids=lambda path: path.stem)
def test_mutant(path: Path) -> None:
    """With this bug in the sources that lemma is false."""
    what = tomllib.loads(path.read_text(encoding="utf-8"))
    copy = BUILT / "mutants" / path.stem
    assert mutant(FOLDERS[what["folder"]], copy, what["change"]) is None
    file, name = what["refuted"].split(":")
    module = compiled(HERE / file, copy.with_suffix(".ll"), {**FOLDERS, what["folder"]: copy})
    assert refute(module, name).splitlines()[0] in set(FALSE.values()) - {FALSE["nothing"]}


ARGUMENTS: list[Any] = [
    ctypes.c_uint64,
    ctypes.c_uint64,
    ctypes.c_uint32,
    ctypes.c_int16,
    ctypes.c_bool,
]  # of mixture()


def executed(module: Module, numbers: list[int], memory: dict[str, bytes]) -> int:
    """What lemmas.py says that mixture() returns for these arguments, in this memory."""
    execution = Execution(module, "mixture")
    state = execution.waiting.pop()
    values = state.frames[0].values
    values.update((name, z3.BitVecVal(number, values[name].size())) for name, number in zip(values, numbers))
    for name, content in memory.items():
        state.store(module.objects[name][0], z3.BitVecVal(int.from_bytes(content, "little"), 8 * len(content)))
    while len(state.frames) > 1 or not state.frames[0].line().startswith("ret "):
        state = execution.step(state)
    assert not execution.waiting  # with numbers there is one way only
    return z3.simplify(execution.typed(state, state.frames[0].line().removeprefix("ret "))).as_long()


def test_as_the_processor_does() -> None:
    """Plain numbers through the same instructions, there and here; among them the smallest and largest."""
    module = compiled(HERE / "mixture.c", BUILT / "mixture.ll", FOLDERS)
    library = BUILT / "mixture.so"
    options: list[str | Path] = ["-std=gnu11", "-O0", "-shared", "-fPIC", "-I", FOLDERS["shared"]]
    subprocess.run(["gcc", *options, HERE / "mixture.c", "-o", library], check=True, timeout=60)
    machine = ctypes.CDLL(str(library))
    machine.mixture.restype = ctypes.c_uint64
    chance = random.Random(4)
    for _ in range(40):
        ends = [0, 1, 2**64 - 1, 2**63, 2**31, 2**15]
        numbers = [kind(chance.choice([*ends, *(chance.getrandbits(64) for _ in ends)])) for kind in ARGUMENTS]
        memory = {"@mixed": chance.randbytes(48), "@words": chance.randbytes(64)}
        for name, content in memory.items():
            place = (ctypes.c_ubyte * len(content)).in_dll(machine, name[1:])
            ctypes.memmove(place, content, len(content))
        assert executed(module, [number.value for number in numbers], memory) == machine.mixture(*numbers)


def test_each_field_has_its_lemma() -> None:
    lemmas = (HERE / "lemmas_slot.c").read_text(encoding="utf-8")
    assert SHARED.fields and set(SHARED.fields) == set(re.findall(r"^FIELD\(\w+, (\w+)", lemmas, re.M))


def test_each_lemma_is_told() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in HERE.glob("lemmas_*.c"))
    names = re.findall(r"^bool (lemma_\w+)\(", sources, re.M)
    told = (ROOT / "docs" / "testing.md").read_text(encoding="utf-8")
    assert names and [name for name in names if f"`{name}`" not in told] == []


UNSUPPORTED = {
    "instruction": "%3 = udiv i32 %0, %1",
    "volatile": "%3 = load volatile i32, i32* @object",
    "weak": "%3 = cmpxchg weak i32* @object, i32 %0, i32 %1 monotonic monotonic, align 4",
    "atomic": "%3 = atomicrmw add i32* @object, i32 %0 monotonic, align 4",
    "function": "call void @elsewhere(i32 %0)",
    "pointer": "call void %0(i32 %1)",
    "length": "call void @llvm.memset.p0i8.i32(i8* bitcast (i32* @object to i8*), i8 0, i32 %0, i1 false)",
    "vector": "%3 = add <2 x i32> zeroinitializer, zeroinitializer",
    "packed": "%3 = alloca <{ i8, i32 }>, align 1",
    "places": "%3 = zext i32 %0 to i64\n  %4 = and i64 %3, 1020\n  %5 = ptrtoint [256 x i32]* @array to i64\n"
    "  %6 = add i64 %4, %5\n  %7 = inttoptr i64 %6 to i32*\n  %8 = load i32, i32* %7, align 4",
    "loop": "br label %3\n3:\n  br label %3",
}


@pytest.mark.parametrize("body", UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_unsupported(body: str) -> None:
    """What lemmas.py does not know is neither proved nor refuted."""
    objects = "@object = global i32 0, align 4\n@array = global [256 x i32] zeroinitializer, align 4\n"
    module = Module(f"{objects}define zeroext i1 @lemma_x(i32 %0, i32 %1) #0 {{\n  {body}\n  ret i1 true\n}}\n")
    with pytest.raises(Unsupported):
        Execution(module, "lemma_x").run()
