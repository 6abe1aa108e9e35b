/* SPDX-License-Identifier: MIT
 *
 * A model of the caches of a machine: one for each processor, without limits, kept coherent by MESI. It says of each
 * access whether the line has to come from another processor's cache, or has to go from there. What no cache holds
 * comes from memory, once, and is not counted as a move; nothing is ever evicted.
 */
#ifndef R4_BOOT_COHERENCE_H
#define R4_BOOT_COHERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COHERENCE_PROCESSORS 64U
#define COHERENCE_LINE_BITS  6U

enum line_move {
    LINE_STAYS,   /* the processor's own cache is enough, or it comes from memory */
    LINE_READ,    /* copied from another cache, which keeps it */
    LINE_FETCH,   /* taken from all other caches, to be written */
    LINE_UPGRADE, /* there already, but to be written: all other caches drop it */
};

struct line_event {
    enum line_move move;
    unsigned from; /* a processor that has it; of another cluster only if the line moves between clusters */
};

struct line {
    uint64_t holders; /* bit per processor; 0: the entry is free */
    uint64_t number;  /* address >> COHERENCE_LINE_BITS */
    bool modified;    /* then there is one holder */
};

struct coherence {
    uint64_t cluster[COHERENCE_PROCESSORS]; /* of each processor: the bits of its cluster's processors, its own too */
    struct line *lines;                     /* a hash table */
    size_t size;                            /* a power of two */
    size_t used;
};

/* Every processor is a cluster of its own. False: no memory. */
bool coherence_start(struct coherence *model);
void coherence_end(struct coherence *model);

/* The processors of that mask are one cluster. */
void coherence_cluster(struct coherence *model, uint64_t processors);

/* One access by a processor (below COHERENCE_PROCESSORS) to one line; a read and write in one is a write. Ends the
 * process if there is no memory for more lines. */
struct line_event coherence_access(struct coherence *model, unsigned processor, uint64_t number, bool store);

#endif
