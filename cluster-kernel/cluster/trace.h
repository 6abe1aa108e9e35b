/* SPDX-License-Identifier: MIT
 *
 * What each core did last: a ring of typed events in its own memory; new events overwrite the oldest. Off by default: a
 * trace point then costs one instruction. The layout turns it on (R4_LAYOUT_TRACE: `trace = true` in the
 * configuration, or make TRACE=1). A ring begins on a page boundary and names its core, so that tools/trace2ctf.py
 * finds it in any dump of memory; gdb's r4-trace shows it, and a panic prints its end.
 */
#ifndef R4_KERNEL_TRACE_H
#define R4_KERNEL_TRACE_H

#include <r4/types.h>
#include <x86/linker_constants.h>

/* Name, and the meaning of the two words of payload. Objects are given by their addresses in this kernel, 0 = none.
 * Tools read this list, too. Append only: dumps contain the numbers. */
#define TRACE_EVENT_LIST(X)                                                                                            \
    X(TRACE_SYSCALL, "syscall", "cap", "operation") /* entry */                                                        \
    X(TRACE_EVENT, "event", "event", "thread")      /* entry: enum machine_event, and what it interrupted */           \
    X(TRACE_FAULT, "fault", "vector", "address")    /* entry */                                                        \
    X(TRACE_EXIT, "exit", "thread", "operation")    /* of a system call, and which thread runs after it */             \
    X(TRACE_SWITCH, "switch", "thread", "root")     /* a thread was chosen, and its address space */                   \
    X(TRACE_HALT, "halt", "thread", "pending")      /* the core halts, and what it ran before; 1: for an event */      \
    X(TRACE_SENT, "sent", "peer", "kind")           /* enum r4_message_kind in 31:0, loan in 63:32 */                  \
    X(TRACE_RECEIVED, "received", "peer", "kind")   /* the same */                                                     \
    X(TRACE_DOORBELL, "doorbell", "peer", "apic_id")                                                                   \
    X(TRACE_REVOKE, "revoke", "position", "phase") /* enum operation_phase in 31:0, enum operation_kind in 63:32 */    \
    X(TRACE_PANIC, "panic", "cause", "address")

#define TRACE_EVENT_ENUM(event, name, first, second) event,
enum trace_event { TRACE_EVENT_LIST(TRACE_EVENT_ENUM) TRACE_EVENT_COUNT };
#undef TRACE_EVENT_ENUM

#define TRACE_MAGIC   0x4345434152543452ULL /* "R4TRACEC" in memory */
#define TRACE_ENTRIES 256U                  /* a power of two */

struct trace_entry {
    uint64_t ticks; /* machine_now() */
    uint32_t event; /* enum trace_event */
    uint32_t reserved;
    uint64_t first;
    uint64_t second;
};
R4_SIZE(struct trace_entry, 32);

struct trace_ring { /* written by its own core only, with interrupts off */
    uint64_t magic; /* TRACE_MAGIC; 0 as long as nothing is traced */
    uint32_t cluster;
    uint32_t core;     /* index in the cluster */
    uint32_t entries;  /* TRACE_ENTRIES */
    uint32_t tsc_khz;  /* ticks in a millisecond */
    uint64_t recorded; /* events so far; event n is in entry n % entries */
    uint64_t reserved[4];
    struct trace_entry entry[TRACE_ENTRIES];
};
R4_OFFSET(struct trace_ring, recorded, 24);
R4_OFFSET(struct trace_ring, entry, 64);

LINKER_CHOICE(trace_is_on, r4_linker_skip_trace)

/* Records an event of this core, interrupts off. Called only by trace(). */
void trace_record(enum trace_event event, uint64_t first, uint64_t second) __attribute__((__cold__));

/* A trace point. Inlined, so that what its arguments cost is paid only if tracing is on. */
static inline void trace(enum trace_event event, uint64_t first, uint64_t second) {
    if (__builtin_expect(trace_is_on(), false)) {
        trace_record(event, first, second);
    }
}

struct core;

/* Prepares the core's ring, before its first event. */
void trace_start(struct core *core);

#endif
