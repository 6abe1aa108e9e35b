/* SPDX-License-Identifier: MIT
 *
 * Revokes, from one preemption point to the next, where two operations on one tree meet: in orders that the simulator
 * does not reach within a thousand seeds. operation.c is the kernel's; peers and the scheduler are fakes.
 */
#include "kernel.h"
#include "object/frame.h"
#include "pure/derivation.h"
#include "revoke/revoke.h"
#include "sched/operation.h"

static struct thread threads[3];
static _Alignas(R4_PAGE_SIZE) struct r4_slot slots[R4_SLOTS_PER_PAGE];
static _Alignas(R4_PAGE_SIZE) struct r4_slot dying[R4_SLOTS_PER_PAGE];
static uint64_t results[3];
static uint32_t asked_back;
static uint32_t unmapped;

/* --- fakes; there is always something more urgent to do --- */

bool machine_event_pending(void) { return true; }
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
void finalise(struct r4_slot *slot) { ck_abort_msg("slot of type %d has nothing to finalise", slot_type(slot)); }
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

static void derive(struct r4_slot *parent, struct r4_slot *slot, enum r4_cap_type type) {
    struct slot_content content = {.type = type, .rights = R4_ALL_RIGHTS, .size_log2 = R4_LARGE_BITS};
    if (parent == NULL) {
        slot_fill(slot, &content);
        return;
    }
    content.depth = (uint32_t)slot_depth(parent) + 1;
    derivation_create(machine_direct(), parent, slot, &content);
}

static struct operation *start(uint32_t thread, enum operation_kind kind, struct r4_slot *root) {
    threads[thread].registers = &threads[thread].saved;
    threads[thread].state = THREAD_READY;
    results[thread] = UINT64_MAX;
    return operation_start(&own_core, &threads[thread], kind, root);
}

static struct operation *revoke(uint32_t thread, struct r4_slot *root) {
    struct operation *operation = start(thread, OPERATION_REVOKE, root);
    revoke_begin(operation);
    return operation;
}

static struct operation *join(uint32_t thread, struct operation *joined) {
    struct operation *operation = start(thread, OPERATION_JOIN, NULL);
    operation->joined = joined;
    return operation;
}

/* One turn, as the dispatcher takes it. */
static enum operation_progress take_turn(struct operation *operation) {
    if (operation->kind == OPERATION_DRAIN) {
        return revoke_drain_run(&own_core);
    }
    if (operation->kind == OPERATION_JOIN) {
        operation_wait(operation);
        return OPERATION_WAITING;
    }
    enum operation_progress progress = revoke_run(&own_core, operation);
    if (progress == OPERATION_FINISHED) {
        operation_finish(operation, operation->error, operation->resumed);
    } else if (progress == OPERATION_HELD_UP) {
        take_turn(operation_abandoned());
        return OPERATION_PAUSED;
    }
    return progress;
}

static enum operation_progress run(struct operation *operation) {
    enum operation_progress progress = OPERATION_PAUSED;
    while (progress == OPERATION_PAUSED) {
        progress = take_turn(operation);
    }
    return progress;
}

static bool is_busy(const struct r4_slot *slot) { return (slot_flags(slot) & SLOT_BUSY) != 0; }

/* A cap page with plain capabilities dies: settling takes a while. */
static void page_dies(void) {
    slot_fill(&dying[0], &(struct slot_content){.type = R4_CAP_HEADER, .size_log2 = R4_PAGE_BITS});
    for (uint32_t i = 1; i < R4_SLOTS_PER_PAGE; i++) {
        derive(NULL, &dying[i], R4_CAP_DEBUG);
    }
    operation_drain_add(dying);
}

/* --- tests --- */

START_TEST(test_plain) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], &slots[1], R4_CAP_UNTYPED);
    derive(&slots[1], &slots[2], R4_CAP_UNTYPED);
    slot_watermark_set(&slots[0], R4_PAGE_SIZE);
    struct operation *operation = revoke(0, &slots[0]);
    ck_assert(is_busy(&slots[0]));
    page_dies();
    ck_assert_int_eq(run(operation), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert(!is_busy(&slots[0]));
    ck_assert_uint_eq(slot_watermark(&slots[0]), 0);
    ck_assert_int_eq(slot_type(&slots[1]), R4_CAP_EMPTY);
    ck_assert_int_eq(slot_type(&slots[2]), R4_CAP_EMPTY);
    ck_assert_int_eq(slot_type(&dying[R4_SLOTS_PER_PAGE - 1]), R4_CAP_EMPTY);
}
END_TEST

