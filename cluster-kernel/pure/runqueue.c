/* SPDX-License-Identifier: MIT
 *
 * The run queue. A bit in `words` is set as long as its priority has a member, a bit in `summary` as long as its word
 * is not zero.
 */
#include "runqueue.h"
#include <r4/contract.h>

void runqueue_append(struct runqueue *queue, struct runqueue_member *member) {
    KERNEL_CHECK(!runqueue_contains(member) && member->priority < RUNQUEUE_PRIORITIES);
    struct runqueue_member *first = queue->first[member->priority];
    if (first == NULL) {
        member->next = member;
        member->prev = member;
        queue->first[member->priority] = member;
        queue->words[member->priority / 64] |= 1ULL << (member->priority % 64);
        queue->summary |= 1ULL << (member->priority / 64);
        return;
    }
    member->next = first;
    member->prev = first->prev;
    first->prev->next = member;
    first->prev = member;
}

void runqueue_remove(struct runqueue *queue, struct runqueue_member *member) {
    KERNEL_CHECK(runqueue_contains(member));
    uint32_t priority = member->priority;
    if (member->next == member) {
        queue->first[priority] = NULL;
        queue->words[priority / 64] &= ~(1ULL << (priority % 64));
        if (queue->words[priority / 64] == 0) {
            queue->summary &= ~(1ULL << (priority / 64));
        }
    } else {
        member->next->prev = member->prev;
        member->prev->next = member->next;
        if (queue->first[priority] == member) {
            queue->first[priority] = member->next;
        }
    }
    member->next = NULL;
    member->prev = NULL;
}

struct runqueue_member *runqueue_first(const struct runqueue *queue) {
    if (queue->summary == 0) {
        return NULL;
    }
    uint32_t word = 63U - (uint32_t)__builtin_clzll(queue->summary);
    uint32_t bit = 63U - (uint32_t)__builtin_clzll(queue->words[word]);
    return queue->first[word * 64 + bit];
}

void runqueue_rotate(struct runqueue *queue, struct runqueue_member *member) {
    KERNEL_CHECK(runqueue_contains(member));
    if (queue->first[member->priority] == member) {
        queue->first[member->priority] = member->next;
    } else {
        runqueue_remove(queue, member);
        runqueue_append(queue, member);
    }
}
