/* SPDX-License-Identifier: MIT
 *
 * For the tests of the revoke engine: a few threads, slots and cap pages, and one turn of an operation. operation.c,
 * stand.c and dying.c are the kernel's; objects, peers and the scheduler are fakes. There is always something more
 * urgent to do, so a turn is as short as it can be. Included once.
 */
#ifndef R4_TESTS_REVOKE_WORLD_H
#define R4_TESTS_REVOKE_WORLD_H

#include "kernel.h"
#include "object/frame.h"
#include "pure/derivation.h"
#include "revoke/finalise.h"
#include "revoke/revoke.h"
#include "sched/operation.h"

#define PAGES 3U

static struct thread threads[3];
static _Alignas(R4_PAGE_SIZE) struct r4_slot slots[R4_SLOTS_PER_PAGE];
static _Alignas(R4_PAGE_SIZE) struct r4_slot pages[PAGES][R4_SLOTS_PER_PAGE]; /* cap pages that may die */
static uint64_t results[3];
static uint32_t asked_back;
static uint32_t unmapped;

/* --- fakes --- */

bool machine_event_pending(void) { return true; }
uint64_t machine_now(void) { return 1; }
void machine_regs_result(struct machine_regs *regs, uint64_t error, uint64_t value) {
    (void)value;
    for (uint32_t i = 0; i < R4_COUNT(threads); i++) {
        results[i] = regs == &threads[i].saved ? error : results[i];
    }
}
void sched_ready(struct thread *thread) { thread->state = THREAD_READY; }
void sched_unready(struct thread *thread, enum thread_state state) { thread->state = state; }
void sched_kick(struct core *core, uint32_t priority) {
    (void)core;
    (void)priority;
}
/* The badge of a cap page says which of `pages` it is, that of a thread which of `threads`. */
struct r4_slot *finalise(struct r4_slot *slot) {
    struct r4_slot *dying = NULL;
    if (slot_type(slot) == R4_CAP_CAP_PAGE) {
        dying = pages[slot_badge(slot)];
    } else if (slot_type(slot) == R4_CAP_THREAD) {
        struct thread *thread = &threads[slot_badge(slot)];
        dying = operation_abandon(&own_core, &thread->operation) ? &thread->pd_slot : NULL;
    } else {
        ck_abort_msg("slot of type %d has nothing to finalise", slot_type(slot));
    }
    if (dying != NULL) {
        derivation_die(machine_direct(), slot, dying);
        operation_slot_moved(slot, dying);
    }
    if (dying != NULL && slot_is_dying_page(dying)) {
        slot_dying_cursor_set(dying, 1);
    }
    return dying;
}
struct thread *thread_dying(struct r4_slot *slot) {
    return (struct thread *)((char *)slot - offsetof(struct thread, pd_slot));
}
void frame_unmap(const struct r4_slot *slot) {
    ck_assert_int_eq(slot_type(slot), R4_CAP_FRAME);
    ck_assert(slot_has_mapping(slot));
    unmapped++;
}
void shootdown_noted(struct core *core) { ck_abort_msg("core %u owes no flush", core->index); }
void lend_revoke(const struct r4_slot *slot, uint32_t priority) {
    (void)priority;
    ck_assert_int_eq(slot_type(slot), R4_CAP_REMOTE_REF);
    asked_back++;
}
void lend_wait(struct operation *operation, const struct r4_slot *slot) {
    ck_assert_int_eq(slot_type(slot), R4_CAP_REMOTE_REF);
    operation_wait(operation);
}
enum r4_error lend_failure(const struct r4_slot *slot) {
    (void)slot;
    return R4_OK;
}
void lend_park(struct r4_slot *slot, uint64_t depth) {
    (void)depth;
    ck_abort_msg("slot of type %d is parked", slot_type(slot));
}
void trace_record(enum trace_event event, uint64_t first, uint64_t second) {
    (void)first;
    (void)second;
    ck_abort_msg("event %d", event);
}

