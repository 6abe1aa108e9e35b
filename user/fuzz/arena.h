/* SPDX-License-Identifier: MIT
 *
 * Where the fuzzer's threads live: some domains with windows, filled with capabilities of all kinds. Everything is made
 * of one untyped and ends with it. What the threads need to go on (tables, image, stacks, the window pages that they
 * read and write) is named by the root task alone, so no call of theirs takes it away. They may break everything else.
 *
 *   window page   what
 *   0             cap page, with some of everything
 *   1             cap page, empty at first
 *   2, 3          whatever the threads map there
 *   4, 5          proxy pages
 *   6, 7          whatever the threads map there
 *   8             cap page with the capabilities by which a thread stops itself; calls name it only by chance
 */
#ifndef R4_FUZZ_ARENA_H
#define R4_FUZZ_ARENA_H

#include "fuzz/random.h"
#include <r4/abi.h>

#define ARENA_DOMAINS   3U
#define ARENA_THREADS   8U
#define ARENA_PAGES     8U /* of a window, that are used */
#define ARENA_PROXIES   4U /* window pages of the domains' own proxies: this and the next */
#define ARENA_CAP_PAGES 2U /* of the root task, to name it all: each domain has a copy of every frame of the image */
#define ARENA_CALLERS   4U /* threads 0 to 3 call the kernel */
#define ARENA_WRITERS   2U /* the next two only write proxies; the others run once a call starts them, and call, too */

/* The argument of a thread's entry: which thread it is, and in which domain it runs. */
DEFINE_FIELD(uint64_t, arena_thread, 31, 0)
DEFINE_FIELD(uint64_t, arena_domain, 63, 32)

/* What all threads know; written by the root task before they start. */
struct arena {
    void (*entry)(uint64_t argument); /* where each of them begins */
    uint32_t names[ARENA_DOMAINS];
    uint64_t threads[ARENA_THREADS]; /* physical addresses of the objects */
};
extern struct arena arena;

/* Its threads begin at `entry`, which never returns. */
void arena_build(struct random *random, void (*entry)(uint64_t argument));

/* Takes everything apart; ends the program if not everything comes back. */
void arena_end(void);

/* Starts thread `index` at its beginning, in domain `domain` and on core `core`, if that is possible: it is not while a
 * call of the thread is still under way. */
void arena_start(uint32_t index, uint32_t domain, uint32_t core);

void arena_stop(uint32_t index);

/* The slot of a domain's window with which thread `index` stops itself. */
static inline uint32_t arena_stop_slot(uint32_t index) { return ARENA_PAGES * R4_SLOTS_PER_PAGE + 1 + index; }

/* The upper end of the stack of thread `index`, which is mapped in each domain. */
uint64_t arena_stack(uint32_t index);

#endif
