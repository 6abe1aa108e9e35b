/* SPDX-License-Identifier: MIT
 *
 * A core's run queue: 256 priorities, a ring of members per priority, bitmaps of the priorities that are not empty;
 * every operation is O(1). The running thread stays in the queue, first of its priority. All functions need the cluster
 * lock.
 */
#ifndef R4_PURE_RUNQUEUE_H
#define R4_PURE_RUNQUEUE_H

#include <r4/types.h>

#define RUNQUEUE_PRIORITIES 256U

struct runqueue_member {
    struct runqueue_member *next; /* ring; null = in no queue */
    struct runqueue_member *prev;
    uint32_t priority;   /* 0..255, 255 runs first; changed only while in no queue */
    uint64_t slice_left; /* ticks that are left of its slice (sched/slice.h); 0: it begins a whole one */
};

struct runqueue {
    uint64_t summary; /* bit w: word w of `words` is not zero (4 used) */
    uint64_t words[RUNQUEUE_PRIORITIES / 64];
    struct runqueue_member *first[RUNQUEUE_PRIORITIES];
};

static inline bool runqueue_contains(const struct runqueue_member *member) { return member->next != NULL; }

/* Appends a member that is in no queue, last of its priority. */
void runqueue_append(struct runqueue *queue, struct runqueue_member *member);

/* Removes a member of this queue. */
void runqueue_remove(struct runqueue *queue, struct runqueue_member *member);

/* The first member of the highest priority, or null. */
struct runqueue_member *runqueue_first(const struct runqueue *queue);

/* The member becomes the last of its priority: the end of its slice. */
void runqueue_rotate(struct runqueue *queue, struct runqueue_member *member);

/* True if the member is in a queue and another one there has the same priority. */
static inline bool runqueue_has_peer(const struct runqueue_member *member) {
    return member->next != member && member->next != NULL;
}

#endif
