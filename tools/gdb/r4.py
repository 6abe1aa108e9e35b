# SPDX-License-Identifier: MIT
"""gdb commands that show a cluster kernel's objects: source this file in gdb, or use what `make debug` writes.

Each command takes a cluster's number, by default that of the selected CPU: r4-window, r4-derivation, r4-rings, r4-loans, r4-queues,
r4-operations, r4-trace, r4-last-words. They read structures while the machine is stopped; a lock may be held.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import gdb

sys.path.insert(0, str(Path(__file__).resolve().parent))

import kernel  # pylint: disable=wrong-import-position # needs the path above


class Command(gdb.Command):
    """A command NAME [CLUSTER [NUMBER]]: show() yields the lines to print."""

    name = ""

    def __init__(self) -> None:
        super().__init__(self.name, gdb.COMMAND_DATA)

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        """Lines about a cluster; `number` is the second argument or None."""
        raise NotImplementedError

    def invoke(self, argument: str, _from_tty: bool) -> None:
        try:
            numbers = [int(word, 0) for word in gdb.string_to_argv(argument)]
        except ValueError as error:
            raise gdb.GdbError(f"{self.name} [CLUSTER [NUMBER]]: {error}") from error
        with kernel.selected(numbers[0] if numbers else None) as cluster:
            print(f"cluster {cluster.number}:")
            for line in self.show(cluster, numbers[1] if len(numbers) > 1 else None):
                print(f"  {line}")


class Window(Command):
    """r4-window [CLUSTER [ASID]]: the capabilities and proxies in the window of each protection domain that has a name, or of one."""

    name = "r4-window"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        for asid, pd in cluster.spaces():
            if number not in (None, asid):
                continue
            yield f"asid {asid}, root table {int(pd['root']):#x}, loaded on cores {int(pd['cores']):#x}"
            for index, entry in cluster.window(pd):
                yield f"  slot {index}: {entry}"


class Derivation(Command):
    """r4-derivation [CLUSTER [SLOT]]: every derivation tree that a window has a part in, or that of one window slot; children deeper."""

    name = "r4-derivation"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        names = {}  # by slot reference
        for asid, pd in cluster.spaces():
            names.update({slot.ref: (asid, index) for index, slot in cluster.capabilities(pd)})
        shown = set()
        for ref, (_, index) in names.items():
            if ref not in shown and number in (None, index):
                for slot in self._list(cluster, ref):
                    shown.add(slot.ref)
                    asid_index = names.get(slot.ref)
                    place = (
                        f"asid {asid_index[0]} slot {asid_index[1]}"
                        if asid_index
                        else f"at {slot.ref * kernel.SLOT_SIZE:#x}"
                    )
                    yield f"{'  ' * slot.depth}{place}: {slot}"

    @staticmethod
    def _list(cluster: kernel.Cluster, ref: int) -> Iterator[kernel.Slot]:
        """All slots of the list that holds `ref`; stops where it would go round."""
        seen = set()
        while (before := cluster.slot(ref).prev) != 0 and before not in seen:
            seen.add(before)
            ref = before
        seen = set()
        while ref != 0 and ref not in seen:
            seen.add(ref)
            yield cluster.slot(ref)
            ref = cluster.slot(ref).next


def peers(cluster: kernel.Cluster) -> Iterator[gdb.Value]:
    """The struct peer of each other cluster."""
    records = cluster.symbol("cluster")["peers"]
    for number in range(cluster.constant("r4_linker_cluster_count")):
        if number != cluster.number and int(records[number]) != 0:
            peer = records[number].dereference()
            peer.fetch_lazy()
            yield peer


class Rings(Command):
    """r4-rings [CLUSTER]: both mailbox rings of each peer, with the messages in them."""

    name = "r4-rings"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        for peer in peers(cluster):
            state = kernel.name_of("peer_state", peer["state"])
            yield f"peer {int(peer['number'])}: {state}, its epoch {int(peer['peer_epoch'])}, serves it at priority {int(peer['priority'])}"
            own, other = int(peer["out"]["position"]), int(peer["in"]["position"])
            out, incoming = peer["out"]["ring"].dereference(), peer["in"]["ring"].dereference()
            yield f"  out: sent {own}, taken {int(out['head'])}, peer looking {int(out['looking'])}, want_slot {int(out['want_slot'])}"
            yield from self._messages(peer["out"], int(out["head"]))
            yield f"  in: taken {other}, looking {int(incoming['looking'])}, peer's want_slot {int(incoming['want_slot'])}"
            yield from self._messages(peer["in"], other)
            for queue in ("answers", "requests"):
                yield from self._waiting(queue, peer[queue]["first"])

    @staticmethod
    def _messages(end: gdb.Value, position: int) -> Iterator[str]:
        """What a ring holds from a position on: a slot is full if its sequence says so."""
        slots = int(end["slots"])
        for place in range(position, position + slots):
            message = end["ring"]["slots"][place % slots]
            if int(message["sequence"]) != (place + 1) & 0xFFFFFFFF:
                return
            kind = kernel.name_of("r4_message_kind", message["kind"]).removeprefix("MESSAGE_")
            yield f"    position {place}: {kind} loan {int(message['loan'])} generation {int(message['generation'])}"

    @staticmethod
    def _waiting(name: str, post: gdb.Value) -> Iterator[str]:
        while int(post) != 0:
            kind = kernel.name_of("r4_message_kind", post["kind"]).removeprefix("MESSAGE_")
            yield f"  {name}: {kind} loan {int(post['loan'])} waits for a slot"
            post = post["next"]


class Loans(Command):
    """r4-loans [CLUSTER]: what is lent to and received from each peer."""

    name = "r4-loans"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        for peer in peers(cluster):
            for table, state_type, slot in (("lent", "loan_out_state", "ref"), ("received", "loan_in_state", "root")):
                for index in range(*peer[table].type.range()) if int(peer["state"]) != 0 else ():
                    loan = peer[table][index]
                    if int(loan["state"]) != 0:
                        yield self._line(cluster, int(peer["number"]), table, index, loan, state_type, loan[slot])

    @staticmethod
    def _line(
        cluster: kernel.Cluster, number: int, table: str, index: int, loan: gdb.Value, state_type: str, slot: gdb.Value
    ) -> str:
        direction = "to" if table == "lent" else "from"
        place = f"{int(loan['range']['base']):#x} 2^{int(loan['range']['size_log2'])}"
        return (
            f"{table} {direction} {number}, record {index}: {kernel.name_of(state_type, loan['state'])} generation "
            f"{int(loan['generation'])}, {place}, slot at {cluster.physical(slot):#x}"
        )


def describe_thread(cluster: kernel.Cluster, thread: gdb.Value) -> str:
    """One line about a struct thread *."""
    state = kernel.name_of("thread_state", thread["state"])
    operation = kernel.name_of("operation_kind", thread["operation"]["kind"])
    asid = kernel.field("r4_name_asid", int(thread["pd"]["window"]["name"])) if int(thread["pd"]) else "none"
    ip = int(thread["registers"]["rip"])
    return f"thread {cluster.physical(thread):#x} {state} asid {asid} ip {ip:#x} {operation}"


class Queues(Command):
    """r4-queues [CLUSTER]: what each core runs, and its run queue, highest priority first."""

    name = "r4-queues"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        members = {field.name: field for field in gdb.lookup_type("struct thread").fields()}
        member_offset = members["queue"].bitpos // 8
        thread_type = gdb.lookup_type("struct thread").pointer()
        for index, core in cluster.cores():
            core.fetch_lazy()
            current = core["current"]
            runs = describe_thread(cluster, current) if int(current) else "nothing"
            yield f"core {index} (apic {int(core['apic_id'])}){', idle' if core['idle'] else ''}: runs {runs}"
            first = core["queue"]["first"]
            for priority in reversed(range(fields_count(first))):
                for member in ring(first[priority]):
                    thread = gdb.Value(int(member) - member_offset).cast(thread_type)
                    yield f"  priority {priority}: {describe_thread(cluster, thread)}"


class Trace(Command):
    """r4-trace [CLUSTER [COUNT]]: the last events of each core, by default 32, with the ticks from each to the core's last."""

    name = "r4-trace"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        for index, core in cluster.cores():
            record = core["trace"]
            record.fetch_lazy()
            recorded = int(record["recorded"])
            if int(record["magic"]) == 0:
                yield f"core {index}: nothing is traced: build with `trace = true` or TRACE=1"
                continue
            yield f"core {index}: {recorded} events"
            entries = int(record["entries"])
            last = int(record["entry"][(recorded - 1) % entries]["ticks"])
            for position in range(max(0, recorded - min(number or 32, entries)), recorded):
                entry = record["entry"][position % entries]
                event = int(entry["event"])
                payload = " ".join(kernel.trace_texts(event, int(entry["first"]), int(entry["second"])))
                yield f"  {int(entry['ticks']) - last} {kernel.TRACE_EVENTS[event]} {payload}"


