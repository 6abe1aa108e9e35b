/* SPDX-License-Identifier: MIT
 *
 * Every access of a kernel instance to memory, as the compiler reports it (-fsanitize=thread). Before each access to a
 * word of a header or ring that another cluster uses as well, the processor pauses: there the search chooses. So it
 * does before it looks for a pending event and before it sends one to another cluster.
 *
 * Not paused before: words that nobody writes, or that only one cluster uses. Which these are is learned: when a word
 * turns out to be shared, access_grown() says so, and the search begins again. Plain accesses, which are to be ordered
 * by atomic ones, are one step from one atomic access to the next; access_check_races() finds two that meet.
 *
 * Stores are those of x86: each processor has a store buffer, from which the memory takes the oldest store at any time
 * (access_drain_one()). Stores that are sequentially consistent, read-modify-writes, fences and sent interrupts empty
 * it. Plain stores do not go through it: nobody looks at them before a later atomic store, or a race is found.
 */
#ifndef R4_EXPLORE_ACCESS_H
#define R4_EXPLORE_ACCESS_H

#include "cpu.h"
#include <stddef.h>

#define ACCESS_CLUSTERS 4U
#define ACCESS_BUFFER   8U

struct access_store {
    uint32_t *at;
    uint64_t value;
};

enum access_kind { ACCESS_NONE, ACCESS_LOAD, ACCESS_STORE, ACCESS_READ, ACCESS_WRITE, ACCESS_LOOK, ACCESS_SEND };

/* What a processor is about to do; part of the state. */
struct access_pending {
    enum access_kind kind; /* LOAD and STORE are atomic, READ and WRITE plain; LOOK and SEND: at and of interrupts */
    uint32_t area;         /* of LOAD to WRITE; SEND: APIC id */
    uint32_t first;        /* byte in the area */
    uint32_t size;         /* bytes */
};

struct access_state { /* part of the state, by cluster */
    struct access_pending pending;
    uint64_t plain;  /* 1: in a run of plain accesses */
    uint64_t stored; /* how many entries of the buffer are used, the oldest first */
    struct access_store buffer[ACCESS_BUFFER];
};
extern struct access_state access_states[ACCESS_CLUSTERS];

/* From now on processors pause. */
void access_begin(void);

/* The cluster may write this word of its header, without being seen to. */
void access_note_header(uint32_t number, uint32_t offset);

/* True if a word has turned out to be shared since the last call. */
bool access_grown(void);

void access_look(void); /* the processor is about to look for pending events */
void access_send(uint32_t apic_id);

void access_drain_one(uint32_t number);
void access_drain(uint32_t number);

/* Fails if two processors are about to access the same bytes, one of them to write, and not both atomically. */
void access_check_races(void);

/* What the processor of cluster `number` is about to do, in words. */
void access_describe(uint32_t number, char *text, size_t size);

#endif
