# SPDX-License-Identifier: MIT
# mypy: no-strict-optional
"""Proves lemmas that are written in C: each function lemma_… returns true whatever its arguments are and whatever
is in memory.

A lemma is executed symbolically in LLVM's intermediate code (test_lemmas.py has clang make it), path by path: each
argument and each byte of a global object or a new local one is a variable, and z3 decides which branches can be taken.
A path ends well if what it returns cannot be false, and at least one must claim something (lemma_claim). It ends badly,
too, at a sanitizer's trap and with an access outside an object. So a lemma that is proved holds for all values of its
variables: words have their full width, and no path is left out. Loops are unrolled; it is for the lemma to bound them.
An address that is not a constant is tried at each place where it can be. Objects lie where llvm.py puts them; what
is in initialised ones is not looked at.

What is not known here (instructions, types, functions) or goes on for too long ends the proof as Unsupported; nothing
is passed over. What nuw, nsw, exact and inbounds allow the compiler to assume is ignored: arithmetic wraps. In the
sources such a thing is undefined, and clang has put a trap before it. There is one processor: the order of atomic
accesses says nothing here (tests/order/search.cpp is about it). Not noticed are an address kept until its local
variable has ended and a store into a constant object.
"""

import re
from collections.abc import Sequence

import z3

from llvm import OBJECTS, Function, Module, address_after, split

PLACES = 128  # where one address can be
STEPS = 200_000  # instructions on all paths of a lemma
ATTRIBUTES = re.compile(
    r"^(?:(?:noundef|nonnull|zeroext|signext|nocapture|immarg|readonly|writeonly|noalias|returned|align \d+"
    r"|dereferenceable\(\d+\)|sret\([^)]*\)) )*"
)
FLAGS = re.compile(r"^(?:(?:nuw|nsw|exact|inbounds|atomic) )*")
ORDER = re.compile(r"(?: (?:unordered|monotonic|acquire|release|acq_rel|seq_cst))+$")

COMPARE = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "ult": z3.ULT,
    "ule": z3.ULE,
    "ugt": z3.UGT,
    "uge": z3.UGE,
    "slt": lambda a, b: a < b,
    "sgt": lambda a, b: a > b,
}
ARITHMETIC = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
    "shl": lambda a, b: a << b,
    "lshr": z3.LShR,
    "ashr": lambda a, b: a >> b,
}
CASTS = ("zext", "sext", "trunc", "bitcast", "ptrtoint", "inttoptr")


def constant(value: int, width: int) -> z3.BitVecRef:
    return z3.BitVecVal(value, width)


def calculate(name: str, relation: str, operands: Sequence[z3.BitVecRef]) -> z3.BitVecRef:
    a, b = operands
    if name == "icmp":
        return z3.simplify(z3.If(COMPARE[relation](a, b), constant(1, 1), constant(0, 1)))
    return z3.simplify(ARITHMETIC[name](a, b))


def cast(name: str, value: z3.BitVecRef, width: int) -> z3.BitVecRef:
    more = width - value.size()
    if more > 0:
        return z3.simplify(z3.SignExt(more, value) if name == "sext" else z3.ZeroExt(more, value))
    return z3.simplify(z3.Extract(width - 1, 0, value)) if more < 0 else value


class Unsupported(Exception):
    """No proof and no counterexample: this program does not know what to do."""


class Refuted(Exception):
    """A path ends badly, in this state if the condition holds as well."""

    def __init__(self, state: "State", reason: str, *condition: z3.BoolRef) -> None:
        super().__init__(reason)
        self.model = state.possible(*condition)


class Frame:
    """A function under way."""

    def __init__(self, function: Function, values: dict[str, z3.BitVecRef], result: str | None = None) -> None:
        self.function = function
        self.values = values  # name -> value
        self.result = result  # the caller's name for what will be returned
        self.block = function.first
        self.came_from: str | None = None
        self.at = 0

    def copy(self) -> "Frame":
        other = Frame(self.function, dict(self.values), self.result)
        other.block, other.came_from, other.at = self.block, self.came_from, self.at
        return other

    def line(self) -> str:
        return self.function.blocks[self.block][self.at]


