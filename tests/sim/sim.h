/* SPDX-License-Identifier: MIT
 *
 * The simulated machine: some clusters, each a whole kernel copy, on processors that take turns as a seeded random
 * stream says. One process runs one seed; everything that happens follows from it. What is broken is said once, with
 * the seed and the step; then the process ends.
 *
 *   main.c      seeds, processes, summary        memory.c    physical memory, and who has it in its direct map
 *   schedule.c  who runs next; the seed's end    copy.c      kernel copies, loaded by the boot linker
 *   program.c   what user threads do             cpu.c       processors: each upcall is a coroutine that wait loops
 * leave hostile.c   forged and replayed messages     machine.c   machine.h for the kernel copies check.c     what must
 * hold after each step   tlb.c       translations that a processor has seen cap_scan.c    all capabilities of a cluster
 * audit.c     what must hold of all of them
 */
#ifndef R4_SIM_H
#define R4_SIM_H

#include <r4/slot.h>
#include <ucontext.h>

#define SIM_CLUSTERS 8U
#define SIM_CORES    9U /* of one cluster: eight that copy while one revokes */

struct cpu;
struct instance;

struct sim_options {
    uint64_t steps;
    uint64_t audit; /* steps between two audits */
    bool trace;     /* print each step */
    bool brief;     /* a failure is one line */
    const char *kernel;
};

struct sim {
    struct sim_options options;
    uint64_t seed;
    uint64_t step;   /* calls, touches and interrupts so far */
    uint64_t now;    /* ticks */
    uint64_t random; /* state of the stream */

    /* drawn at the start */
    uint32_t cluster_count;
    uint32_t ring_slots;
    uint32_t console_owner;
    uint32_t preempt;    /* one preemption point in so many finds an event; 0: none but real ones */
    uint32_t hostile;    /* one step in so many puts a bad message into a ring; 0: never */
    uint32_t remoteness; /* weight of link operations */
    uint32_t storm;      /* further weight of copies and revokes; then cluster 0 has all cores that there can be */
    bool peace;          /* little is taken apart, so that larger things come about */
    uint64_t doom;       /* step at which a cluster dies; 0: none does */

    struct instance *instances; /* cluster_count */
    struct cpu *cpus;
    uint32_t cpu_count;
    bool steady;         /* the scheduler itself calls into a kernel copy: nobody else may run meanwhile */
    struct cpu *running; /* whose upcall is on the host's stack; null: the scheduler's */
    ucontext_t scheduler;
};

extern struct sim sim;

/* What a run has come to, added up over all seeds; shared between the processes. */
struct sim_totals {
    uint64_t steps;
    uint64_t calls[64];                 /* by operation: answered */
    uint64_t successes[64];             /* of these R4_OK */
    uint64_t chains[R4_TTL_MAX + 1];    /* of the successes: by the number of proxies that they went through */
    uint64_t crossings[R4_TTL_MAX + 1]; /* of the successes: by the number of windows that they went into */
    uint64_t refusals[64];              /* by error */
    uint64_t once;                      /* single-use proxies used up */
    uint64_t proxies;                   /* written */
    uint64_t touches;
    uint64_t faults;
    uint64_t messages;
    uint64_t forged;
    uint64_t resumed;
    uint64_t again;        /* calls made again: their thread was taken off its core before they began */
    uint64_t capabilities; /* seen by audits */
};
extern struct sim_totals *sim_totals;

static inline void sim_count(uint64_t *counter, uint64_t amount) {
    __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

/* The next number of the stream, below `below` (not 0). */
uint64_t sim_random(uint64_t below);
static inline bool sim_chance(uint64_t one_in) { return one_in != 0 && sim_random(one_in) == 0; }

/* A line for the last words, printed at once under --trace. */
void sim_note(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process: the invariant `name` is broken, the text says where. */
_Noreturn void sim_fail(const char *name, const char *text, ...) __attribute__((format(printf, 2, 3)));

#endif
