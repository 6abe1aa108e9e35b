/* SPDX-License-Identifier: MIT
 *
 * The simulated machine: some clusters, each a whole kernel instance, on processors that take turns. One process runs
 * one seed: its stream of random numbers decides everything that happens. The first broken invariant is printed, with
 * the seed and the step, and ends the process. main.c says which file does what.
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
    uint32_t preempt;    /* one preemption point in this many finds an invented event; 0: none does */
    uint32_t hostile;    /* one step in this many puts a bad message into a ring; 0: none does */
    uint32_t remoteness; /* weight of operations between clusters */
    uint32_t storm;      /* more weight of copies and revokes; if not 0, cluster 0 has SIM_CORES cores */
    uint32_t loans;      /* weight of calls about loans: 0 or 1; then the machine is one in which loans meet */
    bool peace;          /* little is taken apart, so that larger structures can grow */
    uint64_t doom;       /* step at which a cluster dies; 0: none does */

    struct instance *instances; /* cluster_count */
    struct cpu *cpus;
    uint32_t cpu_count;
    bool steady;         /* the scheduler itself calls into a kernel instance: nobody else may run meanwhile */
    struct cpu *running; /* whose upcall is on the host's stack; null: the scheduler's */
    ucontext_t scheduler;
};

extern struct sim sim;

/* What happened in a run, added up over all seeds; shared between the processes. */
struct sim_totals {
    uint64_t steps;
    uint64_t calls[64];                 /* by operation: answered */
    uint64_t successes[64];             /* of these R4_OK */
    uint64_t chains[R4_TTL_MAX + 1];    /* successes, by the number of proxies that they went through */
    uint64_t crossings[R4_TTL_MAX + 1]; /* successes, by the number of other windows that they went into */
    uint64_t refusals[64];              /* by error */
    uint64_t once;                      /* single-use proxies used up */
    uint64_t proxies;                   /* written */
    uint64_t lent_on;                   /* seen by audits: received roots that are lent to a third cluster */
    uint64_t parked_refs;               /* RemoteRefs in their records */
    uint64_t parked_roots;              /* received roots in theirs */
    uint64_t touches;
    uint64_t faults;
    uint64_t messages;
    uint64_t forged;
    uint64_t resumed;
    uint64_t again;        /* calls made again, since their thread was taken off its core before they began */
    uint64_t capabilities; /* seen by audits */
    uint64_t handed_back;  /* loans inside their own loans, seen by audits */
};
extern struct sim_totals *sim_totals;

static inline void sim_count(uint64_t *counter, uint64_t amount) {
    __atomic_fetch_add(counter, amount, __ATOMIC_RELAXED);
}

/* The next number of the stream, below `below` (not 0). */
uint64_t sim_random(uint64_t below);
static inline bool sim_chance(uint64_t one_in) { return one_in != 0 && sim_random(one_in) == 0; }

/* A line of the log that a failure prints; with --trace it is printed at once. */
void sim_note(const char *text, ...) __attribute__((format(printf, 1, 2)));

/* Ends the process: the invariant `name` is broken, the text says where. The name "host" stands for a fault of the
 * simulator itself. */
_Noreturn void sim_fail(const char *name, const char *text, ...) __attribute__((format(printf, 2, 3)));

#endif