def fields_count(array: gdb.Value) -> int:
    return array.type.range()[1] + 1


def ring(first: gdb.Value) -> Iterator[gdb.Value]:
    """The members of a priority's ring."""
    member = first
    while int(member) != 0:
        yield member
        member = member["next"]
        if int(member) == int(first):
            return


class Operations(Command):
    """r4-operations [CLUSTER]: what is under way, whoever runs it."""

    name = "r4-operations"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        operation = cluster.symbol("cluster")["operations"]
        while int(operation) != 0:
            run = operation["run"]
            kind, phase = kernel.name_of("operation_kind", operation["kind"]), kernel.name_of(
                "operation_phase", run["phase"]
            )
            states = [name for name in ("waiting", "orphan", "abandoned") if operation[name]]
            named = {"root": run["root"], "position": run["position"], "thread": operation["thread"]}
            places = [f"{name} at {cluster.physical(place):#x}" for name, place in named.items() if int(place)]
            priority = int(operation["queue"]["priority"])
            yield ", ".join([f"{kind} {phase.removeprefix('OPERATION_')} priority {priority}", *places, *states])
            operation = operation["next"]


class LastWords(Command):
    """r4-last-words [CLUSTER]: what a panic left, with functions and lines."""

    name = "r4-last-words"

    def show(self, cluster: kernel.Cluster, number: int | None) -> Iterator[str]:
        record = cluster.symbol("last_words")
        if not record["text"].string():
            yield "no panic"
            return
        yield record["text"].string()
        yield f"core {int(record['core'])} cause {int(record['cause'])} address {int(record['address']):#x}"
        rip = int(record["registers"][16])
        for address in [rip, *(int(record["frames"][index]) for index in range(fields_count(record["frames"])))]:
            if address != 0:
                place = gdb.find_pc_line(address - (address != rip))
                function = gdb.block_for_pc(address - (address != rip))
                while function is not None and function.function is None:
                    function = function.superblock
                name = function.function.name if function is not None and function.function is not None else "?"
                yield f"{address:#x} {name} at {place.symtab}:{place.line}"


for command in (Window, Derivation, Rings, Loans, Queues, Operations, Trace, LastWords):
    command()