/* Copies of a frame, every third of them mapped: each mapping is undone once, which counts as one more step. */
START_TEST(test_mapped_frames) {
    const uint32_t count = R4_SLOTS_PER_PAGE - 1;
    const struct slot_mapping mapping = {R4_PAGE_SIZE, 0x10001};
    uint32_t mapped = 0;
    derive(NULL, &slots[0], R4_CAP_FRAME);
    for (uint32_t i = 1; i <= count; i++) {
        derive(&slots[0], &slots[i], R4_CAP_FRAME);
        if (i % 3 == 0) {
            slot_mapping_set(&slots[i], mapping);
            mapped++;
        }
    }
    struct operation *operation = revoke(0, &slots[0]);
    for (uint32_t left = count; operation->kind != OPERATION_NONE;) {
        uint32_t unmapped_before = unmapped;
        take_turn(operation);
        uint32_t full = 0;
        for (uint32_t i = 1; i <= count; i++) {
            full += slot_type(&slots[i]) != R4_CAP_EMPTY;
        }
        ck_assert_uint_le(left - full + unmapped - unmapped_before, REVOKE_STEPS + 1);
        left = full;
    }
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert_uint_eq(unmapped, mapped);
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
}
END_TEST

/* Two revokes, of an untyped and of one derived from it, wait for a peer to return memory. The outer one's thread dies,
 * so that all that it marked loses its mark. The memory comes back, and the inner revoke removes its capability. While
 * this one still waits for a dying page, something derives from its root, which no call could do. It must be removed
 * too, or the next retype would overlap it. */
START_TEST(test_created_while_settling) {
    struct r4_slot *outer = &slots[0];
    struct r4_slot *root = &slots[1];
    struct r4_slot *lent = &slots[2];
    struct r4_slot *created = &slots[3];
    derive(NULL, outer, R4_CAP_UNTYPED);
    derive(outer, root, R4_CAP_UNTYPED);
    derive(root, lent, R4_CAP_REMOTE_REF);
    struct operation *inner_revoke = revoke(0, root);
    struct operation *outer_revoke = revoke(1, outer);
    ck_assert_int_eq(run(inner_revoke), OPERATION_WAITING);
    ck_assert_int_eq(run(outer_revoke), OPERATION_WAITING);
    ck_assert_uint_gt(asked_back, 0);
    operation_abandon(&own_core, outer_revoke);
    ck_assert_int_eq(run(outer_revoke), OPERATION_FINISHED);
    ck_assert_uint_eq(slot_flags(root), R4_FLAG_ROOT); /* of the inner one; the outer one's mark is gone */

    slot_take_back(lent); /* DONE */
    operation_wake_loans(&own_core);
    page_dies();
    while (inner_revoke->phase != OPERATION_SETTLING) {
        ck_assert_int_eq(take_turn(inner_revoke), OPERATION_PAUSED);
    }
    ck_assert_int_eq(slot_type(lent), R4_CAP_EMPTY);
    derive(root, created, R4_CAP_UNTYPED);
    slot_watermark_set(root, R4_LARGE_SIZE);
    while (inner_revoke->phase == OPERATION_SETTLING && inner_revoke->kind == OPERATION_REVOKE) {
        take_turn(inner_revoke);
    }
    ck_assert(is_busy(root)); /* nobody can derive from it any more */
    ck_assert_int_eq(run(inner_revoke), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert_int_eq(slot_type(created), R4_CAP_EMPTY);
    ck_assert(!derivation_has_children(machine_direct(), root));
    ck_assert_uint_eq(slot_watermark(root), 0);
    ck_assert_uint_eq(slot_flags(root), 0);
    ck_assert_ptr_null(cluster.operations);
}
END_TEST

/* What an outer revoke has marked stays refused when a revoke of a part of it ends: else whoever holds that part
 * derives from it faster than the outer revoke removes, and the owner's revoke never ends. */
START_TEST(test_inner_end_frees_nothing) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    for (uint32_t i = 1; i < 100; i++) {
        derive(&slots[0], &slots[i], R4_CAP_FRAME);
    }
    struct r4_slot *held = &slots[50];
    struct operation *outer = revoke(0, &slots[0]);
    while (outer->phase == OPERATION_MARKING) {
        ck_assert_int_eq(take_turn(outer), OPERATION_PAUSED);
    }
    ck_assert(!slot_is_usable(held, R4_CAP_FRAME));
    ck_assert_int_eq(run(revoke(1, held)), OPERATION_FINISHED);
    ck_assert_uint_eq(results[1], R4_OK);
    ck_assert(!slot_is_usable(held, R4_CAP_FRAME));
    ck_assert_int_eq(run(outer), OPERATION_FINISHED);
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
    ck_assert_uint_eq(slot_flags(&slots[0]), 0);
}
END_TEST

