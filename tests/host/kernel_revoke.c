/* SPDX-License-Identifier: MIT
 *
 * Revokes, from one preemption point to the next, where two operations on one tree meet: in orders that the simulator
 * does not reach within a thousand seeds.
 */
#include "revoke_world.h"

START_TEST(test_plain) {
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], &slots[1], R4_CAP_UNTYPED);
    derive(&slots[1], &slots[2], R4_CAP_UNTYPED);
    derive_full_page(&slots[1], &slots[3], 0);
    slot_watermark_set(&slots[0], R4_PAGE_SIZE);
    struct operation *operation = revoke(0, &slots[0]);
    ck_assert(is_busy(&slots[0]));
    ck_assert_int_eq(run(operation), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert(!is_busy(&slots[0]));
    ck_assert_uint_eq(slot_watermark(&slots[0]), 0);
    ck_assert_int_eq(slot_type(&slots[1]), R4_CAP_EMPTY);
    ck_assert_int_eq(slot_type(&slots[2]), R4_CAP_EMPTY);
    ck_assert(is_empty(&pages[0][0]));
    ck_assert(is_empty(&pages[0][R4_SLOTS_PER_PAGE - 1]));
    ck_assert(!derivation_has_children(machine_direct(), &slots[0]));
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
 * this one empties a dying page, something derives from its root, which no call could do. It must be removed too, or
 * the next retype would overlap it. */
START_TEST(test_created_meanwhile) {
    struct r4_slot *outer = &slots[0];
    struct r4_slot *root = &slots[1];
    struct r4_slot *lent = &slots[2];
    struct r4_slot *created = &slots[3];
    derive(NULL, outer, R4_CAP_UNTYPED);
    derive(outer, root, R4_CAP_UNTYPED);
    derive(root, lent, R4_CAP_REMOTE_REF);
    derive_full_page(root, &slots[4], 0);
    struct operation *inner_revoke = revoke(0, root);
    struct operation *outer_revoke = revoke(1, outer);
    ck_assert_int_eq(run(inner_revoke), OPERATION_WAITING);
    ck_assert_int_eq(run(outer_revoke), OPERATION_WAITING);
    ck_assert_uint_gt(asked_back, 0);
    die(1);
    while (slot_type(lent) == R4_CAP_REMOTE_REF && (slot_flags(lent) & R4_FLAG_MARKED) != 0) {
        ck_assert_int_eq(take_turn(outer_revoke), OPERATION_PAUSED);
    }
    ck_assert_uint_eq(slot_flags(lent) & R4_FLAG_MARKED, 0);

    slot_take_back(lent); /* DONE */
    operation_wake(&own_core, inner_revoke);
    while (inner_revoke->page == NULL) {
        ck_assert_int_eq(take_turn(inner_revoke), OPERATION_PAUSED);
    }
    ck_assert(is_empty(lent));
    derive(root, created, R4_CAP_UNTYPED);
    slot_watermark_set(root, R4_LARGE_SIZE);
    ck_assert_int_eq(run(inner_revoke), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert(is_empty(created));
    ck_assert(!derivation_has_children(machine_direct(), root));
    ck_assert_uint_eq(slot_watermark(root), 0);
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
    while (outer->run.phase == OPERATION_MARKING) {
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

/* A revoke of a part that is lent loses its thread, and what it gives up stays marked, since an outer revoke covers it:
 * else whoever holds the part lends it again when it comes back, and the owner's revoke never ends. */
START_TEST(test_abandoned_inside) {
    struct r4_slot *part = &slots[1];
    struct r4_slot *lent = &slots[2];
    derive(NULL, &slots[0], R4_CAP_UNTYPED);
    derive(&slots[0], part, R4_CAP_UNTYPED);
    derive(part, lent, R4_CAP_REMOTE_REF);
    struct operation *outer = revoke(0, &slots[0]);
    ck_assert_int_eq(run(outer), OPERATION_WAITING);
    struct operation *inner = revoke(1, part);
    ck_assert_int_eq(run(inner), OPERATION_WAITING);
    die(1);
    ck_assert_int_eq(run(inner), OPERATION_FINISHED);
    ck_assert(!slot_is_usable(lent, R4_CAP_REMOTE_REF) && !slot_is_usable(part, R4_CAP_UNTYPED));
    slot_take_back(lent); /* DONE */
    ck_assert(!slot_is_usable(lent, R4_CAP_UNTYPED));
    operation_wake(&own_core, outer);
    ck_assert_int_eq(run(outer), OPERATION_FINISHED);
    ck_assert_uint_eq(results[0], R4_OK);
    ck_assert(is_empty(lent) && is_empty(part));
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
        die(0);
        ck_assert_int_eq(run(first), OPERATION_FINISHED);
        ck_assert_uint_eq(results[0], UINT64_MAX); /* nobody is told */
        ck_assert_uint_eq(results[1], UINT64_MAX);
        ck_assert_uint_eq(results[2], UINT64_MAX);
        ck_assert_uint_eq(slot_watermark(&slots[0]), R4_PAGE_SIZE);
        ck_assert_uint_eq(slot_flags(&slots[0]), R4_FLAG_ROOT | R4_FLAG_STANDS);
        ck_assert(!second->waiting && second->orphan == (waits != 0));
        ck_assert_int_eq(run(second), OPERATION_FINISHED);
        ck_assert_uint_eq(results[1], R4_OK);
        ck_assert_uint_eq(results[2], R4_OK);
        ck_assert_int_eq(threads[1].state, THREAD_READY);
        ck_assert_int_eq(threads[2].state, THREAD_READY);
        ck_assert_uint_eq(slot_watermark(&slots[0]), 0);
        ck_assert_uint_eq(slot_flags(&slots[0]), 0);
        ck_assert_ptr_null(cluster.operations);
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
    ck_assert_int_eq(run(outer), OPERATION_FINISHED);
    die(0);
    ck_assert_uint_eq(results[2], R4_OK);
    ck_assert_int_eq(run(inner), OPERATION_FINISHED);
    ck_assert_int_eq(run(joined), OPERATION_FINISHED); /* it tells all that joined, itself last */
    ck_assert_uint_eq(results[1], R4_OK);
    ck_assert_ptr_null(cluster.operations);
}
END_TEST

/* All slots of a retype are gone. If the slots next to them move, they do not become the retype's. */
START_TEST(test_next_to_a_retype) {
    struct operation *create = start(0, OPERATION_CREATE, NULL);
    create->run.position = &slots[5];
    create->last = &slots[4];
    operation_put(create);
    operation_slot_moved(&slots[5], &slots[9]);
    ck_assert_uint_eq(operation_remaining(create), 0);
    operation_slot_moved(&slots[4], &slots[2]);
    ck_assert_uint_eq(operation_remaining(create), 0);
}
END_TEST

SUITE_MAIN("kernel revoke", test_plain, test_mapped_frames, test_created_meanwhile, test_inner_end_frees_nothing,
           test_abandoned_inside, test_joined_and_abandoned, test_joined_and_removed, test_next_to_a_retype)