class State:
    """The state of a path: what holds on it, memory, functions under way."""

    def __init__(self, objects: dict[int, tuple[str, int]]) -> None:
        self.conditions: list[z3.BoolRef] = []
        self.witness = None  # values with which the conditions hold, once some are known
        self.memory: dict[int, z3.BitVecRef] = {}  # address -> byte
        self.objects = objects  # address -> (name, size)
        self.frames: list[Frame] = []
        self.claims = False  # the path is one on which the lemma says something

    def copy(self) -> "State":
        other = State(dict(self.objects))
        other.conditions = list(self.conditions)
        other.witness = self.witness
        other.memory = dict(self.memory)
        other.frames = [frame.copy() for frame in self.frames]
        other.claims = self.claims
        return other

    def possible(self, *more: z3.BoolRef) -> z3.ModelRef | None:
        """Values for all variables with which the conditions and `more` hold, or None."""
        if self.witness is not None and all(z3.is_true(self.witness.eval(c, model_completion=True)) for c in more):
            return self.witness
        solver = z3.SolverFor("QF_BV")
        solver.add(*self.conditions, *more)
        answer = solver.check()
        if answer == z3.unknown:
            raise Unsupported("z3 gives up")
        return solver.model() if answer == z3.sat else None

    def with_condition(self, condition: z3.BoolRef) -> "State | None":
        """The same, if the condition holds; None if it cannot."""
        model = self.possible(condition)
        if model is None:
            return None
        other = self.copy()
        other.conditions.append(condition)
        other.witness = model
        return other

    def name_of(self, address: int, size: int) -> str | None:
        """What lies there, or None if it is not in one object."""
        for start, (name, length) in self.objects.items():
            if start <= address and address + size <= start + length:
                return f"{name}+{address - start}"
        return None

    def new_object(self, size: int) -> int:
        address = max((address_after(start, length) for start, (_, length) in self.objects.items()), default=OBJECTS)
        self.objects[address] = (f"local {address:#x}", size)
        return address

    def byte(self, address: int) -> z3.BitVecRef:
        if address not in self.memory:
            self.memory[address] = z3.BitVec(self.name_of(address, 1), 8)
        return self.memory[address]

    def load(self, address: int, size: int) -> z3.BitVecRef:
        parts = [self.byte(address + i) for i in reversed(range(size))]
        return z3.simplify(z3.Concat(*parts)) if size > 1 else parts[0]

    def store(self, address: int, value: z3.BitVecRef) -> None:
        for i in range(value.size() // 8):
            self.memory[address + i] = z3.simplify(z3.Extract(8 * i + 7, 8 * i, value))


class Execution:
    """All paths of one lemma."""

    def __init__(self, module: Module, name: str) -> None:
        self.module = module
        self.paths = 0
        state = State({address: (name, size) for name, (address, size) in module.objects.items()})
        function = module.functions[name]
        values = {n: z3.BitVec(f"argument {n[1:]}", module.width(kind)) for kind, n in function.parameters}
        state.frames.append(Frame(function, values))
        self.waiting = [state]

    def run(self) -> None:
        steps = 0
        while self.waiting:
            state = self.waiting.pop()
            while state is not None:
                line = state.frames[-1].line()
                steps += 1
                if steps > STEPS:
                    raise Unsupported("it takes too long")
                try:
                    state = self.step(state)
                except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, z3.Z3Exception) as error:
                    raise Unsupported(line) from error

    # --- values ---

    def value(self, state: State, kind: str, text: str) -> z3.BitVecRef:
        if text in state.frames[-1].values:
            return state.frames[-1].values[text]
        if parts := self.module.parts(kind):  # of aggregates, only what has no value yet is written out
            return [self.value(state, part, text) for part in parts]
        width = self.module.width(kind)
        if text in ("undef", "poison"):
            return z3.FreshConst(z3.BitVecSort(width), "undefined")
        if text.startswith("@"):
            return constant(self.module.objects[text][0], 64)
        if match := re.match(r"(\w+) ((?:\w+ )*)\((.*)\)$", text):
            return self.expression(state, *match.groups())
        known = {"null": 0, "zeroinitializer": 0, "false": 0, "true": 1}
        return constant(known[text] if text in known else int(text), width)

    def expression(self, state: State, name: str, relation: str, operands: str) -> z3.BitVecRef:
        """A constant expression: each operand has its type."""
        if name == "getelementptr":
            return self.element(state, operands)
        if name in CASTS:
            source, kind = operands.rsplit(" to ", 1)
            return cast(name, self.typed(state, source), self.module.width(kind))
        if name == "select":
            return self.select(state, operands)
        return calculate(name, relation.strip(), [self.typed(state, part) for part in split(operands)])

    def typed(self, state: State, text: str) -> z3.BitVecRef:
        """The value of `TYPE ATTRIBUTES VALUE`."""
        kind, rest = self.module.leading_type(text)
        return self.value(state, kind, ATTRIBUTES.sub("", rest))

    def element(self, state: State, text: str) -> z3.BitVecRef:
        # pylint: disable=unsubscriptable-object # it does not follow `parts` round the loop
        kind, pointer, *indices = split(text)
        address = self.typed(state, pointer)
        parts: list[str] | None = None  # of what `address` points to; None: to elements of `kind`
        for index in indices:
            number = cast("sext", self.typed(state, index), 64)
            if parts is None or kind.startswith("["):
                kind = kind if parts is None else parts[0]
                address = address + number * self.module.size(kind)
            else:
                chosen = number.as_long()
                address = address + self.module.offset(parts, chosen)
                kind = parts[chosen]
            parts = self.module.parts(kind) or []
        return z3.simplify(address)

    def select(self, state: State, operands: str) -> z3.BitVecRef:
        condition, yes, no = (self.typed(state, part) for part in split(operands))
        return z3.simplify(z3.If(condition == 1, yes, no))

    # --- ways ---

    def go(self, state: State, label: str) -> State:
        """To the beginning of a block of the same function."""
        frame = state.frames[-1]
        frame.came_from, frame.block, frame.at = frame.block, label, 0
        values = {}
        while match := re.match(r"(%[\w.]+) = phi (.*)", frame.line()):
            kind, rest = self.module.leading_type(match[2])
            ways = (re.match(r"\[ (.*), %([\w.]+) \]$", way) for way in split(rest))
            origins = {way[2]: way[1] for way in ways}
            values[match[1]] = self.value(state, kind, origins[frame.came_from])
            frame.at += 1
        frame.values.update(values)
        return state

    def branch(self, state: State, choices: list[tuple[z3.BoolRef, str]]) -> State:
        """To each label whose condition can hold."""
        going = None
        for condition, label in choices:
            other = state.with_condition(z3.simplify(condition))
            if other is None:
                continue
            self.go(other, label)
            if going is not None:
                self.waiting.append(going)
            going = other
        if going is None:
            raise Unsupported("a branch without a way on")
        return going

    def place(self, state: State, address: z3.BitVecRef, size: int) -> int:
        """The number that an address is on this path; other paths take up the instruction with what else it can be."""
        address = z3.simplify(address)
        if z3.is_bv_value(address):
            if state.name_of(address.as_long(), size) is None:
                raise Refuted(state, "an access outside all objects")
            return address.as_long()
        found: list[int] = []
        while model := state.possible(*[address != place for place in found]):
            found.append(model.eval(address, model_completion=True).as_long())
            if state.name_of(found[-1], size) is None:
                raise Refuted(state, "an access outside all objects", address == found[-1])
            if len(found) > PLACES:
                raise Unsupported("an address that can be in too many places")
        self.waiting += [state.with_condition(address == other) for other in found[1:]]
        state.conditions.append(address == found[0])
        state.witness = None
        return found[0]

    # --- instructions ---

    def step(self, state: State) -> State | None:
        """Executes one instruction; None when the path has ended."""
        frame = state.frames[-1]
        match = re.match(r"(?:(%[\w.]+) = )?(?:(?:tail|musttail|notail) )?(\w+) ?(.*)$", frame.line())
        target, name, rest = match.groups()
        if name in ("br", "switch", "ret", "unreachable"):
            return getattr(self, "end_" + name)(state, rest)
        if name in ("load", "store", "cmpxchg", "call"):
            getattr(self, "do_" + name)(state, target, FLAGS.sub("", rest))
        elif name != "fence":
            frame.values[target] = self.compute(state, name, FLAGS.sub("", rest))
        frame.at += 1
        return state

    def compute(self, state: State, name: str, rest: str) -> z3.BitVecRef:
        if name in ARITHMETIC or name == "icmp":
            relation, rest = rest.split(" ", 1) if name == "icmp" else ("", rest)
            kind, operands = self.module.leading_type(rest)
            return calculate(name, relation, [self.value(state, kind, part) for part in split(operands)])
        if name in CASTS:
            source, kind = rest.rsplit(" to ", 1)
            return cast(name, self.typed(state, source), self.module.width(kind))
        if name == "select":
            return self.select(state, rest)
        if name == "getelementptr":
            return self.element(state, rest)
        if name == "freeze":
            return self.typed(state, rest)
        if name == "alloca":
            return constant(state.new_object(self.module.size(split(rest)[0])), 64)
        if name == "extractvalue":
            aggregate, index = split(rest)
            return self.typed(state, aggregate)[int(index)]
        if name == "insertvalue":
            aggregate, value, index = split(rest)
            parts = list(self.typed(state, aggregate))
            parts[int(index)] = self.typed(state, value)
            return parts
        raise Unsupported(f"instruction {name} {rest}")

    def do_load(self, state: State, target: str, rest: str) -> None:
        kind, pointer = split(rest)[:2]
        size = self.module.size(kind)
        value = state.load(self.place(state, self.typed(state, ORDER.sub("", pointer)), size), size)
        state.frames[-1].values[target] = cast("trunc", value, self.module.width(kind))

    def do_store(self, state: State, _: object, rest: str) -> None:
        value, pointer = split(rest)[:2]
        size = self.module.size(self.module.leading_type(value)[0])
        address = self.place(state, self.typed(state, ORDER.sub("", pointer)), size)
        state.store(address, cast("zext", self.typed(state, value), 8 * size))

    def do_cmpxchg(self, state: State, target: str, rest: str) -> None:
        pointer, expected, value = (self.typed(state, ORDER.sub("", part)) for part in split(rest)[:3])
        address = self.place(state, pointer, expected.size() // 8)
        old = state.load(address, expected.size() // 8)
        state.store(address, z3.If(old == expected, value, old))
        state.frames[-1].values[target] = [old, calculate("icmp", "eq", (old, expected))]

    def do_call(self, state: State, target: str, rest: str) -> None:
        name, arguments = re.match(r".*?@([\w.]+)\((.*)\)$", rest).groups()
        if name == "llvm.ubsantrap":
            raise Refuted(state, "undefined behaviour")
        if name == "lemma_claim":
            state.claims = True
            state.frames[-1].values[target] = self.typed(state, arguments)
        elif name.startswith(("llvm.memset", "llvm.memcpy")):
            self.fill(state, "memset" in name, split(arguments))
        elif name in self.module.functions:
            function = self.module.functions[name]
            values = [self.typed(state, part) for part in split(arguments)]
            names = [parameter for _, parameter in function.parameters]
            state.frames.append(Frame(function, dict(zip(names, values)), target))
        elif not name.startswith(("llvm.lifetime", "llvm.experimental.noalias", "llvm.assume")):
            raise Unsupported(f"call of {name}")

    def fill(self, state: State, with_one_value: bool, arguments: list[str]) -> None:
        """memset or memcpy of so many bytes as is known."""
        count = self.typed(state, arguments[2]).as_long()
        to = self.place(state, self.typed(state, arguments[0]), count)
        if with_one_value:
            data = [self.typed(state, arguments[1])] * count
        else:
            origin = self.place(state, self.typed(state, arguments[1]), count)
            if 0 < abs(to - origin) < count:
                raise Refuted(state, "undefined behaviour")  # LLVM allows none or all of it
            data = [state.byte(origin + i) for i in range(count)]
        state.memory.update((to + i, byte) for i, byte in enumerate(data))

    def end_br(self, state: State, rest: str) -> State:
        condition, *labels = split(rest)
        if not labels:
            return self.go(state, condition.removeprefix("label %"))
        bit = self.typed(state, condition)
        yes, no = (label.removeprefix("label %") for label in labels)
        return self.branch(state, [(bit == 1, yes), (bit == 0, no)])

    def end_switch(self, state: State, rest: str) -> State:
        compared, otherwise = split(rest.removesuffix("["))
        value = self.typed(state, compared)
        frame = state.frames[-1]
        choices = []
        for line in frame.function.blocks[frame.block][frame.at + 1 :]:
            if match := re.match(r"i\d+ (-?\d+), label %([\w.]+)$", line):
                choices.append((value == int(match[1]), match[2]))
        others = z3.Not(z3.Or([condition for condition, _ in choices]))
        return self.branch(state, choices + [(others, otherwise.removeprefix("label %"))])

    def end_unreachable(self, state: State, _: object) -> None:
        raise Refuted(state, "undefined behaviour")

    def end_ret(self, state: State, rest: str) -> State | None:
        value = None if rest == "void" else self.typed(state, rest)
        frame = state.frames.pop()
        if state.frames:
            if frame.result is not None:
                state.frames[-1].values[frame.result] = value
            return state
        self.paths += state.claims
        if state.possible(value == 0) is not None:
            raise Refuted(state, "it is false", value == 0)
        return None


def refute(module: Module, name: str) -> str | None:
    """How the lemma goes wrong, with a counterexample; None if it is proved."""
    execution = Execution(module, name)
    try:
        execution.run()
    except Refuted as refuted:
        values = {str(variable): refuted.model[variable].as_long() for variable in refuted.model.decls()}
        return "".join([str(refuted), *(f"\n    {n} = {values[n]:#x}" for n in sorted(values))])
    return None if execution.paths else "it claims nothing"