/* A revoke that two others have joined loses its thread. It ends early and leaves the watermark, since memory of dead
 * objects may still be in use. The most urgent of those that joined completes it for both. */
START_TEST(test_joined_and_abandoned) {
    for (uint32_t waits = 0; waits < 2; waits++) {
        memset(slots, 0, sizeof(slots));
        derive(NULL, &slots[0], R4_CAP_UNTYPED);
        derive(&slots[0], &slots[1], R4_CAP_UNTYPED);
        slot_watermark_set(&slots[0], R4_PAGE_SIZE);
        threads[1].queue.priority = 1; /* the more urgent of the two */
        struct operation *first = revoke(0, &slots[0]);
        struct operation *second = join(1, first);
        struct operation *third = join(2, first);
        ck_assert_int_eq(waits == 0 ? OPERATION_WAITING : run(second), OPERATION_WAITING);
        ck_assert_int_eq(run(third), OPERATION_WAITING);
        operation_abandon(&own_core, first);
        ck_assert_int_eq(run(first), OPERATION_FINISHED);
        ck_assert_uint_eq(results[0], UINT64_MAX); /* nobody is told */
        ck_assert_uint_eq(results[1], UINT64_MAX);
        ck_assert_uint_eq(results[2], UINT64_MAX);
        ck_assert_uint_eq(slot_watermark(&slots[0]), R4_PAGE_SIZE);
        ck_assert_uint_eq(slot_flags(&slots[0]), R4_FLAG_ROOT);
        ck_assert_int_eq(threads[1].state, THREAD_READY);
        ck_assert_int_eq(run(second), OPERATION_FINISHED);
        ck_assert_uint_eq(results[1], R4_OK);
        ck_assert_uint_eq(results[2], R4_OK);
        ck_assert_int_eq(threads[2].state, THREAD_READY);
        ck_assert_uint_eq(slot_watermark(&slots[0]), 0);
        ck_assert_uint_eq(slot_flags(&slots[0]), 0);
        ck_assert_ptr_null(cluster.operations);
        ck_assert_ptr_null(cluster.waiters);
    }
}
END_TEST

/* Another revoke removes the root: there is nothing left to take over. */
START_TEST(test_joined_and_removed) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], &slots[1], R4_CAP_UNTYPED);
    struct operation *inner = revoke(0, &slots[1]);
    struct operation *joined = join(1, inner);
    struct operation *outer = revoke(2, &slots[0]);
    ck_assert_int_eq(run(joined), OPERATION_WAITING);
    while (slot_type(&slots[1]) != R4_CAP_EMPTY) {
        ck_assert_int_eq(take_turn(outer), OPERATION_PAUSED);
    }
    operation_abandon(&own_core, inner);
    ck_assert_int_eq(run(outer), OPERATION_FINISHED);
    ck_assert_uint_eq(results[1], R4_OK);
    ck_assert_uint_eq(results[2], R4_OK);
    ck_assert_ptr_null(cluster.waiters);
    ck_assert_ptr_null(cluster.operations);
}
END_TEST

/* All slots of a retype are gone. If the slots next to them move, they do not become the retype's. */
START_TEST(test_next_to_a_retype) {
    struct operation *create = start(0, OPERATION_CREATE, NULL);
    create->position = &slots[5];
    create->last = &slots[4];
    operation_slot_moved(&slots[5], &slots[9]);
    ck_assert_uint_eq(operation_remaining(create), 0);
    operation_slot_moved(&slots[4], &slots[2]);
    ck_assert_uint_eq(operation_remaining(create), 0);
}
END_TEST

SUITE_MAIN("kernel revoke", test_plain, test_mapped_frames, test_created_while_settling, test_inner_end_frees_nothing,
           test_joined_and_abandoned, test_joined_and_removed, test_next_to_a_retype)