/* --- helpers --- */

static inline void derive(struct r4_slot *parent, struct r4_slot *slot, enum r4_cap_type type) {
    struct slot_content content = {.type = type, .rights = R4_ALL_RIGHTS, .size_log2 = R4_LARGE_BITS};
    if (parent == NULL) {
        slot_fill(slot, &content);
        return;
    }
    content.depth = (uint32_t)slot_depth(parent) + 1;
    derivation_create(machine_direct(), parent, slot, &content);
}

static inline struct operation *start(uint32_t thread, enum operation_kind kind, struct r4_slot *root) {
    threads[thread].registers = &threads[thread].saved;
    threads[thread].state = THREAD_READY;
    results[thread] = UINT64_MAX;
    return operation_start(&own_core, &threads[thread], kind, root);
}

static inline struct operation *revoke(uint32_t thread, struct r4_slot *root) {
    struct operation *operation = start(thread, OPERATION_REVOKE, root);
    revoke_begin(operation);
    return operation;
}

static inline struct operation *join(uint32_t thread, struct operation *joined) {
    struct operation *operation = start(thread, OPERATION_JOIN, NULL);
    operation_wait_in(operation, &joined->joined);
    return operation;
}

/* The capability of a thread. */
static inline void derive_thread(struct r4_slot *parent, struct r4_slot *slot, uint32_t which) {
    derive(parent, slot, R4_CAP_THREAD);
    slot_flags_set(slot, R4_FLAG_ORIGINAL);
    slot->word[1] = which;
}

/* The thread's capability is deleted. */
static inline void die(uint32_t thread) {
    derive_thread(NULL, &slots[100 + thread], thread);
    finalise_and_remove(&slots[100 + thread]);
}

/* One turn, as the dispatcher takes it. */
static inline enum operation_progress take_turn(struct operation *operation) {
    if (operation->kind == OPERATION_JOIN) {
        operation_wait(operation);
        return OPERATION_WAITING;
    }
    operation_take(operation);
    enum operation_progress progress = revoke_run(&own_core, operation);
    if (progress == OPERATION_FINISHED) {
        operation_finish(operation, operation->error, operation->resumed);
        return progress;
    }
    operation_put(operation);
    if (progress == OPERATION_HELD_UP) {
        take_turn(revoke_blocker(operation));
        return OPERATION_PAUSED;
    }
    return progress;
}

static inline enum operation_progress run(struct operation *operation) {
    enum operation_progress progress = OPERATION_PAUSED;
    while (progress == OPERATION_PAUSED) {
        progress = take_turn(operation);
    }
    return progress;
}

/* Runs it and says how many turns it took. */
static inline uint32_t turns_of(struct operation *operation) {
    uint32_t turns = 1;
    while (take_turn(operation) == OPERATION_PAUSED) {
        turns++;
    }
    return turns;
}

static inline bool is_busy(const struct r4_slot *slot) { return (slot_flags(slot) & SLOT_BUSY) != 0; }
static inline bool is_empty(const struct r4_slot *slot) { return slot_type(slot) == R4_CAP_EMPTY; }

/* A cap page, empty, whose capability is in `slot`. */
static inline struct r4_slot *derive_page(struct r4_slot *parent, struct r4_slot *slot, uint32_t which) {
    derive(parent, slot, R4_CAP_CAP_PAGE);
    slot->word[1] = which;
    memset(pages[which], 0, sizeof(pages[which]));
    slot_fill(&pages[which][0], &(struct slot_content){.type = R4_CAP_HEADER, .size_log2 = R4_PAGE_BITS});
    return pages[which];
}

/* The same, full of plain capabilities. */
static inline void derive_full_page(struct r4_slot *parent, struct r4_slot *slot, uint32_t which) {
    struct r4_slot *page = derive_page(parent, slot, which);
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        derive(NULL, &page[i], R4_CAP_DEBUG);
    }
}

#endif
